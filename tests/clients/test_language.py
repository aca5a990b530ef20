"""The language, feature by feature: what compiles in a C# program or script compiles in a cell, and means the same.

The cases are in language/*.txt. A case is a title line "=== title", its cells with lines "%%" between them, a line "---"
and all that the cells show. They are independent of each other: each may run in any order, and again, in one session.
A case whose title ends in [once] is not run a second time in one session: it imports a type's members by using static, and the
type is then there twice.
LANGUAGE_SEED gives another order and sample; LANGUAGE_ALONE=all runs every case in a kernel of its own; LANGUAGE_ONLY
leaves only the cases whose theme or title has this text in it.
"""
import dataclasses
import glob
import os
import random
import re
import unittest

from kernels import Kernel, KernelTestCase

HERE = os.path.dirname(os.path.abspath(__file__))
EVERYTHING = os.environ.get("TEST_ALL") == "true"
SEED = int(os.environ.get("LANGUAGE_SEED") or os.environ.get("TEST_SEED") or 14)
SAMPLE = 25
RECYCLED_IN_ONE_KERNEL = 10


@dataclasses.dataclass(frozen=True)
class Case:
    theme: str
    title: str
    cells: tuple
    expected: str

    def __str__(self):
        return f"{self.theme}: {self.title}"

    @property
    def code(self):
        return "\n%%\n".join(self.cells)


def read_cases():
    """Reads every case of every file, in order."""
    cases = []
    for path in sorted(glob.glob(os.path.join(HERE, "language", "*.txt"))):
        theme = os.path.splitext(os.path.basename(path))[0]
        with open(path, encoding="utf-8") as file:
            before, *texts = re.split(r"^=== ", file.read(), flags=re.MULTILINE)
        if before.strip():
            raise ValueError(f"{path}: text before the first case")
        cases.extend(parse(theme, text) for text in texts)
    return cases


def parse(theme, text):
    title, _, rest = text.partition("\n")
    parts = re.split(r"^---\n", rest, maxsplit=1, flags=re.MULTILINE)
    if len(parts) != 2:
        raise ValueError(f"{theme}: {title}: no line ---")
    cells = re.split(r"^%%\n", parts[0], flags=re.MULTILINE)
    return Case(theme, title.strip(), tuple(cell.rstrip("\n") for cell in cells), parts[1].rstrip("\n"))


def run_case(front_end, case, between=()):
    """Runs the cells of a case, and other cells between them, and returns the outputs of the case's own cells."""
    shown = []
    for index, cell in enumerate(case.cells):
        for other in between if index else ():
            outcome = front_end.run(other)
            if outcome.status != "ok":
                return f"{other} failed: {outcome.traceback}"
        shown.extend(texts(front_end.run(cell)))
    return "\n".join(text.rstrip("\n") for text in shown).rstrip("\n")


def texts(outcome):
    """The outputs of a cell, piece by piece, with an error as one line."""
    for name, text in outcome.outputs:
        if name == "stderr" and "recompiled" in text:
            continue  # the kernel reports that it has rebuilt the session
        if name != "error":
            yield text
        elif text == "CompileError":
            codes = dict.fromkeys(re.findall(r"error (CS\d+)", outcome.traceback))
            yield "error " + ", ".join(codes)
        else:
            yield f"exception {text}: {outcome.error['evalue']}"


CASES = [case for case in read_cases() if os.environ.get("LANGUAGE_ONLY", "") in str(case)]


class Corpus(KernelTestCase):
    """The ways to run the cases."""

    @classmethod
    def setUpClass(cls):
        """Starts no kernel, because each test starts its own."""

    def check(self, case, front_end, between=()):
        with self.subTest(str(case)):
            got = run_case(front_end, case, between)
            if got != case.expected:
                self.fail(f"{case}\n{case.code}\n--- expected\n{case.expected}\n--- got\n{got}\n---")

    def test_the_cases_are_well_formed(self):
        cases = read_cases()
        self.assertGreater(len(cases), 500)
        self.assertEqual(len({str(case) for case in cases}), len(cases), "titles are unique within a file")
        self.assertEqual([str(case) for case in cases if not all(cell.strip() for cell in case.cells)], [])

    def test_in_one_session_in_random_order(self):
        cases = list(CASES)
        random.Random(SEED).shuffle(cases)
        with Kernel() as kernel:
            for case in cases:
                self.check(case, kernel.front_end)

    @unittest.skipUnless(EVERYTHING, "needs --all")
    def test_alone(self):
        cases = CASES
        if os.environ.get("LANGUAGE_ALONE") != "all":
            cases = random.Random(SEED).sample(cases, min(SAMPLE, len(cases)))
        for case in cases:
            with Kernel() as kernel:
                self.check(case, kernel.front_end)

    @unittest.skipUnless(EVERYTHING, "needs --all")
    def test_in_one_session_in_order(self):
        with Kernel() as kernel:
            for case in CASES:
                self.check(case, kernel.front_end)

    @unittest.skipUnless(EVERYTHING, "needs --all")
    def test_in_one_session_twice_in_random_order(self):
        cases = [case for case in CASES if not case.title.endswith(" [once]")] * 2
        random.Random(SEED).shuffle(cases)
        with Kernel() as kernel:
            for case in cases:
                self.check(case, kernel.front_end)

    @unittest.skipUnless(EVERYTHING, "needs --all")
    def test_with_a_recycled_worker_between_the_cells(self):
        """Each recycle also replays the cells of the cases before, so a kernel gets only some of them."""
        cases = [case for case in CASES if len(case.cells) > 1]
        for start in range(0, len(cases), RECYCLED_IN_ONE_KERNEL):
            with Kernel() as kernel:
                for case in cases[start:start + RECYCLED_IN_ONE_KERNEL]:
                    self.check(case, kernel.front_end, between=["#!recycle"])
