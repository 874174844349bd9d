#!/usr/bin/env python3
"""Debian's own package index as JSON lines for `ggen resolve --index`.

usage: debian_index.py [--out FILE]      reads `apt-cache dumpavail`; exit 77 when there is no index

How things are mapped (each is counted and printed to stderr):
  name       '+' becomes "plus" between hyphens; runs of signs become one
  version    the rank of the version text among all versions of that package that any relation in
             the index names, as "RANK.0.0": the order is Debian's (dpkg's algorithm), exact for
             every relation in the index
  relation   (>= v) (<= v) (= v) (<< v) (>> v) become the same comparison of ranks
  a | b      the first alternative that exists with a fitting version; else the first that exists
  virtual    the first package, by name, that provides it (a versioned relation needs a versioned
             Provides that fits)
  Conflicts, Breaks, Recommends, Suggests are left out.
"""
import argparse
import functools
import json
import re
import shutil
import subprocess
import sys

ATOM = re.compile(r"^([a-z0-9][a-z0-9+.-]+)(?::[a-z0-9-]+)?\s*(?:\(\s*(<<|<=|=|>=|>>)\s*([^\s)]+)\s*\))?")
SIGNS = {"<<": "<", "<=": "<=", "=": "=", ">=": ">=", ">>": ">"}


def order_of(char):
    if char == "~":
        return -1
    return ord(char) if char.isalpha() else ord(char) + 256


def compare_part(a, b):
    """dpkg's verrevcmp: texts and numbers in turn; '~' before the end, letters before signs."""
    i = j = 0
    while i < len(a) or j < len(b):
        while (i < len(a) and not a[i].isdigit()) or (j < len(b) and not b[j].isdigit()):
            left = order_of(a[i]) if i < len(a) and not a[i].isdigit() else 0
            right = order_of(b[j]) if j < len(b) and not b[j].isdigit() else 0
            if left != right:
                return -1 if left < right else 1
            i += i < len(a) and not a[i].isdigit()
            j += j < len(b) and not b[j].isdigit()
        first = re.match(r"\d*", a[i:]).group()
        second = re.match(r"\d*", b[j:]).group()
        i, j = i + len(first), j + len(second)
        left, right = int(first or 0), int(second or 0)
        if left != right:
            return -1 if left < right else 1
    return 0


def split_version(text):
    epoch, rest = text.split(":", 1) if ":" in text else ("0", text)
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return int(epoch) if epoch.isdigit() else 0, upstream, revision


@functools.lru_cache(maxsize=None)
def compare(a, b):
    left, right = split_version(a), split_version(b)
    if left[0] != right[0]:
        return -1 if left[0] < right[0] else 1
    return compare_part(left[1], right[1]) or compare_part(left[2], right[2])


def satisfies(version, sign, wanted):
    if not sign:
        return True
    order = compare(version, wanted)
    return {"<<": order < 0, "<=": order <= 0, "=": order == 0, ">=": order >= 0, ">>": order > 0}[sign]


def our_name(name):
    out = name.replace("+", "-plus-") if "+" in name else name
    out = re.sub(r"[._-]*-[._-]*", "-", out)
    out = re.sub(r"\.[._]+", ".", out).strip("-._")
    return out if len(out) <= 64 and re.fullmatch(r"[a-z0-9]+([._-][a-z0-9]+)*", out) else None


def read_stanzas(stream):
    stanza, key = {}, None
    for line in stream:
        line = line.rstrip("\n")
        if not line:
            if stanza:
                yield stanza
            stanza, key = {}, None
        elif line[0] == " ":
            if key in ("Depends", "Pre-Depends", "Provides"):
                stanza[key] += line
        else:
            key, _, value = line.partition(":")
            stanza[key] = value.strip()
    if stanza:
        yield stanza


def groups_of(text):
    """[[(name, sign, version), …alternatives], …]"""
    for group in filter(None, (part.strip() for part in (text or "").split(","))):
        atoms = []
        for alternative in group.split("|"):
            match = ATOM.match(alternative.strip())
            if match:
                atoms.append((match.group(1), match.group(2), match.group(3)))
        if atoms:
            yield atoms


