#!/usr/bin/env python3
"""The marketplace without a server: publish on one node, find and install on others, whoever is gone meanwhile.

    market.py GGEN

Prints what it measured, and "N passed, N failed".
"""
import json
import os
import pathlib
import shutil
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from nodes import Checks, Room, alive, pack, wait_until  # noqa: E402

BIG = 3 << 20


def story(report, room):
    alice, bob, carol = room.profile("alice"), room.profile("bob"), room.profile("carol")
    alice.must("key", "new", "alice/laptop")

    quiet = alice.run("p2p", "publish", pack(room.path / "packs/early", "alice/early"))
    report.check(quiet.returncode == 0 and "ggen p2p start" in quiet.stderr, "publish without a node says what is next",
                 quiet.stderr)
    alice.start()
    bob.start(bootstrap=[alice.address])
    carol.start(bootstrap=[bob.address])
    wait_until(lambda: bob.json("p2p", "peer-list")["total"] == 2, "all are connected")

    published = alice.json("p2p", "publish", pack(room.path / "packs/tool", "alice/tool", text="peer to peer tool"))
    report.check(published["announced"], "publish with a node tells it", published)
    followed = bob.json("follow", alice.peer, "--alias", "alice")
    report.check(followed["origin"] == f"p2p/{alice.peer}" and followed["releases"] == 2, "follow mirrors the log",
                 followed)
    report.check(followed["taken_namespaces"] == ["alice"], "its namespace comes from it", followed)
    found = bob.json("search", "peer tool")
    report.check([hit["name"] for hit in found["hits"]][:1] == ["alice/tool"], "search finds it locally", found)
    done = bob.run("install", "alice/tool")
    report.check(done.returncode == 0, "install brings the archive from the peer", done.stderr)
    report.check((bob.project / "gpacks/alice/tool/README.md").read_text() == "# alice/tool\npeer to peer tool\n",
                 "what is installed is what was published")
    verified = bob.run("verify", "--offline")
    report.check(verified.returncode == 0, "verify --offline proves it", verified.stderr)

    big = pack(room.path / "packs/big", "alice/big", size=BIG)
    started = time.monotonic()
    alice.must("p2p", "publish", big)
    size = followed["size"]
    wait_until(lambda: bob.json("p2p", "status")["market"]["followed"][0]["size"] > size, "news reach the follower")
    print(f"published to mirrored by a follower: {time.monotonic() - started:.2f} s, commands included")
    done = bob.run("install", "alice/big")
    report.check(done.returncode == 0, "a large archive comes in chunks", done.stderr)

    # Carol is connected to bob alone and has never seen alice.
    alice.kill()
    second = carol.json("follow", alice.peer, "--alias", "alice")
    report.check(second["releases"] == 3, "a log is mirrored from a follower when its origin is gone", second)
    done = carol.run("install", "alice/tool", "alice/big")
    report.check(done.returncode == 0, "archives come from a follower", done.stderr)
    report.check((carol.project / "gpacks/alice/big/data.bin").read_bytes() == pathlib.Path(big, "data.bin").read_bytes(),
                 "byte for byte")
    report.check(carol.run("verify", "--offline").returncode == 0, "and verify")
    missing = carol.run("install", "alice/early")
    report.check(missing.returncode in (3, 7) and "error" in missing.stderr and
                 not (carol.project / "gpacks/alice/early").exists(), "what nobody has is a clean error", missing.stderr)
    return alice, bob, carol


