#!/usr/bin/env python3
"""Packages and graphs at the limits: what is allowed works in bounded memory, what is not is refused clearly.

    limits.py GGEN [--full]

  files    a package at the limit of files is published, installed in two link modes and verified; one file more is
           refused, and nothing of it is in the registry
  bytes    a large package that does not compress is packed, published, installed and verified, and none of these
           commands holds more than a small part of it in memory; one over 2 GiB is refused with the limit in the message
  chain    a chain of packages, each of which needs the next
  graph    many packages, each of which needs some of the others
  elsewhere  a store on another file system than the project, in every link mode

Small figures by default; --full takes 100,000 files, 1.9 GiB, a chain of 1,000 and a graph of 10,000, which needs some
6 GiB of disk and minutes. Prints "N passed, N failed".
"""
import argparse
import os
import pathlib
import random
import resource
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from checks import Checks  # noqa: E402
from flaky_installs import environment, must, run  # noqa: E402
from kill_harness import drop  # noqa: E402

MIB = 1 << 20
FILES_MAX = 100_000
BYTES_MAX = 2 << 30
INSTALL_PEAK_MIB = 256  # Of an install, whatever the size of the package.
PUBLISH_PEAK_MIB = 64  # Of the other commands, but for the list of files of a package that has very many.


def manifest(folder, name, needs=()):
    folder.mkdir(parents=True)
    text = f'[gpack]\nname = "{name}"\nversion = "1.0.0"\ndescription = "at the limit"\nlicense = "MIT"\n'
    if needs:
        text += "\n[dependencies]\n" + "".join(f'"{need}" = "^1"\n' for need in needs)
    (folder / "gpack.toml").write_text(text)
    return folder


