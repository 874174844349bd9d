#!/usr/bin/env python3
"""Archives that ggen accepts must read alike in GNU tar, bsdtar, Python's tarfile and node's tar.

usage: differential.py ARCHIVE_SAMPLES    (the helper program)
GGEN_ARCHIVES=N (default 300) archives, GGEN_SEED=S, GGEN_BATCH=B archives a process: batches are joined
and read with the option to go on after an end marker, so that a large N does not need 2 N processes.
The first 40 archives are always read one by one, as users do.

Compared: paths in order, permissions, sizes, kinds, and the bytes that come out.
"""
import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

COUNT = int(os.environ.get("GGEN_ARCHIVES", "300"))
SEED = os.environ.get("GGEN_SEED", "1")
BATCH = int(os.environ.get("GGEN_BATCH", "20"))
SINGLES = 40
ENVIRONMENT = dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC")
NODE_LISTER = """
const tar = require(process.argv[1]);
const out = {};
for (const file of process.argv.slice(2)) {
  out[file] = [];
  tar.list({ file, sync: true, strict: true, preservePaths: true, maxReadSize: 1 << 20,
    onReadEntry: e => out[file].push([e.path, e.mode & 0o7777, e.size, e.type]),
    onentry: e => out[file].push([e.path, e.mode & 0o7777, e.size, e.type]) });
}
console.log(JSON.stringify(out));
"""


def run(*command):
    done = subprocess.run(command, capture_output=True, env=ENVIRONMENT, check=False)
    if done.returncode != 0 or done.stderr:
        return None, done.stderr.decode(errors="replace") or f"exit {done.returncode}"
    return done.stdout, None


def mode_of(text):
    if text[0] != "-":
        return -1
    bits = 0
    for i, letter in enumerate(text[1:10]):
        bits |= (letter != "-") << (8 - i)
    return bits if set(text[1:10]) <= set("rwx-") else -1


def list_with(command, fields):
    """(path, mode, size) of each line; `fields` gives the columns of size and path."""
    out, problem = run(*command)
    if problem:
        return problem
    entries = []
    for line in out.decode().splitlines():
        parts = line.split(None, fields["path"])
        entries.append((parts[fields["path"]], mode_of(parts[0]), int(parts[fields["size"]])))
    return entries


def gnu(path, *more):
    return (list_with(["tar", *more, "--quoting-style=literal", "--numeric-owner", "--full-time", "-tvf", path],
                      {"size": 2, "path": 5}),
            run("tar", *more, "-xOf", path))


def bsd(path, *more):
    return (list_with(["bsdtar", *more, "--numeric-owner", "-tvf", path], {"size": 4, "path": 8}),
            run("bsdtar", *more, "-xOf", path))


def python_listing(data):
    entries, content = [], b""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for member in archive:
            mode = member.mode if member.isreg() and not member.uid and not member.mtime else -1
            entries.append((member.name, mode, member.size))
            content += archive.extractfile(member).read()
    return entries, (content, None)


def node_tar():
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        return None
    root = subprocess.run([npm, "root", "-g"], capture_output=True, text=True, check=False).stdout.strip()
    module = pathlib.Path(root) / "npm/node_modules/tar"
    return str(module) if module.is_dir() else None


class Checker:
    def __init__(self):
        self.compared = {}
        self.differences = []

    def check(self, reader, what, expected, result):
        listing, (content, problem) = result
        self.compared[reader] = self.compared.get(reader, 0) + what[1]
        want = [(e["path"], e["mode"], e["size"]) for e in expected]
        if listing != want:
            self.differences.append(f"{reader}: {what[0]}: lists {str(listing)[:300]}, ggen {str(want)[:300]}")
        elif problem:
            self.differences.append(f"{reader}: {what[0]}: {problem}")
        else:
            at = 0
            for entry in expected:
                piece = content[at:at + entry["size"]]
                at += entry["size"]
                if hashlib.sha256(piece).hexdigest() != entry["sha256"]:
                    self.differences.append(f"{reader}: {what[0]}: other bytes in {entry['path']!r}")
            if at != len(content):
                self.differences.append(f"{reader}: {what[0]}: {len(content)} bytes come out, not {at}")


def check_with_node(module, tars, expected, checker):
    for begin in range(0, len(tars), 200):
        part = [str(path) for path in tars[begin:begin + 200]]
        out, problem = run("node", "-e", NODE_LISTER, module, *part)
        listings = {} if problem else json.loads(out)
        for path in part:
            want = [[e["path"], e["mode"], e["size"], "File"] for e in expected[pathlib.Path(path).stem]]
            checker.compared["node tar"] = checker.compared.get("node tar", 0) + 1
            if listings.get(path) != want:
                checker.differences.append(f"node tar: {path}: {problem or str(listings.get(path))[:300]}")


def main():
    missing = [tool for tool in ("tar", "bsdtar") if not shutil.which(tool)]
    if missing:
        print(f"SKIPPED: {', '.join(missing)} not installed")
        return 77
    checker = Checker()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], folder, str(COUNT), SEED], check=True)
        tars = sorted(pathlib.Path(folder).glob("*.tar"))
        expected = {path.stem: json.loads(path.with_suffix(".json").read_text()) for path in tars}
        for path in tars[:SINGLES]:
            checker.check("GNU tar", (path.stem, 1), expected[path.stem], gnu(str(path)))
            checker.check("bsdtar", (path.stem, 1), expected[path.stem], bsd(str(path)))
        for begin in range(SINGLES, len(tars), BATCH):
            part = tars[begin:begin + BATCH]
            joined = pathlib.Path(folder) / "joined"
            joined.write_bytes(b"".join(path.read_bytes() for path in part))
            want = [entry for path in part for entry in expected[path.stem]]
            what = (f"batch from {part[0].stem}", len(part))
            checker.check("GNU tar", what, want, gnu(str(joined), "--ignore-zeros"))
            checker.check("bsdtar", what, want,
                          bsd(str(joined), "--options", "read_concatenated_archives"))
        for path in tars:
            checker.check("Python tarfile", (path.stem, 1), expected[path.stem], python_listing(path.read_bytes()))
        module = node_tar()
        if module:
            check_with_node(module, tars, expected, checker)
    files = sum(len(entries) for entries in expected.values())
    for reader, count in checker.compared.items():
        print(f"{reader}: {count} archives")
    if not module:
        print("node tar: SKIPPED, no npm with its tar here")
    for difference in checker.differences[:20]:
        print(f"DIFFERENT: {difference}")
    print(f"{len(tars)} archives, {files} files, seed {SEED}: {len(checker.differences)} differences")
    return 1 if checker.differences or not tars else 0


if __name__ == "__main__":
    sys.exit(main())
