"""Tests random sessions whose workers are ended in every way at random moments: afterwards exactly the accepted state exists.

Each session runs twice: in a kernel that is disturbed, and cell by accepted cell in one that is not. Whenever they are
compared, every variable must have the same value in both.

    /usr/bin/python3 tests/clients/test_chaos.py --seed N         runs the session with that seed, and shows it
    /usr/bin/python3 tests/clients/test_chaos.py --seed N --sessions 1000

CHAOS_SEED and CHAOS_SESSIONS set both for the test. CHAOS_FROZEN, between 0 and 1, is the proportion of interrupted cells whose
worker is stopped, so that only its end interrupts them.
"""
import argparse
import collections
import concurrent.futures
import os
import queue
import re
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock

import nbformat
import psutil
from nbformat.v4 import new_code_cell, new_notebook

import chaos
from chaos import COMPILE_ERROR, INTERRUPTED, READY, RETURNED, RETURNED_OR_INTERRUPTED, RETURNED_OR_LOST, THREW, WORKER_LOST
from kernels import DEADLINE, Kernel, gone_or_left, is_for, printed, without_colours
from notebooks import execute

SETTINGS = {
    "JUPYTER_CSHARP_MAX_RESTARTS": "100000",
    "JUPYTER_CSHARP_MEMORY_CEILING": "300 MB",
    "JUPYTER_CSHARP_HISTORY": "off",
    # Hundreds of kernels run for seconds, and optimizing their code often takes a third of that time.
    "DOTNET_TC_CallCounting": "0",
}
SESSIONS = int(os.environ.get("CHAOS_SESSIONS") or (200 if os.environ.get("TEST_ALL") == "true" else 60))
SEED = int(os.environ.get("CHAOS_SEED") or int(os.environ.get("TEST_SEED", 0)) * SESSIONS + 1)
LANES = 2
SESSIONS_OF_A_REFERENCE = 20
MOST_FAILURES = 5

# A worker that was killed from outside is found to be dead only by the next cell, which is run again.
MOST_ATTEMPTS = 6

ALLOWED_ENDS = {RETURNED_OR_LOST: (RETURNED, WORKER_LOST), RETURNED_OR_INTERRUPTED: (RETURNED, INTERRUPTED)}


READY_OUTPUT = re.compile(r"ready (\d+)\n")

# The names of compiled types, such as that of an async method's task, have it; it counts the cells of a kernel.
NUMBER_OF_SUBMISSION = re.compile(r"Submission_\d+")


class Difference(Exception):
    """A difference between the actual and the expected result of a session."""


def start_kernel():
    """Starts a kernel, with retries, because a worker may have taken a free port before the kernel binds it."""
    for attempt in range(3):
        try:
            return Kernel()
        except TimeoutError:
            if attempt == 2:
                raise


def end_of(outcome):
    """The outcome of a cell."""
    if outcome.status == "ok":
        return RETURNED
    name = outcome.reply.get("ename", outcome.status)
    return name if name in (COMPILE_ERROR, WORKER_LOST, INTERRUPTED) else THREW


def seen(outcome, prefix=""):
    """The outputs of a cell, without the kernel's messages about workers."""
    shown = [("stdout", outcome.stdout)] + [pair for pair in outcome.outputs if pair[0] not in ("stdout", "stderr")]
    error = [(outcome.error["ename"], outcome.error["evalue"])] if outcome.error else []
    return [tuple(text.replace(prefix, "") if prefix else text for text in pair) for pair in shown + error]


def probe(cells):
    """The expression that shows every variable that the accepted cells declared."""
    shows = {}
    for cell in cells:
        shows.update(cell.shows)
    lines = [f'"{name} = " + §Probe.Show({expression})' for name, expression in shows.items() if expression]
    return 'string.Join("\\n", new string[] { ' + ",\n".join(lines) + " })"


def evaluate(front_end, expression):
    """The text of an expression that leaves nothing in the session, so that a replay does not include it; and its error."""
    value = front_end.run("", user_expressions={"value": expression}).reply["user_expressions"]["value"]
    if value["status"] == "ok":
        return NUMBER_OF_SUBMISSION.sub("Submission", value["data"]["text/plain"]), None
    return None, (value["ename"], without_colours("\n".join(value["traceback"])))


def names_of(cells):
    """The names that the cells declared."""
    return {name for cell in cells for name in cell.shows}


