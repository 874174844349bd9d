#!/usr/bin/env python3
"""Installs of a real closure beside bun, pnpm and npm.

    install_bench.py GGEN --registry DIR [--peers DIR] [--rounds N] [--room DIR]…

DIR of --registry: a registry with the closure of tests/interop/npm/roots.txt (closure.py --keep makes it).
DIR of --peers: where `npm install bun pnpm` ran; peers that are not there are left out and said. Each peer
resolves the same roots once from the npm registry, which fills its own cache; what is measured then needs no
network. --room may be given twice (tmpfs and a disk). Cases, interleaved, one round after another:

  activate   lock known to the machine, cache or store warm, no tree in the project
  noop       the same command again
  new-lock   everything in the store, but this lock was never built here (ggen only; others have no such case)
  hardlink   as activate, with private directories (ggen --link hardlink), beside the floor of link_floor.c
  small      ggen, none to fifty dependencies of tiny packages

Old trees are parked by rename, never deleted in between. Prints medians in ms of the whole process, wall and
CPU (children), and ratios to ggen.
"""
import argparse
import collections
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "recovery"))
from flaky_installs import environment  # noqa: E402
from kill_harness import pack  # noqa: E402

ROOTS = [line for line in (HERE.parent / "interop/npm/roots.txt").read_text().split("\n")
         if line and not line.startswith("#")]


class Clock:
    """Wall and CPU time of child processes."""

    def __init__(self):
        self.found = collections.defaultdict(list)

    def run(self, case, command, **options):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False, **options)
        wall = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            sys.exit(f"{case}: {command} ended with {done.returncode}: {done.stdout[-800:].decode(errors='replace')}")
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if case:
            self.found[case].append((wall * 1e3, cpu * 1e3))

    def print(self, title, base):
        print(f"\n{title:<34} {'wall ms':>9} {'min':>9} {'CPU ms':>9} {'x ggen':>7}")
        for case, values in self.found.items():
            wall = statistics.median(value[0] for value in values)
            cpu = statistics.median(value[1] for value in values)
            own = base(case)
            ratio = wall / statistics.median(value[0] for value in self.found[own]) if own in self.found else 0
            print(f"{case:<34} {wall:9.2f} {min(v[0] for v in values):9.2f} {cpu:9.2f} {ratio:7.2f}")


def park(room, path, number=[0]):
    if os.path.lexists(path):
        number[0] += 1
        os.rename(path, room / "parked" / str(number[0]))


