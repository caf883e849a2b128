#!/usr/bin/python3
"""A server on port 8000 that tells each client its source address."""

import http.server
import socket


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        # An IPv6 socket shows IPv4 clients as ::ffff:10.0.0.1.
        client = self.client_address[0].removeprefix("::ffff:")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"you come from {client}\n".encode())

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


Server(("::", 8000), Handler).serve_forever()
