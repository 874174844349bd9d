#!/usr/bin/env python3
"""Random installs through a web server that fails one response in ten.

    flaky_installs.py GGEN --registry DIR [--installs N] [--rate 0.1] [--seed S] [--jobs J]

DIR is a registry folder whose packages are installed; without it a small one is published from
examples/packs. Every install runs with an empty cache. It must either succeed (and verify offline) or
fail cleanly: a documented exit code, an error text, and no file in the project. At least 99.9 % must
succeed. Prints "N passed, N failed".
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from flaky_server import FlakyServer  # noqa: E402

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
CLEAN_CODES = {1, 6, 7}


def environment(room, **extra):
    env = {key: value for key, value in os.environ.items() if not key.startswith("GGEN_")}
    for name in ("config", "data", "state", "cache"):
        env[f"GGEN_{name.upper()}_DIR"] = str(room / name)
    if mode := os.environ.get("GGEN_TEST_LINK_MODE"):
        env["GGEN_LINK_MODE"] = mode
    env.update(NO_COLOR="1", **extra)
    return env


def run(ggen, room, *arguments, **extra):
    return subprocess.run([ggen, *arguments], env=environment(room, **extra), capture_output=True,
                          text=True, timeout=300, stdin=subprocess.DEVNULL, check=False)


def must(result):
    if result.returncode != 0:
        sys.exit(f"set-up failed: {' '.join(result.args)}\n{result.stderr}")
    return result


def publish_examples(ggen, room):
    folders = sorted(str(path.parent) for path in (TOP / "examples/packs").rglob("gpack.toml"))
    must(run(ggen, room, "key", "new", "ggen/flaky"))
    must(run(ggen, room, "registry", "create", str(room / "registry"), "--origin", "example/flaky",
             "--alias", "made"))
    must(run(ggen, room, "publish", "--registry", "made", *folders))
    return room / "registry"


def one_install(ggen, home, room, number, name):
    """Returns (outcome, seconds, detail): "ok", "clean" or "bad"."""
    project = room / f"project-{number}"
    cache = room / f"cache-{number}"
    project.mkdir()
    started = time.monotonic()
    result = run(ggen, home, "--project", str(project), "install", name, GGEN_CACHE_DIR=str(cache))
    seconds = time.monotonic() - started
    try:
        if result.returncode == 0:
            check = run(ggen, home, "--project", str(project), "verify", "--offline", "--json",
                        GGEN_CACHE_DIR=str(cache))
            if check.returncode != 0:
                return "bad", seconds, f"{name}: verify says {check.stderr.strip()[:300]}"
            return "ok", seconds, ""
        left = [str(p.relative_to(project)) for p in project.rglob("*")
                if p.is_file() and not str(p.relative_to(project)).startswith(".ggen/")]
        if result.returncode in CLEAN_CODES and "error" in result.stderr and not left:
            return "clean", seconds, f"{name}: {result.stderr.strip()[:300]}"
        return "bad", seconds, f"{name}: exit {result.returncode}, left {left[:3]}, {result.stderr.strip()[:300]}"
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(cache), str(project)], check=False, capture_output=True)
        shutil.rmtree(cache, ignore_errors=True)
        shutil.rmtree(project, ignore_errors=True)


def package_names(ggen, home):
    found = must(run(ggen, home, "search", "", "--limit", "1000", "--json"))
    return sorted(hit["name"] for hit in json.loads(found.stdout)["hits"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ggen")
    parser.add_argument("--registry")
    parser.add_argument("--installs", type=int, default=60)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--stall", type=float, default=1.0, help="seconds of silence in a stalled response")
    parser.add_argument("--names", help="file with one installable package a line")
    options = parser.parse_args()
    room = pathlib.Path(tempfile.mkdtemp(prefix="ggen-flaky-"))
    try:
        registry = pathlib.Path(options.registry) if options.registry else publish_examples(options.ggen, room)
        home = room / "home"
        with FlakyServer(registry, 0.0) as calm:
            must(run(options.ggen, home, "registry", "add", calm.url, "--alias", "calm", "--default"))
            names = package_names(options.ggen, home)
        if options.names:
            names = pathlib.Path(options.names).read_text().split()
        must(run(options.ggen, home, "registry", "remove", "calm"))
        random_names = random.Random(options.seed)
        counts = {"ok": 0, "clean": 0, "bad": 0}
        seconds, details = [], []
        with FlakyServer(registry, 0.0, stall_seconds=options.stall, seed=options.seed) as server:
            must(run(options.ggen, home, "registry", "add", server.url, "--alias", "flaky", "--default"))
            server.failure_rate = options.rate
            with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
                jobs = [pool.submit(one_install, options.ggen, home, room, number, random_names.choice(names))
                        for number in range(options.installs)]
                for job in concurrent.futures.as_completed(jobs):
                    outcome, took, detail = job.result()
                    counts[outcome] += 1
                    seconds.append(took)
                    if detail:
                        details.append(f"{outcome}: {detail}")
            print(f"{sum(server.requests.values())} requests, failed on purpose: {dict(server.failures)}")
        for line in details[:20]:
            print(line)
        seconds.sort()
        print(f"{len(names)} packages to choose from; seconds per install: median "
              f"{seconds[len(seconds) // 2]:.2f}, longest {seconds[-1]:.2f}")
        share = counts["ok"] / options.installs
        print(f"success rate {share:.2%}; {counts['clean']} clean failures, {counts['bad']} unclean")
        failed = counts["bad"] + (counts["clean"] if share < 0.999 else 0)
        print(f"{options.installs - failed} passed, {failed} failed")
        return 1 if failed else 0
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(room)], check=False, capture_output=True)
        shutil.rmtree(room, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
