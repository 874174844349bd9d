#!/usr/bin/env python3
"""The registries of `ggen-bench install --server`, on 127.0.0.1.

    loopback.py --ggen DIR --npm DIR --port-file FILE

/ggen/… serves the registry folder of --ggen. /npm/… answers as npm's registry: what is not yet in the folder of
--npm is fetched from there once and kept, with the addresses of archives turned to this server, so that from the
second request on nothing leaves the machine. Writes its port to --port-file. Standard library only.
"""
import argparse
import hashlib
import http.server
import json
import os
import pathlib
import threading
import urllib.error
import urllib.parse
import urllib.request

UPSTREAM = "https://registry.npmjs.org"
ABBREVIATED = "application/vnd.npm.install-v1+json"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    options = None
    locks = {}
    guard = threading.Lock()

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = urllib.parse.unquote(self.path.split("?", 1)[0])
        if path.startswith("/ggen/"):
            self.send_file(pathlib.Path(self.options.ggen), path[len("/ggen/"):], "application/octet-stream")
        elif path.startswith("/npm/"):
            self.send_npm(path[len("/npm/"):])
        else:
            self.answer(404, b"", "text/plain")

    def send_file(self, base, name, kind):
        full = os.path.realpath(base / name)
        if not full.startswith(os.path.realpath(base) + os.sep) or not os.path.isfile(full):
            self.answer(404, b"", "text/plain")
            return
        body = pathlib.Path(full).read_bytes()
        wanted = self.headers.get("Range", "")
        if wanted.startswith("bytes=") and wanted.endswith("-") and wanted[6:-1].isdigit():
            start = int(wanted[6:-1])
            if start >= len(body):
                self.answer(416, b"", "text/plain")
                return
            self.answer(206, body[start:], kind, f"bytes {start}-{len(body) - 1}/{len(body)}")
            return
        self.answer(200, body, kind)

    def send_npm(self, name):
        """Archives as they are; documents with our addresses in them, kept under a digest of their name."""
        is_archive = "/-/" in name and name.endswith(".tgz")
        is_short = "install-v1" in self.headers.get("Accept", "") or not is_archive
        key = hashlib.sha256((name + ("" if is_archive else f" {is_short}")).encode()).hexdigest()
        kept = pathlib.Path(self.options.npm) / key
        with self.guard:
            lock = self.locks.setdefault(key, threading.Lock())
        with lock:
            if not kept.is_file():
                request = urllib.request.Request(f"{UPSTREAM}/{urllib.parse.quote(name, safe='@/')}",
                                                 headers={} if is_archive else {"Accept": ABBREVIATED})
                try:
                    body = urllib.request.urlopen(request, timeout=60).read()
                except urllib.error.HTTPError as error:
                    self.answer(error.code, b"", "text/plain")
                    return
                except OSError:
                    self.answer(502, b"", "text/plain")
                    return
                kept.with_suffix(".new").write_bytes(body)
                kept.with_suffix(".new").rename(kept)
        body = kept.read_bytes()
        if is_archive:
            self.answer(200, body, "application/octet-stream")
            return
        own = f"http://{self.headers['Host']}/npm"
        self.answer(200, body.replace(UPSTREAM.encode(), own.encode()), ABBREVIATED)

    def answer(self, status, body, kind, content_range=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if content_range:
            self.send_header("Content-Range", content_range)
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ggen", required=True)
    parser.add_argument("--npm", required=True)
    parser.add_argument("--port-file", required=True, type=pathlib.Path)
    Handler.options = parser.parse_args()
    pathlib.Path(Handler.options.npm).mkdir(parents=True, exist_ok=True)
    server = Server(("127.0.0.1", 0), Handler)
    fresh = Handler.options.port_file.with_suffix(".new")
    fresh.write_text(json.dumps(server.server_address[1]) + "\n")
    fresh.rename(Handler.options.port_file)
    server.serve_forever()


if __name__ == "__main__":
    main()
