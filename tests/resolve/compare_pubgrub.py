#!/usr/bin/env python3
"""Solves every root of graphs with our solver and with astral-sh/pubgrub, one after the other.

usage: compare_pubgrub.py --bench RESOLVE_BENCH [--target DIR] [--passes N] [--rounds N]
                          [--ron KIND=GRAPH.ron]... [--index FILE.jsonl]... [--generated]

--ron takes pubgrub's own test data; KIND is "numbers" (large_case*_u16_NumberVersion.ron) or "semver"
(elm-packages*.ron). --index takes JSON lines as `load_index` reads them (npm_cache_index.py writes some);
the peer gets them with versions as numbers, so that both solve the same problem. --generated adds the
graphs that are hard for naive solvers. The peer is built by cargo in DIR (default: a temporary folder).

First whether there is a solution is compared root by root; any difference is an error (exit 1). Then the
two run in turns, N rounds of N passes; the figures are medians of the CPU time of one pass, without the
first pass of each process, which fills caches. Exit 77 when cargo is missing.
"""
import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
GENERATED = ("singletons 100 500", "disjoint 300 200", "ranges 5 200", "tree 1000")


def build_peer(target):
    if shutil.which("cargo") is None:
        print("SKIPPED: cargo is not on this machine")
        sys.exit(77)
    subprocess.run(["cargo", "build", "--release", "--quiet", "--locked"], check=True,
                   cwd=os.path.join(HERE, "peer-pubgrub"), env={**os.environ, "CARGO_TARGET_DIR": target})
    return os.path.join(target, "release", "peer-pubgrub")


def output(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def times(command, passes):
    """The CPU time of each pass in microseconds, without the first."""
    found = [re.match(r"(\d+) us, \d+ of \d+ roots", line) for line in output(command)]
    out = [int(match[1]) for match in found if match]
    if len(out) != passes:
        sys.exit(f"compare_pubgrub: {passes} passes wanted, {len(out)} seen: {' '.join(command)}")
    return out[1:]


def answers(command):
    rows = (line.split("\t") for line in output(command))
    return {(name, version): solved for name, version, solved in rows}


def disagreements(bench, peer, index, kind, ron, roots):
    ours = answers([bench, "--answers", "index", index])
    theirs = answers([peer, "--answers", kind, ron])
    with open(roots, encoding="utf-8") as file:
        names = [line.rstrip("\n").split("\t") for line in file]
    wrong = [row for row in names if ours[row[2], row[3]] != theirs[row[0], row[1]]]
    for row in wrong[:10]:
        print(f"  DIFFERENT {row[2]} {row[3]}: ours {ours[row[2], row[3]]}, theirs {theirs[row[0], row[1]]}")
    solvable = sum(value == "1" for value in ours.values())
    print(f"  {len(names)} roots, {solvable} solvable, {len(wrong)} answered differently")
    return len(wrong)


def compare(label, ours, theirs, passes, rounds):
    mine, other = [], []
    for _ in range(rounds):
        mine += times([ours[0], "--passes", str(passes), *ours[1:]], passes)
        other += times([theirs[0], "--passes", str(passes), *theirs[1:]], passes)
    a, b = statistics.median(mine), statistics.median(other)
    print(f"  {label}: ours {a / 1e3:.2f} ms, pubgrub {b / 1e3:.2f} ms, ratio {b / max(a, 1):.2f}")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--target")
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ron", action="append", default=[])
    parser.add_argument("--index", action="append", default=[])
    parser.add_argument("--generated", action="store_true")
    args = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        peer = build_peer(args.target or os.path.join(scratch, "target"))
        index, graph, roots = (os.path.join(scratch, name) for name in ("index.jsonl", "graph.ron", "roots"))
        for word in args.ron:
            kind, _, path = word.partition("=")
            print(path)
            subprocess.run([sys.executable, os.path.join(HERE, "ron_index.py"), path, index, roots], check=True)
            wrong += disagreements(args.bench, peer, index, kind, path, roots)
            compare("every root", [args.bench, "index", index], [peer, kind, path], args.passes, args.rounds)
        for path in args.index:
            print(path)
            subprocess.run([args.bench, "ron", path, graph, roots], check=True)
            wrong += disagreements(args.bench, peer, path, "indices", graph, roots)
            compare("every root", [args.bench, "index", path], [peer, "indices", graph], args.passes, args.rounds)
        for words in GENERATED if args.generated else ():
            compare(words, [args.bench, *words.split()], [peer, *words.split()], args.passes, args.rounds)
    return 1 if wrong else 0


sys.exit(main())
