#!/usr/bin/env python3
"""A real closure from the npm registry, end to end.

    closure.py GGEN [--roots FILE] [--keep DIR] [--flaky N] [--minimum 300]

Imports the roots of roots.txt (or of FILE) with their whole dependency closure as signed releases, installs all of it
in one resolution through a web server, verifies it offline, compares a sample of the files with npm's own
archives, and the metadata that was sent with npm's documents of the same packages, then installs random
packages of it through a server that fails one response in ten.
Prints "N passed, N failed"; exit code 77 when there is no npm registry to be reached.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "recovery"))
from checks import Checks  # noqa: E402
from flaky_installs import environment  # noqa: E402
from flaky_server import FlakyServer  # noqa: E402
sys.path.insert(0, str(HERE.parent.parent / "resolve"))
from npm_cache_index import documents, wire_bytes  # noqa: E402

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"  # Of ggen's archives; no other file of a registry begins so.
LESS_METADATA = 5


def skip(reason):
    if os.environ.get("GGEN_REQUIRE_NPM_SUITES") == "1":
        sys.exit(f"this suite must run here: {reason}")
    print(f"SKIPPED: {reason}")
    sys.exit(77)


def ggen(program, room, *arguments, **extra):
    return subprocess.run([program, *arguments], env=environment(room, **extra), capture_output=True, text=True,
                          timeout=1500, stdin=subprocess.DEVNULL, check=False)


def compare_with_npm(checks, room, project, packages):
    """The files that ggen installed are those of npm's archive, byte for byte (gpack.toml is ours)."""
    sample = random.Random(1).sample(packages, min(5, len(packages)))
    different = []
    for name, version in sample:
        npm_name = name[4:] if name.startswith("npm/") else "@" + name
        packed = subprocess.run(["npm", "pack", "--silent", f"{npm_name}@{version}", "--pack-destination", str(room)],
                                capture_output=True, text=True, check=False, cwd=room)
        if packed.returncode != 0:
            different.append(f"npm pack {npm_name}@{version} failed")
            continue
        archive = room / packed.stdout.strip().splitlines()[-1]
        unpacked = room / "unpacked"
        shutil.rmtree(unpacked, ignore_errors=True)
        unpacked.mkdir()
        subprocess.run(["tar", "-xzf", str(archive), "-C", str(unpacked), "--strip-components=1"], check=True)
        installed = project / "gpacks" / name
        theirs = {str(p.relative_to(unpacked)): p.read_bytes() for p in unpacked.rglob("*") if p.is_file()}
        ours = {str(p.relative_to(installed)): p.read_bytes() for p in installed.rglob("*") if p.is_file()}
        ours.pop("gpack.toml", None)
        theirs.pop("gpack.toml", None)
        if ours != theirs:
            different.append(f"{name}@{version}: {sorted(set(ours) ^ set(theirs))[:5]}")
    checks.check(not different, f"{len(sample)} packages equal npm's archives file by file {different or ''}")


def npm_metadata(room, roots, names):
    """What npm's own documents of these packages weigh as its registry sends them to an installer: how many of them npm
    looked at when it resolved the same roots, and their bytes in the abbreviated form, gzipped."""
    project = room / "npm-project"
    project.mkdir()
    (project / "package.json").write_text(json.dumps({"name": "roots", "version": "1.0.0",
                                                      "dependencies": {root: "*" for root in roots}}))
    cache = room / "npm-cache"
    subprocess.run(["npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund", "--cache",
                    str(cache)], cwd=project, capture_output=True, check=True)
    wanted = {name.removeprefix("npm/") for name in names}
    found = {}
    for document in documents(cache):
        name = document["name"].removeprefix("@")
        if name in wanted and len(document["versions"]) > len(found.get(name, {"versions": {}})["versions"]):
            found[name] = document
    return len(found), sum(wire_bytes(document)[1] for document in found.values())


