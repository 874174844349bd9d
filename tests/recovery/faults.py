#!/usr/bin/env python3
"""Full disks, I/O errors and missing rights, injected into real runs.

    faults.py GGEN [--points N] [--seed S]

For publish, install, update and cache gc, the n-th call of a kind fails with ENOSPC, EIO, EMFILE, EACCES or is
interrupted (EINTR). The command must fail with a documented exit code and an error text - or succeed,
where the failure does not matter - and the world must be as after a kill: old or new, healed by the next
run. An fsync that fails ends the publisher without an acknowledgement. Also: a read-only project, a
read-only store, no HOME, little memory, a full disk (tmpfs) where one may be mounted.
Prints "N passed, N failed"; exit code 77 where strace may not trace.
"""
import argparse
import pathlib
import random
import resource
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from flaky_installs import environment, run  # noqa: E402
from kill_harness import (acknowledged, check_project, check_world, copy_world, drop, kill_points,  # noqa: E402
                          make_world, old_tree_of, strace, tree_hash, SCENARIOS)

FAULTS = {
    "write": ("ENOSPC", "EIO"), "pwrite64": ("ENOSPC",), "openat": ("EMFILE", "EACCES"), "openat2": ("ENOSPC",),
    "mkdir": ("ENOSPC",), "mkdirat": ("ENOSPC",), "rename": ("EIO", "ENOSPC"), "renameat2": ("EIO",),
    "fsync": ("EIO",), "fdatasync": ("EIO",), "syncfs": ("EIO",), "linkat": ("EMLINK",), "unlink": ("EACCES",),
    "flock": ("EINTR",), "read": ("EIO",), "close": ("EIO",),
}
CODES = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}


def one_fault(ggen, template, room, number, scenario, call, nth, fault, trees):
    world = copy_world(template, room, f"fault-{number}")
    try:
        result = strace(ggen, world, scenario, "-o", "/dev/null", "-e", f"trace={call}",
                        "-e", f"inject={call}:error={fault}:when={nth}")
        if "error while loading shared libraries" in result.stderr:
            return ""  # The program had not begun.
        stopped_by_design = call in ("fsync", "fdatasync", "syncfs") and result.returncode in (-6, 134)
        if result.returncode not in CODES and not stopped_by_design:
            return f"exit {result.returncode}: {result.stderr.strip()[:300]}"
        if result.returncode not in (0,) and not stopped_by_design and "error" not in result.stderr:
            return f"exit {result.returncode} without an error text: {result.stderr.strip()[:300]}"
        told = acknowledged(result.stdout) if scenario == "publish" else []
        if call in ("fsync", "fdatasync", "syncfs") and result.returncode != 0 and told:
            return "acknowledged although fsync failed"
        return check_world(ggen, world, scenario, told, *trees)
    finally:
        drop(world)


def standing_faults(ggen, template, room):
    """Conditions rather than moments; yields (title, problem)."""
    world = copy_world(template, room, "standing")
    consumer = world / "consumer"
    project = world / "project"
    # Nothing of a user's environment is needed when the overrides say where.
    env = environment(consumer)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "TMPDIR"):
        env.pop(name, None)
    listed = subprocess.run([ggen, "--project", str(project), "verify", "--offline"], env=env, capture_output=True,
                            text=True, check=False)
    yield "verify with no HOME", "" if listed.returncode == 0 else listed.stderr.strip()[:300]
    for name in [key for key in env if key.startswith("GGEN_")]:
        env.pop(name)
    lost = subprocess.run([ggen, "--project", str(project), "list"], env=env, capture_output=True, text=True, check=False)
    yield ("no HOME and no override is a clean error",
           "" if lost.returncode in CODES - {0} and "error" in lost.stderr else f"exit {lost.returncode}: {lost.stderr}")
    before = tree_hash(project / "gpacks")
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode == 0:
        script = ('mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"')
        for title, folder, command, good in (
                ("a read-only project can be verified", project, ["verify", "--offline"], {0}),
                ("a read-only project refuses an update cleanly", project, ["update", "--all"], CODES - {0}),
                ("a read-only cache serves a frozen install", consumer / "cache", ["install", "--frozen"], {0})):
            result = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", str(folder), ggen, "--project",
                                     str(project), *command], env=environment(consumer), capture_output=True,
                                    text=True, check=False)
            problem = "" if result.returncode in good else f"exit {result.returncode}: {result.stderr.strip()[:300]}"
            if tree_hash(project / "gpacks") != before:
                problem = "the tree changed"
            yield title, problem
        for kib in (64, 256, 1024):
            target = world / f"small-{kib}"
            target.mkdir()
            script = 'mount -t tmpfs -o size="$1"k tmpfs "$2" && mkdir "$2/p" && cd "$2/p" && shift 2 && "$@"; c=$?; ls -A; exit $c'
            result = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", str(kib), str(target), ggen, "install",
                                     "acme/app"], env=environment(consumer), capture_output=True, text=True, check=False)
            clean = result.returncode == 0 or (result.returncode in CODES and "error" in result.stderr
                                               and "gpacks" not in result.stdout.split())
            yield f"a disk of {kib} KiB", "" if clean else f"exit {result.returncode}: {result.stdout} {result.stderr}"
    drop(world)


def little_memory(ggen, template, room, trees):
    """Allocations that fail at some point of an install; yields (title, problem)."""
    for mib in (8, 12, 16, 20, 24, 28, 32, 40, 48, 64, 96):
        world = copy_world(template, room, f"memory-{mib}")
        limit = mib * 1024 * 1024
        # Whether it ends by itself or by the failed allocation: the tree is the old one or the new one.
        subprocess.run([ggen, "--project", str(world / "empty-project"), "install", "acme/app"],
                       env=environment(world / "consumer"), capture_output=True, check=False,
                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
        yield f"{mib} MiB of address space", check_project(ggen, world, "install", *trees)
        drop(world)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ggen")
    parser.add_argument("--points", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if shutil.which("strace") is None:
        print("SKIPPED: strace is not installed")
        return 77
    room = pathlib.Path(tempfile.mkdtemp(prefix="ggen-faults-"))
    try:
        world = make_world(options.ggen, room)
        passed = failed = 0

        def count(title, problem):
            nonlocal passed, failed
            passed += not problem
            failed += bool(problem)
            if problem:
                print(f"FAILED  {title}: {problem}", flush=True)

        plan, trees = [], {}
        for scenario in SCENARIOS:
            points, new_tree = kill_points(options.ggen, world, room, scenario)
            trees[scenario] = (old_tree_of(world, scenario), new_tree)
            plan += [(scenario, call, nth, fault) for call, nth in points for fault in FAULTS.get(call, ())]
        random.Random(options.seed).shuffle(plan)
        for number, (scenario, call, nth, fault) in enumerate(plan[: options.points]):
            count(f"{scenario}: {call} number {nth} fails with {fault}",
                  one_fault(options.ggen, world, room, number, scenario, call, nth, fault, trees[scenario]))
        for title, problem in standing_faults(options.ggen, world, room):
            count(title, problem)
        for title, problem in little_memory(options.ggen, world, room, trees["install"]):
            count(title, problem)
        print(f"{len(plan)} fault points known, {min(options.points, len(plan))} tried, seed {options.seed}")
        print(f"{passed} passed, {failed} failed")
        return 1 if failed else 0
    finally:
        drop(room)


if __name__ == "__main__":
    sys.exit(main())
