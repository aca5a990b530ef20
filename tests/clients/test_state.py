"""Tests that the session's state survives the end of a worker at any moment, or that the loss is reported."""
import os
import re
import tempfile
import time
from unittest import mock

import psutil

from kernels import DEADLINE, Kernel, KernelTestCase, gone_or_left, printed


class State(KernelTestCase):
    """Runs every test in its own kernel, since each inspects the whole history."""

    settings = {}

    def setUp(self):
        with mock.patch.dict(os.environ, self.settings):
            self.kernel = Kernel()
        self.addCleanup(self.kernel.close)
        self.front_end = self.kernel.front_end
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    @classmethod
    def setUpClass(cls):
        pass

    def path(self, name):
        return os.path.join(self.folder, name)

    def worker(self):
        return psutil.Process(int(self.run_cell("Environment.ProcessId").result))

    def kill_worker(self):
        worker = self.worker()
        worker.kill()
        worker.wait(DEADLINE)  # until the kernel, its parent, has seen its end

    def crash(self):
        return self.run_failing_cell("Environment.Exit(3);")

    def once(self, name, then):
        """A cell that declares a variable, and does something else when it is replayed."""
        return (
            f'var {name} = "{name}"; if (File.Exists(@"{self.path(name)}")) {{ {then} }}'
            f' File.WriteAllText(@"{self.path(name)}", "");')