class DisturbedSession:
    """Runs the steps of a session in its own kernel, and keeps the accepted cells and their outputs."""

    def __init__(self, kernel, steps):
        self.kernel = kernel
        self.front_end = kernel.front_end
        self.steps = steps
        self.accepted = []
        self.events = []  # the code for the undisturbed kernel, and its expected outputs
        self.killed = False
        self.counts = collections.Counter()
        self.outputs = {}  # the number of entries of each accepted cell, by its request

    def run(self):
        for self.position, step in enumerate(self.steps):
            getattr(self, step.kind)(step)
            if step.disturbance:
                self.counts[step.disturbance] += 1
        self.check_outputs()

    # Steps

    def cell(self, step):
        self.counts["cells"] += 1
        request = self.front_end.start(step.code.replace("§", ""))
        worker = self.worker_of(request) if step.ends == INTERRUPTED or step.kills and step.ends == WORKER_LOST else None
        if step.freeze and worker:
            worker.suspend()
        if step.interrupt_after:
            time.sleep(step.interrupt_after)
        if step.interrupt_after or step.ends == INTERRUPTED and worker:
            self.front_end.interrupt()
        self.kill_each(step.kills, worker)
        outcome = self.front_end.finish(request)
        end = end_of(outcome)
        if end == WORKER_LOST and self.killed and step.ends in (RETURNED, THREW, COMPILE_ERROR):
            request, outcome = self.finish_surely(step.code)
            end = end_of(outcome)
        if end == WORKER_LOST and self.killed and step.ends == INTERRUPTED:
            end = INTERRUPTED  # this did not happen
        if end not in ALLOWED_ENDS.get(step.ends, (step.ends,)):
            raise Difference(f"the cell should have ended as {step.ends} and ended as {end}:\n{outcome.traceback}\n{outcome.outputs}")
        if end in (RETURNED, THREW):
            if not step.kills:
                self.killed = False
            self.accepted.append(step)
            self.outputs[request] = self.outputs_of(request)
            self.events.append(("cell", step, seen(outcome)))
        self.check_gone(step)

    def worker_of(self, request):
        """The process that runs the cell, once it does; None if the cell ended, because its worker may have been killed before."""
        ready = self.front_end.wait_for_published(lambda message: is_for(message, request) and (
            READY_OUTPUT.search(printed([message])) or message["content"].get("execution_state") == "idle"))
        told = READY_OUTPUT.search(printed([ready]))
        return psutil.Process(int(told[1])) if told else None

    def probe(self, _):
        self.counts["probes"] += 1
        expression = probe(self.accepted)
        for _ in range(MOST_ATTEMPTS):
            shown, problem = evaluate(self.front_end, expression.replace("§", ""))
            if not (problem and problem[0] == WORKER_LOST and self.killed):
                break
            self.counts["cells sent to a dead worker"] += 1
        if problem:
            raise Difference(f"the variables cannot be shown:\n{problem[1]}")
        self.killed = False
        self.events.append(("probe", expression, shown))

    def undo(self, step):
        undone = self.accepted.pop()
        self.directive("#!undo", step)
        self.events.append(("undo", None, None))
        self.check_gone(undone)

    def recycle(self, step):
        self.directive("#!recycle", step)

    def directive(self, code, step):
        request = self.front_end.start(code)
        self.kill_each(step.kills)
        outcome = self.front_end.finish(request)
        if outcome.status != "ok":
            raise Difference(f"{code} failed:\n{outcome.traceback}")
        self.killed = bool(step.kills)

    def kill(self, step):
        """Kills workers; all but the first time while the kernel continues with the next cell."""
        self.kill_each(step.kills[:1])
        if len(step.kills) == 1:
            return
        request = self.front_end.start("", user_expressions={"value": "1 + 1"})
        self.kill_each(step.kills[1:])
        value = self.front_end.finish(request).reply["user_expressions"]["value"]
        if value["status"] != "ok" and value["ename"] != WORKER_LOST:
            raise Difference(f"1 + 1 failed:\n{value}")

    # Kills

    def kill_each(self, kills, worker=None):
        for moment, whom in kills:
            before = {process.pid for process in self.workers()}
            if moment == "start":
                end = time.monotonic() + 1
                while {process.pid for process in self.workers()} <= before and time.monotonic() < end:
                    time.sleep(0.005)
            else:
                time.sleep(moment)
            workers = self.workers()
            if whom == "one" and worker:
                workers = [worker]
            elif whom == "one":
                workers = workers[self.position % max(1, len(workers)):][:1]
            for process in workers:
                try:
                    process.kill()
                except psutil.NoSuchProcess:
                    continue
            gone_or_left(workers)
            self.killed = True

    def workers(self):
        return sorted(self.kernel.process.children(), key=lambda process: process.pid)

    def finish_surely(self, code):
        """Runs a cell once more if its worker was already dead."""
        for _ in range(MOST_ATTEMPTS):
            self.counts["cells sent to a dead worker"] += 1
            request = self.front_end.start(code.replace("§", ""))
            outcome = self.front_end.finish(request)
            if end_of(outcome) != WORKER_LOST:
                break
        return request, outcome

    # Checks

    def check_gone(self, step):
        """Checks that the declarations of a cell that was not accepted do not exist, unless they existed before."""
        names = sorted(set(step.shows) - names_of(self.accepted))[:8]
        if names:
            outcome = self.front_end.run(" + ".join(f"nameof({name})" for name in names))
            exist = [name for name in names if f"The name '{name}' does not exist" not in (outcome.traceback or "")]
            if end_of(outcome) != COMPILE_ERROR or exist:
                raise Difference(f"{exist} exist although their cell was not accepted: {outcome.outputs}\n{outcome.traceback}")

    def check_outputs(self):
        """Checks that a replay shows nothing."""
        for request, number in self.outputs.items():
            if self.outputs_of(request) != number:
                raise Difference(f"shown again: {[m for m in self.front_end.published if is_for(m, request)]}")

    def outputs_of(self, request):
        return sum(is_for(message, request) and message["msg_type"] != "status" for message in self.front_end.published)


