#!/usr/bin/env python3
"""Search among peers: what is not followed is found at those who follow it, with proofs, and followed from there.

    search.py GGEN

Prints what it measured, and "N passed, N failed".
"""
import json
import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from nodes import Checks, Room, alive, pack, wait_until  # noqa: E402


def names(found, where=None):
    return [hit["name"] for hit in found["hits"] if where in (None, hit["where"])]


def among_peers(report, room):
    alice, bob, carol = room.profile("alice"), room.profile("bob"), room.profile("carol")
    alice.must("key", "new", "alice/laptop")
    bob.must("key", "new", "bob/laptop")
    silent = carol.run("p2p", "search", "tool")
    report.check(silent.returncode == 7 and "GM0705" in silent.stderr or "ggen p2p start" in silent.stderr,
                 "without a node it says what to do", silent.stderr)
    alice.start()
    bob.start(bootstrap=[alice.address])
    folder = pack(room.path / "packs/tool", "alice/tool", text="peer to peer tool")
    with open(folder + "/gpack.toml", "a") as manifest:
        manifest.write('category = "tools"\ntags = ["p2p"]\n')
    alice.must("p2p", "publish", folder)
    bob.must("follow", alice.peer, "--alias", "alice")
    bob.must("p2p", "publish", pack(room.path / "packs/kit", "bob/kit", text="a tool kit"))
    alice.kill()

    # Carol is connected to bob alone and follows nobody.
    carol.start(bootstrap=[bob.address])
    wait_until(lambda: carol.json("p2p", "search", "tool")["answered"] >= 1, "bob answers")
    found = carol.json("p2p", "search", "tool")
    report.check(sorted(names(found, "peers")) == ["alice/tool", "bob/kit"] and found["remote"] == 2 and
                 found["local"] == 0, "packages of registries that bob has", found)
    tool = next(hit for hit in found["hits"] if hit["name"] == "alice/tool")
    report.check(tool["publisher"] == alice.peer and tool["origin"] == f"p2p/{alice.peer}" and
                 tool["from"] == [bob.peer] and tool["log_size"] > tool["index"], "it says whose it is, and who told",
                 tool)
    report.check(found["asked"] == found["answered"] >= 1 and found["lied"] == 0 and found["late"] == 0 and found["peers_us"] > 0,
                 "who was asked, and how long it took", found)
    print(f"p2p search: local {found['local_us']} µs, peers {found['peers_us']} µs")
    report.check(names(carol.json("p2p", "search", "tool", "--tags", "p2p")) == ["alice/tool"], "by tag")
    report.check(names(carol.json("p2p", "search", "tool", "--category", "tools")) == ["alice/tool"], "by category")
    report.check(len(carol.json("p2p", "search", "tool", "--limit", "1")["hits"]) == 1, "no more than asked for")
    report.check(carol.json("p2p", "search", "nothing-like-that")["hits"] == [], "nothing is an answer")
    table = carol.run("p2p", "search", "tool")
    report.check("alice/tool" in table.stdout and "ggen follow" in table.stderr, "a table, and what to do next",
                 table.stdout + table.stderr)
    yaml = carol.run("p2p", "search", "tool", "--format", "yaml")
    report.check("name: alice/tool" in yaml.stdout or 'name: "alice/tool"' in yaml.stdout, "as YAML", yaml.stdout)
    document = carol.run("p2p", "search", "tool", "--format", "json")
    report.check(json.loads(document.stdout)["remote"] == 2, "as JSON")

    # What is followed is found locally, and not asked for.
    carol.must("follow", alice.peer, "--alias", "alice")
    again = carol.json("p2p", "search", "tool")
    report.check(names(again, "local") == ["alice/tool"] and names(again, "peers") == ["bob/kit"],
                 "each package once: here when it is followed", again)
    return bob, carol


def by_log_id(report, room, bob):
    """A log id from a search is enough to follow; the registry is anybody's who has it."""
    dave = room.profile("dave")
    dave.start(bootstrap=[bob.address])
    wait_until(lambda: dave.json("p2p", "search", "tool")["answered"] >= 1, "bob answers dave")
    tool = next(hit for hit in dave.json("p2p", "search", "tool")["hits"] if hit["name"] == "bob/kit")
    done = dave.run("follow", tool["log"], "--alias", "kit")
    report.check(done.returncode == 0 and "first use" in done.stderr, "a log id alone is trusted on first use",
                 done.stderr)
    report.check(dave.run("install", "bob/kit").returncode == 0, "its packages install")
    wrong = dave.run("follow", "0" * 64)
    report.check(wrong.returncode == 3 and "GM0709" in wrong.stderr, "a log that nobody has", wrong.stderr)
    dave.must("unfollow", "kit")
    other = dave.run("follow", tool["log"], "--fingerprint", "sha256:" + "0" * 64)
    report.check(other.returncode == 6 and "GM0710" in other.stderr, "another root file than the wanted one",
                 f"exit {other.returncode}: {other.stderr}")


