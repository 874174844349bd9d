#!/usr/bin/env python3
"""kill -9 at injected system calls of publish, install, update and the collection of the store.

    kill_harness.py GGEN [--runs N] [--seed S] [--jobs J] [--scenario NAME] [--link MODE]

One clean run of each scenario is traced to learn which file system calls it makes and how often. A kill
point is (call, n): strace delivers SIGKILL when a thread enters its n-th such call. Kill points are drawn
without repetition; every run starts from a fresh copy of the same world. After the kill:

  publish   the registry is readable by somebody who knew its older checkpoint; every release that was
            acknowledged (by the template or by the killed command on stdout) is there; the same command
            run again succeeds with no flag; fsck finds nothing
  install   the project holds the old tree or the new tree as a whole, and its lockfile says the same;
  update    the same command run again succeeds with no flag and gives the new tree; verify passes
  gc        the store is sound and holds what the project needs; run again, it collects the rest
  activate  as install, of a lockfile that another project of this machine has installed

Prints "N passed, N failed". Exit code 77 where strace may not trace.
"""
import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from flaky_installs import environment, must, run  # noqa: E402

CALLS = ("openat openat2 write pwrite64 fsync fdatasync syncfs rename renameat renameat2 mkdir mkdirat unlink "
         "unlinkat rmdir link linkat symlink symlinkat chmod fchmod fchmodat truncate ftruncate utimensat "
         "copy_file_range sendfile flock fcntl close getdents64 readlink lseek pread64 newfstatat").split()


def pack(folder, name, version, needs=None, files=3):
    folder.mkdir(parents=True)
    text = f'[gpack]\nname = "{name}"\nversion = "{version}"\ndescription = "for the kill suite"\nlicense = "MIT"\n'
    if needs:
        text += "\n[dependencies]\n" + "".join(f'"{n}" = "{r}"\n' for n, r in needs.items())
    (folder / "gpack.toml").write_text(text)
    for number in range(files):
        path = folder / f"files/part-{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{name} {version} {number}\n" * (40 + number))
    return str(folder)


def make_world(ggen, room):
    """room/world: registry, publisher's and consumer's homes, a project with an installed old tree."""
    world = room / "world"
    world.mkdir()
    packs = world / "packs"
    publisher, consumer = world / "publisher", world / "consumer"
    must(run(ggen, publisher, "key", "new", "acme/device"))
    must(run(ggen, publisher, "registry", "create", str(world / "registry"), "--origin", "example/kill",
             "--alias", "main"))
    old = [pack(packs / "base-1", "acme/base", "1.0.0"),
           pack(packs / "tool-1", "acme/tool", "1.0.0", {"acme/base": "^1.0.0"}),
           pack(packs / "app-1", "acme/app", "1.0.0", {"acme/tool": "^1.0.0"}),
           pack(packs / "alone-1", "acme/alone", "1.0.0")]
    must(run(ggen, publisher, "publish", *old))
    must(run(ggen, consumer, "registry", "add", str(world / "registry"), "--alias", "main"))
    (world / "project").mkdir()
    must(run(ggen, consumer, "--project", str(world / "project"), "install", "acme/app"))
    # What only a project that is gone had installed is collected by gc.
    (world / "gone").mkdir()
    must(run(ggen, consumer, "--project", str(world / "gone"), "install", "acme/alone"))
    drop(world / "gone")
    newer = [pack(packs / "base-2", "acme/base", "1.1.0"),
             pack(packs / "tool-2", "acme/tool", "1.1.0", {"acme/base": "^1.1.0"})]
    must(run(ggen, publisher, "publish", *newer))
    pack(packs / "new-1", "acme/fresh", "0.1.0", {"acme/base": "^1.0.0"})
    pack(packs / "new-2", "acme/app", "1.2.0", {"acme/tool": "^1.0.0", "acme/fresh": "^0.1.0"})
    (world / "empty-project").mkdir()
    # A second checkout of a project whose lockfile this machine has built before.
    (world / "known-project").mkdir()
    for name in ("ggen.lock", "ggen.lock.proofs"):
        shutil.copy(world / "project" / name, world / "known-project" / name)
    return world


SCENARIOS = {
    "publish": ("publisher", lambda w: ["publish", "--json", str(w / "packs/new-1"), str(w / "packs/new-2")]),
    "install": ("consumer", lambda w: ["--project", str(w / "empty-project"), "install", "acme/app"]),
    "update": ("consumer", lambda w: ["--project", str(w / "project"), "update", "--all"]),
    "gc": ("consumer", lambda w: ["cache", "gc", "--min-age", "0"]),
    "activate": ("consumer", lambda w: ["--project", str(w / "known-project"), "install"]),
}


PROJECTS = {"install": "empty-project", "update": "project", "activate": "known-project", "gc": "project"}


def old_tree_of(world, scenario):
    return tree_hash(world / PROJECTS[scenario] / "gpacks") if scenario in PROJECTS else None


