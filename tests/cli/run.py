#!/usr/bin/env python3
"""Runs the built program the way people do and compares what it says with golden files.

    run.py GGEN [NAME…]        GGEN_ACCEPT=1 writes the golden files anew (read the difference!)

golden/*.t are transcripts: `$ command`, then its standard output, its standard error after `! `, and its
exit code as `[N]` when it is not 0. checks.py holds what a transcript cannot say: closed descriptors,
terminals, signals, JSON. Each file runs in a fresh directory with its own GGEN_* directories and a frozen
clock. Prints "N passed, N failed".
"""
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
ACCEPT = os.environ.get("GGEN_ACCEPT") == "1"
# What differs from run to run, and nothing else.
MASKS = [
    (re.compile(r"\+[0-9a-f]{8}\+[A-Za-z0-9+/]{40,}={0,2}"), "+KEYID+KEY"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "HEX"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s)\b"), "TIME"),
    (re.compile(r'("[a-z_]+_us": )\d+'), r"\1N"),
    (re.compile(r"--after [A-Za-z0-9+/_-]{24,}=*"), "--after CURSOR"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
]


class Room:
    """A fresh directory with an environment that knows nothing of the user who runs the tests."""

    def __init__(self, program):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="ggen-cli-"))
        (self.path / "bin").mkdir()
        (self.path / "work").mkdir()
        os.symlink(program, self.path / "bin/ggen")
        self.environment = {
            "PATH": f"{self.path}/bin:/usr/bin:/bin", "HOME": f"{self.path}/home", "LC_ALL": "C.UTF-8",
            "GGEN_CONFIG_DIR": f"{self.path}/config", "GGEN_CACHE_DIR": f"{self.path}/cache",
            "GGEN_DATA_DIR": f"{self.path}/data", "GGEN_STATE_DIR": f"{self.path}/state",
            "GGEN_FAKE_TIME": "1800000000", "ROOM": str(self.path), "SHELL_HELPERS": str(HERE / "helpers.sh"),
            # A leak report would drown the message that is being tested.
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "detect_leaks=0"), "TZ": "UTC",
        }

    def run(self, command, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        environment = {**self.environment, **options.pop("extra", {})}
        arguments = ["sh", "-c", command] if isinstance(command, str) else command
        return subprocess.run(arguments, cwd=self.path / "work", env=environment, capture_output=True, timeout=120,
                              check=False, **options)

    def mask(self, data):
        text = data.decode("utf-8", "backslashreplace").replace(str(self.path), "$ROOM")
        for pattern, replacement in MASKS:
            text = pattern.sub(replacement, text)
        return text

    def close(self):
        subprocess.run(["chmod", "-R", "u+w", str(self.path)], check=False, capture_output=True)
        shutil.rmtree(self.path, ignore_errors=True)


class Report:
    def __init__(self):
        self.passed = self.failed = 0
        self.exit_codes = set()

    def check(self, good, title, detail=""):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            print(f"FAILED  {title}\n{detail}".rstrip(), flush=True)
        return good


def output_lines(text, prefix):
    lines = [prefix + line if line else prefix.rstrip() for line in text.split("\n")]
    if text.endswith("\n"):
        lines.pop()
    elif text:
        lines.append(prefix + "(no newline at the end)")
    return lines if text else []


def play(source, room, report):
    """The transcript that `source` becomes on this program."""
    lines = []
    for line in source.split("\n"):
        if line.startswith("#") or (not line and (not lines or lines[-1] != "")):
            lines.append(line)
        if not line.startswith("$ "):
            continue
        lines.append(line)
        done = room.run(f'. "$SHELL_HELPERS"; {line[2:]}')
        report.exit_codes.add(done.returncode)
        lines += output_lines(room.mask(done.stdout), "  ")
        lines += output_lines(room.mask(done.stderr), "! ")
        if done.returncode != 0:
            lines.append(f"[{done.returncode}]")
        lines.append("")
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines) + "\n"


def run_transcript(path, program, report):
    room = Room(program)
    try:
        expected = path.read_text()
        got = play(expected, room, report)
        if ACCEPT and got != expected:
            path.write_text(got)
            expected = got
            print(f"wrote   {path.name}")
        difference = "".join(difflib.unified_diff(expected.splitlines(True), got.splitlines(True),
                                                  f"golden/{path.name}", "this program"))
        report.check(got == expected, path.name, difference)
    finally:
        room.close()


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    wanted = set(sys.argv[2:])
    report = Report()
    for path in sorted((HERE / "golden").glob("*.t")):
        if not wanted or path.stem in wanted:
            run_transcript(path, program, report)
    if not wanted or "checks" in wanted:
        import checks  # noqa: PLC0415
        checks.run_all(program, report, not wanted)
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    sys.modules.setdefault("run", sys.modules["__main__"])
    sys.exit(main())
