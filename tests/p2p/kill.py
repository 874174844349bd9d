#!/usr/bin/env python3
"""kill -9 of anything at any time, and old backups brought back: nothing acknowledged is lost and no log forks.

    kill.py GGEN [--runs N] [--seed S] [--jobs N]

A story has two nodes: one publishes, the other mirrors it. Each run either kills a process (the publishing command, the
publishing node, the mirroring node) at a random moment, or brings back an old copy of the publisher's folders and
publishes on it. The oracle is what was acknowledged (exit 0). A story has RUNS_OF_STORY runs and its own seed, S, S + 1,
...; --jobs of them go on at the same time. Prints its figures, and "N passed, N failed".
"""
import argparse
import collections
import pathlib
import random
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from nodes import Checks, Room, alive, pack, wait_until  # noqa: E402


RUNS_OF_STORY = 10


class Story:
    def __init__(self, room, report, seed):
        self.room, self.report, self.dice = room, report, random.Random(seed)
        self.alice, self.bob = room.profile("alice"), room.profile("bob")
        self.acknowledged = set()
        self.next_number = 0
        self.counts = {"publishes killed": 0, "publishers killed": 0, "mirrors killed": 0, "healed": 0, "refused": 0}
        self.alice.must("key", "new", "alice/laptop")
        self.publish()
        self.alice.start()
        self.bob.start(bootstrap=[self.alice.address])
        self.bob.must("follow", self.alice.peer, "--alias", "alice")

    def registry(self):
        return self.alice.home / "data/p2p/registry"

    def size(self):
        return int((self.registry() / "checkpoint").read_text().split("\n")[1])

    def mirror(self):
        return self.bob.home / f"state/p2p/mirrors/{self.alice.peer}"

    def mirrored(self):
        path = self.mirror() / "checkpoint"
        return int(path.read_text().split("\n")[1]) if path.exists() else 0

    def next_pack(self):
        self.next_number += 1
        name = f"alice/pack-{self.next_number}"
        return name, pack(self.room.path / "pack", name)

    def publish(self):
        name, folder = self.next_pack()
        done = self.alice.run("p2p", "publish", folder)
        if done.returncode == 0:
            self.acknowledged.add(name)
        return done

    def names_in(self, folder):
        """Of the entries that its checkpoint covers or more: whole bundles, and the widest partial one."""
        text = b""
        for path in sorted((folder / "tile/entries").rglob("*")):
            if path.is_file():
                text += path.read_bytes()
        return {word.decode() for word in (line[5:] for line in text.split(b"\n") if line.startswith(b"name "))}

    def check(self, title):
        lost = self.acknowledged - self.names_in(self.registry())
        self.report.check(not lost, f"{title}: nothing acknowledged is lost", sorted(lost)[:5])
        evidence = list(self.alice.home.glob("state/**/evidence/*")) + list(self.bob.home.glob("state/**/evidence/*"))
        self.report.check(not evidence, f"{title}: the log has one history", evidence)

    def restart(self, profile, other):
        profile.start(bootstrap=[other.address])

    def settle(self):
        """The mirror is as long as the log: it is told to look, for gossip takes one checkpoint in ten seconds."""
        def is_there():
            if self.mirrored() != self.size():
                try:
                    self.bob.control("follow", registry=self.alice.peer)
                except RuntimeError:  # Nobody that has it is connected yet.
                    return False
            return self.mirrored() == self.size()

        wait_until(is_there, "the mirror comes up to the log", 60)

    def kill_publish(self):
        name, folder = self.next_pack()
        with subprocess.Popen([self.alice.ggen, "p2p", "publish", folder], cwd=self.alice.project,
                              env=self.alice.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              stdin=subprocess.DEVNULL) as process:
            time.sleep(self.dice.random() * self.publish_seconds)
            if process.poll() is None:
                process.kill()
                self.counts["publishes killed"] += 1
            process.wait()
            if process.returncode == 0:
                self.acknowledged.add(name)
        self.check("a killed publish")

    def kill_node(self, profile, other, label):
        name, folder = self.next_pack()
        with subprocess.Popen([self.alice.ggen, "p2p", "publish", folder], cwd=self.alice.project,
                              env=self.alice.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, text=True) as process:
            time.sleep(self.dice.random() * self.publish_seconds)
            profile.kill()
            error = process.stderr.read()
            process.wait()
        self.report.check(process.returncode == 0, f"{label}: a publish needs no node", error)
        if process.returncode == 0:
            self.acknowledged.add(name)
        self.counts[label] += 1
        self.restart(profile, other)
        self.check(label)

    def back_up(self):
        shutil.rmtree(self.room.path / "backup", ignore_errors=True)
        for kind in ("data", "state"):
            for attempt in range(20):
                try:
                    shutil.copytree(self.alice.home / kind, self.room.path / "backup" / kind, dirs_exist_ok=True,
                                    ignore=shutil.ignore_patterns("control"))
                    break
                except shutil.Error:  # A file went while it was copied.
                    if attempt == 19:
                        raise

    def bring_back(self):
        in_place = self.dice.random() < 0.5
        for kind in ("data", "state"):
            place = self.alice.home / kind
            if not in_place:
                shutil.rmtree(place)
            # In place: files that are there keep their inodes, and what is younger than the backup stays or goes.
            shutil.copytree(self.room.path / "backup" / kind, place, dirs_exist_ok=True)

    def restore(self):
        self.back_up()
        for _ in range(self.dice.randint(1, 2)):
            done = self.publish()
            self.report.check(done.returncode == 0, "a publish before the restore", done.stderr)
        self.settle()
        known = self.size()
        self.alice.kill()
        self.bring_back()
        without = self.publish()
        forked = without.returncode == 0
        self.report.check(not forked and "GM0407" in without.stderr or self.size() > known,
                          "a restored backup alone signs nothing", without.stderr)
        if self.dice.random() < 0.5:
            self.alice.start()  # With nobody to ask.
            refused = self.publish()
            self.report.check(refused.returncode != 0 and "ggen p2p recover" in refused.stderr,
                              "with no peer that has a copy it says what is next", refused.stderr)
            self.counts["refused"] += 1
            self.alice.kill()
        self.alice.start(bootstrap=[self.bob.address])
        wait_until(lambda: self.alice.json("p2p", "peer-list")["total"] > 0, "the mirror is connected")
        healed = self.publish()
        self.report.check(healed.returncode == 0 and self.size() > known, "it heals from the mirror", healed.stderr)
        self.counts["healed"] += healed.returncode == 0
        self.settle()
        self.check("a restored backup")

    def run(self, runs):
        started = time.monotonic()
        self.publish()
        self.publish_seconds = (time.monotonic() - started) * 1.1
        for _ in range(runs):
            what = self.dice.random()
            if what < 0.5:
                self.kill_publish()
            elif what < 0.6:
                self.kill_node(self.alice, self.bob, "publishers killed")
            elif what < 0.75:
                self.kill_node(self.bob, self.alice, "mirrors killed")
            else:
                self.restore()
        done = self.publish()
        self.report.check(done.returncode == 0, "it goes on after all that", done.stderr)
        self.settle()
        lost = self.acknowledged - self.names_in(self.mirror())
        self.report.check(not lost, "the mirror has all that was acknowledged", sorted(lost)[:5])
        for profile in (self.alice, self.bob):
            if profile.pid and alive(profile.pid):
                profile.kill()


