#!/usr/bin/env python3
"""A static file server on 127.0.0.1 that can misbehave, for suites. Standard library only.

    with FlakyServer(directory, failure_rate=0.1, stall_seconds=3, seed=1) as server:
        server.url, server.requests

A chosen share of responses is dropped (closed without an answer), stalled (half the body, then silence,
then closed) or truncated (half the body, then closed). Which ones is decided by the seed and the order
of requests. `requests` counts requests per path; `served` counts complete answers per path, and `sent` the bytes of
their bodies.
"""
import collections
import http.server
import os
import random
import threading
import time
import urllib.parse


class FlakyServer:
    def __init__(self, directory, failure_rate=0.0, stall_seconds=3.0, seed=1):
        self.directory = os.path.realpath(directory)
        self.failure_rate = failure_rate
        self.stall_seconds = stall_seconds
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.requests = collections.Counter()
        self.served = collections.Counter()
        self.sent = collections.Counter()
        self.failures = collections.Counter()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # Head and body in one packet: Nagle's algorithm would hold the second back for 40 ms.

            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def fate(self, path):
        with self.lock:
            self.requests[path] += 1
            if self.random.random() >= self.failure_rate:
                return "serve"
            kind = self.random.choice(["drop", "stall", "truncate"])
            self.failures[kind] += 1
            return kind

    def answer(self, handler):
        path = urllib.parse.unquote(handler.path.split("?", 1)[0]).lstrip("/")
        fate = self.fate(path)
        full = os.path.realpath(os.path.join(self.directory, path))
        if fate == "drop":
            handler.close_connection = True
            return
        if not full.startswith(self.directory + os.sep) or not os.path.isfile(full):
            self.send(handler, 404, b"", "serve", 0, 0)
            return
        with open(full, "rb") as file:
            body = file.read()
        start, total = 0, len(body)
        wanted = handler.headers.get("Range", "")
        if wanted.startswith("bytes=") and wanted.endswith("-") and wanted[6:-1].isdigit():
            start = int(wanted[6:-1])
            if start >= total:
                self.send(handler, 416, b"", "serve", 0, total)
                return
        self.send(handler, 206 if start else 200, body[start:], fate, start, total)
        if fate == "serve":
            with self.lock:
                self.served[path] += 1
                self.sent[path] += total - start

    def send(self, handler, status, body, fate, start, total):
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("Accept-Ranges", "bytes")
        if status == 206:
            handler.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        handler.end_headers()
        if fate == "serve":
            handler.wfile.write(body)
            return
        handler.wfile.write(body[: len(body) // 2])
        handler.wfile.flush()
        if fate == "stall":
            time.sleep(self.stall_seconds)
        handler.close_connection = True
        handler.connection.close()
