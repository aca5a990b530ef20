"""Tests cells that end their process: the worker is lost, the kernel survives."""
import os
import re
import tempfile
import time

import psutil

from kernels import KernelTestCase, gone_or_left, printed

LIBC = """
static class C
{
    [System.Runtime.InteropServices.DllImport("libc")] public static extern void abort();
    [System.Runtime.InteropServices.DllImport("libc")] public static extern nint strlen(nint text);
}
"""

# The cell, and the content of its error: any of the words of each entry.
CRASHES = {
    "Environment.Exit": ("Environment.Exit(3);", [("code 3",)]),
    "Environment.Exit with success": ("Environment.Exit(0);", [("code 0",)]),
    "FailFast": ('Environment.FailFast("no way on");', [("no way on",)]),
    "a stack overflow": ("int Down(int n) => Down(n + 1) + 1; Down(0)", [("Stack overflow",), ("Down",)]),
    "an exception on another thread": (
        'new Thread(() => throw new TimeoutException("elsewhere")).Start(); Thread.Sleep(-1);',
        [("TimeoutException",), ("elsewhere",)]),
    "an exception in an async void": (
        'async void Fail() { await Task.Yield(); throw new TimeoutException("adrift"); }'
        " await Task.Run(() => Fail()); await Task.Delay(-1);",
        [("TimeoutException",), ("adrift",)]),
    "kill -9 of itself": (
        "System.Diagnostics.Process.GetCurrentProcess().Kill(); Thread.Sleep(-1);", [("SIGKILL", "signal 9")]),
    "an abort in native code": (LIBC + "C.abort();", [("SIGABRT", "signal 6")]),
    "a segmentation fault in native code": (LIBC + "C.strlen(1);", [("SIGSEGV", "signal 11")]),
    "a write to memory that is not there": (
        "System.Runtime.InteropServices.Marshal.WriteByte((nint)0x7000_0000_0000, 1);",
        [("AccessViolation", "SIGSEGV", "SIGABRT", "signal 11")]),
}


# Code that a cell leaves running and that throws, once the file GO exists.
EXCEPTIONS = {
    "a thread": "new Thread(() => { while (!GO) Thread.Sleep(5); throw LATE; }).Start();",
    "an async void": "async void Fail() { while (!GO) await Task.Delay(5); throw LATE; } Fail();",
    "a timer": "var timer = new Timer(_ => { if (GO) throw LATE; }, null, 5, 5);",
    "a pool thread": "ThreadPool.QueueUserWorkItem(_ => { while (!GO) Thread.Sleep(5); throw LATE; });",
    "a pool thread without its context": "ThreadPool.UnsafeQueueUserWorkItem(_ => { while (!GO) Thread.Sleep(5); throw LATE; }, null);",
    "a finalizer": "class Final { ~Final() { if (GO) throw LATE; GC.ReRegisterForFinalize(this); } } void Make() { new Final(); } Make();",
}

# Code that ends the process from a thread that a cell left running, and whether the message names the cell.
ENDS = {
    "FailFast": ('Environment.FailFast("late");', True),
    "a stack overflow": ("Deep.Down(0);", True),
    "Environment.Exit": ("Environment.Exit(3);", False),
    "native code": ("Deep.strlen(1);", False),
    "SIGKILL": ("System.Diagnostics.Process.GetCurrentProcess().Kill();", False),
}
DEEP = """
static class Deep
{
    public static int Down(int n) => Down(n + 1) + 1;
    [System.Runtime.InteropServices.DllImport("libc")] public static extern nint strlen(nint text);
}
"""


