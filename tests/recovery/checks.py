"""What a suite found: for suites that print "N passed, N failed"."""


class Checks:
    def __init__(self, tells_all=False):
        """Failures are printed as they come; with `tells_all` what holds, too."""
        self.tells_all = tells_all
        self.passed = self.failed = 0

    def check(self, good, text, detail=""):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            print(f"FAILED  {text}" + (f": {detail}" if detail else ""), flush=True)
        elif self.tells_all:
            print(f"ok      {text}", flush=True)
        return good

    def end(self):
        """Prints the sum; the exit code of the suite."""
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0