def forged(report, room, alice, bob, carol):
    """Bob's copies change under him and nobody else is there: nobody installs them."""
    carol.kill()
    mirror = bob.home / f"state/p2p/mirrors/{alice.peer}"
    changed = 0
    for blob in (mirror / "blob/sha256").iterdir():
        data = bytearray(blob.read_bytes())
        data[len(data) // 2] ^= 1
        blob.unlink()
        blob.write_bytes(data)
        changed += 1
    report.check(changed > 0, "bob holds blobs")
    dave = room.profile("dave")
    dave.start(bootstrap=[bob.address])
    wait_until(lambda: dave.json("p2p", "peer-list")["total"] >= 1, "dave is connected")
    followed = dave.run("follow", alice.peer, "--alias", "alice")
    if followed.returncode == 0:
        started = time.monotonic()
        refused = dave.run("install", "alice/tool", timeout=120)
        print(f"forged byte refused after {time.monotonic() - started:.2f} s")
        report.check("nothing came for" not in refused.stderr, "as soon as nobody is left who could give it",
                     refused.stderr)
        report.check(refused.returncode != 0 and not (dave.project / "gpacks/alice/tool").exists(),
                     "a forged byte is refused", f"exit {refused.returncode}: {refused.stderr}")
    else:
        report.check("error" in followed.stderr, "a forged manifest is refused", followed.stderr)
    report.check(carol.run("verify", "--offline").returncode == 0, "what is installed elsewhere still verifies")


def survival(report, alice, bob, carol):
    """kill -9 of every node: identity, log, follows and mirrors last."""
    peers = {profile.name: profile.peer for profile in (alice, bob, carol)}
    bob.kill()
    alice.start()
    bob.start(bootstrap=[alice.address])
    report.check(alice.peer == peers["alice"] and bob.peer == peers["bob"], "identities last")
    followed = bob.json("p2p", "status")["market"]["followed"]
    report.check([one["peer"] for one in followed] == [alice.peer] and followed[0]["releases"] == 3,
                 "what is followed lasts", followed)
    size = followed[0]["size"]
    alice.must("p2p", "publish", pack(alice.home / "later", "alice/later"))
    wait_until(lambda: bob.json("p2p", "status")["market"]["followed"][0]["size"] > size, "the log goes on")
    report.check(alice.run("registry", "fsck", "own").returncode == 0, "the log of a killed node is sound")
    report.check(bob.run("unfollow", "alice").returncode == 0, "unfollow")
    report.check(bob.json("p2p", "status")["market"]["followed"] == [], "nothing is followed")
    report.check(not (bob.home / f"state/p2p/mirrors/{alice.peer}").exists(), "the mirror is gone")
    gone = bob.run("unfollow", alice.peer)
    report.check(gone.returncode == 3, "once", gone.stderr)


def bad_input(report, room, alice):
    eve = room.profile("eve")
    eve.start(bootstrap=[alice.address])
    nobody = eve.run("follow", "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN")
    report.check(nobody.returncode == 3 and "GM0709" in nobody.stderr, "a peer that nobody has",
                 f"exit {nobody.returncode}: {nobody.stderr}")
    itself = eve.run("follow", eve.peer)
    report.check(itself.returncode != 0 and "itself" in itself.stderr, "oneself", itself.stderr)
    report.check(eve.run("follow", "nonsense").returncode == 2, "no peer id")
    # A registry of another key in the place of her own: it is not hers, and nobody follows it as such.
    eve.must("key", "new", "eve/laptop")
    eve.must("registry", "create", str(eve.home / "other"), "--origin", f"p2p/{eve.peer}", "--alias", "other")
    place = eve.home / "data/p2p/registry"
    place.parent.mkdir(parents=True, exist_ok=True)
    os.rename(eve.home / "other", place)
    wait_until(lambda: alice.json("p2p", "peer-list")["total"] >= 1, "eve is connected")
    fooled = alice.run("follow", eve.peer)
    report.check(fooled.returncode in (3, 6) and ("GM0710" in fooled.stderr or "GM0709" in fooled.stderr),
                 "a registry that its peer did not sign", f"exit {fooled.returncode}: {fooled.stderr}")
    report.check(alice.run("p2p", "status").returncode == 0, "the node goes on")


def split_view(report, room):
    """A publisher that signs two histories of one log is found out by a follower, and refused from then on."""
    liar, twin, victim = room.profile("liar"), room.profile("twin"), room.profile("victim")
    liar.must("key", "new", "liar/laptop")
    liar.must("p2p", "publish", pack(room.path / "packs/first", "liar/tool"))
    shutil.rmtree(twin.home)
    shutil.copytree(liar.home, twin.home)
    # The configuration names the folder of the own registry by its place.
    config = twin.home / "config/config.toml"
    config.write_text(config.read_text().replace(str(liar.home), str(twin.home)))
    liar.start()
    liar.must("p2p", "publish", pack(room.path / "packs/one", "liar/one"))
    victim.start(bootstrap=[liar.address])
    victim.must("follow", liar.peer, "--alias", "liar")
    victim.must("install", "liar/one")
    liar.kill()
    twin.start()
    report.check(twin.peer == liar.peer, "the same identity")
    guarded = twin.run("p2p", "publish", pack(room.path / "packs/two", "liar/two"))
    report.check(guarded.returncode == 6 and "GM0407" in guarded.stderr and "p2p recover" in guarded.stderr,
                 "a copied profile signs nothing by itself", f"exit {guarded.returncode}: {guarded.stderr}")
    twin.must("p2p", "recover", "--alone")
    twin.must("p2p", "publish", pack(room.path / "packs/two", "liar/two"))
    victim.must("p2p", "connect", twin.address)
    took = wait_until(lambda: victim.json("p2p", "status")["market"]["followed"][0]["evidence"], "the fork is caught", 60)
    print(f"fork caught by the follower: {took:.2f} s after it met both")
    evidence = victim.json("p2p", "status")["market"]["followed"][0]["evidence"]
    document = json.loads(pathlib.Path(evidence).read_text())
    report.check(document["origin"] == f"p2p/{liar.peer}" and document["first"] != document["second"],
                 "both signed checkpoints are kept", document)
    refused = victim.run("install", "liar/tool")
    report.check(refused.returncode == 6 and "GM0305" in refused.stderr, "the log is refused",
                 f"exit {refused.returncode}: {refused.stderr}")
    report.check(victim.run("verify", "--offline").returncode == 0, "what was proven before still verifies")
    (victim.project / "gpacks").unlink()
    again = victim.run("install", "--frozen", "--offline")
    report.check(again.returncode == 0, "and installs from the lockfile go on", again.stderr)


def busy(report, room):
    """A peer that does not answer is not one that has nothing."""
    slow, asker = room.profile("slow"), room.profile("asker")
    slow.must("key", "new", "slow/laptop")
    slow.start()
    slow.must("p2p", "publish", pack(room.path / "packs/slow", "slow/one"))
    asker.start(bootstrap=[slow.address])
    wait_until(lambda: asker.json("p2p", "peer-list")["total"] > 0, "they are connected")
    os.kill(slow.pid, signal.SIGSTOP)
    try:
        refused = asker.run("follow", slow.peer)
    finally:
        os.kill(slow.pid, signal.SIGCONT)
    report.check(refused.returncode != 0 and "did not answer in time" in refused.stderr and "again" in refused.stderr,
                 "that a peer is busy is said", refused.stderr)
    wait_until(lambda: asker.run("follow", slow.peer).returncode == 0, "it answers again", 60)


def main():
    report = Checks()
    with Room(sys.argv[1]) as room:
        alice, bob, carol = story(report, room)
        forged(report, room, alice, bob, carol)
        survival(report, alice, bob, carol)
        bad_input(report, room, alice)
        split_view(report, room)
        busy(report, room)
        for profile in room.profiles:
            if profile.pid and alive(profile.pid):
                report.check(profile.stop().returncode == 0, f"{profile.name} stops")
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