def load():
    packages, provided = {}, {}
    process = subprocess.Popen(["apt-cache", "dumpavail"], stdout=subprocess.PIPE, text=True,
                               errors="replace")
    for stanza in read_stanzas(process.stdout):
        name, version = stanza.get("Package"), stanza.get("Version")
        if not name or not version:
            continue
        # The same package may stand in several archives: the newest wins, as apt would choose.
        if name in packages and compare(packages[name]["version"], version) >= 0:
            continue
        needs = list(groups_of(stanza.get("Pre-Depends"))) + list(groups_of(stanza.get("Depends")))
        provides = [atoms[0] for atoms in groups_of(stanza.get("Provides"))]
        packages[name] = {"version": version, "needs": needs, "provides": provides}
    process.wait()
    for name in sorted(packages):
        for virtual, _, version in packages[name]["provides"]:
            provided.setdefault(virtual, []).append((name, version))
    return packages, provided


class Converter:
    def __init__(self, packages, provided):
        self.packages, self.provided = packages, provided
        self.counts = dict.fromkeys(("packages", "skipped: name", "skipped: names collide",
                                     "dependencies", "alternatives", "virtual", "unsatisfiable",
                                     "target unknown", "merged with AND"), 0)
        self.names = self.convert_names()
        self.ranks = self.rank_versions()

    def convert_names(self):
        out, taken = {}, {}
        for name in sorted(self.packages):
            mapped = our_name(name)
            if mapped is None:
                self.counts["skipped: name"] += 1
            elif mapped in taken:
                self.counts["skipped: names collide"] += 1
            else:
                taken[mapped] = name
                out[name] = mapped
        return out

    def rank_versions(self):
        named = {name: {entry["version"]} for name, entry in self.packages.items()}
        for entry in self.packages.values():
            for atoms in entry["needs"]:
                for name, _, version in atoms:
                    if version and name in named:
                        named[name].add(version)
        out = {}
        for name, versions in named.items():
            rank, last = 0, None
            for version in sorted(versions, key=functools.cmp_to_key(compare)):
                if last is None or compare(last, version) != 0:
                    rank += 1
                out[name, version] = rank
                last = version
        return out

    def real_targets(self, atom):
        """(package, sign, version) that would do for the atom, best first."""
        name, sign, version = atom
        if name in self.names:
            yield name, sign, version
        for provider, provided_version in self.provided.get(name, []):
            if provider not in self.names:
                continue
            if sign and not (provided_version and satisfies(provided_version, sign, version)):
                continue
            yield provider, None, None

    def choose(self, atoms):
        candidates = [target for atom in atoms for target in self.real_targets(atom)]
        if len(atoms) > 1:
            self.counts["alternatives"] += 1
        for target in candidates:
            if satisfies(self.packages[target[0]]["version"], target[1], target[2]):
                return target
        if candidates:
            self.counts["unsatisfiable"] += 1
            return candidates[0]
        return None

    def release(self, name):
        entry, needs = self.packages[name], {}
        for atoms in entry["needs"]:
            target = self.choose(atoms)
            if target is None:
                self.counts["target unknown"] += 1
                # Kept as a dependency on a package that does not exist, so that it cannot be met.
                unknown = our_name("absent-" + atoms[0][0])
                if unknown:
                    needs.setdefault(unknown, []).append("*")
                continue
            other, sign, version = target
            if other == name and not sign:
                continue
            if other != atoms[0][0]:
                self.counts["virtual"] += 1
            text = f"{SIGNS[sign]}{self.ranks[other, version]}.0.0" if sign else "*"
            needs.setdefault(self.names[other], []).append(text)
            self.counts["dependencies"] += 1
        merged = {}
        for other, texts in needs.items():
            limits = sorted(set(texts) - {"*"})
            self.counts["merged with AND"] += len(limits) > 1
            merged[other] = " ".join(limits) or "*"
        self.counts["packages"] += 1
        version = f"{self.ranks[name, entry['version']]}.0.0"
        return {"name": self.names[name], "version": version, "dependencies": merged}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default="-")
    arguments = parser.parse_args()
    if not shutil.which("apt-cache"):
        print("SKIPPED: no apt-cache on this machine", file=sys.stderr)
        return 77
    packages, provided = load()
    if len(packages) < 10_000:
        print(f"SKIPPED: only {len(packages)} packages in apt's lists (run apt-get update)",
              file=sys.stderr)
        return 77
    converter = Converter(packages, provided)
    out = sys.stdout if arguments.out == "-" else open(arguments.out, "w", encoding="utf-8")
    for name in sorted(converter.names):
        out.write(json.dumps(converter.release(name), separators=(",", ":")) + "\n")
    if out is not sys.stdout:
        out.close()
    for key, value in converter.counts.items():
        print(f"{key}: {value}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
