#!/usr/bin/env python3
"""The house rules that a compiler does not check. Runs in ctest; prints one line per finding.

Checks: includes against tools/layers.txt, file sizes, banned calls and words, paths that
ARCHITECTURE.md names, coroutine forms that GCC 12 miscompiles, types that two headers define. tools/tidy_exceptions.txt holds
`file: reason` lines for files that may be longer; an exception that is no longer needed is a finding
too, so the list can only shrink.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINES_MAX = {".hpp": 200, ".cpp": 500}
TEST_LINES_MAX = 800
LINE_LENGTH_MAX = 120
SOURCES = ("src", "apps", "sim", "bench", "tests", "fuzz")
BANNED = [
    (r"\bTODO\b|\bFIXME\b|\bXXX\b|\bHACK\b", "words that promise work; finish it or file an issue"),
    (r"#include <(iostream|regex)>", "heavy header: use fmt or cstdio, and a hand-written scanner"),
    (r"\busing namespace\b", "name what is used"),
    (r"\b(sprintf|strcpy|strcat|gets|system|popen)\s*\(", "unsafe C call"),
    (r"\brand\s*\(\)|std::random_device", "randomness comes through base/random.hpp"),
    (r"system_clock::now|::time\(nullptr\)|gettimeofday", "time comes through base/time.hpp"),
]
ALLOWED_BANNED = {  # file -> pattern text that is at home there
    "src/base/time.cpp": "system_clock::now",
}


def tracked():
    out = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard"],
                         capture_output=True, text=True, check=False)
    if out.returncode == 0:
        return [line for line in out.stdout.splitlines() if (ROOT / line).is_file()]
    return [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file() and "node_modules" not in p.parts]


def read_layers():
    arrows, only = {}, {}
    for line in (ROOT / "tools/layers.txt").read_text().splitlines():
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        left, right = line.split(":", 1)
        if left.startswith("only "):
            only[left[5:].strip()] = set(right.split())
        else:
            arrows[left.strip()] = set(right.split())
    return arrows, only


def room_of(parts, arrows):
    """The module that a path belongs to: `p2p/wire` where layers.txt has it, else the first folder."""
    nested = "/".join(parts[:2])
    return nested if nested in arrows else parts[0]


def check_includes(name, text, arrows, only, findings):
    parts = name.split("/")
    module = room_of(parts[1:], arrows) if parts[0] == "src" else parts[0]
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+["<]([^">]+)[">]', line)
        if not match:
            continue
        header = match.group(1)
        if parts[0] == "src":
            target = room_of(header.split("/"), arrows)
            if module not in arrows:
                findings.append(f"{name}:{number}: module {module} is not in tools/layers.txt")
                return
            if target in arrows and target != module and target not in arrows[module]:
                findings.append(f"{name}:{number}: {module} may not include {target} (tools/layers.txt)")
        for prefix, homes in only.items():
            if line.strip().startswith("#include <" + prefix) and module not in homes:
                findings.append(f"{name}:{number}: <{header}> belongs to {', '.join(sorted(homes))}")


def check_sizes(name, text, exceptions, findings):
    suffix = pathlib.Path(name).suffix
    lines = text.count("\n")
    limit = TEST_LINES_MAX if re.search(r"_test\.cpp$", name) else LINES_MAX.get(suffix)
    if limit is None:
        return
    if lines > limit and name not in exceptions:
        findings.append(f"{name}: {lines} lines; the limit is {limit}")
    if lines <= limit and name in exceptions:
        findings.append(f"{name}: fits again; drop it from tools/tidy_exceptions.txt")
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LINE_LENGTH_MAX and "NOLINT" not in line:
            findings.append(f"{name}:{number}: {len(line)} characters; the limit is {LINE_LENGTH_MAX}")


def check_banned(name, text, findings):
    for pattern, reason in BANNED:
        for match in re.finditer(pattern, text):
            if ALLOWED_BANNED.get(name) == match.group(0):
                continue
            number = text.count("\n", 0, match.start()) + 1
            findings.append(f"{name}:{number}: {match.group(0)}: {reason}")


def check_co_await(name, text, findings):
    for match in re.finditer(r"co_await\b([^;]*);", text):
        if "{" in match.group(1) or "?" in match.group(1):
            number = text.count("\n", 0, match.start()) + 1
            findings.append(f"{name}:{number}: braces or ?: after co_await (GCC 12 miscompiles them)")


def note_types(name, text, types):
    """Types that a header defines at the level of a namespace: {full name: headers}."""
    spaces = []
    for line in text.splitlines():
        opened = re.match(r"(?:inline )?namespace ([\w:]*)\s*{", line)
        if opened:
            spaces.append(opened.group(1))
        elif line.startswith("}  // namespace") and spaces:
            spaces.pop()
        defined = re.match(r"(?:struct|class|enum class) (\w+)\b(?!::)", line)
        is_declared_only = ";" in line and "{" not in line
        if defined and not is_declared_only and "std" not in spaces:
            types.setdefault("::".join([*spaces, defined.group(1)]), set()).add(name)


def check_types(types, findings):
    """The linker takes one of two types of one name without a word, and templates of both are mixed up."""
    for full_name, headers in sorted(types.items()):
        if len(headers) > 1:
            findings.append(f"{full_name} is defined in {' and '.join(sorted(headers))}")


def check_documents(files, findings):
    """Every path in back quotes that looks like one of ours must exist."""
    names = set(files)
    folders = {"/".join(f.split("/")[:i]) for f in files for i in range(1, f.count("/") + 1)}
    for document in ("ARCHITECTURE.md", "README.md", "CONTRIBUTING.md"):
        path = ROOT / document
        if not path.exists():
            findings.append(f"{document}: missing")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for quoted in re.findall(r"`([A-Za-z0-9_.\-/]+)`", line):
                first = quoted.split("/")[0]
                if "/" not in quoted or first not in ("src", "apps", "tests", "tools", "docs", "fuzz",
                                                      "bench", "sim", "cmake", "examples"):
                    continue
                if quoted.rstrip("/") not in names and quoted.rstrip("/") not in folders:
                    findings.append(f"{document}:{number}: {quoted} does not exist")


def check_attacks(files, findings):
    """Every test that docs/attacks.md names exists, and every case names one."""
    document = "docs/attacks.md"
    tests, functions, targets = set(), set(), set()
    for name in files:
        path = pathlib.Path(name)
        if name.endswith("_test.cpp"):
            text = (ROOT / name).read_text(encoding="utf-8")
            tests |= {".".join(pair) for pair in re.findall(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", text, re.M)}
        elif name.startswith("tests/") and path.suffix == ".py":
            text = (ROOT / name).read_text(encoding="utf-8")
            functions |= {f"{name}:{function}" for function in re.findall(r"^def (\w+)\(", text, re.M)}
        elif name.endswith("_fuzz.cpp"):
            targets.add(path.stem)
    for number, line in enumerate((ROOT / document).read_text(encoding="utf-8").splitlines(), 1):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not re.match(r"\| [A-Z]\d+ ", line):
            continue
        named = re.findall(r"`([^`]+)`", cells[-1])
        if not named:
            findings.append(f"{document}:{number}: {cells[0]} names no test")
        for test in named:
            if test not in tests | functions | targets:
                findings.append(f"{document}:{number}: there is no test {test}")


def main():
    files = tracked()
    arrows, only = read_layers()
    exceptions = {}
    exception_file = ROOT / "tools/tidy_exceptions.txt"
    if exception_file.exists():
        for line in exception_file.read_text().splitlines():
            if line.strip() and not line.startswith("#"):
                path, reason = line.split(":", 1)
                exceptions[path.strip()] = reason.strip()
    findings = []
    types = {}
    checked = 0
    for name in files:
        if name.split("/")[0] not in SOURCES or pathlib.Path(name).suffix not in (".hpp", ".cpp"):
            continue
        text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
        checked += 1
        check_includes(name, text, arrows, only, findings)
        check_sizes(name, text, exceptions, findings)
        check_banned(name, text, findings)
        check_co_await(name, text, findings)
        if name.endswith(".hpp"):
            note_types(name, text, types)
    check_types(types, findings)
    for name in exceptions:
        if name not in files:
            findings.append(f"tools/tidy_exceptions.txt: {name} does not exist")
    check_documents(files, findings)
    check_attacks(files, findings)
    for finding in findings:
        print(finding)
    print(f"tidy: {checked} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
