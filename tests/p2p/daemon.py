#!/usr/bin/env python3
"""The node of a profile as a process: start, detach, one per profile, commands, end.

    daemon.py GGEN

Prints "N passed, N failed".
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from nodes import LISTEN, Checks, Room, alive, wait_until  # noqa: E402

NOBODY = 65534
IDLE_SECONDS = 4
IDLE_WAKE_UPS_PER_SECOND_MAX = 10  # The heartbeat of topics is one; a thread that polls makes four or more.
COMMANDS = (["p2p", "status"], ["p2p", "stop"], ["p2p", "peer-list"], ["p2p", "connect", "{address}"],
            ["p2p", "bootstrap", "{address}"], ["p2p", "disconnect", "{peer}"], ["p2p", "peer-info", "{peer}"])
PEER = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"


def without_node(report, profile):
    for words in COMMANDS:
        words = [word.format(address=f"/ip4/127.0.0.1/tcp/9/p2p/{PEER}", peer=PEER) for word in words]
        done = profile.run(*words)
        report.check(done.returncode == 7 and "GM0705" in done.stderr and "ggen p2p start --daemon" in done.stderr,
                     f"{' '.join(words[:2])} without a node", f"exit {done.returncode}: {done.stderr}")
    failed = profile.run("p2p", "status", "--json")
    report.check(json.loads(failed.stderr)["code"] == "GM0705", "the error is JSON too", failed.stderr)


def lifecycle(report, profile):
    first = profile.start()
    key = profile.home / "state/p2p/identity.key"
    report.check(stat.S_IMODE(key.stat().st_mode) == 0o600, "the key is the user's alone", oct(key.stat().st_mode))
    # Detached for real: another session, no parent of ours, nothing of ours open.
    fields = pathlib.Path(f"/proc/{first['pid']}/stat").read_text().rsplit(")", 1)[1].split()
    report.check(int(fields[3]) not in (os.getsid(0), first["pid"]) and int(fields[4]) == 0,
                 "its session is its own and has no terminal", " ".join(fields[:6]))
    report.check(os.readlink(f"/proc/{first['pid']}/cwd") == "/", "it holds no directory")
    report.check(os.readlink(f"/proc/{first['pid']}/fd/1").endswith("node.log"), "it writes to its log")
    status = profile.json("p2p", "status")
    report.check(status["peer"] == first["peer"] and status["pid"] == first["pid"], "status is of that node", status)
    twice = profile.run("p2p", "start", "--daemon", *LISTEN)
    report.check(twice.returncode == 5 and "GM0706" in twice.stderr, "a second node is refused", twice.stderr)
    here = profile.run("p2p", "start", *LISTEN)
    report.check(here.returncode == 5 and "GM0706" in here.stderr, "in the foreground, too", here.stderr)
    done = profile.stop()
    report.check(done.returncode == 0, "stop", done.stderr)
    wait_until(lambda: not alive(first["pid"]), "the node that was told to stop is gone")
    again = profile.start()
    report.check(again["peer"] == first["peer"], "the identity lasts")
    profile.kill()
    report.check(profile.run("p2p", "status").returncode == 7, "a killed node is no node")
    third = profile.start()
    report.check(third["peer"] == first["peer"], "it starts after kill -9")
    os.kill(third["pid"], signal.SIGTERM)
    wait_until(lambda: not alive(third["pid"]), "SIGTERM ends it")
    profile.pid = None


def wake_ups(pid):
    """How often the node's threads went to sleep."""
    total = 0
    for status in pathlib.Path(f"/proc/{pid}/task").glob("*/status"):
        total += sum(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("voluntary"))
    return total


def idle(report, profile):
    pid = profile.start()["pid"]
    time.sleep(1)
    before = wake_ups(pid)
    time.sleep(IDLE_SECONDS)
    count = wake_ups(pid) - before
    report.check(count <= IDLE_SECONDS * IDLE_WAKE_UPS_PER_SECOND_MAX, "an idle node sleeps",
                 f"it woke up {count} times in {IDLE_SECONDS} s")
    profile.stop()


