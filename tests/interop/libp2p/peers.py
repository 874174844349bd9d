"""Processes that play a libp2p peer: they take one JSON object a line and answer with one.

A peer says {"event": "ready", "peer": ID, "addresses": [...]} first; each command {"id": N, "do": NAME, ...} is
answered by {"id": N, "ok": true, ...} or {"id": N, "ok": false, "error": TEXT}; other events come between.
"""
import json
import subprocess
import threading
import time


class PeerFailed(Exception):
    """A command that a peer refused, or did not answer."""


class Peer:
    def __init__(self, name, command, options, environment=None):
        self.name = name
        self.process = subprocess.Popen([*command, json.dumps(options)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1, env=environment)
        self.answers = {}
        self.messages = []
        self.changed = threading.Condition()
        self.next_id = 0
        self.ready = None
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            try:
                said = json.loads(line)
            except ValueError:
                print(f"{self.name}: {line.rstrip()}", flush=True)
                continue
            with self.changed:
                if "id" in said:
                    self.answers[said["id"]] = said
                elif said.get("event") == "ready":
                    self.ready = said
                else:
                    self.messages.append((time.monotonic(), said))
                self.changed.notify_all()
        with self.changed:
            self.process.poll()
            self.answers[None] = True  # the end
            self.changed.notify_all()

    def wait_ready(self, timeout=30):
        with self.changed:
            if not self.changed.wait_for(lambda: self.ready or None in self.answers, timeout) or not self.ready:
                raise PeerFailed(f"{self.name} did not start")
        return self

    @property
    def id(self):
        return self.ready["peer"]

    @property
    def address(self):
        return self.ready["addresses"][0]

    def send(self, name, **fields):
        """Starts a command; `wait` has its answer."""
        self.next_id += 1
        self.process.stdin.write(json.dumps({"id": self.next_id, "do": name, **fields}) + "\n")
        self.process.stdin.flush()
        return self.next_id

    def wait(self, number, timeout=60):
        with self.changed:
            if not self.changed.wait_for(lambda: number in self.answers or None in self.answers, timeout):
                raise PeerFailed(f"{self.name}: no answer in {timeout} s")
            answer = self.answers.pop(number, None)
        if answer is None:
            raise PeerFailed(f"{self.name} ended")
        if not answer["ok"]:
            raise PeerFailed(f"{self.name}: {answer['error']}")
        return answer

    def do(self, name, timeout=60, **fields):
        return self.wait(self.send(name, **fields), timeout)

    def close(self):
        try:
            self.process.stdin.close()
            self.process.wait(5)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


def arguments(words):
    """What `OURS [--ggen PROGRAM] -- PEER-COMMAND...` says: command of our peer, ggen or None, command of the other."""
    at = words.index("--")
    ours, theirs = words[:at], words[at + 1:]
    return ours[:1], ours[ours.index("--ggen") + 1] if "--ggen" in ours else None, theirs


def wait_until(predicate, timeout, every=0.1):
    """Whether `predicate` held within `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        if predicate():
            return True
        if time.monotonic() > end:
            return False
        time.sleep(every)