class Ggen:
    name = "ggen"

    def __init__(self, program, registry, room):
        self.program, self.room, self.home = program, room, room / "ggen-home"
        self.project = room / "ggen"
        self.project.mkdir()
        self.env = environment(self.home)
        self.call("registry", "add", str(registry), "--alias", "npm", "--default")
        self.call("--project", str(self.project), "install",
                  *[root[1:] if root.startswith("@") else "npm/" + root for root in ROOTS])

    def call(self, *words, **extra):
        done = subprocess.run([self.program, *words], env={**self.env, **extra}, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            sys.exit(f"ggen {words[:3]}: {done.stderr[-800:]}")
        return done.stdout

    def command(self, *more):
        return [self.program, "--project", str(self.project), "install", *more]

    def measure(self, clock, case):
        if case == "activate":
            park(self.room, self.project / "gpacks")
        clock.run(f"{case} ggen", self.command(), env=self.env)

    def new_lock(self, clock):
        park(self.room, self.project / "gpacks")
        for generation in (self.home / "cache/store/env").iterdir():
            park(self.room, generation)
        clock.run("new-lock ggen", self.command(), env=self.env)

    def hardlink(self, clock):
        park(self.room, self.project / "gpacks")
        clock.run("hardlink ggen", self.command("--link", "hardlink"), env=self.env)
        park(self.room, self.project / "gpacks")
        self.call("--project", str(self.project), "install", "--link", "generation")


class Peer:
    def __init__(self, name, program, room, install, lock_only, tree="node_modules", files=None, env=None):
        self.name, self.room, self.tree = name, room, tree
        self.project = room / name
        self.project.mkdir()
        self.env = {**os.environ, "HOME": str(room / (name + "-home")), "CI": "1", **(env or {})}
        (room / (name + "-home")).mkdir()
        self.install = [program, *install]
        (self.project / "package.json").write_text(json.dumps(
            {"name": "bench", "version": "1.0.0", "private": True, "dependencies": {root: "*" for root in ROOTS}}))
        for path, text in (files or {}).items():
            (self.project / path).write_text(text)
        Clock().run("", [program, *lock_only], cwd=self.project, env=self.env)
        Clock().run("", self.install, cwd=self.project, env=self.env)

    def measure(self, clock, case):
        if case == "activate":
            park(self.room, self.project / self.tree)
        clock.run(f"{case} {self.name}", self.install, cwd=self.project, env=self.env)


def make_peers(folder, room):
    peers = []
    registry = subprocess.run(["npm", "config", "get", "registry"], capture_output=True, text=True, check=False)
    registry = registry.stdout.strip()
    tools = {name: folder / "node_modules/.bin" / name for name in ("bun", "pnpm")} if folder else {}
    npmrc = f"registry={registry}\n"
    recipes = []
    if tools.get("bun") and tools["bun"].exists():
        frozen = ["install", "--frozen-lockfile", "--ignore-scripts", "--no-progress"]
        first = ["install", "--ignore-scripts", "--no-progress"]
        recipes.append(("bun-hoisted", tools["bun"], frozen + ["--linker", "hoisted"], first + ["--linker", "hoisted"], {}))
        recipes.append(("bun-isolated", tools["bun"], frozen + ["--linker", "isolated"],
                        first + ["--linker", "isolated"], {}))
    if tools.get("pnpm") and tools["pnpm"].exists():
        frozen = ["install", "--frozen-lockfile", "--offline", "--ignore-scripts", "--reporter=silent"]
        first = ["install", "--ignore-scripts", "--reporter=silent", "--no-frozen-lockfile"]
        recipes.append(("pnpm-isolated", tools["pnpm"], frozen, first, {}))
        recipes.append(("pnpm-global", tools["pnpm"], frozen, first,
                        {"pnpm-workspace.yaml": "enableGlobalVirtualStore: true\n"}))
    recipes.append(("npm", "npm", ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund"],
                    ["install", "--ignore-scripts", "--no-audit", "--no-fund"], {}))
    for name, program, install, first, files in recipes:
        try:
            peers.append(Peer(name, str(program), room, install, first, files={".npmrc": npmrc, **files}))
        except SystemExit as error:
            print(f"left out {name}: {str(error)[-300:]}")
    return peers


def floor(room, ggen):
    program = room / "link_floor"
    subprocess.run(["cc", "-O2", "-pthread", "-o", str(program), str(HERE / "link_floor.c")], check=True)
    tree = (ggen.project / "gpacks").resolve()
    lines, files = [], []
    for place, folders, names in os.walk(tree, followlinks=True):
        short = os.path.relpath(place, tree)
        lines += [f"d {os.path.join(short, folder)}" for folder in folders]
        files += [f"f {os.path.join(short, name)}" for name in names]
    (room / "list").write_text("\n".join(lines + files) + "\n")
    return [str(program), str(tree)], len(files)


def small_cases(program, room, rounds):
    """None, 3, 5 and 50 flat dependencies and a chain of ten: first install on a machine, then a second one."""
    home = room / "small-home"
    env = environment(home)

    def call(*words):
        done = subprocess.run([program, *words], env=env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"ggen {words[:3]}: {done.stderr[-800:]}")

    call("key", "new", "acme/device")
    call("registry", "create", str(room / "small-registry"), "--origin", "example/small", "--alias", "main")
    packs = room / "small-packs"
    made = [pack(packs / f"leaf-{n}", f"acme/leaf-{n}", "1.0.0") for n in range(50)]
    for n in range(10):
        needs = {f"acme/deep-{n + 1}": "^1.0.0"} if n < 9 else None
        made.append(pack(packs / f"deep-{n}", f"acme/deep-{n}", "1.0.0", needs))
    for count in (0, 3, 5, 50):
        made.append(pack(packs / f"flat-{count}", f"acme/flat-{count}", "1.0.0",
                         {f"acme/leaf-{n}": "^1.0.0" for n in range(count)} or None))
    call("publish", *made)
    clock = Clock()
    for number in range(rounds):
        for name in ("flat-0", "flat-3", "flat-5", "deep-0", "flat-50"):
            project = room / f"small-{name}-{number}"
            project.mkdir()
            park(room, home / "cache/store")
            for case in ("empty store", "same again"):
                clock.run(f"{name}, {case}", [program, "--project", str(project), "install", f"acme/{name}"], env=env)
            park(room, project / "gpacks")
            clock.run(f"{name}, known lock", [program, "--project", str(project), "install"], env=env)
    clock.print("small trees, resolve and all", lambda case: case)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ggen")
    parser.add_argument("--registry", required=True, type=pathlib.Path)
    parser.add_argument("--peers", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--room", action="append", type=pathlib.Path)
    options = parser.parse_args()
    program = str(pathlib.Path(options.ggen).resolve())
    for base in options.room or [pathlib.Path("/dev/shm"), pathlib.Path("/tmp")]:
        room = pathlib.Path(tempfile.mkdtemp(prefix="ggen-bench-", dir=base))
        try:
            (room / "parked").mkdir()
            ggen = Ggen(program, options.registry.resolve(), room)
            peers = make_peers(options.peers.resolve() if options.peers else None, room)
            floor_command, files = floor(room, ggen)
            clock = Clock()
            for number in range(options.rounds):
                for case in ("activate", "noop"):
                    for tool in [ggen, *peers]:
                        tool.measure(clock, case)
                ggen.new_lock(clock)
                ggen.hardlink(clock)
                clock.run("hardlink floor", [*floor_command, str(room / "parked" / f"floor-{number}"),
                                             str(room / "list")])
            print(f"\n{base}: {len(json.loads(ggen.call('--project', str(ggen.project), 'list', '--json'))['packages'])}"
                  f" packages, {files} files, {options.rounds} rounds")
            clock.print("case", lambda case: case.split()[0] + " ggen")
            small_cases(program, room, options.rounds)
        finally:
            subprocess.run(["chmod", "-R", "u+w", str(room)], check=False, capture_output=True)
            shutil.rmtree(room, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
