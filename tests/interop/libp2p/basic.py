#!/usr/bin/env python3
"""Two peers, both dial directions: identify, push, ping, perf, streams both ways; and `ggen p2p` against the other.

    basic.py OURS [--ggen PROGRAM] -- PEER-COMMAND...
Prints one line a case and "N passed, N failed".
"""
import json
import subprocess
import sys

from cases import Cases, want
from peers import Peer, PeerFailed, arguments, wait_until

IDENTIFY = "/ipfs/id/1.0.0"
MIB = 1024 * 1024


def identify(dialer, listener):
    found = dialer.do("identify", address=listener.address)
    want(found["peer"] == listener.id, f"another peer: {found}")
    want(IDENTIFY in found["protocols"], f"protocols: {found['protocols']}")
    # None: an implementation that cannot read this form of record (rust-libp2p's identify).
    want(found["certified"] in (True, None), "the addresses are not signed")
    want(found["observed"].startswith("/ip4/127.0.0.1/tcp/"), f"observed: {found['observed']}")
    bare = listener.address.split("/p2p/")[0]
    want(any(one.startswith(bare) for one in found["addresses"]), f"addresses: {found['addresses']}")
    return found["agent"]


def push(dialer, listener):
    """Both ends hear of a protocol that the other began to speak after they met."""
    dialer.do("connect", address=listener.address)
    for speaker, hearer in ((dialer, listener), (listener, dialer)):
        known = lambda: hearer.do("protocols_of", peer=speaker.id)["protocols"]
        want(wait_until(lambda: "/ipfs/id/push/1.0.0" in known(), 10), f"{hearer.name} was never told")
        name = f"/test/new-{speaker.name}-{dialer.name}/1.0.0"
        speaker.do("handle", protocol=name)
        want(wait_until(lambda: name in known(), 10), f"{hearer.name} does not know of {name}")


def ping(dialer, listener):
    times = [dialer.do("ping", address=listener.address)["round_trip_us"] for _ in range(5)]
    return f"{sorted(times)[2] / 1000:.1f} ms"


def perf(dialer, listener, upload, download, streams):
    done = dialer.do("perf", address=listener.address, upload=upload, download=download, streams=streams)
    want(done["received"] == streams * download, f"{done['received']} bytes came")
    return f"{streams * (upload + download) / MIB / done['seconds']:.0f} MiB/s"


def echo(dialer, listener, count):
    want(dialer.do("echo", address=listener.address, bytes=count)["bytes"] == count, "bytes are missing")


def command_line(ggen, listener, *words):
    done = subprocess.run([ggen, "p2p", words[0], listener.address, *words[1:], "--json"], capture_output=True,
                          text=True, timeout=60, check=False)
    want(done.returncode == 0, f"exit {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def play(cases, dialer, listener):
    title = f"{dialer.name} dials {listener.name}:"
    cases.run(f"{title} identify", lambda: identify(dialer, listener))
    cases.run(f"{title} push both ways", lambda: push(dialer, listener))
    cases.run(f"{title} ping", lambda: ping(dialer, listener))
    for count in (0, 1, 1000, 3 * MIB):
        cases.run(f"{title} echo of {count} bytes", lambda: echo(dialer, listener, count))
    cases.run(f"{title} perf up", lambda: perf(dialer, listener, 16 * MIB, 0, 1))
    cases.run(f"{title} perf down", lambda: perf(dialer, listener, 0, 16 * MIB, 1))
    cases.run(f"{title} perf on 8 streams", lambda: perf(dialer, listener, MIB, MIB, 8))
    cases.run(f"{title} streams back", lambda: echo_back(dialer, listener))


def echo_back(dialer, listener):
    """The end that was dialed opens streams too, on the connection that is there."""
    want(listener.do("echo", peer=dialer.id, address=dialer.address, bytes=100_000)["bytes"] == 100_000, "missing")


def main():
    ours_command, ggen, theirs_command = arguments(sys.argv[1:])
    peers = [Peer("ours", ours_command, {}), Peer("theirs", theirs_command, {})]
    cases = Cases()
    try:
        ours, theirs = (peer.wait_ready() for peer in peers)
        play(cases, ours, theirs)
        theirs.close()
        peers.append(Peer("theirs", theirs_command, {}))
        theirs = peers[-1].wait_ready()
        play(cases, theirs, ours)
        if ggen:
            cases.run("ggen p2p ping", lambda: f"{len(command_line(ggen, theirs, 'ping', '--count', '2')['pings'])}")
            cases.run("ggen p2p identify", lambda: command_line(ggen, theirs, "identify")["agent"])
            cases.run("ggen p2p perf", lambda: f"{command_line(ggen, theirs, 'perf', '--upload', '4')['upload_bytes']}")
    except PeerFailed as error:
        print(f"FAILED  {error}")
        cases.failed += 1
    finally:
        for peer in peers:
            peer.close()
    sys.exit(cases.finish())


if __name__ == "__main__":
    main()
