"""Runs all tests of this folder, those whose names are given, or all modules but some (--without test_a,test_b), and prints a line of counts.

Most tests wait for something half of the time: so the modules run in three lanes, each module in its own process, whose output is printed
as a whole."""
import concurrent.futures
import faulthandler
import glob
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
MINUTES_UNTIL_STUCK = 30
LANES = 3

# Modules that take minutes start first. Modules with their own lanes, or with a two-second limit for interrupts, run last and alone.
FIRST = ["test_packages", "test_language"]
ALONE = ["test_progress", "test_interrupt", "test_chaos"]

# The modules that test workers, memory and time have kernels as users have them. In the others a kernel keeps no spare worker and does not
# optimize its code further, which takes a tenth of the processor time and which its few seconds do not pay back. --all of run.sh leaves that out.
AS_INSTALLED = ["test_chaos", "test_console", "test_crashes", "test_editor", "test_interrupt", "test_kernel_test", "test_lifecycle", "test_nbconvert",
                "test_progress", "test_recycle", "test_repetition", "test_state"]
BRIEF = {"JUPYTER_CSHARP_SPARE_SECONDS": "0", "DOTNET_TC_CallCounting": "0"}
COUNTS = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.MULTILINE)


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


def run(names):
    """Runs the tests with these names in this process."""
    faulthandler.dump_traceback_later(MINUTES_UNTIL_STUCK * 60, exit=True)
    sys.path.insert(0, HERE)

    # Hundreds of kernels run for seconds here, and a warm-up takes some seconds of a processor in each. The browser's tests leave it on.
    os.environ.setdefault("JUPYTER_CSHARP_WARM_UP", "off")
    tests = unittest.TestLoader().loadTestsFromNames(names)
    result = unittest.TextTestRunner(sys.stdout, verbosity=2, resultclass=CountingResult).run(tests)
    return result.passed, len(result.failed), len(result.skipped)


def run_module(name):
    """Runs a module in its own process and returns its counts; a process that ends without counts has failed."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder: # for a separate history
        environment = {**os.environ, "JUPYTER_CSHARP_HISTORY": os.path.join(folder, "history.sqlite")}
        if name not in AS_INSTALLED and os.environ.get("TEST_ALL") != "true":
            environment.update(BRIEF)
        ended = subprocess.run([sys.executable, HERE, name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace", env=environment)
    counts = COUNTS.findall(ended.stdout)
    print(f"-- {name}, {time.monotonic() - started:.0f} s\n{ended.stdout}", flush=True)
    return tuple(map(int, counts[-1])) if counts else (0, 1, 0)


def run_all(without):
    """Runs every module but some."""
    files = sorted(glob.glob(os.path.join(HERE, "test_*.py")), key=os.path.getsize, reverse=True)
    modules = [name for file in files if (name := os.path.splitext(os.path.basename(file))[0]) not in without]
    with concurrent.futures.ThreadPoolExecutor(LANES) as lanes:
        counts = list(lanes.map(run_module, FIRST + [module for module in modules if module not in FIRST + ALONE]))
    counts += [run_module(module) for module in ALONE if module in modules]
    return tuple(map(sum, zip(*counts)))


def main():
    match sys.argv[1:]:
        case ["--without", names]:
            passed, failed, skipped = run_all(names.split(","))
        case []:
            passed, failed, skipped = run_all([])
        case names:
            passed, failed, skipped = run(names)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