def measured(ggen, room, *arguments, **extra):
    """The result, its seconds and its peak memory in MiB."""
    reader, writer = os.pipe()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            result = subprocess.run([ggen, *arguments], env=environment(room, **extra), capture_output=True, text=True,
                                    stdin=subprocess.DEVNULL, check=False)
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
            os.write(writer, f"{result.returncode} {peak}\n{result.stderr[-4000:]}".encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        head, _, text = pipe.read().decode(errors="replace").partition("\n")
    os.waitpid(pid, 0)
    code, peak = (int(word) for word in head.split())
    return code, text, time.monotonic() - started, peak


def installed(checks, ggen, room, what, names, *modes, peak_max=None):
    for mode in modes or ("generation",):
        project = room / f"project-{what}-{mode}"
        project.mkdir()
        code, text, seconds, peak = measured(ggen, room, "--project", str(project), "install", "--link", mode, *names)
        checks.check(code == 0, f"{what} installed, {mode}: {seconds:.2f} s, {peak} MiB", text)
        if peak_max:
            checks.check(peak <= peak_max, f"{what}, {mode}: at most {peak_max} MiB of memory", f"{peak} MiB")
        code, text, seconds, peak = measured(ggen, room, "--project", str(project), "verify", "--offline")
        checks.check(code == 0, f"{what} verified, {mode}: {seconds:.2f} s, {peak} MiB", text)
        if peak_max:
            checks.check(peak <= peak_max, f"{what} verified, {mode}: at most {peak_max} MiB of memory", f"{peak} MiB")
        drop(project)


def many_files(checks, ggen, room, count):
    folder = manifest(room / "packs/files", "acme/files")
    for number in range(count - 1):  # And the manifest.
        path = folder / f"d{number // 1000}/f{number}"
        if number % 1000 == 0:
            path.parent.mkdir()
        path.write_bytes(b"%d\n" % number)
    code, text, seconds, peak = measured(ggen, room, "publish", str(folder))
    checks.check(code == 0, f"a package of {count} files published: {seconds:.2f} s, {peak} MiB", text)
    installed(checks, ggen, room, "files", ["acme/files"], "generation", "hardlink", peak_max=INSTALL_PEAK_MIB)
    drop(folder)


def too_many_files(checks, ggen, room):
    folder = manifest(room / "packs/too-many", "acme/too-many")
    for number in range(FILES_MAX):  # And the manifest.
        path = folder / f"d{number // 1000}/f{number}"
        if number % 1000 == 0:
            path.parent.mkdir()
        path.touch()
    refused(checks, ggen, room, "one file more than is allowed", folder, str(FILES_MAX), f"{FILES_MAX:,}")


def refused(checks, ggen, room, what, folder, *words):
    code, text, seconds, peak = measured(ggen, room, "publish", str(folder))
    checks.check(code in (1, 6), f"{what} is refused: {seconds:.2f} s, {peak} MiB", f"exit {code}: {text}")
    checks.check(any(word in text for word in words), f"{what}: the message names the limit", text)
    found = run(ggen, room, "info", "acme/" + folder.name)
    checks.check(found.returncode == 3, f"{what}: nothing of it is in the registry", found.stdout + found.stderr)
    drop(folder)


def many_bytes(checks, ggen, room, size):
    folder = manifest(room / "packs/bytes", "acme/bytes")
    draw = random.Random(1)
    with open(folder / "noise.bin", "wb") as file:
        for _ in range(size // MIB):
            file.write(draw.randbytes(MIB))
    packed = room / "bytes.gpack"
    for what, arguments in (("packed", ("pack", str(folder), "--output", str(packed))),
                            ("published", ("publish", str(folder))),
                            ("published again", ("publish", str(folder)))):
        code, text, seconds, peak = measured(ggen, room, *arguments)
        checks.check(code == 0, f"{size // MIB} MiB that do not compress {what}: {seconds:.2f} s, {peak} MiB", text)
        checks.check(peak <= PUBLISH_PEAK_MIB, f"{what} in at most {PUBLISH_PEAK_MIB} MiB of memory", f"{peak} MiB")
    packed.unlink()
    drop(folder)
    code, text, seconds, peak = measured(ggen, room, "registry", "fsck", "main")
    checks.check(code == 0, f"the registry checked: {seconds:.2f} s, {peak} MiB", text)
    checks.check(peak <= PUBLISH_PEAK_MIB, f"checked in at most {PUBLISH_PEAK_MIB} MiB of memory", f"{peak} MiB")
    installed(checks, ggen, room, "bytes", ["acme/bytes"], "generation", "copy", peak_max=INSTALL_PEAK_MIB)


def too_many_bytes(checks, ggen, room):
    folder = manifest(room / "packs/too-large", "acme/too-large")
    with open(folder / "hole.bin", "wb") as file:
        file.truncate(BYTES_MAX + 1)
    refused(checks, ggen, room, "a byte over 2 GiB", folder, "the limit here is 21474")


def graphs(checks, ggen, room, chain, graph):
    folders = [manifest(room / f"packs/c{number}", f"acme/c{number}",
                        [f"acme/c{number + 1}"] if number + 1 < chain else []) for number in range(chain)]
    draw = random.Random(2)
    for number in range(graph):
        needs = {f"acme/g{draw.randrange(number + 1, min(graph, number + 60))}" for _ in range(3)
                 } if number + 1 < graph else set()
        if number + 1 < graph:
            needs.add(f"acme/g{number + 1}")
        folders.append(manifest(room / f"packs/g{number}", f"acme/g{number}", sorted(needs)))
    step = 1_000
    for at in range(0, len(folders), step):
        published = run(ggen, room, "publish", *map(str, folders[at:at + step]))
        if published.returncode:
            checks.check(False, "the graphs are published", published.stderr[-1000:])
            return
    installed(checks, ggen, room, f"chain-{chain}", ["acme/c0"], peak_max=INSTALL_PEAK_MIB)
    installed(checks, ggen, room, f"graph-{graph}", ["acme/g0"], peak_max=INSTALL_PEAK_MIB)


def elsewhere(checks, ggen, room):
    shared = pathlib.Path("/dev/shm")
    if not os.access(shared, os.W_OK) or os.stat(shared).st_dev == os.stat(room).st_dev:
        print("SKIPPED elsewhere: there is no second file system to write to")
        return
    with tempfile.TemporaryDirectory(dir=shared, prefix="ggen-limits-") as cache:
        for mode in ("generation", "symlink", "hardlink", "reflink", "copy"):
            project = room / f"elsewhere-{mode}"
            project.mkdir()
            done = run(ggen, room, "--project", str(project), "install", "--link", mode, "acme/c0",
                       GGEN_CACHE_DIR=cache)
            checks.check(done.returncode == 0, f"a store on another file system, {mode}", done.stderr[-400:])
            verified = run(ggen, room, "--project", str(project), "verify", "--offline", GGEN_CACHE_DIR=cache)
            checks.check(verified.returncode == 0, f"a store on another file system, {mode}: verified",
                         verified.stderr[-400:])
            again = run(ggen, room, "--project", str(project), "install", GGEN_CACHE_DIR=cache)
            checks.check(again.returncode == 0 and "0 packages changed" in again.stderr,
                         f"a store on another file system, {mode}: nothing is left to do", again.stderr[-400:])
            drop(project)
        drop(pathlib.Path(cache) / "store")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ggen")
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    ggen = str(pathlib.Path(options.ggen).resolve())
    checks = Checks(tells_all=True)
    room = pathlib.Path(tempfile.mkdtemp(prefix="ggen-limits-"))
    try:
        must(run(ggen, room, "key", "new", "acme/limits"))
        must(run(ggen, room, "registry", "create", str(room / "registry"), "--origin", "example/limits",
                 "--alias", "main"))
        graphs(checks, ggen, room, *((1_000, 10_000) if options.full else (100, 200)))
        elsewhere(checks, ggen, room)
        many_files(checks, ggen, room, FILES_MAX if options.full else 5_000)
        too_many_bytes(checks, ggen, room)
        many_bytes(checks, ggen, room, 1_900 * MIB if options.full else 64 * MIB)
        if options.full:
            too_many_files(checks, ggen, room)
        return checks.end()
    finally:
        drop(room)


if __name__ == "__main__":
    sys.exit(main())
