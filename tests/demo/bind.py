#!/usr/bin/python3
"""Binds a socket to the given address and prints the outcome."""

import socket
import sys

address = sys.argv[1]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
with socket.socket(family) as s:
    try:
        s.bind((address, 8080))
        print(f"bind to {address}: done, bound to {s.getsockname()[0]}")
    except OSError as e:
        sys.exit(f"bind to {address}: {e.strerror}")
