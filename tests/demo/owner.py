#!/usr/bin/python3
"""A server on port 8001 of every address. It tells whose redis it finds on
127.0.0.1:6379."""

import http.server
import socket


def owner():
    with socket.create_connection(("127.0.0.1", 6379)) as redis:
        redis.sendall(b"GET owner\r\n")
        return redis.recv(100).decode().split("\r\n")[1]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"the redis here is of the {owner()}\n".encode())

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


Server(("::", 8001), Handler).serve_forever()
