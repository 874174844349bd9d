#!/usr/bin/env python3
"""Hosts on one network that find each other with no configuration: one publishes, four install at once, the publisher
is killed, a sixth still installs, a newcomer finds and installs.

    hosts.py GGEN [--mib N]

Prints its figures, and "N passed, N failed". SKIPPED (77) where network namespaces are not allowed.
"""
import argparse
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import lan  # noqa: E402
from lan import HostProfile, Lan  # noqa: E402
from nodes import Checks, Room, pack, together, wait_until  # noqa: E402

ORIGIN_SHARE_MAX = 1.2
NEWCOMER_SECONDS_MAX = 5.0


def join(network, room, name):
    return room.add(HostProfile(room.ggen, room.path, name, network.add()))


def peers_of(profile):
    return profile.json("p2p", "peer-list")["total"]


def one_publishes_four_install(report, network, room, mib, judges_not):
    alice = join(network, room, "alice")
    others = [join(network, room, name) for name in ("bob", "carol", "dave", "erin")]
    alice.must("key", "new", "alice/laptop")
    for profile in [alice, *others]:
        profile.start()
    took = wait_until(lambda: all(peers_of(profile) >= 4 for profile in [alice, *others]), "mDNS brings all together")
    print(f"five hosts know each other by mDNS: {took:.2f} s after the last one started")
    published = alice.json("p2p", "publish", pack(room.path / "packs/big", "alice/big", size=mib << 20), timeout=300)
    together(others, lambda one: one.must("follow", alice.peer, "--alias", "alice", timeout=120))
    size = published["packages"][0]["archive"]["bytes"]
    before = alice.host.sent_bytes()
    started = time.monotonic()
    together(others, lambda one: one.must("install", "alice/big", timeout=600))
    took = time.monotonic() - started
    share = (alice.host.sent_bytes() - before) / size
    limit = network.rate if network.is_limited else "without a limit"
    print(f"{size / 2**20:.1f} MiB to four hosts at once: {took:.1f} s; links {limit}")
    print(f"sent by the publisher: {share:.2f} times the package (at most {ORIGIN_SHARE_MAX})")
    report.check(judges_not or share <= ORIGIN_SHARE_MAX, "the publisher sends its package about once", f"{share:.2f} times")
    for one in others:
        report.check(one.run("verify", "--offline").returncode == 0, f"{one.name} has what was published")
    return alice, others


def publisher_gone(report, network, room, alice, mib):
    alice.kill()
    frank = join(network, room, "frank")
    frank.start()
    wait_until(lambda: peers_of(frank) >= 1, "frank finds somebody")
    frank.must("follow", alice.peer, "--alias", "alice", timeout=120)
    started = time.monotonic()
    done = frank.run("install", "alice/big", timeout=600)
    print(f"sixth host, publisher killed: {time.monotonic() - started:.1f} s for {mib} MiB")
    report.check(done.returncode == 0, "a sixth host installs when the publisher is gone", done.stderr)
    report.check(frank.run("verify", "--offline").returncode == 0, "and verifies it")


def newcomer(report, network, room, bob, judges_not):
    bob.must("key", "new", "bob/laptop")
    bob.must("p2p", "publish", pack(room.path / "packs/lamp", "bob/lamp", text="a lamp for newcomers"))
    gina = join(network, room, "gina")
    started = time.monotonic()
    gina.start()
    found = []

    def is_found():
        found[:] = gina.json("p2p", "search", "newcomers", "--timeout", "500")["hits"]
        return bool(found)

    wait_until(is_found, "a newcomer finds a package", 60)
    at = time.monotonic() - started
    gina.must("follow", found[0]["publisher"], "--alias", "bob")
    gina.must("install", found[0]["name"])
    took = time.monotonic() - started
    print(f"newcomer: found after {at:.2f} s, installed {took:.2f} s after `p2p start` (at most {NEWCOMER_SECONDS_MAX})")
    report.check(judges_not or took <= NEWCOMER_SECONDS_MAX, "a newcomer finds and installs in time", f"{took:.2f} s")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ggen")
    parser.add_argument("--mib", type=int, default=16)
    parser.add_argument("--rate", default="200mbit")
    parser.add_argument("--only-print", action="store_true", help="figures that depend on the machine are not judged")
    arguments = parser.parse_args()
    lan.enter()
    report = Checks()
    network = Lan(arguments.rate)
    try:
        with Room(arguments.ggen) as room:
            alice, others = one_publishes_four_install(report, network, room, arguments.mib, arguments.only_print)
            publisher_gone(report, network, room, alice, arguments.mib)
            newcomer(report, network, room, others[0], arguments.only_print)
    finally:
        network.close()
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
