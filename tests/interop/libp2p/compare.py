#!/usr/bin/env python3
"""What a connection costs, each implementation with itself, in one run, interleaved.

    compare.py [--rounds N] [--json FILE] NAME=COMMAND...
    compare.py ours=build/soak/bin/libp2p_peer js='node_modules/.bin/node peer.mjs' go=go_peer rust=target/release/ggen-test-peer
CPU time of both ends is what can be compared; wall-clock rates are those of a shared machine and stand beside it.
`ggen-bench import FILE` keeps what --json wrote for the report (docs/formats/bench-result.md).
"""
import argparse
import glob
import json
import os
import pathlib
import shlex
import statistics
import time

from peers import Peer, PeerFailed, wait_until
from slow_link import SlowLink

DIALS = 100
MIB = 1024 * 1024
ONE_STREAM_MIB = 128
STREAMS = 64
IDLE = 40
MESH = 6
MESSAGES = 200
ROUND_TRIP_S = 0.4  # long beside what processors do in between; js-libp2p gives up a dial after 10 s
TOPIC = "test/cost"


def cpu(peers):
    """Seconds, by the scheduler's own nanoseconds: the usage of a process is counted in ticks of 10 ms."""
    files = [file for peer in peers for file in glob.glob(f"/proc/{peer.process.pid}/task/*/schedstat")]
    return sum(int(pathlib.Path(file).read_text("ascii").split()[0]) for file in files) / 1e9


def measure(peers, operation):
    before, begin = cpu(peers), time.monotonic()
    operation()
    return time.monotonic() - begin, cpu(peers) - before


def start(command, count, options):
    peers = [Peer(f"{command[-1]}{index}", command, options) for index in range(count)]
    for peer in peers:
        peer.wait_ready(60)
    return peers


def close(peers):
    for peer in peers:
        peer.close()


def dials(dialer, listener):
    """Each a connection of which the dialer knows by identify who answers: some say no earlier that it is there."""
    for _ in range(DIALS):
        dialer.do("identify", address=listener.address)
        dialer.do("disconnect", peer=listener.id)
        while listener.id in dialer.do("peers")["peers"]:
            time.sleep(0.001)


