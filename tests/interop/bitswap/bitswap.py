#!/usr/bin/env python3
"""helia fetches a small and a large archive by CID from a node of ggen, and finds the CIDs by itself.

    bitswap.py GGEN FETCH-COMMAND...
Prints "N passed, N failed".
"""
import json
import pathlib
import random
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "p2p"))
from nodes import Checks, Room, pack  # noqa: E402


def main():
    report = Checks()
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
        folder.mkdir()
        cids = [blob["cid"] for blob in wanted.values()]
        fetch = subprocess.run([*sys.argv[2:], alice.address, str(folder), *cids], capture_output=True, text=True,
                               timeout=150, check=False)
        told = {said["cid"]: said for said in map(json.loads, fetch.stdout.splitlines())}
        report.check(fetch.returncode == 0 and len(told) == 2, "helia fetches both", fetch.stdout + fetch.stderr)
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
        report.check(served["served_bytes"] >= expected and served["served_blocks"] >= 14, "it is accounted for", served)
        kept = list((alice.home / "state/p2p/blocks").iterdir())
        report.check(len(kept) == 1 and kept[0].stat().st_size == 32 * -(-wanted["alice/large"]["bytes"] // 262144),
                     "nothing is stored twice: the index holds digests", [str(one) for one in kept])
        # Whoever installed it by the exchange serves it too.
        bob.start(bootstrap=[alice.address])
        bob.must("follow", alice.peer, "--alias", "alice")
        bob.must("install", "alice/large")
        alice.kill()
        second = room.path / "second"
        second.mkdir()
        fetch = subprocess.run([*sys.argv[2:], bob.address, str(second), wanted["alice/large"]["cid"]],
                               capture_output=True, text=True, timeout=150, check=False)
        came = second / wanted["alice/large"]["cid"]
        report.check(came.exists() and came.read_bytes() == (folder / wanted["alice/large"]["cid"]).read_bytes(),
                     "a node that holds a copy serves it", fetch.stderr)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
