"""Counts cases and prints one line each."""
import subprocess

from peers import PeerFailed


class Cases:
    def __init__(self):
        self.passed = self.failed = 0

    def run(self, title, case):
        """Whether `case` raised nothing; what it returns is printed behind the title."""
        try:
            detail = case() or ""
        except (PeerFailed, AssertionError, KeyError, subprocess.SubprocessError) as error:
            self.failed += 1
            print(f"FAILED  {title}: {error}", flush=True)
            return False
        self.passed += 1
        print(f"ok      {title} {detail}".rstrip(), flush=True)
        return True

    def finish(self):
        """Prints the count; the exit code."""
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def want(condition, text):
    if not condition:
        raise AssertionError(text)
