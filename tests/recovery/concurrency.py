#!/usr/bin/env python3
"""Many installs at once on one shared store.

    concurrency.py GGEN [--processes 32] [--rounds N] [--seed S]

Each round starts from an empty cache. `--processes` installs run at once, each in a project of its own,
half of them the same package and half different ones; every third round one of them is killed in the
middle. All others must succeed, equal requests must give equal trees, and the web server must have served
each package archive exactly once (a killed download may be fetched once more).
Prints "N passed, N failed".
"""
import argparse
import concurrent.futures
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from flaky_installs import environment, must, run  # noqa: E402
from flaky_server import FlakyServer  # noqa: E402
from kill_harness import drop, pack, tree_hash  # noqa: E402

NAMES = ["acme/all"] + [f"acme/part-{number}" for number in range(8)]


def publish_world(ggen, room):
    home = room / "publisher"
    must(run(ggen, home, "key", "new", "acme/device"))
    must(run(ggen, home, "registry", "create", str(room / "registry"), "--origin", "example/many", "--alias", "main"))
    parts = [pack(room / f"packs/part-{n}", f"acme/part-{n}", "1.0.0", files=12) for n in range(8)]
    everything = {f"acme/part-{n}": "^1.0.0" for n in range(8)}
    must(run(ggen, home, "publish", *parts, pack(room / "packs/all", "acme/all", "1.0.0", everything)))


def one_install(ggen, home, cache, project, name, kill_after):
    project.mkdir(parents=True)
    env = environment(home)
    env["GGEN_CACHE_DIR"] = str(cache)
    child = subprocess.Popen([ggen, "--project", str(project), "install", name], env=env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if kill_after is not None:
        time.sleep(kill_after)
        child.kill()
    _, talk = child.communicate(timeout=120)
    return child.returncode, talk


def one_round(ggen, room, server, number, options):
    chance = random.Random(options.seed * 1000 + number)
    cache, projects = room / f"cache-{number}", room / f"projects-{number}"
    server.requests.clear()
    server.served.clear()
    wanted = ["acme/all" if i % 2 == 0 else chance.choice(NAMES) for i in range(options.processes)]
    victim = chance.randrange(options.processes) if number % 3 == 2 else None
    problems = []
    with concurrent.futures.ThreadPoolExecutor(options.processes) as pool:
        jobs = [pool.submit(one_install, ggen, room / "consumer", cache, projects / str(i), name,
                            chance.uniform(0.01, 0.3) if i == victim else None)
                for i, name in enumerate(wanted)]
        for i, job in enumerate(jobs):
            code, talk = job.result()
            if code != 0 and i != victim:
                problems.append(f"install {i} of {wanted[i]}: exit {code}: {talk.strip()[:300]}")
    trees = {}
    for i, name in enumerate(wanted):
        if i != victim:
            trees.setdefault(name, set()).add(tree_hash(projects / str(i) / "gpacks"))
    problems += [f"{name}: {len(found)} different trees" for name, found in trees.items() if len(found) != 1]
    # Manifests are blobs too; archives are what the store guards.
    spare = 1 if victim is not None else 0
    for path, count in server.served.items():
        if path in server.archives and count > 1 + spare:
            problems.append(f"{path} was served {count} times")
    drop(cache)
    drop(projects)
    return problems


def archive_blobs(registry):
    """zstd's magic number tells archives from manifests."""
    return {str(path.relative_to(registry)) for path in (registry / "blob").rglob("*")
            if path.is_file() and path.read_bytes()[:4] == b"\x28\xb5\x2f\xfd"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ggen")
    parser.add_argument("--processes", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    room = pathlib.Path(tempfile.mkdtemp(prefix="ggen-many-"))
    started = time.monotonic()
    try:
        publish_world(options.ggen, room)
        passed = failed = 0
        with FlakyServer(room / "registry") as server:
            server.archives = archive_blobs(room / "registry")
            must(run(options.ggen, room / "consumer", "registry", "add", server.url, "--alias", "main"))
            for number in range(options.rounds):
                problems = one_round(options.ggen, room, server, number, options)
                passed += not problems
                failed += bool(problems)
                for problem in problems[:5]:
                    print(f"FAILED  round {number}: {problem}", flush=True)
        print(f"{options.processes} installs at once, {options.rounds} rounds, {len(server.archives)} archives, "
              f"{time.monotonic() - started:.0f} s, seed {options.seed}")
        print(f"{passed} passed, {failed} failed")
        return 1 if failed else 0
    finally:
        drop(room)


if __name__ == "__main__":
    sys.exit(main())
