#!/usr/bin/env python3
"""Writes the package documents in npm's cache as a JSON-lines index.

usage: npm_cache_index.py [--wire] CACHE OUT.jsonl [LOCK.json ROOTS.txt]

CACHE is the folder that `npm install --package-lock-only --cache CACHE` filled: it holds one document for
each package that npm looked at. Nothing is asked over the network. What our rules do not know (capital
letters, tags, aliases, addresses as ranges) is left out, together with the releases that need it. Names of
scopes lose their "@". With LOCK.json, an npm lockfile, ROOTS.txt gets one exact requirement a line for the
packages at its top level: the project as npm resolved it. --wire also prints what the documents of these
packages weigh, plain and gzipped, reduced to the members of npm's abbreviated form
(application/vnd.npm.install-v1+json) when the cache holds longer ones.
"""
import gzip
import json
import os
import re
import sys

NAME = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)?[a-z0-9]+(?:[._-][a-z0-9]+)*")
VERSION = re.compile(r"(?:(?:0|[1-9]\d*)\.){2}(?:0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
RANGE = re.compile(r"[0-9xX*^~<>=|. vA-Za-z+-]*")


def plain_name(name):
    name = name.removeprefix("@")
    return name if len(name) <= 64 and NAME.fullmatch(name) else None


def documents(cache):
    for folder, _, files in os.walk(os.path.join(cache, "_cacache", "content-v2")):
        for file in files:
            with open(os.path.join(folder, file), "rb") as content:
                data = content.read()
            if not data.startswith(b"{"):
                continue
            try:
                document = json.loads(data)
            except ValueError:
                continue
            if isinstance(document, dict) and "versions" in document and "name" in document:
                yield document


# Of a release in npm's abbreviated form; the document itself keeps name, modified and dist-tags.
ABBREVIATED = ("name", "version", "deprecated", "dependencies", "optionalDependencies", "devDependencies",
               "bundleDependencies", "peerDependencies", "peerDependenciesMeta", "bin", "directories", "dist", "engines",
               "_hasShrinkwrap", "hasInstallScript", "cpu", "os", "libc", "funding", "acceptDependencies")


def wire_bytes(document):
    short = {key: document[key] for key in ("name", "modified", "dist-tags") if key in document}
    short["versions"] = {version: {key: release[key] for key in ABBREVIATED if key in release}
                         for version, release in document["versions"].items()}
    plain = json.dumps(short, separators=(",", ":"), ensure_ascii=False).encode()
    return len(plain), len(gzip.compress(plain, 6))


def main():
    wants_wire = "--wire" in sys.argv
    if wants_wire:
        sys.argv.remove("--wire")
    if len(sys.argv) not in (3, 5):
        sys.exit(__doc__)
    seen = {}
    for document in documents(sys.argv[1]):
        name = plain_name(document["name"])
        if name and len(document["versions"]) > len(seen.get(name, {"versions": {}})["versions"]):
            seen[name] = document
    releases = left_out = 0
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        for name in sorted(seen):
            for version, release in seen[name]["versions"].items():
                needs = release.get("dependencies") or {}
                named = {plain_name(need): wanted for need, wanted in needs.items()}
                is_plain = VERSION.fullmatch(version) and None not in named and all(
                    isinstance(wanted, str) and RANGE.fullmatch(wanted) and "==" not in wanted and (
                        not wanted.strip() or re.search(r"[0-9*xX]", wanted)) for wanted in named.values())
                if not is_plain:
                    left_out += 1
                    continue
                releases += 1
                out.write(json.dumps({"name": name, "version": version, "dependencies": named}) + "\n")
    print(f"{len(seen)} packages, {releases} releases, {left_out} left out")
    if wants_wire:
        weights = [wire_bytes(document) for document in seen.values()]
        print(f"wire: {len(weights)} packages, {sum(w[0] for w in weights)} bytes, {sum(w[1] for w in weights)} gzip")
    if len(sys.argv) == 5:
        with open(sys.argv[3], encoding="utf-8") as file:
            packages = json.load(file)["packages"]
        with open(sys.argv[4], "w", encoding="utf-8") as out:
            for path, entry in packages.items():
                name = plain_name(path.removeprefix("node_modules/"))
                if path.startswith("node_modules/") and "/node_modules/" not in path and name in seen:
                    out.write(f"{name}@{entry['version']}\n")


if __name__ == "__main__":
    main()
