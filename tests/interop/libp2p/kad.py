#!/usr/bin/env python3
"""Kademlia in a mixed network of 10: 5 of ours, 5 of theirs; every operation crosses from one kind to the other.

    kad.py OURS [--ggen PROGRAM] -- PEER-COMMAND...
"""
import random
import sys
import time

from cases import Cases, want
from peers import Peer, PeerFailed, arguments, wait_until

PROTOCOL = "/test/kad/1.0.0"
NODES = 10
SEED = 7


def build(ours_command, theirs_command, peers):
    """Alternating kinds; each node dials the first one and two others that came before it."""
    dice = random.Random(SEED)
    for index in range(NODES):
        command = ours_command if index % 2 == 0 else theirs_command
        peers.append(Peer(f"{'ours' if index % 2 == 0 else 'theirs'}{index}", command, {"kad": PROTOCOL}))
    for index, peer in enumerate(peers):
        peer.wait_ready()
        for other in {0, *dice.sample(range(index), min(index, 2))} - {index}:
            peer.do("connect", address=peers[other].address)
        if index:
            peer.send("kad_bootstrap", address=peers[0].address)
    full = wait_until(lambda: min(peer.do("kad_table")["size"] for peer in peers) >= 5, 60, 0.5)
    want(full, f"tables: {[peer.do('kad_table')['size'] for peer in peers]}")


def timed(operation):
    begin = time.monotonic()
    result = operation()
    return result, (time.monotonic() - begin) * 1000


def values(peers):
    times = []
    for index, peer in enumerate(peers):
        key, value = f"/v/key-{index}", f"value of {peer.name}"
        peer.do("kad_put", key=key, value=value)
        reader = peers[(index + 5) % NODES]  # five further: the other kind
        got, took = timed(lambda: reader.do("kad_get", key=key)["value"])
        want(got == value, f"{reader.name} read {got!r} where {peer.name} put {value!r}")
        times.append(took)
    return f"get median {sorted(times)[NODES // 2]:.0f} ms"


def providers(peers):
    times = []
    for index, peer in enumerate(peers):
        key = f"content-{index}"
        peer.do("kad_provide", key=key)
        reader = peers[(index + 3) % NODES]
        found, took = timed(lambda: reader.do("kad_find_providers", key=key, count=1)["peers"])
        want(peer.id in found, f"{reader.name} found {found}, not {peer.name}")
        times.append(took)
    return f"find median {sorted(times)[NODES // 2]:.0f} ms"


def find_peers(peers):
    for index, peer in enumerate(peers):
        other = peers[(index + 5) % NODES]
        addresses = peer.do("kad_find_peer", peer=other.id)["addresses"]
        want(any(one.split("/p2p/")[0] in other.address for one in addresses), f"{peer.name} found {addresses}")


def missing(peers):
    for peer in peers[:2]:
        try:
            peer.do("kad_get", key="/v/nobody-put-this", timeout=90)
        except PeerFailed as error:
            want("no answer" not in str(error), str(error))
        else:
            raise AssertionError(f"{peer.name} found a value that nobody put")


def main():
    ours_command, _, theirs_command = arguments(sys.argv[1:])
    peers = []
    cases = Cases()
    try:
        if cases.run(f"kad: {NODES} nodes meet", lambda: build(ours_command, theirs_command, peers)):
            cases.run("kad: put here, get there", lambda: values(peers))
            cases.run("kad: provide here, find there", lambda: providers(peers))
            cases.run("kad: find peers", lambda: find_peers(peers))
            cases.run("kad: nothing where nothing is", lambda: missing(peers))
    finally:
        for peer in peers:
            peer.close()
    sys.exit(cases.finish())


if __name__ == "__main__":
    main()
