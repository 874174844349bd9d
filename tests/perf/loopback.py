#!/usr/bin/env python3
"""The registries of `ggen-bench install --server`, on 127.0.0.1.

    loopback.py --ggen DIR --npm DIR --port-file FILE [--delay MS]

/ggen/… serves the registry folder of --ggen. /npm/… answers as npm's registry: what is not yet in the folder of
--npm is fetched from there once and kept, with the addresses of archives turned to this server, so that from the
second request on nothing leaves the machine. Documents are sent gzipped to whoever takes that, as npm's registry
does. With --delay every answer waits that long, as one from far away. Answers are kept in memory, and one thread serves
all connections: installers must not wait for their server.

/count answers what was sent since it was asked last, for each of the two registries a line
`NAME requests N metadata N archives N`: requests, and bytes of bodies of the two kinds.
Writes its port to --port-file. Standard library only.
"""
import argparse
import asyncio
import gzip
import hashlib
import json
import os
import pathlib
import urllib.error
import urllib.parse
import urllib.request

UPSTREAM = "https://registry.npmjs.org"
ABBREVIATED = "application/vnd.npm.install-v1+json"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"  # Archives of ggen; nothing else in a registry begins so.
HEAD_BYTES_MAX = 65_536
REASONS = {200: "OK", 206: "Partial Content", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed",
           416: "Range Not Satisfiable", 502: "Bad Gateway"}


class Registries:
    def __init__(self, options, port):
        self.ggen = os.path.realpath(options.ggen)
        self.npm = pathlib.Path(options.npm)
        self.delay = options.delay / 1_000
        self.own = f"http://127.0.0.1:{port}/npm".encode()
        self.files = {}  # Path below the registry -> body, or None when it is not there.
        self.documents = {}  # Key -> (plain, gzipped) or (archive, None).
        self.coming = {}  # Key -> future, so that each is fetched once.
        self.reset()

    def reset(self):
        self.count = {name: {"requests": 0, "metadata": 0, "archives": 0} for name in ("ggen", "npm")}

    def note(self, name, sent, is_archive):
        self.count[name]["requests"] += 1
        self.count[name]["archives" if is_archive else "metadata"] += sent

    def file(self, name):
        # What may change is read each time.
        if name in self.files and name not in ("checkpoint", "state/head"):
            return self.files[name]
        full = os.path.realpath(os.path.join(self.ggen, name))
        body = None
        if full.startswith(self.ggen + os.sep) and os.path.isfile(full):
            body = pathlib.Path(full).read_bytes()
        if body is not None:
            self.files[name] = body
        return body

    def send_file(self, name, headers):
        body = self.file(name)
        if body is None:
            self.note("ggen", 0, False)
            return 404, b"", {}
        wanted = headers.get("range", "")
        start = 0
        if wanted.startswith("bytes=") and wanted.endswith("-") and wanted[6:-1].isdigit():
            start = int(wanted[6:-1])
            if start >= len(body):
                return 416, b"", {}
        self.note("ggen", len(body) - start, body.startswith(ZSTD_MAGIC))
        more = {"Content-Type": "application/octet-stream"}
        if start == 0:
            return 200, body, more
        more["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        return 206, body[start:], more

    def load(self, name, key, is_archive):
        kept = self.npm / key
        if not kept.is_file():
            request = urllib.request.Request(f"{UPSTREAM}/{urllib.parse.quote(name, safe='@/')}",
                                             headers={} if is_archive else {"Accept": ABBREVIATED})
            with urllib.request.urlopen(request, timeout=60) as answer:
                body = answer.read()
            kept.with_suffix(".new").write_bytes(body)
            kept.with_suffix(".new").rename(kept)
        body = kept.read_bytes()
        if is_archive:
            return body, None
        plain = body.replace(UPSTREAM.encode(), self.own)
        return plain, gzip.compress(plain, 6, mtime=0)

    async def send_npm(self, name, headers):
        """Archives as they are; documents with our addresses in them, kept under a digest of their name."""
        is_archive = "/-/" in name and name.endswith(".tgz")
        is_short = "install-v1" in headers.get("accept", "") or not is_archive
        key = hashlib.sha256((name + ("" if is_archive else f" {is_short}")).encode()).hexdigest()
        if key not in self.documents:
            loop = asyncio.get_running_loop()
            if key not in self.coming:
                self.coming[key] = loop.run_in_executor(None, self.load, name, key, is_archive)
            try:
                self.documents[key] = await self.coming[key]
            except urllib.error.HTTPError as error:
                return error.code, b"", {}
            except OSError:
                return 502, b"", {}
            finally:
                self.coming.pop(key, None)
        plain, zipped = self.documents[key]
        more = {"Content-Type": "application/octet-stream" if is_archive else ABBREVIATED}
        body = plain
        if zipped is not None and "gzip" in headers.get("accept-encoding", ""):
            body = zipped
            more["Content-Encoding"] = "gzip"
        self.note("npm", len(body), is_archive)
        return 200, body, more

    async def answer(self, method, target, headers):
        path = urllib.parse.unquote(target.split("?", 1)[0])
        if self.delay and path != "/count":
            await asyncio.sleep(self.delay)
        if method not in ("GET", "HEAD"):
            return 405, b"", {}
        if path.startswith("/ggen/"):
            return self.send_file(path[len("/ggen/"):], headers)
        if path.startswith("/npm/"):
            return await self.send_npm(path[len("/npm/"):], headers)
        if path == "/count":
            body = "".join(f"{name} " + " ".join(f"{key} {value}" for key, value in count.items()) + "\n"
                           for name, count in self.count.items())
            self.reset()
            return 200, body.encode(), {"Content-Type": "text/plain"}
        return 404, b"", {}

    async def serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                words = head[0].split(" ")
                headers = {}
                for line in head[1:]:
                    name, colon, value = line.partition(":")
                    if colon:
                        headers[name.strip().lower()] = value.strip()
                if len(words) != 3:
                    status, body, more = 400, b"", {}
                else:
                    if (length := headers.get("content-length", "0")).isdigit() and int(length):
                        await reader.readexactly(int(length))
                    status, body, more = await self.answer(words[0], words[1], headers)
                more["Content-Length"] = str(len(body))
                lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Error')}", *(f"{k}: {v}" for k, v in more.items())]
                sent = b"" if words[0] == "HEAD" else body
                writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + sent)
                await writer.drain()
                if headers.get("connection", "").lower() == "close" or status == 400:
                    break
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass
        finally:
            writer.close()


async def run(options):
    registries = None

    async def serve(reader, writer):
        await registries.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=HEAD_BYTES_MAX, backlog=512)
    port = server.sockets[0].getsockname()[1]
    registries = Registries(options, port)
    fresh = options.port_file.with_suffix(".new")
    fresh.write_text(json.dumps(port) + "\n")
    fresh.rename(options.port_file)
    async with server:
        await server.serve_forever()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ggen", required=True)
    parser.add_argument("--npm", required=True)
    parser.add_argument("--port-file", required=True, type=pathlib.Path)
    parser.add_argument("--delay", type=float, default=0, help="milliseconds")
    options = parser.parse_args()
    pathlib.Path(options.npm).mkdir(parents=True, exist_ok=True)
    asyncio.run(run(options))


if __name__ == "__main__":
    main()