class Stories:
    def __init__(self, ggen, runs, first_seed):
        self.ggen, self.first_seed = ggen, first_seed
        self.left = runs
        self.told = 0
        self.lock = threading.Lock()
        self.report = Checks()
        self.counts = collections.Counter()
        self.broken = []

    def next(self):
        with self.lock:
            runs = min(self.left, RUNS_OF_STORY)
            self.left -= runs
            self.told += 1
            return runs, self.first_seed + self.told - 1

    def work(self):
        while True:
            runs, seed = self.next()
            if runs == 0 or self.broken:
                return
            report = Checks()
            try:
                with Room(self.ggen) as room:
                    story = Story(room, report, seed)
                    story.run(runs)
            except Exception as error:  # Told at the end, with the seed that repeats it.
                self.broken.append(f"the story of seed {seed}: {error}")
                return
            with self.lock:
                self.report.passed += report.passed
                self.report.failed += report.failed
                self.counts.update(story.counts, runs=runs, releases=len(story.acknowledged))
                if report.failed:
                    print(f"the story of seed {seed} failed", flush=True)

    def run(self, jobs):
        started = time.monotonic()
        threads = [threading.Thread(target=self.work) for _ in range(jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for error in self.broken:
            self.report.check(False, "a story comes to its end", error)
        runs = self.counts.pop("runs", 0)
        took = time.monotonic() - started
        print(f"{runs} runs in {took:.0f} s ({took / max(runs, 1):.2f} s a run): {self.counts.pop('releases', 0)} releases "
              "acknowledged; " + ", ".join(f"{key} {value}" for key, value in self.counts.items()))
        return self.report.end()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ggen")
    parser.add_argument("--runs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    return Stories(options.ggen, options.runs, options.seed).run(options.jobs)


if __name__ == "__main__":
    sys.exit(main())
