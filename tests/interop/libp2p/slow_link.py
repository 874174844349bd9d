"""A TCP link that takes its time: what comes in at one end goes out at the other a fixed time later."""
import collections
import re
import socket
import threading
import time


class SlowLink:
    """Stands before the peer at `address`; dial `self.address` instead. `delay_s` is one way."""

    def __init__(self, address, delay_s):
        self.delay_s = delay_s
        self.port = int(re.search(r"/tcp/(\d+)", address).group(1))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = re.sub(r"/tcp/\d+", f"/tcp/{self.listener.getsockname()[1]}", address)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.port))
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._carry(near, far)
            self._carry(far, near)

    def _carry(self, source, sink):
        waiting = collections.deque()
        changed = threading.Condition()

        def read():
            while True:
                try:
                    data = source.recv(65536)
                except OSError:
                    data = b""
                with changed:
                    waiting.append((time.monotonic() + self.delay_s, data))
                    changed.notify()
                if not data:
                    return

        def write():
            while True:
                with changed:
                    changed.wait_for(lambda: waiting)
                    due, data = waiting.popleft()
                time.sleep(max(0.0, due - time.monotonic()))
                try:
                    if not data:
                        sink.shutdown(socket.SHUT_WR)
                        return
                    sink.sendall(data)
                except OSError:
                    return

        threading.Thread(target=read, daemon=True).start()
        threading.Thread(target=write, daemon=True).start()

    def close(self):
        self.listener.close()