class Reference:
    """An undisturbed kernel, for several sessions one after the other."""

    def __init__(self):
        self.kernel = None
        self.sessions = 0
        self.timelines = 0

    def close(self):
        if self.kernel:
            self.kernel.close()
            self.kernel = None

    def compare(self, events):
        """Runs the accepted cells, and raises Difference if their results differ."""
        if self.kernel and self.sessions % SESSIONS_OF_A_REFERENCE == 0:
            self.close()
        if not self.kernel:
            self.kernel = start_kernel()
        self.sessions += 1
        self.begin()
        accepted = []
        for what, thing, shown in events:
            if what == "probe":
                value, problem = evaluate(self.kernel.front_end, thing.replace("§", self.prefix))
                if problem:
                    raise Difference(f"undisturbed, the variables cannot be shown:\n{problem[1]}")
                self.compare_variables(value.replace(self.prefix, ""), shown)
            elif what == "cell":
                accepted.append(thing.code)
                outcome = self.run(thing.code)
                if seen(outcome, self.prefix) != shown:
                    raise Difference(f"undisturbed, a cell shows something else:\n{thing.code}\n"
                                     f"-- undisturbed\n{seen(outcome, self.prefix)}\n-- disturbed\n{shown}")
            else:
                # Without the undone cell: the others once more, under other names.
                accepted.pop()
                self.begin()
                for code in accepted:
                    self.run(code)

    def begin(self):
        self.timelines += 1
        self.prefix = f"q{self.timelines:06}_"

    def run(self, code):
        outcome = self.kernel.front_end.run(code.replace("§", self.prefix))
        if end_of(outcome) not in (RETURNED, THREW):
            raise Difference(f"undisturbed, a cell ended as {end_of(outcome)}:\n{code}\n{outcome.traceback}")
        return outcome

    @staticmethod
    def compare_variables(undisturbed, disturbed):
        if undisturbed == disturbed:
            return
        lines = [undisturbed.split("\n"), disturbed.split("\n")]
        differing = [f"undisturbed: {old}\n  disturbed: {new}" for old, new in zip(*lines) if old != new]
        raise Difference("\n".join(differing + [f"{len(lines[0])} and {len(lines[1])} lines"]))


class Lane(threading.Thread):
    """Runs sessions, one after the other; meanwhile the next one's kernel starts and the last one's ends."""

    def __init__(self, seeds, report):
        super().__init__(daemon=True)
        self.seeds = seeds
        self.report = report
        self.reference = Reference()

    def run(self):
        with concurrent.futures.ThreadPoolExecutor() as aside:
            seed, kernel = self.next(aside)
            while seed is not None:
                following, starting = self.next(aside)
                try:
                    self.run_session(seed, kernel.result())
                except Exception as failure:
                    self.report.fail(f"session {seed}: {type(failure).__name__}: {failure}")
                aside.submit(self.end, seed, kernel)
                seed, kernel = following, starting
            self.reference.close()

    def next(self, aside):
        try:
            if len(self.report.failures) < MOST_FAILURES:
                return self.seeds.get_nowait(), aside.submit(start_kernel)
        except queue.Empty:
            pass
        return None, None

    def run_session(self, seed, kernel):
        session = DisturbedSession(kernel, chaos.session(seed))
        try:
            session.run()
            self.reference.compare(session.events)
        except (Difference, TimeoutError, AssertionError, psutil.Error) as failure:
            self.report.differ(seed, session, failure)
        finally:
            self.report.count(session)

    def end(self, seed, kernel):
        try:
            kernel.result().close()
        except Exception as failure:
            self.report.fail(f"session {seed}, at its end: {type(failure).__name__}: {failure}")