def handshakes_and_streams(command):
    pair = start(command, 2, {})
    dialer, listener = pair
    try:
        out = {"dial ms": measure(pair, lambda: dials(dialer, listener))[1] / DIALS * 1000}
        for key, streams in (("one", 1), ("many", STREAMS)):
            wall, used = measure(pair, lambda: dialer.do("perf", address=listener.address, download=0, streams=streams,
                                                         upload=ONE_STREAM_MIB // streams * MIB, timeout=300))
            out[f"{key} cpu"] = ONE_STREAM_MIB / max(used, 1e-6)
            out[f"{key} wall"] = ONE_STREAM_MIB / wall
        return out
    finally:
        close(pair)


def resident(peer):
    with open(f"/proc/{peer.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) * 1024


def idle(command, dialer_command):
    """Resident bytes that an inbound connection adds to a node, with identify done; the dialers are all of one kind."""
    hub, *dialers = start(command, 1, {}) + start(dialer_command, IDLE + 1, {})
    try:
        dialers[0].do("connect", address=hub.address)  # what the first connection of all costs is not asked
        time.sleep(2)
        before = resident(hub)
        for dialer in dialers[1:]:
            dialer.do("connect", address=hub.address)
        time.sleep(5)
        if len(hub.do("peers")["peers"]) < IDLE:
            raise PeerFailed(f"{hub.name} holds only {len(hub.do('peers')['peers'])} connections")
        return {"idle KiB": max(0, resident(hub) - before) / IDLE / 1024}
    finally:
        close([hub, *dialers])


def gossip(command):
    """CPU of all nodes of a mesh of all with all, for each message that one of them took in."""
    peers = start(command, MESH, {"gossip": True})
    try:
        for index, peer in enumerate(peers):
            peer.do("subscribe", topic=TOPIC)
            for other in peers[:index]:
                peer.do("connect", address=other.address)

        def is_meshed(least):
            return all(len(peer.do("mesh", topic=TOPIC)["mesh"]) >= least for peer in peers)

        # All of them are content with four of the five others (D_lo), and may stay there.
        if not wait_until(lambda: is_meshed(MESH - 1), 10, 0.5) and not wait_until(lambda: is_meshed(4), 50, 0.5):
            raise PeerFailed(f"{command[-1]}: no mesh")
        wanted = MESSAGES * (MESH - 1)

        def publish():
            for number in range(MESSAGES):
                peers[number % MESH].do("publish", topic=TOPIC, data=f"m{number} " + "x" * 1000)
            if not wait_until(lambda: sum(len(peer.messages) for peer in peers) >= wanted, 60):
                raise PeerFailed(f"{command[-1]}: {sum(len(peer.messages) for peer in peers)} of {wanted} came")

        return {"message us": measure(peers, publish)[1] / wanted * 1e6}
    finally:
        close(peers)


def round_trips(command):
    """From the command to dial a stranger to the byte that its echo sent back, in round trips, by the dialer's own
    clock. The link takes TCP's connect at once, which counts as the one that it is."""
    dialer, listener = start(command, 2, {})
    link = SlowLink(listener.address, ROUND_TRIP_S / 2)
    try:
        answer = dialer.do("echo", address=link.address, bytes=1)
        return {"first byte RTT": 1 + answer["first_us"] / 1e6 / ROUND_TRIP_S}
    finally:
        link.close()
        close([dialer, listener])


COLUMNS = [("handshakes/s core", "dial ms", lambda value: f"{1000 / value:.0f}"),
           ("1 stream MiB/CPU s", "one cpu", "{:.0f}".format), ("MiB/s", "one wall", "{:.0f}".format),
           (f"{STREAMS} streams MiB/CPU s", "many cpu", "{:.0f}".format), ("MiB/s", "many wall", "{:.0f}".format),
           ("KiB/idle conn", "idle KiB", "{:.0f}".format), ("CPU us/message", "message us", "{:.0f}".format),
           ("RTT to 1st byte", "first byte RTT", "{:.1f}".format)]


def write_json(path, rows, started, seconds):
    """Whole or not at all."""
    comparison = {"format": "ggen-bench-peers", "version": 1, "kind": "connections", "started": int(started),
                  "seconds": seconds, "load_1min": os.getloadavg()[0],
                  "tables": [{"section": "", "title": "what a connection costs, each implementation with itself",
                              "heads": ["who"] + [title for title, _, _ in COLUMNS], "rows": rows}]}
    new = pathlib.Path(path + ".new")
    new.write_text(json.dumps(comparison, indent=1) + "\n", "utf-8")
    new.replace(path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", help="write the table here too")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("kinds", nargs="+")
    arguments = parser.parse_args()
    kinds = {name: shlex.split(command) for name, command in (word.split("=", 1) for word in arguments.kinds)}
    figures = {name: {} for name in kinds}
    small = next(iter(kinds.values()))
    started, begin = time.time(), time.monotonic()
    for _ in range(arguments.rounds):
        for name, command in kinds.items():
            for part in (handshakes_and_streams, lambda words: idle(words, small), gossip, round_trips):
                try:
                    for key, value in part(command).items():
                        figures[name].setdefault(key, []).append(value)
                except PeerFailed as error:
                    print(f"{name}: {error}", flush=True)
    rows = []
    print("".join(["        "] + [f"{title:>24}" for title, _, _ in COLUMNS]))
    for name, found in figures.items():
        # What a busy machine adds to a round trip only comes on top.
        typical = {key: (min if key == "first byte RTT" else statistics.median)(values) for key, values in found.items()}
        cells = [form(typical[key]) if key in typical else "-" for _, key, form in COLUMNS]
        rows.append([name, *cells])
        print(f"{name:8}" + "".join(f"{cell:>24}" for cell in cells))
    if arguments.json:
        write_json(arguments.json, rows, started, time.monotonic() - begin)


if __name__ == "__main__":
    main()
