#!/usr/bin/env python3
"""A node as a C2SP witness of a log that it follows: what it cosigns, what it refuses, and that it never forgets.

    witness.py GGEN

Go's x/mod verifies the cosignature when it is installed. Prints "N passed, N failed".
"""
import base64
import hashlib
import http.server
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from nodes import TOP, Checks, Room, pack, wait_until  # noqa: E402


def post(url, body, path="add-checkpoint"):
    request = urllib.request.Request(url + path, data=body.encode(), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode(), answer.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers["Content-Type"]


def raw(url, text):
    host, port = url[len("http://"):-1].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall(text)
        wire.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := wire.recv(65536):
            answer += piece
    return answer.decode(errors="replace")


def drip(url):
    """A client that sends a byte of its head a second: how long until it was hung up on."""
    host, port = url[len("http://"):-1].split(":")
    started = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=30) as wire:
        wire.settimeout(1)
        for byte in b"GET / HTTP/1.1\r\n" + b"a" * 60:
            try:
                wire.sendall(bytes([byte]))
                if not wire.recv(1):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
    return time.monotonic() - started


def quorum(report, room, alice, bob, over_http):
    """Two witnesses of alice's log, one over HTTP and one over libp2p; what happens without them."""
    carol, dave = room.profile("carol"), room.profile("dave")
    started = carol.start("--witness", "p2p", bootstrap=[alice.address])
    report.check(started["witness"]["url"] is None, "a witness over libp2p alone", started)
    wait_until(lambda: carol.json("p2p", "peer-list")["total"] > 0, "carol is connected")
    carol.must("follow", alice.peer, "--alias", "alice")
    bob.must("p2p", "connect", alice.address)
    registry = alice.home / "data/p2p/registry"
    listed = alice.json("witness", "list", "own")
    report.check(listed["quorum"] == 0 and listed["witnesses"] == [], "none at first", listed)
    alice.must("witness", "add", "own", over_http["key"], over_http["url"])
    wrong = alice.run("witness", "add", "own", started["witness"]["key"], bob.address, "--quorum", "2")
    report.check(wrong.returncode != 0 and "GM0315" in wrong.stderr, "who signs with another key is not counted", wrong.stderr)
    alice.must("witness", "add", "own", started["witness"]["key"], carol.address, "--quorum", "2")
    listed = alice.json("witness", "list", "own")
    report.check(listed["quorum"] == 2 and [one["has_cosigned"] for one in listed["witnesses"]] == [True, True],
                 "both cosigned, and both are demanded", listed)
    names = {f"p2p/{bob.peer}/witness", f"p2p/{carol.peer}/witness"}
    published = alice.json("p2p", "publish", pack(room.path / "packs/third", "alice/third"))
    report.check(set(published["witnesses"]) == names, "publish names who cosigned", published)
    wait_until(lambda: bob.run("info", "alice/third").returncode == 0, "bob has the new release")
    info = bob.json("info", "alice/third")
    report.check(set(info.get("witnesses", [])) == names, "info shows them to a follower", info)

    # Who has the log's keys alone cannot show anything newer.
    copy = room.path / "stripped"
    shutil.copytree(registry, copy, ignore=shutil.ignore_patterns(".writer"))
    for path in (copy / "checkpoint", copy / "state/head"):
        lines = path.read_text().split("\n")
        path.write_text("\n".join(line for line in lines if not line.startswith(f"— p2p/{carol.peer}/witness")))
    refused = dave.run("registry", "add", str(copy))
    report.check(refused.returncode != 0 and "GM0315" in refused.stderr, "readers refuse it without a quorum",
                 refused.stderr)
    report.check(dave.run("registry", "add", str(registry)).returncode == 0, "and take it with one")

    carol.kill()
    before = (registry / "checkpoint").read_text()
    lacking = alice.run("p2p", "publish", pack(room.path / "packs/fourth", "alice/fourth"))
    report.check(lacking.returncode != 0 and "GM0315" in lacking.stderr, "no quorum, no publication", lacking.stderr)
    report.check((registry / "checkpoint").read_text() == before, "what is public is unchanged")
    alice.must("witness", "quorum", "own", "1")
    published = alice.json("p2p", "publish", str(room.path / "packs/fourth"))
    report.check(published["witnesses"] == [f"p2p/{bob.peer}/witness"], "with a smaller quorum it goes on", published)
    wait_until(lambda: bob.run("info", "alice/fourth").returncode == 0, "bob has the next one")
    alice.must("witness", "remove", "own", f"p2p/{carol.peer}/witness")
    listed = alice.json("witness", "list", "own")
    report.check(len(listed["witnesses"]) == 1 and listed["quorum"] == 1, "a witness is removed", listed)


def cosigner_key(name):
    """A cosignature key (C2SP tlog-cosignature) that nobody signs with."""
    public = b"\x04" + hashlib.sha256(name.encode()).digest()
    key_id = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
    return f"{name}+{key_id.hex()}+{base64.b64encode(public).decode()}"


