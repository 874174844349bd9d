#!/usr/bin/env python3
"""What a connection costs, each implementation with itself, in one run, interleaved.

    compare.py NAME=COMMAND...        compare.py ours=build/soak/bin/libp2p_peer js='node peer.mjs' go=go/peer
Wall-clock rates are those of a shared machine; CPU time of both ends is what can be compared.
"""
import shlex
import statistics
import sys
import time

from peers import Peer

ROUNDS = 3
DIALS = 50
MIB = 1024 * 1024
ONE_STREAM_MIB = 128
STREAMS = 64


def cpu(pair):
    return sum(peer.do("usage")["cpu_us"] for peer in pair) / 1e6


def measure(pair, operation):
    before, begin = cpu(pair), time.monotonic()
    operation()
    return time.monotonic() - begin, cpu(pair) - before


def dials(dialer, listener):
    for _ in range(DIALS):
        dialer.do("connect", address=listener.address)
        dialer.do("disconnect", peer=listener.id)
        while listener.id in dialer.do("peers")["peers"]:
            time.sleep(0.001)


def main():
    kinds = dict(word.split("=", 1) for word in sys.argv[1:])
    figures = {name: {"dial": [], "one": [], "many": [], "wall one": [], "wall many": []} for name in kinds}
    rss = {}
    for _ in range(ROUNDS):
        for name, command in kinds.items():
            pair = [Peer(f"{name}{end}", shlex.split(command), {}).wait_ready() for end in (1, 2)]
            dialer, listener = pair
            figure = figures[name]
            figure["dial"].append(measure(pair, lambda: dials(dialer, listener))[1] / DIALS * 1000)
            for key, streams, each in (("one", 1, ONE_STREAM_MIB), ("many", STREAMS, ONE_STREAM_MIB // STREAMS)):
                wall, used = measure(pair, lambda: dialer.do("perf", address=listener.address, upload=each * MIB,
                                                             download=0, streams=streams, timeout=300))
                figure[key].append(ONE_STREAM_MIB / max(used, 1e-6))
                figure[f"wall {key}"].append(ONE_STREAM_MIB / wall)
            rss[name] = max(peer.do("usage")["peak_rss_bytes"] for peer in pair) / MIB
            for peer in pair:
                peer.close()
    print(f"{'':8}{'CPU ms a dial':>16}{'1 stream':>22}{f'{STREAMS} streams':>22}{'peak RSS':>12}")
    print(f"{'':8}{'(both ends)':>16}{'MiB/CPU s  MiB/s':>22}{'MiB/CPU s  MiB/s':>22}{'MiB':>12}")
    for name, figure in figures.items():
        median = {key: statistics.median(values) for key, values in figure.items()}
        print(f"{name:8}{median['dial']:16.2f}{median['one']:14.0f}{median['wall one']:8.0f}"
              f"{median['many']:14.0f}{median['wall many']:8.0f}{rss[name]:12.0f}")


if __name__ == "__main__":
    main()