def compare_metadata(checks, server, room, roots, packages):
    """All that the first install of a new machine was sent but archives, proofs included."""
    archives = {path for path in server.sent if (server_path := pathlib.Path(server.directory, path)).is_file()
                and server_path.read_bytes()[:4] == ZSTD_MAGIC}
    ours = sum(count for path, count in server.sent.items() if path not in archives)
    documents_found, theirs = npm_metadata(room, roots, [name for name, _ in packages])
    checks.check(theirs >= LESS_METADATA * ours,
                 f"metadata of {len(packages)} packages: {ours} bytes; npm's documents of {documents_found} of them: "
                 f"{theirs} bytes, {theirs / max(ours, 1):.1f} times as much (at least {LESS_METADATA})")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ggen")
    parser.add_argument("--roots", default=HERE / "roots.txt", type=pathlib.Path)
    parser.add_argument("--keep", help="leave the imported registry in this folder")
    parser.add_argument("--flaky", type=int, default=40)
    parser.add_argument("--minimum", type=int, default=300)
    options = parser.parse_args()
    if shutil.which("npm") is None:
        skip("npm is not installed")
    probe = subprocess.run(["npm", "view", "semver", "version"], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        skip("the npm registry does not answer")
    roots = [line for line in options.roots.read_text().split("\n") if line and not line.startswith("#")]
    checks = Checks(tells_all=True)
    room = pathlib.Path(tempfile.mkdtemp(prefix="ggen-npm-"))
    try:
        registry = pathlib.Path(options.keep).resolve() if options.keep else room / "registry"
        ggen(options.ggen, room, "key", "new", "npm/import")
        made = ggen(options.ggen, room, "registry", "create", str(registry), "--origin", "example/npm",
                    "--alias", "npm")
        checks.check(made.returncode == 0, f"registry made {made.stderr.strip()[:300]}")
        started = time.monotonic()
        imported = ggen(options.ggen, room, "import", "npm", *roots, "--into", "npm", "--namespace", "npm",
                        "--locked", "--json")
        print(imported.stderr[-2000:])
        checks.check(imported.returncode == 0, f"import took {time.monotonic() - started:.1f} s")
        again = ggen(options.ggen, room, "import", "npm", "unified", "--into", "npm", "--namespace", "npm",
                     "--locked", "--json")
        checks.check(again.returncode == 0, "a second import of what is there succeeds")
        found = ggen(options.ggen, room, "search", "", "--limit", "1000", "--json")
        names = sorted(hit["name"] for hit in json.loads(found.stdout)["hits"])
        checks.check(len(names) >= options.minimum, f"{len(names)} packages imported (at least {options.minimum})")

        project = room / "project"
        project.mkdir()
        own = {root: (root[1:] if root.startswith("@") else "npm/" + root) for root in roots}
        with FlakyServer(registry) as server:
            home = room / "home"
            added = ggen(options.ggen, home, "registry", "add", server.url, "--alias", "npm", "--default")
            checks.check(added.returncode == 0, f"registry added over HTTP {added.stderr.strip()[:300]}")
            started = time.monotonic()
            installed = ggen(options.ggen, home, "--project", str(project), "install", *own.values())
            checks.check(installed.returncode == 0,
                         f"one resolution installs it all: {time.monotonic() - started:.2f} s "
                         f"{installed.stderr.strip()[-600:] if installed.returncode else ''}")
        listed = json.loads(ggen(options.ggen, home, "--project", str(project), "list", "--json").stdout)
        packages = [(package["name"], package["version"]) for package in listed["packages"]]
        checks.check(len(packages) >= options.minimum, f"{len(packages)} packages installed in one tree")
        compare_metadata(checks, server, room, roots, packages)
        verified = ggen(options.ggen, home, "--project", str(project), "verify", "--offline")
        checks.check(verified.returncode == 0, f"all verify offline {verified.stderr.strip()[-300:]}")
        compare_with_npm(checks, room, project, packages)
        if options.flaky:
            # With the version: a package whose only version is a prerelease is never chosen unasked.
            (room / "names").write_text("\n".join(f"{name}@{version}" for name, version in packages))
            flaky = subprocess.run([sys.executable, str(HERE.parent.parent / "recovery/flaky_installs.py"),
                                    options.ggen, "--registry", str(registry), "--installs", str(options.flaky),
                                    "--names", str(room / "names"), "--jobs", "12"], capture_output=True, text=True, check=False)
            print(flaky.stdout + flaky.stderr)
            checks.check(flaky.returncode == 0, f"{options.flaky} random installs through a failing server")
        return checks.end()
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(room)], check=False, capture_output=True)
        shutil.rmtree(room, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