def hosted_elsewhere(report, room, bob):
    """A registry that is no peer's own: in a folder, followed by name, replicated from whoever has it."""
    erin, frank = room.profile("erin"), room.profile("frank")
    folder = room.path / "registry"
    erin.must("key", "new", "erin/laptop")
    erin.must("registry", "create", str(folder), "--origin", "example.org/packs", "--alias", "main")
    published = erin.json("publish", pack(room.path / "packs/lamp", "erin/lamp", size=6 << 20), "--registry", "main")
    archive = published["packages"][0]["archive"]
    erin.start(bootstrap=[bob.address])
    followed = erin.json("follow", "main")
    report.check(followed["origin"] == "example.org/packs" and followed["sources"] == [str(folder)],
                 "a known registry is followed by its alias", followed)
    report.check(erin.run("install", "erin/lamp").returncode == 0, "its folder stays the nearest place")
    asked = erin.control("blob", registry=followed["peer"], bytes=archive["bytes"], digest=archive["digest"])
    report.check(asked["shares"] == [{"from": str(folder), "bytes": archive["bytes"]}], "the node reads there too", asked)
    status = erin.json("p2p", "status")["market"]["followed"][0]
    report.check(status["archives"] == 1, "the node holds what it brought", status)

    # Frank knows the registry by its folder, which then goes; peers have it.
    frank.must("registry", "add", str(folder), "--alias", "main")
    frank.start(bootstrap=[erin.address])
    wait_until(lambda: frank.json("p2p", "peer-list")["total"] >= 1, "frank is connected")
    frank.must("follow", "main")
    gone = room.path / "registry-gone"
    folder.rename(gone)
    done = frank.run("install", "erin/lamp")
    report.check(done.returncode == 0, "archives come from a peer when the folder is gone", done.stderr)
    report.check(frank.run("verify", "--offline").returncode == 0, "and verify")
    gone.rename(folder)
    erin.must("publish", pack(room.path / "packs/lamp2", "erin/lamp", version="1.1.0"), "--registry", "main")
    size = followed["size"]
    took = wait_until(lambda: frank.json("p2p", "status")["market"]["followed"][0]["size"] > size,
                      "news of the registry reach those who follow", 90)
    print(f"published in a folder to mirrored by a follower: {took:.2f} s")
    frank.must("unfollow", "main")
    listed = frank.json("registry", "list")["registries"]
    report.check([one["location"] for one in listed] == [str(folder)], "unfollowed, it is read at its own place again",
                 listed)
    report.check(frank.run("install", "erin/lamp").returncode == 0, "and still of use")


def shares(report, room, bob):
    """An install says where the bytes come from."""
    gina = room.profile("gina")
    bob.must("p2p", "publish", pack(room.path / "packs/big", "bob/big", size=6 << 20))
    gina.start(bootstrap=[bob.address])
    wait_until(lambda: gina.json("p2p", "peer-list")["total"] >= 1, "gina is connected")
    gina.must("follow", bob.peer, "--alias", "bob")
    done = gina.run("install", "bob/big", "--events")
    events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    told = [event for event in events if event["kind"] == "fetch_shares"]
    report.check(done.returncode == 0 and told and told[-1]["shares"][0]["from"] == bob.peer and
                 told[-1]["done"] == told[-1]["total"] > 6 << 20, "events say who gave how much",
                 f"{done.returncode} {told[-1:]}")
    status = gina.json("p2p", "status")
    report.check(status["market"]["received_bytes"] > 6 << 20, "status counts what came", status["market"])
    report.check(bob.json("p2p", "status")["market"]["served_bytes"] > 6 << 20, "and what went")


def hostile(report, room, bob):
    """Questions that are none do not bother the node."""
    path = bob.home / "state/p2p/control"
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(path))
        for arguments in ({}, {"query": 3}, {"query": "x" * 1000}, {"query": "x", "tags": "y"},
                          {"query": "x", "tags": ["t"] * 9}, {"query": "x", "timeout_ms": -1}):
            control.sendall(json.dumps({"call": "search", "arguments": arguments}).encode() + b"\n")
            answer = json.loads(control.makefile().readline())
            report.check("error" in answer, f"search refuses {str(arguments)[:40]}", answer)
    report.check(bob.run("p2p", "status").returncode == 0, "the node goes on")


def main():
    report = Checks()
    with Room(sys.argv[1]) as room:
        started = time.monotonic()
        bob, carol = among_peers(report, room)
        by_log_id(report, room, bob)
        hosted_elsewhere(report, room, bob)
        shares(report, room, bob)
        hostile(report, room, bob)
        for profile in room.profiles:
            if profile.pid and alive(profile.pid):
                report.check(profile.stop().returncode == 0, f"{profile.name} stops")
        print(f"{time.monotonic() - started:.1f} s in all")
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