class Report:
    """The results of the lanes."""

    def __init__(self, tell=lambda failure: None):
        self.lock = threading.Lock()
        self.counts = collections.Counter()
        self.failures = []
        self.tell = tell

    def count(self, session):
        with self.lock:
            self.counts["sessions"] += 1
            self.counts.update(session.counts)

    def differ(self, seed, session, failure):
        steps = [f"[{number}] {step}" if number else "[0] the class Probe" for number, step in enumerate(session.steps)]
        told = "\n".join([f"session {seed}, at step [{session.position}]:", f"{type(failure).__name__}: {failure}", "The steps:", *steps,
                          f"Again: /usr/bin/python3 tests/clients/test_chaos.py --seed {seed}"])
        self.fail(told)

    def fail(self, told):
        with self.lock:
            self.failures.append(told)
            self.tell(told)

    def __str__(self):
        others = ("sessions", "cells", "probes", "cells sent to a dead worker")
        kinds = {kind: number for kind, number in sorted(self.counts.items()) if kind not in others}
        return (f"chaos: {self.counts['sessions']} sessions, {self.counts['cells']} cells, {self.counts['probes']} probes, "
                f"{sum(kinds.values())} disturbances ({', '.join(f'{kind} {number}' for kind, number in kinds.items())}), "
                f"{self.counts['cells sent to a dead worker']} cells sent again, {len(self.failures)} differences")


def run_sessions(seeds, tell=lambda failure: None):
    """Runs the sessions with these seeds in parallel lanes."""
    waiting = queue.Queue()
    for seed in seeds:
        waiting.put(seed)
    report = Report(tell)
    with mock.patch.dict(os.environ, SETTINGS):
        lanes = [Lane(waiting, report) for _ in range(min(LANES, len(seeds)))]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
    return report


class Chaos(unittest.TestCase):
    def test_sessions_survive_every_end_of_their_workers(self):
        report = run_sessions(range(SEED, SEED + SESSIONS))
        print(report)
        self.assertFalse(report.failures, "\n\n".join(report.failures))
        self.assertEqual(report.counts["sessions"], SESSIONS)


class Notebook(unittest.TestCase):
    """A notebook with cells that end their worker, through nbconvert."""

    CRASHES = {
        "Environment.FailFast(\"no way on\");": "no way on",
        "int Down(int n) => Down(n + 1) + 1; Down(0)": "Stack overflow",
        "var total = -1; numbers.Clear(); Environment.Exit(3);": "code 3",
        "numbers.Add(99); System.Diagnostics.Process.GetCurrentProcess().Kill(); Thread.Sleep(-1);": "SIGKILL",
        'static class C { [System.Runtime.InteropServices.DllImport("libc")] public static extern void abort(); } C.abort();': "SIGABRT",
        'new Thread(() => throw new TimeoutException("elsewhere")).Start(); Thread.Sleep(-1);': "TimeoutException",
    }

    def test_a_notebook_whose_cells_crash_ends_with_the_right_outputs(self):
        cells = [new_code_cell("var numbers = new List<int> { 1 }; record Point(int X, int Y); var origin = new Point(1, 2);"),
                 new_code_cell('var total = 0; Action<int> add = n => { numbers.Add(n); total += n; }; "shown once".Display();')]
        for number, crash in enumerate(self.CRASHES, start=2):
            cells.append(new_code_cell(crash, metadata={"tags": ["raises-exception"]}))
            cells.append(new_code_cell(
                f'add({number}); Console.WriteLine("added {number}");'
                f' $"{{string.Join(",", numbers)}} {{total}} {{origin with {{ Y = {number} }}}}"'))
        cells.append(new_code_cell('throw new Exception("by itself");', metadata={"tags": ["raises-exception"]}))
        cells.append(new_code_cell("#!undo"))
        cells.append(new_code_cell("(numbers.Count, total)"))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "crashes.ipynb")
            nbformat.write(new_notebook(cells=cells), path)
            executed = execute(path).cells

        self.assertEqual([output.data["text/plain"] for output in executed[1].outputs], ["shown once"])
        numbers, total = [1], 0
        for number, (crash, cause) in enumerate(self.CRASHES.items(), start=2):
            with self.subTest(crash):
                crashed, after = executed[2 * number - 2:2 * number]
                self.assertEqual([output.output_type for output in crashed.outputs], ["error"])
                self.assertEqual(crashed.outputs[0].ename, "WorkerLost")
                self.assertIn(cause, "\n".join([crashed.outputs[0].evalue, *crashed.outputs[0].traceback]))
                numbers.append(number)
                total += number
                added, result = after.outputs
                self.assertEqual((added.name, added.text), ("stdout", f"added {number}\n"))
                self.assertEqual(result.data["text/plain"], f"{','.join(map(str, numbers))} {total} Point {{ X = 1, Y = {number} }}")
        self.assertEqual(executed[-3].outputs[0].ename, "Exception")
        self.assertEqual(executed[-1].outputs[0].data["text/plain"], str((len(numbers), total)))


