"""Runs every test of this folder, or those whose names are given, and ends with a line of counts."""
import faulthandler
import os
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
MINUTES_UNTIL_STUCK = 50


class CountingResult(unittest.TextTestResult):
    """Counts each test once, however many of its subtests failed; a fixture that fails counts as one failure."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.passed = 0
        self.failed = set()

    def startTest(self, test):
        self.started = time.monotonic()
        super().startTest(test)

    def addSuccess(self, test):
        self.passed += 1
        super().addSuccess(test)
        self.stream.writeln(f"    {time.monotonic() - self.started:.1f} s")

    def addFailure(self, test, err):
        self.failed.add(test.id())
        super().addFailure(test, err)

    def addError(self, test, err):
        self.failed.add(test.id())
        super().addError(test, err)

    def addUnexpectedSuccess(self, test):
        self.failed.add(test.id())
        super().addUnexpectedSuccess(test)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.failed.add(test.id())
        super().addSubTest(test, subtest, err)


def main():
    faulthandler.dump_traceback_later(MINUTES_UNTIL_STUCK * 60, exit=True)
    sys.path.insert(0, HERE)

    # Hundreds of kernels live for seconds here, and what completion needs takes each of them one. The browser's tests leave it on.
    os.environ.setdefault("JUPYTER_CSHARP_COMPLETION_AHEAD", "off")
    loader = unittest.TestLoader()
    tests = loader.loadTestsFromNames(sys.argv[1:]) if sys.argv[1:] else loader.discover(HERE)
    result = unittest.TextTestRunner(sys.stdout, verbosity=2, resultclass=CountingResult).run(tests)
    print(f"{result.passed} passed, {len(result.failed)} failed, {len(result.skipped)} skipped")
    return 1 if result.failed or not result.passed else 0


if __name__ == "__main__":
    sys.exit(main())
