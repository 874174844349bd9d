#!/usr/bin/env python3
"""What the network costs with real processes on loopback: times of records and topics, weight of a node, a thousand nodes.

    ladder.py GGEN LIBP2P_PEER [--nodes N] [--connections N] [--thousand N] [--operations N] [--only-print]

1. N test peers that know only the first one: put, get, provide, find providers, find a peer, spread a message.
2. A node of the product (`ggen p2p start`), by /proc/PID/smaps_rollup: without peers, with 50, and what one more idle
   connection adds, from 10 connections to 10 + N. It runs from a file of its own, so that no page of its program counts
   as shared with its peers.
3. N nodes of the product, each told of the first one alone. A node is found when a stranger that knows only the first
   one too (there are some, who share the work) gets an address of it by a lookup of its peer id in the DHT. The time
   runs from the start of the first process to the last one that is found.

Prints its figures with their bounds, and "N passed, N failed". With --only-print bounds that depend on the machine are
told and not judged.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "interop/libp2p"))
from fifty import cpu_seconds, percentile  # noqa: E402
from nodes import LISTEN, Checks, Profile, Room, together, wait_until  # noqa: E402
from peers import Peer, PeerFailed  # noqa: E402

PRODUCT_KAD = "/ggen/kad/1.0.0"
TEST_KAD = "/test/kad/1.0.0"
TOPIC = "ladder/news"
PEERS_OF_A_NODE = 50
FEW_CONNECTIONS = 10
FEW_PEERS = 4
SETTLE_SECONDS = 5

OPERATION_MS_MAX = 100  # p95 of each
IDLE_MIB_MAX = 8
PEERS_MIB_MAX = 16
CONNECTION_KIB_MAX = 32
FOUND_SECONDS_MAX = 20

STARTING_AT_ONCE = 12
LOOKUPS_AT_ONCE = 3
NODES_PER_STRANGER = 72
FINDING_SECONDS_MAX = 60
PAUSE_SECONDS = 0.2


def kernel_bytes(pid, field):
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no {field}")


class Ladder:
    def __init__(self, report, arguments):
        self.report = report
        self.judges = not arguments.only_print
        self.peer_program = str(pathlib.Path(arguments.peer).resolve())
        self.operations = arguments.operations

    def judge(self, good, text, detail):
        print(f"{text}: {detail}", flush=True)
        if self.judges:
            self.report.check(good, text, detail)

    def times(self, text, milliseconds):
        p95 = percentile(milliseconds, 0.95)
        self.judge(p95 < OPERATION_MS_MAX, text, f"p50 {percentile(milliseconds, 0.5):.1f} ms, p95 {p95:.1f} ms "
                   f"(under {OPERATION_MS_MAX} ms), {len(milliseconds)} times")


class Overlay:
    """Test peers of the product's own cores: they take commands that the product has no verb for."""

    def __init__(self, ladder, count):
        self.ladder = ladder
        started = time.monotonic()
        self.peers = [Peer(f"p{number}", [ladder.peer_program], {"kad": TEST_KAD, "gossip": True})
                      for number in range(count)]
        try:
            self.meet(count, started)
        except BaseException:
            self.close()
            raise

    def meet(self, count, started):
        for peer in self.peers:
            peer.wait_ready(60)
            peer.do("subscribe", topic=TOPIC)
        for peer in self.peers[1:]:
            peer.send("kad_bootstrap", address=self.peers[0].address)
        few = min(FEW_PEERS, count - 1)
        wait_until(lambda: all(peer.do("kad_table")["size"] >= few for peer in self.peers), "all are in the table", 150)
        wait_until(lambda: all(len(peer.do("mesh", topic=TOPIC)["mesh"]) >= few for peer in self.peers),
                   "all are in the mesh", 60)
        print(f"{count} peers that knew only the first one are one network after {time.monotonic() - started:.1f} s")

    def close(self):
        for peer in self.peers:
            peer.process.kill()
        for peer in self.peers:
            peer.close()

    def at(self, number):
        return self.peers[number % len(self.peers)]

    def measure(self, text, operation):
        """`operation(number)` of other peers each time, one after the other."""
        times = []
        for number in range(self.ladder.operations):
            began = time.monotonic()
            good = operation(number)
            times.append((time.monotonic() - began) * 1000)
            self.ladder.report.check(good, f"{text} {number}")
        self.ladder.times(text, times)

    def records(self):
        stride = len(self.peers) // 2 or 1
        self.measure("put of a record", lambda n: self.at(n).do("kad_put", key=f"/v/{n}", value=f"value {n}")["ok"])
        self.measure("get of a record",
                     lambda n: self.at(n + stride).do("kad_get", key=f"/v/{n}")["value"] == f"value {n}")
        self.measure("provide", lambda n: self.at(n).do("kad_provide", key=f"content {n}")["ok"])
        self.measure("lookup of a provider",
                     lambda n: self.at(n).id in self.at(n + stride).do("kad_find_providers", key=f"content {n}")["peers"])
        self.measure("lookup of a peer",
                     lambda n: self.at(n).do("kad_find_peer", peer=self.at(n + stride).id)["addresses"])

    def propagation(self):
        """From the publisher's command to the line of each other peer."""
        times, last = [], []
        for number in range(self.ladder.operations):
            text = f"news {number}"
            began = time.monotonic()
            self.at(number).do("publish", topic=TOPIC, data=text)
            others = [peer for peer in self.peers if peer is not self.at(number)]
            wait_until(lambda: all(len(peer.messages) for peer in others), f"message {number} is everywhere", 30)
            arrived = [(at - began) * 1000 for peer in others for at, said in peer.messages if said.get("data") == text]
            self.ladder.report.check(len(arrived) == len(others), "each gets a message once", f"{len(arrived)} times")
            for peer in self.peers:
                peer.messages.clear()
            times += arrived
            last.append(max(arrived))
        self.ladder.times("a message, at any peer", times)
        self.ladder.times("a message, at the last peer", last)