def tree_hash(folder):
    """Of every path, mode and byte below gpacks, links followed, or "absent" (a link to nothing is an error). The
    tool's own marker files do not count."""
    if folder.is_symlink() and not folder.exists():
        return "dangling"
    if not folder.exists():
        return "absent"
    digest = hashlib.sha256()
    found = []
    # Generations are links: what counts is what a program reads through them.
    for place, folders, files in os.walk(folder, followlinks=True):
        found += [pathlib.Path(place) / name for name in folders + files]
    for path in sorted(found):
        name = str(path.relative_to(folder))
        if any(part.startswith(".ggen") for part in name.split("/")):
            continue
        digest.update(name.encode() + b"\0" + oct(path.stat().st_mode).encode())
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def copy_world(world, room, number):
    """A copy at the same absolute path would be needed for absolute names in configuration, so each worker
    gets a directory of its own and the configuration's paths are rewritten."""
    copy = room / f"run-{number}"
    subprocess.run(["cp", "-a", str(world), str(copy)], check=True)
    for config in (copy / "publisher/config/config.toml", copy / "consumer/config/config.toml"):
        config.write_text(config.read_text().replace(str(world), str(copy)))
    link = copy / "project/gpacks"
    if link.is_symlink():
        target = os.readlink(link).replace(str(world), str(copy))
        link.unlink()
        link.symlink_to(target)
    return copy


def drop(path):
    if path.is_symlink():
        path.unlink()
        return
    subprocess.run(["chmod", "-R", "u+w", str(path)], check=False, capture_output=True)
    shutil.rmtree(path, ignore_errors=True)


def strace(ggen, world, scenario, *options):
    home, command = SCENARIOS[scenario]
    env = environment(world / home, GGEN_DOWNLOAD_PARALLEL="2")
    return subprocess.run(["strace", "-f", "-qq", *options, ggen, *command(world)], env=env, capture_output=True,
                          text=True, timeout=120, stdin=subprocess.DEVNULL, check=False)


def kill_points(ggen, world, room, scenario):
    """Every (call, n) that the scenario passes, n counted per thread as strace does."""
    copy = copy_world(world, room, f"trace-{scenario}")
    log = room / f"trace-{scenario}.log"
    result = strace(ggen, copy, scenario, "-o", str(log), "-e", "trace=" + ",".join(CALLS))
    if result.returncode != 0:
        drop(copy)
        if "ptrace" in result.stderr or "Operation not permitted" in result.stderr:
            print(f"SKIPPED: strace may not trace here: {result.stderr.strip()[:200]}")
            sys.exit(77)
        sys.exit(f"clean run of {scenario} failed: {result.stderr}")
    counts = collections.Counter()
    for line in log.read_text(errors="replace").splitlines():
        match = re.match(r"(\d+)\s+(?:<\.\.\. )?(\w+)", line)
        if match and "resumed>" not in line and match.group(2) in CALLS:
            counts[match.group(1), match.group(2)] += 1
    most = collections.Counter()
    for (_, call), count in counts.items():
        most[call] = max(most[call], count)
    new_tree = old_tree_of(copy, scenario)
    drop(copy)
    return [(call, number) for call, count in sorted(most.items()) for number in range(1, count + 1)], new_tree


def releases(ggen, world, home):
    found = {}
    for name in ("acme/base", "acme/tool", "acme/app", "acme/fresh"):
        result = run(ggen, world / home, "info", name, "--json")
        if result.returncode == 0:
            found[name] = {entry["version"] for entry in json.loads(result.stdout)["versions"]}
    return found


def acknowledged(stdout):
    """What the killed publish had told its user, if it got that far."""
    try:
        return [(entry["name"], entry["version"]) for entry in json.loads(stdout)["packages"]]
    except (ValueError, KeyError):
        return []


def check_publish(ggen, world, told):
    before = releases(ggen, world, "consumer")
    for name, version in [("acme/base", "1.1.0"), ("acme/tool", "1.1.0"), ("acme/app", "1.0.0"), *told]:
        if version not in before.get(name, set()):
            return f"acknowledged {name}@{version} is gone ({before})"
    home, command = SCENARIOS["publish"]
    again = run(ggen, world / home, *command(world))
    if again.returncode != 0:
        return f"publish again: exit {again.returncode}: {again.stderr.strip()[:400]}"
    fsck = run(ggen, world / home, "registry", "fsck", "main")
    if fsck.returncode != 0:
        return f"fsck: exit {fsck.returncode}: {(fsck.stdout + fsck.stderr).strip()[:400]}"
    after = releases(ggen, world, "consumer")
    if "0.1.0" not in after.get("acme/fresh", set()) or "1.2.0" not in after.get("acme/app", set()):
        return f"published but not seen by the consumer: {after}"
    return ""