class Crashes(KernelTestCase):
    def worker(self):
        return psutil.Process(int(self.run_cell("Environment.ProcessId").result))

    def assert_worker_replaced(self, worker):
        """Asserts that the old worker has ended, that a new one runs cells, and that no zombie is left."""
        self.assertEqual(gone_or_left([worker]), [])
        time.sleep(1)  # the kernel may learn of it later than this process does
        self.assert_alive()
        self.assertIn(self.worker(), self.kernel.family())
        for process in self.kernel.family():
            self.assertNotEqual(process.status(), psutil.STATUS_ZOMBIE)

    def crash_after_printing(self, code):
        """Runs a cell that prints, and crashes as soon as the output was seen."""
        with tempfile.TemporaryDirectory() as folder:
            seen = os.path.join(folder, "seen")
            cell = self.front_end.start(
                f'Console.WriteLine("started"); while (!File.Exists(@"{seen}")) Thread.Sleep(10); {code}')
            self.front_end.wait_for_output(cell, "started")
            open(seen, "w").close()
            return self.front_end.finish(cell)

    def test_every_kind_of_crash_ends_the_cell_with_its_cause(self):
        for name, (code, told) in CRASHES.items():
            with self.subTest(name):
                worker = self.worker()
                outcome = self.crash_after_printing(code)
                self.assertEqual(outcome.status, "error")
                self.assertEqual(outcome.error["ename"], "WorkerLost")
                words = outcome.error["evalue"] + "\n" + outcome.traceback
                for alternatives in told:
                    self.assertTrue(any(word in words for word in alternatives), f"{alternatives} in {words}")
                self.assert_worker_replaced(worker)

    def test_a_write_through_null_is_an_exception_of_the_cell(self):
        self.run_cell("var kept = 42;")
        outcome = self.run_failing_cell("System.Runtime.InteropServices.Marshal.WriteByte((nint)0, 1);")
        self.assertEqual(outcome.error["ename"], "AccessViolationException")
        self.assertEqual(self.run_cell("kept").result, "42")

    def test_a_worker_killed_from_outside_while_a_cell_runs(self):
        worker = self.worker()
        cell = self.front_end.start('Console.WriteLine("ready"); Thread.Sleep(-1);')
        self.front_end.wait_for_output(cell, "ready")
        worker.kill()
        outcome = self.front_end.finish(cell)
        self.assertEqual(outcome.error["ename"], "WorkerLost")
        self.assertRegex(outcome.error["evalue"] + outcome.traceback, "SIGKILL|signal 9")
        self.assert_worker_replaced(worker)

    def test_a_worker_killed_while_idle(self):
        worker = self.worker()
        worker.kill()
        self.assert_worker_replaced(worker)

    def test_all_workers_killed_at_once(self):
        self.worker()
        workers = self.kernel.process.children(recursive=True)
        for worker in workers:
            worker.kill()
        self.assertEqual(gone_or_left(workers), [])
        time.sleep(1)
        self.assert_alive()

    def test_the_queue_behind_a_crash_is_aborted(self):
        cell = self.front_end.start("Thread.Sleep(500); Environment.Exit(3);")
        queued = self.front_end.start("1")
        self.assertEqual(self.front_end.finish(cell).error["ename"], "WorkerLost")
        self.assertEqual(self.front_end.finish(queued).status, "aborted")
        self.assert_alive()

    def test_names_of_a_crashed_cell_do_not_exist(self):
        self.run_failing_cell("var gone = 1; Environment.Exit(3);")
        self.assertEqual(self.run_failing_cell("gone").error["ename"], "CompileError")

    def test_a_crash_by_a_thread_that_outlived_its_cell_is_survived(self):
        with tempfile.TemporaryDirectory() as folder:
            go, done = os.path.join(folder, "go"), os.path.join(folder, "done")
            worker = self.worker()
            # Once only: the cell was accepted, so it runs again in every replay.
            self.run_cell(f"""
                new Thread(() =>
                {{
                    while (!File.Exists(@"{go}")) Thread.Sleep(10);
                    if (File.Exists(@"{done}")) return;
                    File.WriteAllText(@"{done}", "");
                    Environment.Exit(5);
                }}) {{ IsBackground = true }}.Start();""")
            open(go, "w").close()
            self.assert_worker_replaced(worker)

    def test_ten_crashes_in_a_row_are_survived(self):
        for _ in range(10):
            self.assertEqual(self.run_failing_cell("Environment.Exit(3);").error["ename"], "WorkerLost")
        self.assert_alive()