class Node(Profile):
    """Started without waiting for it, so that many start beside each other."""

    def configure(self, text):
        """What nodes that everybody comes in by have in p2p.toml."""
        folder = self.home / "config"
        folder.mkdir(parents=True)
        (folder / "p2p.toml").write_text(text)

    def launch(self, bootstrap):
        flags = ["--bootstrap", bootstrap] if bootstrap else []
        self.process = subprocess.Popen(self.command("p2p", "start", "--json", *LISTEN, *flags), cwd=self.project,
                                        env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        return self

    def wait_started(self):
        document = b""
        while not document.endswith(b"\n}\n"):
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError(f"{self.name} did not start")
            document += line
        said = json.loads(document)
        self.peer, self.address = said["peer"], said["addresses"][0]
        self.process.stdout.close()
        return self

    def peer_count(self):
        return self.control("status")["peers"]


def end(nodes):
    for node in nodes:
        node.process.kill()
    for node in nodes:
        node.process.wait()
        node.pid = None


def start_many(room, count, bootstrap, prefix):
    """Keeps a few starts under way."""
    nodes = []
    waiting = 0
    for number in range(count):
        nodes.append(room.add(Node(room.ggen, room.path, f"{prefix}{number}")).launch(bootstrap))
        if len(nodes) - waiting >= STARTING_AT_ONCE:
            nodes[waiting].wait_started()
            waiting += 1
    for node in nodes[waiting:]:
        node.wait_started()
    return nodes


def weight(ladder, room, connections):
    program = room.path / "ggen-alone"
    shutil.copy(room.ggen, program)
    hub = room.add(Node(str(program), room.path, "hub")).launch(None).wait_started()
    others = []

    def at(count):
        nonlocal others
        others += start_many(room, count - len(others), hub.address, f"w{len(others)}-")
        wait_until(lambda: hub.peer_count() >= count, f"{count} peers are connected", 60)
        time.sleep(SETTLE_SECONDS)
        return kernel_bytes(hub.pid, "Pss"), kernel_bytes(hub.pid, "Rss")

    try:
        idle, _ = at(0)
        ladder.judge(idle < IDLE_MIB_MAX << 20, "memory of an idle node",
                     f"{idle / 2**20:.2f} MiB PSS (under {IDLE_MIB_MAX} MiB)")
        _, few = at(FEW_CONNECTIONS)
        many = FEW_CONNECTIONS + connections
        for count in sorted({min(PEERS_OF_A_NODE, many), many}):
            proportional, resident = at(count)
            if count == PEERS_OF_A_NODE:
                ladder.judge(proportional < PEERS_MIB_MAX << 20, f"memory of a node with {count} peers",
                             f"{proportional / 2**20:.2f} MiB PSS (under {PEERS_MIB_MAX} MiB)")
            if count == many:
                each = (resident - few) / connections / 1024
                ladder.judge(each <= CONNECTION_KIB_MAX, "memory of an idle connection",
                             f"{each:.1f} KiB resident (at most {CONNECTION_KIB_MAX} KiB), "
                             f"from {FEW_CONNECTIONS} to {count} connections")
    finally:
        end([hub, *others])


class Stranger:
    """Knows the way in alone, and looks for its share of the nodes."""

    def __init__(self, ladder, way_in, nodes):
        self.peer_program, self.way_in, self.nodes, self.lookups = ladder.peer_program, way_in, nodes, 0

    def find_all(self):
        peer = Peer("stranger", [self.peer_program], {"kad": PRODUCT_KAD})
        try:
            end = time.monotonic() + FINDING_SECONDS_MAX
            self.come_in(peer.wait_ready(), end)
            self.look(peer, end)
        finally:
            peer.process.kill()
            peer.close()

    def come_in(self, peer, end):
        """Whom the way in had no time for asks again."""
        while True:
            try:
                peer.do("kad_bootstrap", address=self.way_in)
                return
            except PeerFailed as error:
                if "ended" in str(error) or time.monotonic() > end:
                    raise
            time.sleep(PAUSE_SECONDS)

    def look(self, peer, end):
        left, under_way = list(self.nodes), []
        while left or under_way:
            if time.monotonic() > end:
                raise RuntimeError(f"{len(left) + len(under_way)} of {len(self.nodes)} nodes are not found")
            while left and len(under_way) < LOOKUPS_AT_ONCE:
                node = left.pop()
                under_way.append((node, peer.send("kad_find_peer", peer=node.peer)))
                self.lookups += 1
            node, number = under_way.pop(0)
            try:
                addresses = peer.wait(number).get("addresses", [])
            except PeerFailed as error:
                if "ended" in str(error):
                    raise
                addresses = []
            if not any(node.address.startswith(one) for one in addresses):
                left.insert(0, node)  # Not yet: once more, after all others.
                time.sleep(PAUSE_SECONDS)  # It is still joining, and needs the processors that a lookup takes.


def find_all(ladder, nodes):
    """By strangers who share the work; how many lookups it took."""
    # One node has room for 300 connections, none of which is closed in its first 10 s, and a lookup makes some.
    count = max(1, len(nodes) // NODES_PER_STRANGER)
    strangers = [Stranger(ladder, nodes[0].address, nodes[1 + at::count]) for at in range(count)]
    together(strangers, Stranger.find_all)
    return sum(stranger.lookups for stranger in strangers)


def thousand(ladder, room, count):
    began = time.monotonic()
    first = room.add(Node(room.ggen, room.path, "first"))
    first.configure(f"max_connections = {max(300, 2 * count)}\n")
    first.launch(None).wait_started()
    nodes = [first]
    try:
        nodes += start_many(room, count - 1, first.address, "t")
        started = time.monotonic() - began
        print(f"{count} nodes started in {started:.1f} s with {cpu_seconds(nodes):.1f} s of processor time", flush=True)
        lookups = find_all(ladder, nodes)
        took = time.monotonic() - began
        ladder.judge(took < FOUND_SECONDS_MAX, f"{count} nodes are all found",
                     f"{took:.1f} s after the first process (under {FOUND_SECONDS_MAX} s), the last one started after "
                     f"{started:.1f} s; {lookups} lookups, {cpu_seconds(nodes):.1f} s of processor time of the nodes, "
                     f"{os.cpu_count()} processors")
        sample = nodes[:: max(1, count // 50)]
        connections = sum(node.peer_count() for node in sample) / len(sample)
        memory = sum(kernel_bytes(node.pid, "Pss") for node in nodes) / len(nodes)
        print(f"  {memory / 2**20:.2f} MiB PSS and {connections:.0f} connections each")
    finally:
        end(nodes)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ggen")
    parser.add_argument("peer")
    parser.add_argument("--nodes", type=int, default=50)
    parser.add_argument("--operations", type=int, default=100)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--thousand", type=int, default=1000)
    parser.add_argument("--only", choices=("overlay", "weight", "thousand"))
    parser.add_argument("--only-print", action="store_true")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # Nobody else ends the nodes.
    report = Checks()
    ladder = Ladder(report, arguments)
    with Room(arguments.ggen) as room:
        if arguments.only in (None, "overlay"):
            overlay = Overlay(ladder, arguments.nodes)
            try:
                overlay.records()
                overlay.propagation()
            finally:
                overlay.close()
        if arguments.only in (None, "weight"):
            weight(ladder, room, arguments.connections)
        if arguments.only in (None, "thousand"):
            thousand(ladder, room, arguments.thousand)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
