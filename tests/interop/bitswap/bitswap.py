#!/usr/bin/env python3
"""helia fetches a small and a large archive by CID from a node of ggen, and finds the CIDs by itself; also while
others ask the node what nobody should.

    bitswap.py GGEN NODE
Prints "N passed, N failed".
"""
import base64
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "p2p"))
from nodes import Checks, Room, pack  # noqa: E402


LEAF_BYTES = 256 << 10
WANTS = 100_000


def raw_cid(content):
    """Version 1, raw, SHA-256."""
    whole = b"\x01\x55\x12\x20" + hashlib.sha256(content).digest()
    return "b" + base64.b32encode(whole).decode().lower().rstrip("=")


def fetch(node, profile, folder, *cids):
    """What helia says of each, and what it complains of."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run([node, str(HERE / "fetch.mjs"), profile.address, str(folder), *cids], capture_output=True,
                          text=True, timeout=150, check=False)
    return {said["cid"]: said for said in map(json.loads, done.stdout.splitlines())}, done


class Abuser:
    def __init__(self, node, profile, cid):
        self.process = subprocess.Popen([node, str(HERE / "abuse.mjs"), profile.address, cid], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def do(self, name, **words):
        self.process.stdin.write(json.dumps({"do": name, **words}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


def resident_mib(profile):
    with open(f"/proc/{profile.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) >> 10


def hostile(report, room, node, alice, blob, content):
    """Peers that ask too much, nonsense, or take nothing; meanwhile others are served."""
    before = alice.json("p2p", "status")["bitswap"]
    resident = resident_mib(alice)
    abuser = Abuser(node, alice, raw_cid(content[:LEAF_BYTES]))
    stalled = abuser.do("stall", wants=2000)
    report.check(stalled == {}, "a peer wants 500 MiB and takes nothing", stalled)
    for name, words in (("list", {"entries": WANTS}), ("list", {"entries": 5000}), ("oversize", {}), ("nonsense", {})):
        said = abuser.do(name, **words)
        report.check(said == {"reset": True}, f"{name} {words} ends its stream", said)
    begin = time.monotonic()
    said = abuser.do("unknown", wants=WANTS)
    report.check(said == {"answered": WANTS}, "wants for what is not here are answered, all of them", said)
    print(f"{WANTS} wants for what is not here: {time.monotonic() - begin:.1f} s")
    folder = room.path / "meanwhile"
    told, done = fetch(node, alice, folder, blob["cid"])
    came = folder / blob["cid"]
    report.check(came.exists() and came.read_bytes() == content, "helia is served meanwhile", (told, done.stderr))
    after = alice.json("p2p", "status")["bitswap"]
    unasked = after["served_bytes"] - before["served_bytes"] - blob["bytes"]
    report.check(after["peers"] >= 1, "who takes nothing is still there", after)
    report.check(unasked < 8 << 20, "and nothing is read for it that it does not take", (before, after))
    grown = resident_mib(alice) - resident
    print(f"resident: {resident} MiB before, {grown} MiB more after")
    report.check(grown < 64, "memory stays bounded", grown)
    abuser.end()


def main():
    report = Checks()
    node = sys.argv[2]
    # What a sanitizer keeps of freed memory is none of the node's.
    os.environ.setdefault("ASAN_OPTIONS", "detect_leaks=0:quarantine_size_mb=1:thread_local_quarantine_size_kb=64")
    with Room(sys.argv[1]) as room:
        alice, bob = room.profile("alice"), room.profile("bob")
        alice.must("key", "new", "alice/laptop")
        small = pack(room.path / "packs/small", "alice/small")
        large = pack(room.path / "packs/large", "alice/large")
        noise = random.Random(7)
        (pathlib.Path(large) / "noise.bin").write_bytes(noise.randbytes(3 << 20))
        published = alice.json("p2p", "publish", small, large)
        archives = {one["name"]: one["archive"] for one in published["packages"]}
        alice.start()
        blobs = {one["digest"]: one for one in alice.json("p2p", "blocks")["blobs"]}
        wanted = {name: blobs[archive["digest"]] for name, archive in archives.items()}
        report.check(wanted["alice/small"]["cid"].startswith("bafkrei"), "a small archive is one raw block", wanted)
        report.check(wanted["alice/large"]["cid"].startswith("bafybei"), "a large one is a file of many", wanted)
        one = alice.json("p2p", "blocks", archives["alice/large"]["digest"])["blobs"]
        report.check([blob["cid"] for blob in one] == [wanted["alice/large"]["cid"]], "one is found by its digest", one)
        none = alice.run("p2p", "blocks", "sha256:" + "0" * 64)
        report.check(none.returncode != 0 and "GM0709" in none.stderr, "what is not held is said so", none.stderr)
        # A profile that never listed anything: the first want of a block makes the index.
        alice.stop()
        alice.start()
        folder = room.path / "fetched"
        told, done = fetch(node, alice, folder, *(blob["cid"] for blob in wanted.values()))
        report.check(done.returncode == 0 and len(told) == 2, "helia fetches both", done.stdout + done.stderr)
        for name, blob in wanted.items():
            digest = blob["digest"].split(":")[1]
            path = alice.home / "data/p2p/registry/blob/sha256" / digest
            came = folder / blob["cid"]
            report.check(came.exists() and came.read_bytes() == path.read_bytes(), f"the bytes of {name}")
            said = told.get(blob["cid"], {})
            report.check(said.get("computed") == blob["cid"], f"the CID of {name} as helia makes it", said)
            print(f"{name}: {said.get('bytes')} bytes in {said.get('seconds')} s")
        served = alice.json("p2p", "status")["bitswap"]
        expected = sum(blob["bytes"] for blob in wanted.values())
        report.check(served["served_bytes"] >= expected and served["served_blocks"] >= 14, "it is accounted for",
                     served)
        kept = list((alice.home / "state/p2p/blocks").iterdir())
        report.check(len(kept) == 1 and kept[0].stat().st_size == 32 * -(-wanted["alice/large"]["bytes"] // 262144),
                     "nothing is stored twice: the index holds digests", [str(one) for one in kept])
        blob = wanted["alice/large"]
        content = (folder / blob["cid"]).read_bytes()
        hostile(report, room, node, alice, blob, content)
        # Whoever installed it by the exchange serves it too.
        bob.start(bootstrap=[alice.address])
        bob.must("follow", alice.peer, "--alias", "alice")
        bob.must("install", "alice/large")
        alice.kill()
        second = room.path / "second"
        _, done = fetch(node, bob, second, blob["cid"])
        came = second / blob["cid"]
        report.check(came.exists() and came.read_bytes() == content, "a node that holds a copy serves it", done.stderr)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