class Impostor(http.server.ThreadingHTTPServer):
    """A witness that answers whatever a test says."""

    def __init__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                status, kind, body = self.server.answer
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass

            def log_message(self, *words):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = (200, "text/plain", b"x" * (1 << 20))
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


def over_libp2p(report, alice, carol, note):
    """What a witness is told over libp2p that it must not cosign; alice's node carries it."""
    def ask(body):
        answer = alice.control("witness", place=carol.address, body=body)
        return answer["status"], answer["body"], answer["is_size"]

    size = note.split("\n")[1]
    lines = note.split("\n")
    report.check(ask("old 0\n\n" + note) == (409, size + "\n", True), "over libp2p: an old size that is not the latest")
    report.check(ask(f"old {size}\n\n" + note)[0] == 200, "over libp2p: the same once more")
    report.check(ask(f"old {size}\n\n" + "\n".join([lines[0], str(int(size) + 1), *lines[2:]]))[0] == 403,
                 "over libp2p: a checkpoint that the log did not sign")
    report.check(ask(f"old {size}\n\n" + "\n".join(["nobody/log", *lines[1:]]))[0] == 404,
                 "over libp2p: a log that is not followed")
    for body in ("hello", "x" * (64 << 10)):
        report.check(ask(body)[0] == 400, "over libp2p: nonsense", len(body))
    try:
        ask("x" * ((64 << 10) + 1))
        report.check(False, "over libp2p: what is too large is not sent")
    except RuntimeError as error:
        report.check("64 KiB" in str(error), "over libp2p: what is too large is not sent", error)


def hostile(report, room, alice, bob):
    """Witnesses that never answer, answer too much, or lie: publishing goes on as the policy says, and loses nothing."""
    registry = alice.home / "data/p2p/registry"
    carol = room.profiles[2]
    started = carol.start("--witness", "p2p", bootstrap=[alice.address])
    wait_until(lambda: carol.json("p2p", "peer-list")["total"] > 0, "carol is connected again")
    alice.must("witness", "add", "own", started["witness"]["key"], carol.peer)
    over_libp2p(report, alice, carol, (registry / "checkpoint").read_text())
    impostor = Impostor()
    added = alice.run("witness", "add", "own", cosigner_key("impostor.example/w"), impostor.url)
    report.check(added.returncode == 0 and "impostor.example/w" in added.stderr, "a witness that answers too much is told",
                 added.stderr)
    silent = socket.create_server(("127.0.0.1", 0))
    place = f"http://127.0.0.1:{silent.getsockname()[1]}"
    added = alice.run("witness", "add", "own", cosigner_key("silent.example/w"), place, timeout=90)
    report.check(added.returncode == 0 and "silent.example/w" in added.stderr, "and one that does not answer", added.stderr)

    os.kill(carol.pid, signal.SIGSTOP)
    begin = time.monotonic()
    done = alice.run("p2p", "publish", pack(room.path / "packs/fifth", "alice/fifth"), timeout=90)
    took = time.monotonic() - begin
    missed = [name for name in ("impostor.example/w", "silent.example/w", f"p2p/{carol.peer}/witness")
              if f"no cosignature from the witness {name}" not in done.stderr]
    report.check(done.returncode == 0 and not missed, "with its quorum a release is published, and who gave nothing is named",
                 (done.stderr, missed))
    print(f"publishing beside three witnesses that give nothing: {took:.1f} s")
    report.check(took < 40, "silent witnesses are waited for at once", took)
    wait_until(lambda: bob.run("info", "alice/fifth").returncode == 0, "bob has it")
    before = (registry / "checkpoint").read_text()
    refused = alice.run("witness", "quorum", "own", "2", timeout=90)
    report.check(refused.returncode != 0 and "GM0315" in refused.stderr and "silent.example/w" in refused.stderr,
                 "a quorum that does not come is not demanded", refused.stderr)
    report.check((registry / "checkpoint").read_text() == before, "and nothing changes")
    os.kill(carol.pid, signal.SIGCONT)
    silent.close()
    alice.must("witness", "remove", "own", "silent.example/w")

    impostor.answer = (409, "text/x.tlog.size", b"1000000\n")
    before = (registry / "checkpoint").read_text()
    pack(room.path / "packs/sixth", "alice/sixth")
    refused = alice.run("p2p", "publish", str(room.path / "packs/sixth"))
    report.check(refused.returncode != 0 and "GM0407" in refused.stderr and "impostor.example/w" in refused.stderr
                 and "ggen witness remove" in refused.stderr, "a witness that knows more stops the writer", refused.stderr)
    report.check((registry / "checkpoint").read_text() == before, "and what is public stays")
    alice.must("witness", "remove", "own", "impostor.example/w")
    published = alice.run("p2p", "publish", str(room.path / "packs/sixth"))
    report.check(published.returncode == 0, "without it publishing goes on", published.stderr)
    wait_until(lambda: bob.run("info", "alice/sixth").returncode == 0, "nothing was lost")


