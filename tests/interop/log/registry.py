#!/usr/bin/env python3
"""Foreign verifiers judge a registry that ggen made.

    registry.py GGEN [--releases 1200] [--only xmod|sigstore]

Publishes the releases over several checkpoints, installs a sample, then lets Go's golang.org/x/mod re-hash
every leaf, open the checkpoint and check inclusion and consistency, and npm's @sigstore/verify check the
inclusion proofs of the lockfile. Prints "N passed, N failed"; exit code 77 when a peer is missing.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def split_proofs(project, folder):
    """ggen.lock.proofs frames each tlog-proof by its size; foreign tools want one file each."""
    folder.mkdir()
    data = (project / "ggen.lock.proofs").read_bytes()
    at = data.index(b"\n") + 1
    files = []
    while at < len(data):
        end = data.index(b"\n", at)
        words = data[at:end].split(b" ")
        assert words[0] == b"package", words
        at = end + 1
        while data.startswith(b"publisher ", at):
            at = data.index(b"\n", at) + 1
        size = int(words[4])
        path = folder / (words[1].decode().replace("/", "+") + ".tlog-proof")
        path.write_bytes(data[at:at + size])
        files.append(str(path))
        at += size
    return files


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ggen")
    parser.add_argument("--releases", type=int, default=1200)
    parser.add_argument("--only", choices=("xmod", "sigstore"))
    options = parser.parse_args()
    room = pathlib.Path(tempfile.mkdtemp(prefix="ggen-judged-"))
    try:
        made = subprocess.run([sys.executable, str(HERE / "make_registry.py"), options.ggen, str(room), str(options.releases)],
                              capture_output=True, text=True, check=False)
        print(made.stdout.strip(), made.stderr.strip())
        if made.returncode != 0:
            return 1
        vkey = (room / "vkey").read_text().strip()
        proofs = split_proofs(room / "project", room / "proofs")
        passed = failed = skipped = 0
        for peer, script in (("xmod", HERE / "run.sh"), ("sigstore", HERE / "sigstore/run.sh")):
            if options.only not in (None, peer):
                continue
            arguments = [str(room / "registry"), vkey, *proofs] if peer == "xmod" else [vkey, *proofs]
            result = subprocess.run(["sh", str(script), *arguments], capture_output=True, text=True, check=False)
            print(f"{peer}: {result.stdout.strip()} {result.stderr.strip()}")
            must_run = peer == "sigstore" and os.environ.get("GGEN_REQUIRE_NPM_SUITES") == "1"
            passed += result.returncode == 0
            skipped += result.returncode == 77 and not must_run
            failed += result.returncode not in (0, 77) or (result.returncode == 77 and must_run)
        print(f"{passed} passed, {failed} failed")
        return 1 if failed else 77 if skipped and not passed else 0
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(room)], check=False, capture_output=True)
        shutil.rmtree(room, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