def foreground(report, profile, room):
    told = room.path / "notify"
    supervisor = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    supervisor.bind(str(told))
    supervisor.settimeout(20)
    env = {**profile.environment(), "NOTIFY_SOCKET": str(told)}
    with subprocess.Popen([profile.ggen, "p2p", "start", *LISTEN, "--json"], env=env, cwd=profile.project,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as node:
        try:
            ready = supervisor.recv(4096).decode().split("\n")
            report.check("READY=1" in ready and f"MAINPID={node.pid}" in ready, "the supervisor is told", ready)
            report.check(profile.run("p2p", "status").returncode == 0, "it takes commands when it says that it is ready")
            node.send_signal(signal.SIGINT)
            out, error = node.communicate(timeout=20)
            report.check(node.returncode == 0 and json.loads(out)["schema"] == "ggen.p2p-start/1",
                         "Ctrl-C ends it", f"exit {node.returncode}: {error}")
            report.check(supervisor.recv(4096) == b"STOPPING=1", "the supervisor is told of the end")
        finally:
            node.kill()
    unit = profile.must("p2p", "unit").stdout
    report.check("Type=notify" in unit and f"ExecStart={profile.ggen} p2p start" in unit, "a unit file", unit)


def connections(report, first, second):
    first.start()
    second.start(bootstrap=[first.address])
    wait_until(lambda: first.json("p2p", "peer-list")["total"] == 1, "the bootstrap peer is dialed")
    peers = second.json("p2p", "peer-list")["peers"]
    report.check([peer["peer"] for peer in peers] == [first.peer] and peers[0]["direction"] == "outbound",
                 "both see each other", peers)
    text = second.must("p2p", "peer-list", "--verbose").stdout
    report.check(first.peer in text, "as a table", text)
    listed = second.must("p2p", "peer-list", "--format", "yaml").stdout
    report.check(listed.startswith("---\ntotal: 1\npeers:\n  - peer: \"12D3"), "as YAML", listed)
    report.check(second.json("p2p", "peer-list", "--min-reputation", "50.5")["total"] == 0, "by reputation")
    report.check(second.json("p2p", "peer-list", "--limit", "0")["total"] == 0, "at most so many")
    wait_until(lambda: second.json("p2p", "peer-info", first.peer)["protocols"], "identify told what the peer speaks")
    full = second.must("p2p", "peer-info", first.peer, "--full").stdout
    report.check("/ipfs/id/1.0.0" in full and first.address.split("/p2p/")[0] in full, "peer-info --full", full)
    report.check(second.run("p2p", "disconnect", first.peer).returncode == 0, "disconnect")
    gone = second.run("p2p", "disconnect", PEER)
    report.check(gone.returncode == 3 and "GM0708" in gone.stderr, "from whom is not there", gone.stderr)
    report.check(second.run("p2p", "connect", first.address).returncode == 0, "connect")
    report.check(second.run("p2p", "bootstrap", first.address).returncode == 0, "bootstrap")
    nobody = second.run("p2p", "connect", f"/ip4/127.0.0.1/tcp/9/p2p/{PEER}", "--timeout", "5")
    report.check(nobody.returncode == 7 and "GM0708" in nobody.stderr, "to nobody", nobody.stderr)
    wrong = second.run("p2p", "connect", first.address.replace(first.peer, PEER), "--timeout", "5")
    report.check(wrong.returncode == 7, "to another peer than is there", wrong.stderr)
    report.check(second.run("p2p", "connect", "/ip4/127.0.0.1/tcp/9").returncode == 2, "to no peer at all")
    itself = second.run("p2p", "connect", second.address)
    report.check(itself.returncode != 0 and "itself" in itself.stderr, "to itself", itself.stderr)


def raw_call(path, text, wait=5):
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(wait)
        raw.connect(str(path))
        answer = b""
        try:
            raw.sendall(text)
            while not answer.endswith(b"\n"):
                piece = raw.recv(65536)
                if not piece:
                    break
                answer += piece
        except (TimeoutError, ConnectionError):
            pass
        return answer


def control_socket(report, profile):
    path = profile.home / "state/p2p/control"
    report.check(stat.S_IMODE(path.stat().st_mode) == 0o600, "the socket is the user's alone")
    for title, text in (("no JSON", b"hello\n"), ("no call", b"{}\n"), ("an unknown call", b'{"call":"format"}\n'),
                        ("no object", b"[]\n"), ("bad arguments", b'{"call":"connect","arguments":{"address":7}}\n')):
        answer = json.loads(raw_call(path, text))
        report.check("error" in answer, f"{title} is an error", answer)
    raw_call(path, b"x" * (5 << 20), wait=1)
    report.check(profile.run("p2p", "status").returncode == 0, "an endless line ends its connection alone")
    idle = [socket.socket(socket.AF_UNIX) for _ in range(16)]
    try:
        for one in idle:
            one.connect(str(path))
        time.sleep(0.5)
        crowded = profile.run("p2p", "status")
        report.check(crowded.returncode == 7 and "already" in crowded.stderr, "the 17th is told to come again",
                     crowded.stderr)
    finally:
        for one in idle:
            one.close()
    wait_until(lambda: profile.run("p2p", "status").returncode == 0, "places come free")


def other_users(report, room, profile):
    """Another profile has no node; another user is turned away on both sides."""
    stranger = room.profile("stranger")
    done = stranger.run("p2p", "status")
    report.check(done.returncode == 7 and str(stranger.home) in done.stderr, "the error names the profile", done.stderr)
    if os.geteuid() != 0:
        print("SKIPPED: only root can become another user")
        return

    def become():
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)

    program = room.path / "ggen"
    shutil.copy(profile.ggen, program)
    room.path.chmod(0o755)
    command = [str(program), "p2p", "status"]
    closed = subprocess.run(command, env=profile.environment(), cwd="/", capture_output=True, text=True, timeout=30,
                            preexec_fn=become, check=False)
    report.check(closed.returncode != 0 and "error" in closed.stderr, "a closed folder", closed.stderr)
    for folder in (profile.home, profile.home / "state", profile.home / "state/p2p"):
        folder.chmod(0o755)
    (profile.home / "state/p2p/control").chmod(0o666)
    opened = subprocess.run(command, env=profile.environment(), cwd="/", capture_output=True, text=True, timeout=30,
                            preexec_fn=become, check=False)
    report.check(opened.returncode == 6 and "GM0707" in opened.stderr, "an open one: the caller is refused",
                 f"exit {opened.returncode}: {opened.stderr}")
    # Somebody else's socket in our place.
    place = stranger.home / "state/p2p"
    place.mkdir(parents=True)
    place.chmod(0o777)
    fake = os.fork()
    if fake == 0:
        # No program of another user's is needed for this: the kernel tells who listens.
        become()
        held = socket.socket(socket.AF_UNIX)
        held.bind(str(place / "control"))
        held.listen()
        time.sleep(60)
        os._exit(0)
    try:
        wait_until((place / "control").exists, "the socket of somebody else")
        lured = stranger.run("p2p", "status")
        report.check(lured.returncode == 6 and "GM0707" in lured.stderr, "a socket of somebody else is not spoken to",
                     f"exit {lured.returncode}: {lured.stderr}")
    finally:
        os.kill(fake, signal.SIGKILL)
        os.waitpid(fake, 0)