def check_project(ggen, world, scenario, old_tree, new_tree):
    project = world / PROJECTS[scenario]
    listed = run(ggen, world / "consumer", "--project", str(project), "list", "--json")
    if listed.returncode != 0:
        return f"list after the kill: exit {listed.returncode}: {listed.stderr.strip()[:400]}"
    now = tree_hash(project / "gpacks")
    if now not in (old_tree, new_tree):
        return "the tree is neither the old one nor the new one"
    if now != "absent":
        verified = run(ggen, world / "consumer", "--project", str(project), "verify", "--offline")
        if verified.returncode != 0:
            return f"verify after the kill: {(verified.stdout + verified.stderr).strip()[:400]}"
    home, command = SCENARIOS[scenario]
    again = run(ggen, world / home, *command(world))
    if again.returncode != 0:
        return f"{scenario} again: exit {again.returncode}: {again.stderr.strip()[:400]}"
    if tree_hash(project / "gpacks") != new_tree:
        return f"{scenario} again gave another tree"
    verified = run(ggen, world / "consumer", "--project", str(project), "verify", "--offline")
    if verified.returncode != 0:
        return f"verify at the end: {(verified.stdout + verified.stderr).strip()[:400]}"
    return ""


def check_store(ggen, world, tree):
    home, command = SCENARIOS["gc"]
    project = world / "project"
    # Aside, not away: what removes a tree makes it writable first, and hard links share their modes with the store.
    (project / "gpacks").rename(world / "tree-aside")
    restored = run(ggen, world / home, "--project", str(project), "install", "--frozen", "--offline")
    if restored.returncode != 0:
        return f"install from the store after the kill: {restored.stderr.strip()[:400]}"
    if tree_hash(project / "gpacks") != tree:
        return "the store gave another tree"
    again = run(ggen, world / home, *command(world))
    if again.returncode != 0:
        return f"gc again: exit {again.returncode}: {again.stderr.strip()[:400]}"
    sound = run(ggen, world / home, "cache", "verify")
    if sound.returncode != 0:
        return f"cache verify: exit {sound.returncode}: {(sound.stdout + sound.stderr).strip()[:400]}"
    listed = run(ggen, world / home, "cache", "list", "--plain").stdout
    if "acme/alone@" in listed or "acme/app@1.0.0" not in listed:
        return f"wrong packages are left: {listed}"
    return ""


def check_world(ggen, world, scenario, told, old_tree, new_tree):
    """What must hold after a scenario that was cut short; the first thing that does not, or nothing."""
    if scenario == "publish":
        return check_publish(ggen, world, told)
    if scenario == "gc":
        return check_store(ggen, world, old_tree)
    return check_project(ggen, world, scenario, old_tree, new_tree)


def one_run(ggen, template, room, number, scenario, point, old_tree, new_tree):
    world = copy_world(template, room, number)
    try:
        result = strace(ggen, world, scenario, "-o", "/dev/null", "-e", f"trace={point[0]}", "-e",
                        f"inject={point[0]}:signal=SIGKILL:when={point[1]}")
        killed = result.returncode in (-9, 137)
        return killed, check_world(ggen, world, scenario, acknowledged(result.stdout), old_tree, new_tree)
    finally:
        drop(world)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ggen")
    parser.add_argument("--runs", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--scenario", choices=sorted(SCENARIOS))
    parser.add_argument("--link", default="generation", help="link mode of the consumer")
    options = parser.parse_args()
    os.environ["GGEN_TEST_LINK_MODE"] = options.link
    if shutil.which("strace") is None:
        print("SKIPPED: strace is not installed")
        return 77
    memory = pathlib.Path("/dev/shm")
    room = pathlib.Path(tempfile.mkdtemp(prefix="ggen-kill-", dir=memory if os.access(memory, os.W_OK) else None))
    started = time.monotonic()
    try:
        world = make_world(options.ggen, room)
        old_trees = {scenario: old_tree_of(world, scenario) for scenario in SCENARIOS}
        plan, new_trees = [], {}
        for scenario in [options.scenario] if options.scenario else SCENARIOS:
            points, new_trees[scenario] = kill_points(options.ggen, world, room, scenario)
            print(f"{scenario}: {len(points)} kill points", flush=True)
            plan += [(scenario, point) for point in points]
        random.Random(options.seed).shuffle(plan)
        while len(plan) < options.runs:
            plan += plan[: options.runs - len(plan)]
        plan = plan[: options.runs]
        passed = failed = kills = 0
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            jobs = {pool.submit(one_run, options.ggen, world, room, number, scenario, point,
                                old_trees.get(scenario), new_trees[scenario]): (scenario, point)
                    for number, (scenario, point) in enumerate(plan)}
            for job in concurrent.futures.as_completed(jobs):
                scenario, point = jobs[job]
                killed, problem = job.result()
                kills += killed
                passed += not problem
                failed += bool(problem)
                if problem and failed <= 20:
                    print(f"FAILED  {scenario} killed at {point[0]} number {point[1]}: {problem}", flush=True)
        print(f"{kills} of {len(plan)} runs were killed; {time.monotonic() - started:.0f} s, seed {options.seed}")
        print(f"{passed} passed, {failed} failed")
        return 1 if failed else 0
    finally:
        drop(room)


if __name__ == "__main__":
    sys.exit(main())