class LateCrashes(KernelTestCase):
    """Tests accepted cells whose threads, tasks and timers end workers afterwards."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.go = os.path.join(folder.name, "go")

    def start_late(self, code):
        """Runs a cell that leaves something running, and returns its name."""
        outcome = self.run_cell(code.replace("GO", f'File.Exists(@"{self.go}")').replace("LATE", 'new TimeoutException("late")'))
        return f"Cell [{outcome.reply['execution_count']}]"

    def run_until_set_aside(self, code):
        """Runs a cell until another one was set aside and this one succeeds; returns the messages in between, and the result."""
        said, lost, outcome = "", 0, None
        while "The cell is set aside" not in said or outcome.status == "error":
            outcome = self.front_end.run(code)
            said += printed(outcome.messages, "stderr") + "\n" + (outcome.error["evalue"] if outcome.error else "") + "\n"
            if outcome.status == "error":
                self.assertEqual(outcome.error["ename"], "WorkerLost")
                self.assertIn("#!undo", outcome.traceback)
                lost += 1
                self.assertLessEqual(lost, 2, said)
        return said, outcome.result

    def test_an_exception_that_nothing_caught_ends_one_worker_and_names_its_cell(self):
        for number, (name, code) in enumerate(EXCEPTIONS.items()):
            with self.subTest(name):
                self.go += str(number)
                cell = self.start_late(f"var plain{number} = {number}; var reader{number} = new StringReader(\"a\"); {code}")
                self.run_cell("1")
                outcome = self.run_failing_cell(f'File.WriteAllText(@"{self.go}", ""); while (true) {{ GC.Collect(); Thread.Sleep(20); }}')
                self.assertEqual(outcome.error["ename"], "WorkerLost")
                for told in ("TimeoutException: late", cell, "#!undo"):
                    self.assertIn(told, outcome.error["evalue"])

                # The replay starts it again; now it ends only its thread, and is reported once.
                said = ""
                for _ in range(2):
                    outcome = self.run_cell(f"GC.Collect(); GC.WaitForPendingFinalizers(); Thread.Sleep(100); plain{number}")
                    self.assertEqual(outcome.result, str(number))
                    said += printed(outcome.messages, "stderr")
                self.assertEqual(said.count(f"{cell} started a thread, task or timer that threw TimeoutException: late"), 1, said)
                self.assertEqual(self.run_cell(f"reader{number}.Peek()").result, "97")

    def test_a_cell_that_ends_two_workers_by_what_it_left_running_is_set_aside(self):
        self.run_cell(DEEP)
        for number, (name, (code, names_cell)) in enumerate(ENDS.items()):
            with self.subTest(name):
                self.go += str(number)
                cell = self.start_late(
                    f"var kept{number} = new List<int> {{ {number} }}; var stream{number} = new StringReader(\"a\");"
                    f"new Thread(() => {{ while (!GO) Thread.Sleep(5); Thread.Sleep(600); {code} }}).Start();")
                self.run_cell(f"kept{number}.Add(1);")
                said, result = self.run_until_set_aside(f'File.WriteAllText(@"{self.go}", ""); Thread.Sleep(1200); kept{number}.Count')
                self.assertEqual(result, "2")
                self.assertEqual(said.count("The cell is set aside"), 1, said)
                self.assertIn(f"Without a value from now on: stream{number}", said)
                if names_cell:
                    self.assertIn(f"that {cell} left running", said)
                self.assertRegex(self.run_cell("#!history").result, rf"{re.escape(cell)} .* never ")
                self.assertEqual(self.run_failing_cell(f"stream{number}.Peek()").error["ename"], "StateLost")
        self.run_cell("#!recycle")
        self.assertEqual(self.run_cell("(kept0.Count, kept3.Count)").result, "(2, 2)")

    def test_setting_a_cell_aside_reports_the_unset_variables(self):
        self.start_late('var unset = new StringReader("a"); new Thread(() => { while (!GO) Thread.Sleep(5); Thread.Sleep(800); Environment.FailFast("idle"); }).Start();')
        for _ in range(2):
            worker = psutil.Process(int(self.run_cell("Environment.ProcessId").result))
            open(self.go, "w").close()
            self.assertEqual(gone_or_left([worker]), [])
            time.sleep(1)  # the kernel may learn of it later than this process does
        outcome = self.run_failing_cell("unset.Peek()")
        self.assertEqual((outcome.error["ename"], "The cell is set aside" in printed(outcome.messages, "stderr")), ("StateLost", True))

    def test_a_late_crash_while_idle_is_reported_with_its_cell(self):
        cell = self.start_late('new Thread(() => { while (!GO) Thread.Sleep(5); Thread.Sleep(600); Environment.FailFast("idle"); }).Start();')
        worker = psutil.Process(int(self.run_cell("Environment.ProcessId").result))
        open(self.go, "w").close()
        self.assertEqual(gone_or_left([worker]), [])
        time.sleep(1)  # the kernel may learn of it later than this process does
        said, result = self.run_until_set_aside("Thread.Sleep(1200); 6 * 7")
        self.assertEqual(result, "42")
        self.assertIn("while no cell was running", said)
        self.assertIn(f"that {cell} left running", said)


class KilledFromOutside(KernelTestCase):
    def test_workers_that_are_killed_from_outside_at_regular_times_set_no_cell_aside(self):
        self.run_cell('var reader = new StringReader("a"); await Task.Delay(1); Task.Run(() => { });')
        for _ in range(5):
            worker = psutil.Process(int(self.run_cell("Environment.ProcessId").result))
            time.sleep(0.5)
            worker.kill()
            self.assertEqual(gone_or_left([worker]), [])
            time.sleep(1)  # the kernel may learn of it later than this process does
        self.assertEqual(self.run_cell("reader.Peek()").result, "97")
