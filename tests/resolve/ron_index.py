#!/usr/bin/env python3
"""Writes a graph in the RON form of pubgrub's test data as a JSON-lines index.

usage: ron_index.py GRAPH.ron OUT.jsonl OUT.roots

The RON form is { package: { version: { package: [(low, Some(high)), (low, None)] } } } with numbers or
texts as packages and numbers or "major.minor.patch" as versions; a range holds the versions from low up
to, but without, high. Packages are renamed p0, p1, ... in the order of the file, the version 7 becomes
7.0.0. OUT.roots has one line a release: package and version as in the file, then as in the index.
"""
import json
import re
import sys

TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|(\d+)|(Some|None)|([{}\[\]():,]))')


def tokens(text):
    at = 0
    text = text.rstrip()
    while at < len(text):
        found = TOKEN.match(text, at)
        if not found:
            sys.exit(f"ron_index: cannot read at byte {at}: {text[at:at + 40]!r}")
        at = found.end()
        quoted, number, word, sign = found.groups()
        if quoted is not None:
            yield ("value", json.loads(quoted))
        elif number is not None:
            yield ("value", int(number))
        else:
            yield ("sign", word or sign)


class Reader:
    def __init__(self, text):
        self.tokens = list(tokens(text))
        self.at = 0

    def peek(self):
        return self.tokens[self.at][1] if self.tokens[self.at][0] == "sign" else None

    def sign(self, wanted):
        kind, got = self.tokens[self.at]
        if (kind, got) != ("sign", wanted):
            sys.exit(f"ron_index: expected {wanted!r}, found {got!r}")
        self.at += 1

    def value(self):
        kind, got = self.tokens[self.at]
        if kind != "value":
            sys.exit(f"ron_index: expected a value, found {got!r}")
        self.at += 1
        return got

    def items(self, opening, closing, read):
        self.sign(opening)
        out = []
        while self.peek() != closing:
            out.append(read())
            if self.peek() == ",":
                self.sign(",")
        self.sign(closing)
        return out

    def mapping(self, read):
        def one():
            key = self.value()
            self.sign(":")
            return key, read()
        return self.items("{", "}", one)

    def segment(self):
        self.sign("(")
        low = self.value()
        self.sign(",")
        high = None
        if self.peek() == "Some":
            self.sign("Some")
            self.sign("(")
            high = self.value()
            self.sign(")")
        else:
            self.sign("None")
        self.sign(")")
        return low, high


def version_text(version):
    return version if isinstance(version, str) else f"{version}.0.0"


def range_text(segments):
    parts = []
    for low, high in segments:
        part = f">={version_text(low)}"
        if high is not None:
            part += f" <{version_text(high)}"
        parts.append(part)
    return " || ".join(parts) or "<0.0.0"


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        reader = Reader(file.read())
    graph = reader.mapping(lambda: reader.mapping(lambda: reader.mapping(
        lambda: reader.items("[", "]", reader.segment))))
    names = {}

    def name_of(package):
        return names.setdefault(package, f"p{len(names)}")
    for package, _ in graph:
        name_of(package)
    with open(sys.argv[2], "w", encoding="utf-8") as out, open(sys.argv[3], "w", encoding="utf-8") as roots:
        for package, releases in graph:
            for version, needs in releases:
                out.write(json.dumps({"name": name_of(package), "version": version_text(version),
                                      "dependencies": {name_of(n): range_text(s) for n, s in needs}}) + "\n")
                roots.write(f"{package}\t{version}\t{name_of(package)}\t{version_text(version)}\n")


main()