class Replay(State):
    def test_variables_of_every_kind_survive_a_crash(self):
        self.run_cell("using System.Globalization; int count = 1; var list = new List<int> { 1, 2 };")
        self.run_cell("record Point(int X, int Y); var origin = new Point(1, 2); int Twice(int n) => 2 * n;")
        self.run_cell("count += 41; list.Add(3); var query = list.Select(x => new { Double = Twice(x) }).ToList();")
        self.run_failing_cell('var before = "kept"; throw new Exception("no more"); var after = "never";')
        self.run_cell("static class Held { public static int Value; } Held.Value = await Task.FromResult(7);")
        crash = self.crash()
        self.assertIn("The 5 accepted cells are being replayed", crash.traceback)
        self.assertEqual(
            self.run_cell('$"{count} {string.Join(",", list)} {origin} {query[2].Double} {before} {after ?? "null"} {Held.Value}"').result,
            "42 1,2,3 Point { X = 1, Y = 2 } 6 kept null 7")

    def test_outputs_are_not_shown_again_in_a_replay(self):
        self.run_cell('Console.WriteLine("once"); display("once"); var x = 1; x')
        self.crash()
        self.assertEqual(self.run_cell("x").outputs, [("execute_result", "1")])
        time.sleep(0.5)
        self.assertEqual(printed(self.front_end.published).count("once"), 1)

    def test_five_hundred_cells_come_back_in_their_order(self):
        self.run_cell("var digits = new List<int>();")
        for number in range(500):
            self.run_cell(f"digits.Add({number});")
        self.kill_worker()
        self.assertEqual(self.run_cell("digits.SequenceEqual(Enumerable.Range(0, 500))").result, "True")

    def test_a_spare_worker_takes_the_place_of_a_lost_one(self):
        worker = self.worker()
        end = time.monotonic() + DEADLINE
        while len(self.kernel.process.children()) < 2 and time.monotonic() < end:
            time.sleep(0.05)
        spare = [child.pid for child in self.kernel.process.children() if child.pid != worker.pid]
        self.assertEqual(len(spare), 1)
        self.crash()
        self.assertEqual(self.worker().pid, spare[0])

    def test_an_idle_kernel_ends_its_spare_worker(self):
        self.run_cell("#!settings spare-seconds 3")
        worker = self.worker().pid

        def wait_for_children(number: int):
            end = time.monotonic() + DEADLINE
            while len(self.kernel.process.children()) != number:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)

        wait_for_children(2)
        wait_for_children(1)
        self.assertEqual(self.worker().pid, worker)
        wait_for_children(2)

    def test_a_worker_lost_between_cells_is_reported(self):
        self.run_cell("var x = 1;")
        self.kill_worker()
        time.sleep(1)
        outputs = self.run_cell("x").outputs
        self.assertIn("The worker ended while no cell was running", dict(outputs)["stderr"])
        self.assertEqual(outputs[-1], ("execute_result", "1"))

    def test_a_cell_with_a_different_outcome_is_reported(self):
        self.run_cell("var first = 1;")
        self.run_cell(self.once("second", 'throw new TimeoutException("not again");'))
        self.run_cell("var third = 3;")
        self.kill_worker()
        outcome = self.run_cell("first + third")
        self.assertIn("Cell [2] threw TimeoutException: not again", dict(outcome.outputs)["stderr"])
        self.assertEqual(outcome.result, "4")

    def test_a_cell_that_ends_its_worker_when_executed_again_is_taken_out(self):
        self.run_cell("var first = 1;")
        self.run_cell(self.once("second", "Environment.Exit(9);"))
        self.run_cell("var third = 3;")
        self.kill_worker()
        outcome = self.run_cell("first + third")
        self.assertEqual(outcome.result, "4")
        notice = dict(outcome.outputs)["stderr"]
        self.assertIn("Cell [2] ended its worker", notice)
        self.assertIn("was removed from the history (no longer declared: second)", notice)
        self.assertIn("second", self.run_failing_cell("second.Length + first").error["evalue"])
        self.crash()
        self.assertEqual(self.run_cell("first + third").outputs, [("execute_result", "4")])
        self.run_cell('var second = "anew";')
        self.assertEqual(self.run_cell("second").result, "anew")

    def test_a_worker_killed_in_the_middle_of_a_replay_loses_nothing(self):
        for number in range(40):
            self.run_cell(f"var x{number} = {number}; Thread.Sleep(10);")
        self.crash()
        for _ in range(3):
            time.sleep(0.15)
            for worker in self.kernel.process.children():
                worker.kill()
        outcome = self.run_cell(" + ".join(f"x{number}" for number in range(40)))
        self.assertEqual(outcome.result, str(sum(range(40))), outcome.outputs)

    def test_a_cell_that_kills_itself_when_executed_again_is_taken_out_as_well(self):
        self.run_cell(self.once("first", "System.Diagnostics.Process.GetCurrentProcess().Kill(); Thread.Sleep(-1);"))
        self.run_cell("var second = 2;")
        self.kill_worker()
        self.assertEqual(self.run_cell("second").result, "2")

    def test_an_interrupted_replay_reports_the_missing_cells(self):
        self.run_cell("var first = 1;")
        self.run_cell(self.once("second", "Thread.Sleep(-1);"))
        self.run_cell("var third = 3; int Fourth() => 4;")
        self.kill_worker()
        waiting = self.front_end.start("1", allow_stdin=True)
        self.front_end.wait_for_published(lambda message: "Interrupt to stop the replay" in printed([message], "stderr"))
        self.front_end.send("interrupt_request", channel="control")
        outcome = self.front_end.finish(waiting)
        self.assertEqual(outcome.error["ename"], "Interrupted")
        self.assertIn("These cells were removed from the history: Cell [2], Cell [3], Cell [4] (no longer declared: second, third, Fourth)", dict(outcome.outputs)["stderr"])
        self.assertEqual(self.run_cell("first").result, "1")
        self.assertEqual(self.run_failing_cell("third").error["ename"], "CompileError")


