#!/usr/bin/env python3
"""A log with two histories is found out by whoever meets both, and by all who follow it soon after.

    forks.py GGEN

Three cases: the second history is as long as the one that is known, longer, and shorter. Prints "N passed, N failed".
"""
import json
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from nodes import TOP, Checks, Room, pack, wait_until  # noqa: E402


def evidence_of(profile):
    return profile.json("p2p", "status")["market"]["followed"][0]["evidence"]


def log_key(profile, peer):
    root = (profile.home / f"state/p2p/mirrors/{peer}/root/1").read_text()
    return [line for line in root.split("\n") if line.startswith("log ")][0].split(" ")[1]


def make_twin(room, liar, name):
    """The same identity and registry once more, as a backup that was brought up elsewhere, or as a lie."""
    twin = room.profile(name)
    shutil.rmtree(twin.home)
    shutil.copytree(liar.home, twin.home, ignore=shutil.ignore_patterns("control"))
    config = twin.home / "config/config.toml"
    config.write_text(config.read_text().replace(str(liar.home), str(twin.home)))
    return twin


def split(report, room, title, liar_more, twin_more):
    liar = room.profile(f"liar-{title}")
    victim, bystander, late = (room.profile(f"{name}-{title}") for name in ("victim", "bystander", "late"))
    liar.must("key", "new", "liar/laptop")
    liar.must("p2p", "publish", pack(room.path / f"packs/{title}/tool", "liar/tool"))
    twin = make_twin(room, liar, f"twin-{title}")
    for number in range(liar_more):
        liar.must("p2p", "publish", pack(room.path / f"packs/{title}/left{number}", f"liar/left{number}"))
    twin.start()
    twin.must("p2p", "recover", "--alone")  # The lie: this copy signs on by itself.
    twin.kill()
    for number in range(twin_more):
        twin.must("p2p", "publish", pack(room.path / f"packs/{title}/right{number}", f"liar/right{number}"))
    liar.start()
    victim.start(bootstrap=[liar.address])
    victim.must("follow", liar.peer, "--alias", "liar")
    bystander.start(bootstrap=[victim.address])
    wait_until(lambda: bystander.json("p2p", "peer-list")["total"] >= 1, "the bystander is connected")
    bystander.must("follow", liar.peer, "--alias", "liar")
    size = victim.json("p2p", "status")["market"]["followed"][0]["size"]
    victim.must("install", "liar/tool")
    liar.kill()
    twin.start()
    report.check(twin.peer == liar.peer, f"{title}: the same identity")
    victim.must("p2p", "connect", twin.address)
    took = wait_until(lambda: evidence_of(victim), "the fork is caught", 60)
    heard = wait_until(lambda: evidence_of(bystander), "the bystander hears of it", 60)
    print(f"{title}: caught {took:.2f} s after the first contact, everybody knows {heard:.2f} s later")
    document = pathlib.Path(evidence_of(victim)).read_text()
    report.check(json.loads(document)["origin"] == f"p2p/{liar.peer}", f"{title}: the evidence names the log", document)
    report.check(pathlib.Path(evidence_of(bystander)).read_text() == document or bystander.json("p2p", "peer-list")["total"] > 1,
                 f"{title}: who did not meet both keeps what the finder told", document)
    go = subprocess.run([str(TOP / "tests/interop/log/verify_fork.sh"), evidence_of(victim), log_key(victim, liar.peer)],
                        capture_output=True, text=True, check=False)
    print(go.stdout.strip(), go.stderr.strip())
    report.check(go.returncode in (0, 77), f"{title}: x/mod verifies it", go.stderr)
    for profile in (victim, bystander):
        refused = profile.run("install", "liar/tool@1.0.0" if profile is bystander else "liar/left0")
        report.check(refused.returncode == 6 and "GM0305" in refused.stderr, f"{title}: the log is refused",
                     f"exit {refused.returncode}: {refused.stderr}")
        profile.kill()
        profile.start(bootstrap=[twin.address])
        report.check(evidence_of(profile) != "", f"{title}: it is not forgotten")
        known = profile.json("p2p", "status")["market"]["followed"][0]["size"]
        report.check(known == size, f"{title}: nothing above is taken", f"{known}, not {size}")
    report.check(victim.run("verify", "--offline").returncode == 0, f"{title}: what was proven before verifies")
    (victim.project / "gpacks").unlink()
    again = victim.run("install", "--frozen")
    report.check(again.returncode == 0, f"{title}: installs below the fork go on", again.stderr)
    # A newcomer sees one history, which is sound; those who know better tell him.
    late.start(bootstrap=[victim.address])
    wait_until(lambda: late.json("p2p", "peer-list")["total"] >= 1, "the newcomer is connected")
    followed = late.run("follow", liar.peer, "--alias", "liar")
    report.check(followed.returncode in (0, 6), f"{title}: a newcomer follows, or is warned already", followed.stderr)
    if followed.returncode == 0:
        wait_until(lambda: evidence_of(late), "the newcomer is told", 60)
    for profile in (twin, victim, bystander, late):
        profile.kill()


def main():
    report = Checks()
    with Room(sys.argv[1]) as room:
        split(report, room, "equal", 1, 1)
        split(report, room, "longer", 1, 2)
        split(report, room, "shorter", 2, 1)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