class Found(unittest.TestCase):
    """Differences that random sessions have found, and cases that they do not cover."""

    def setUp(self):
        self.kernel = start_kernel()
        self.addCleanup(self.kernel.close)
        self.front_end = self.kernel.front_end

    def result(self, code):
        outcome = self.front_end.run(code)
        self.assertEqual(outcome.status, "ok", outcome.traceback)
        return outcome.result

    def crash(self):
        self.assertEqual(end_of(self.front_end.run("Environment.Exit(3);")), WORKER_LOST)

    def wait_for_spare(self):
        """Waits longer than until the spare's process exists, since it takes time to be ready."""
        end = time.monotonic() + DEADLINE
        while len(self.kernel.process.children()) < 2 and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(3)

    def interrupt(self, code, shown="ready"):
        request = self.front_end.start(READY + code)
        self.front_end.wait_for_output(request, shown)
        self.front_end.interrupt()
        self.assertEqual(end_of(self.front_end.finish(request)), INTERRUPTED)

    def test_a_display_from_before_a_crash_can_be_updated_after_it(self):
        shown = self.front_end.run('var handle = "before".Display();').messages
        self.crash()
        updated = self.front_end.run('handle.Update("after");').messages
        self.assertEqual(*[next(m["content"]["transient"]["display_id"] for m in messages if m["msg_type"] == kind)
                           for messages, kind in ((shown, "display_data"), (updated, "update_display_data"))])

    def test_continuations_in_the_background_run_before_the_next_cell_in_a_replay_too(self):
        """Although a replay sends cells ahead."""
        self.result("var source = new TaskCompletionSource<int>(); var got = 0; Thread.Sleep(500);")
        self.result("async Task Wait() { got = await source.Task; } var waiting = Wait();")
        self.result("source.SetResult(5);")
        self.result("var doubled = got * 2;")
        before = self.result("doubled")
        self.crash()
        self.assertEqual(self.result("doubled"), before)

    def test_an_interrupt_that_ends_the_worker_loses_nothing_that_was_accepted(self):
        """Although a spare is ready, and its replay begins at once."""
        self.result("var kept = 42;")
        self.wait_for_spare()
        self.interrupt("new System.IO.Pipes.AnonymousPipeServerStream(System.IO.Pipes.PipeDirection.In).ReadByte();")
        self.assertEqual(self.result("kept"), "42")

    def test_changes_of_an_interrupted_cell_survive_a_crash(self):
        self.result("var x = 1;")
        self.interrupt('x = 2; Console.Write("changed"); while (true) { }', shown="changed")
        before = self.result("x")
        self.crash()
        self.assertEqual(self.result("x"), before)

    def test_a_result_that_has_side_effects_when_it_is_shown_has_them_in_a_replay(self):
        self.result("var looked = 0;")
        self.result("Enumerable.Range(0, 3).Select(n => looked++)")
        before = self.result("looked")
        self.crash()
        self.assertEqual(self.result("looked"), before)

    def test_a_replay_reuses_the_users_input(self):
        request = self.front_end.start("var name = Console.ReadLine();", allow_stdin=True)
        self.assertTrue(self.front_end.stdin.poll(DEADLINE * 1000))
        _, question = self.front_end.session.recv(self.front_end.stdin)
        self.front_end.session.send(self.front_end.stdin, "input_reply", {"value": "Ada"}, parent=question)
        self.assertEqual(self.front_end.finish(request).status, "ok")
        self.assertEqual(self.result("name"), "Ada")
        self.crash()
        self.assertEqual(self.result("name"), "Ada")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--sessions", type=int, default=1)
    options = parser.parse_args()
    if options.sessions == 1:
        print(*chaos.session(options.seed), sep="\n")
    began = time.monotonic()
    report = run_sessions(range(options.seed, options.seed + options.sessions), lambda failure: print(failure, end="\n\n", flush=True))
    print(report, f"{time.monotonic() - began:.0f} s", sep="\n\n")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