class Directives(State):
    def test_recycle_replaces_the_worker_and_keeps_the_state(self):
        self.run_cell("var x = 1;")
        worker = self.worker()
        self.assertIn("2 accepted cells were replayed", self.run_cell("#!recycle").result)
        self.assertNotEqual(self.worker().pid, worker.pid)
        self.assertEqual(gone_or_left([worker]), [])
        self.assertEqual(self.run_cell("x").result, "1")

    def test_recycle_right_after_a_crash(self):
        self.run_cell("var x = 1; Thread.Sleep(300);")
        self.crash()
        self.run_cell("#!recycle")
        self.assertEqual(self.run_cell("x").result, "1")

    def test_undo_takes_the_last_cell_back(self):
        self.run_cell("var list = new List<int> { 1 };")
        self.run_cell("list.Add(2); var gone = 1;")
        self.assertIn("Cell [2] was undone; it declared gone", self.run_cell("#!undo").result)
        self.assertEqual(self.run_cell("list.Count").result, "1")
        self.assertEqual(self.run_failing_cell("gone").error["ename"], "CompileError")

    def test_undo_without_cells_is_reported(self):
        self.assertIn("no accepted cell", self.run_cell("#!undo").result)

    def test_settings_are_shown_and_set(self):
        self.assertIn("memory-threshold", self.run_cell("#!settings").result)
        self.assertIn("700 MB", self.run_cell("#!settings memory-threshold 700 MB").result)
        self.assertIn("Unknown setting", self.run_failing_cell("#!settings nonsense 1").error["evalue"])
        self.assertIn("not a valid value for", self.run_failing_cell("#!settings recycle-after soon").error["evalue"])

    def test_history_lists_the_accepted_cells(self):
        self.run_cell("var x = 1;")
        self.run_failing_cell("throw new Exception();")
        self.run_failing_cell("syntax error")
        outcome = self.run_cell("#!history")
        rows = [line.split() for line in outcome.result.splitlines()[2:]]
        self.assertEqual([row[:2] for row in rows], [["Cell", "[1]"], ["Cell", "[2]"]])
        self.assertIn("threw", rows[1])

    def test_memory_shows_worker_kernel_and_ceiling(self):
        self.run_cell("var big = new byte[50_000_000];")
        text = self.run_cell("#!memory").result
        for word in ("worker", "kernel", "MB", "OutOfMemoryException", "variable big"):
            self.assertIn(word, text)

    def test_usage_request_counts_worker_and_kernel(self):
        self.run_cell("var big = new byte[100_000_000]; Array.Fill(big, (byte)1);")
        usage = self.front_end.reply(self.front_end.send("usage_request", channel="control"), "control")["content"]
        self.assertGreater(usage["worker_memory"], 100_000_000)
        self.assertGreater(usage["kernel_memory"], usage["worker_memory"])
        self.assertGreaterEqual(usage["kernel_cpu"], 0)


class MemoryCeiling(State):
    settings = {"JUPYTER_CSHARP_MEMORY_CEILING": "300 MB"}

    def test_past_the_ceiling_a_cell_gets_an_exception_that_it_can_catch(self):
        self.run_cell("var kept = 42;")
        worker = self.worker()
        self.assertEqual(
            self.run_failing_cell("var hoard = new List<byte[]>(); while (true) hoard.Add(new byte[10_000_000]);").error["ename"],
            "OutOfMemoryException")
        self.assertEqual(
            self.run_cell("hoard = null; try { _ = new byte[400_000_000]; } catch (OutOfMemoryException) { kept++; } kept").result, "43")
        self.assertEqual(self.worker().pid, worker.pid)


class RestartIntensity(State):
    settings = {"JUPYTER_CSHARP_MAX_RESTARTS": "3"}

    def test_too_many_restarts_end_in_a_message_and_lose_nothing(self):
        self.run_cell("var kept = 42;")
        for _ in range(3):
            self.crash()
        self.crash()
        refused = self.run_failing_cell("kept")
        self.assertIn("no more are started", refused.error["evalue"])
        self.assertIn("1 accepted cell was replayed", self.run_cell("#!recycle").result)
        self.assertEqual(self.run_cell("kept").result, "42")


