"""A Redis server of the test's own, and the few words of its protocol that members of an interop test say."""
import os
import shutil
import socket
import subprocess
import tempfile
import time


class Redis:
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.link = socket.create_connection((host, int(port)), 10)
        self.link.settimeout(200)
        self.own_ip = self.link.getsockname()[0]
        self.file = self.link.makefile("rb")

    def do(self, *words):
        words = [str(word).encode() for word in words]
        self.link.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
        return self._answer()

    def _answer(self):
        line = self.file.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:].decode()
        if kind == b"$":
            return None if rest == "-1" else self.file.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return None if rest == "-1" else [self._answer() for _ in range(int(rest))]
        if kind == b"-":
            raise OSError(f"redis: {rest}")
        return rest

    def wait(self, key, timeout):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            value = self.do("GET", key)
            if value:
                return value
            time.sleep(0.2)
        raise OSError(f"nobody has set {key}")


class Server:
    """redis-server on a free port of 127.0.0.1, with nothing on disk"""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="ggen-redis-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", self.address.split(":")[1], "--save", "", "--appendonly",
             "no", "--dir", self.folder], stdout=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while True:
            try:
                self.redis = Redis(self.address)
                return
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    self.close()
                    raise
                time.sleep(0.05)

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


def environment(name, old_name=None):
    return os.environ.get(name) or (old_name and os.environ.get(old_name)) or ""