def bad_settings(report, profile):
    for title, words, code in (
            ("no address", ["--listen", "nonsense"], 2),
            ("a bootstrap that names nobody", ["--bootstrap", "/ip4/127.0.0.1/tcp/1"], 2),
            ("a file that is not there", ["--config", "absent.toml"], 3),
            ("an address of another machine", ["--listen", "/ip4/192.0.2.1/tcp/0"], 7)):
        done = profile.run("p2p", "start", "--daemon", "--no-mdns", *words)
        report.check(done.returncode == code and "error" in done.stderr, title, f"exit {done.returncode}: {done.stderr}")
    (profile.project / "p2p.toml").write_text('listen_addresses = ["/ip4/127.0.0.1/tcp/0"]\nmdns = 3\n')
    wrong = profile.run("p2p", "start", "--config", "p2p.toml")
    report.check(wrong.returncode == 1 and "GM0802" in wrong.stderr and ":2:" in wrong.stderr, "a mistake has its line",
                 wrong.stderr)
    (profile.project / "p2p.toml").write_text('listen_addresses = ["/ip4/127.0.0.1/tcp/0"]\nmdns = false\n')
    started = json.loads(profile.must("p2p", "start", "--daemon", "--config", "p2p.toml", "--json").stdout)
    profile.pid = started["pid"]
    report.check(started["addresses"][0].startswith("/ip4/127.0.0.1/"), "settings from a file", started)
    profile.stop()
    key = profile.home / "state/p2p/identity.key"
    key.chmod(0o644)
    seen = profile.run("p2p", "start", "--daemon", *LISTEN)
    report.check(seen.returncode == 6 and "GM0803" in seen.stderr, "a key that others can read", seen.stderr)
    key.chmod(0o600)
    key.write_text("PRIVATE+KEY+nonsense\n")
    damaged = profile.run("p2p", "start", "--daemon", *LISTEN)
    report.check(damaged.returncode != 0 and "nonsense" not in damaged.stderr, "a damaged key is not shown", damaged.stderr)


def main():
    report = Checks()
    with Room(sys.argv[1]) as room:
        without_node(report, room.profile("nobody"))
        lifecycle(report, room.profile("first"))
        idle(report, room.profile("idle"))
        foreground(report, room.profile("foreground"), room)
        one, other = room.profile("one"), room.profile("other")
        connections(report, one, other)
        control_socket(report, other)
        other_users(report, room, one)
        bad_settings(report, room.profile("settings"))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