class Flow(KernelTestCase):
    """Tests that the execution context – cultures, AsyncLocal values, the current activity – flows through the notebook."""

    def set_up_flow(self):
        self.run_cell("""
            using System.Globalization;
            CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = CultureInfo.InvariantCulture;
            System.Diagnostics.Activity.Current = null;
            var local = new AsyncLocal<string>();
            string Flow() => $"{1.5} {CultureInfo.CurrentUICulture.Name} {local.Value} {System.Diagnostics.Activity.Current?.OperationName}";""")

    def flow(self):
        return self.run_cell("Flow()").result

    def interrupt(self, code):
        cell = self.front_end.start(f'{code} Console.WriteLine("ready"); await Task.Delay(-1);')
        self.front_end.wait_for_output(cell, "ready")
        self.front_end.interrupt()
        self.assertEqual(self.front_end.finish(cell).error["ename"], "Interrupted")

    def test_the_execution_context_flows_from_cell_to_cell(self):
        self.set_up_flow()
        self.run_cell('CultureInfo.CurrentCulture = new("de-DE"); CultureInfo.CurrentUICulture = new("fr-FR"); local.Value = "a";'
                      ' new System.Diagnostics.Activity("work").Start();')
        self.assertEqual(self.flow(), "1,5 fr-FR a work")
        self.run_cell('Thread.CurrentThread.CurrentCulture = new("en-US"); await Task.Yield(); local.Value = "b";')
        self.assertEqual(self.flow(), "1.5 fr-FR b work")
        self.run_cell('await Task.Delay(1).ConfigureAwait(false); Thread.CurrentThread.CurrentCulture = new("de-DE");')
        self.assertEqual(self.flow(), "1,5 fr-FR b work")
        self.run_failing_cell('local.Value = "c"; throw new Exception();')
        self.assertEqual(self.flow(), "1,5 fr-FR c work")
        self.run_failing_cell('await Task.Yield(); local.Value = "d"; throw new Exception();')
        self.assertEqual(self.flow(), "1,5 fr-FR d work")
        # Changes of another method or task to its own context end with it.
        self.run_cell('async Task Inner() { await Task.Yield(); local.Value = "inner"; } await Inner(); await Task.Run(() => local.Value = "task");')
        self.assertEqual(self.flow(), "1,5 fr-FR d work")
        self.run_cell('ExecutionContext.SuppressFlow(); local.Value = "e";')
        self.assertEqual(self.flow(), "1,5 fr-FR e work")
        self.run_cell("using (var inner = new System.Diagnostics.Activity(\"inner\").Start()) { } await Task.Yield();")
        self.assertEqual(self.flow(), "1,5 fr-FR e work")

    def test_the_execution_context_survives_interrupts_and_the_worker(self):
        self.set_up_flow()
        self.run_cell('await Task.Yield(); CultureInfo.CurrentCulture = new("de-DE"); local.Value = "a";')
        self.interrupt("")
        self.assertEqual(self.flow(), "1,5  a ")
        self.interrupt('local.Value = "b";')
        self.assertEqual(self.flow(), "1,5  b ")
        self.interrupt('await Task.Yield(); local.Value = "c";')
        self.assertEqual(self.flow(), "1,5  c ")
        self.run_failing_cell("Environment.Exit(3);")
        self.assertEqual(self.flow(), "1,5  a ", "interrupted cells are not replayed")
        self.run_cell("#!recycle")
        self.assertEqual(self.flow(), "1,5  a ")
        self.run_cell('CultureInfo.CurrentCulture = new("en-US");')
        self.assertEqual(self.flow(), "1.5  a ")
        self.run_cell("#!undo")
        self.run_cell("#!undo")
        self.assertEqual(self.flow(), "1,5  a ")

    def test_output_belongs_to_the_cell_that_writes_it_whatever_flows(self):
        self.run_cell("await Task.Yield(); var local = new AsyncLocal<int>(); local.Value = 1;")
        self.assertEqual(self.run_cell('await Task.Yield(); Console.WriteLine("one"); new Thread(() => Console.WriteLine("two")).Start(); Thread.Sleep(100);').stdout, "one\ntwo\n")
        self.run_cell("var never = Progress(Enumerable.Range(0, 3)).GetEnumerator(); never.MoveNext();")
        self.assertIn("update_display_data", [name for name, _ in self.run_cell("foreach (var item in Progress(Enumerable.Range(0, 3))) Thread.Sleep(1);").outputs])

    def test_a_culture_changes_no_markup(self):
        code = """
            display(new[] { (A: -1.5, B: -1234567), (A: 0.25, B: 3) });
            display(new { X = -1.5, When = new DateTime(2026, 1, 2) });
            display(Plot.Line(new[] { -1.5, 2.25, 1e-7 }));
            display(JSON("[-1.5, -3]"));
            display(-1.5); display(-2.25m); display(-3);
            """
        self.set_up_flow()
        plain = [message["content"]["data"] for message in self.run_cell(code).messages if message["msg_type"] == "display_data"]
        self.assertEqual(len(plain), 7)
        for culture in ("de-DE", "sv-SE", "fa-IR", "ar-SA"):
            with self.subTest(culture):
                self.run_cell(f'await Task.Yield(); CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = new("{culture}");')
                shown = [message["content"]["data"] for message in self.run_cell(code).messages if message["msg_type"] == "display_data"]
                for before, after in zip(plain, shown):
                    self.assertEqual(without_ids(before), without_ids(after))


def without_ids(data):
    return {kind: re.sub(r"[0-9a-f]{16,}[-0-9a-z]*", "id", str(text)) for kind, text in data.items()}