def main():
    report = Checks()
    with Room(sys.argv[1]) as room:
        alice, bob = room.profile("alice"), room.profile("bob")
        alice.must("key", "new", "alice/laptop")
        alice.must("p2p", "publish", pack(room.path / "packs/tool", "alice/tool"))
        alice.start()
        started = bob.start("--witness", "127.0.0.1:0", bootstrap=[alice.address])
        url, key = started["witness"]["url"], started["witness"]["key"]
        note = (alice.home / "data/p2p/registry/checkpoint").read_text()
        report.check(post(url, "old 0\n\n" + note)[0] == 404, "a log that is not followed is not cosigned")
        wait_until(lambda: bob.json("p2p", "peer-list")["total"] > 0, "bob is connected")
        bob.must("follow", alice.peer, "--alias", "alice")
        status, line, _ = post(url, "old 0\n\n" + note)
        report.check(status == 200 and line.startswith(f"— p2p/{bob.peer}/witness "), "the first checkpoint", line)
        size = note.split("\n")[1]
        stale = post(url, "old 0\n\n" + note)
        report.check(stale == (409, size + "\n", "text/x.tlog.size"), "an old size that is not the latest", stale)
        status, again, _ = post(url, f"old {size}\n\n" + note)
        report.check(status == 200, "the same once more", again)
        lines = note.split("\n")
        lines[1] = str(int(size) + 1)
        report.check(post(url, f"old {size}\n\n" + "\n".join(lines))[0] == 403, "a checkpoint that the log did not sign")
        report.check(post(url, f"old {int(size) + 1}\n\n" + note)[0] == 400, "an old size over the new one")
        report.check(post(url, "hello")[0] == 400, "nonsense")
        report.check(post(url, "x" * (65 << 10))[0] == 413, "too much")
        alice.must("p2p", "publish", pack(room.path / "packs/more", "alice/more"))
        newer = (alice.home / "data/p2p/registry/checkpoint").read_text()
        report.check(post(url, f"old {size}\n\n" + newer)[0] == 422, "a larger one without a proof")
        for text in (b"GET / HTTP/1.1\r\n\r\n", b"POST /add-checkpoint HTTP/1.1\r\n\r\n",
                     b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nold ",
                     b"POST /add-checkpoint HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                     b"POST /add-checkpoint HTTP/1.1\r\nContent-Length : 3\r\n\r\nold", b"\x00" * 20000):
            answer = raw(url, text)
            report.check(answer.startswith("HTTP/1.1 4"), "bad HTTP", answer[:80])
        for text, status in ((b"GET / HTTP/1.1\r\nX: " + b"x" * 100000, "431"), (b"DELETE / HTTP/1.1\r\n\r\n", "405"),
                             (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "413")):
            answer = raw(url, text)
            report.check(answer.startswith("HTTP/1.1 " + status), f"refused with {status}", answer[:80])
        answer = raw(url, b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n")
        report.check(answer.count("HTTP/1.1 404") == 1, "one request a connection", answer)
        times = []
        slow = [threading.Thread(target=lambda: times.append(drip(url))) for _ in range(8)]
        for one in slow:
            one.start()
        report.check(post(url, "hello")[0] == 400, "others are served beside slow clients")
        for one in slow:
            one.join()
        report.check(len(times) == 8 and max(times) < 20, "slow clients are hung up on", times)
        origin = hashlib.sha256(f"p2p/{alice.peer}".encode()).hexdigest()
        with urllib.request.urlopen(url + origin + "/checkpoint", timeout=10) as answer:
            latest = answer.read().decode()
        report.check(latest.startswith("\n".join(note.split("\n")[:3])) and latest.count("— ") == 2,
                     "monitors see what was cosigned last", latest)
        # A mirror with the cosigned checkpoint verifies in Go.
        copy = room.path / "copy"
        shutil.copytree(bob.home / f"state/p2p/mirrors/{alice.peer}", copy)
        if (copy / "checkpoint").read_text().split("\n")[1] == size:
            (copy / "checkpoint").write_text(latest)
            root = (copy / "root/1").read_text()
            vkey = [one for one in root.split("\n") if one.startswith("log ")][0].split(" ")[1]
            go = subprocess.run(["sh", str(TOP / "tests/interop/log/run.sh"), "-cosigner", key, str(copy), vkey],
                                capture_output=True, text=True, check=False)
            print(go.stdout.strip(), go.stderr.strip())
            report.check(go.returncode in (0, 77), "x/mod verifies the cosignature", go.stderr)
        bob.kill()
        started = bob.start("--witness", "127.0.0.1:0")
        report.check(started["witness"]["key"] == key, "its key lasts")
        stale = post(started["witness"]["url"], "old 0\n\n" + note)
        report.check(stale[:2] == (409, size + "\n"), "what it cosigned is not forgotten by kill -9", stale)
        quorum(report, room, alice, bob, started["witness"])
        hostile(report, room, alice, bob)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
