"""Tests progress bars of cells."""
import os
import tempfile
import time

import nbformat

import test_console
from kernels import KernelTestCase
from notebooks import execute

SHOWN = ("display_data", "update_display_data")


def drawn(outcome):
    """The bars' states, as triples of a message type, a display id and a text."""
    return [(m["msg_type"], m["content"]["transient"]["display_id"], m["content"]["data"]["text/plain"])
            for m in outcome.messages if m["msg_type"] in SHOWN]


class Progress(KernelTestCase):
    def test_a_loop_shows_one_bar_and_its_last_state(self):
        outcome = self.run_cell('var sum = 0; foreach (var n in Progress(new[] { 1, 2, 3 }, "Adding")) sum += n; sum')
        states = drawn(outcome)
        self.assertEqual(outcome.result, "6")
        self.assertEqual([kind for kind, _, _ in states[1:]], ["update_display_data"] * (len(states) - 1))
        self.assertEqual((states[0][0], states[0][2]), ("display_data", "Adding (3) …"))
        self.assertEqual(len({display_id for _, display_id, _ in states}), 1)
        self.assertIn("100%", states[-1][2])
        self.assertIn("3/3", states[-1][2])

    def test_updates_of_a_bar_are_rate_limited(self):
        began = time.monotonic()
        outcome = self.run_cell("""
            var end = DateTime.UtcNow.AddSeconds(1.5);
            IEnumerable<int> Numbers() { for (var i = 0; DateTime.UtcNow < end; i++) yield return i; }
            long last = 0;
            foreach (var n in Progress(Numbers(), "outer")) foreach (var m in Progress(new[] { 1, 2 }, "inner")) last = n;
            last""")
        seconds = time.monotonic() - began
        self.assertGreater(len(drawn(outcome)), 2)
        self.assertLess(len(drawn(outcome)), 2 + 12 * seconds)
        self.assertIn(f"outer {int(outcome.result) + 1:,} [", drawn(outcome)[-1][2])

    def test_loops_within_a_loop_do_not_pile_up(self):
        outcome = self.run_cell("""
            foreach (var i in Progress(Enumerable.Range(0, 1000), "outer"))
                foreach (var j in Progress(Enumerable.Range(0, 10), $"inner {i}")) if (i % 100 == 0) Thread.Sleep(5);""")
        states = drawn(outcome)
        self.assertEqual(len([kind for kind, _, _ in states if kind == "display_data"]), 1)
        self.assertTrue(any("\n  inner" in text for _, _, text in states), states)
        self.assertRegex(states[-1][2], r"^outer 100% .*1,000/1,000 \[[^\n]*\]$")

    def test_a_loop_that_is_left_stays_where_it_was(self):
        states = drawn(self.run_cell("foreach (var i in Progress(Enumerable.Range(0, 8))) if (i == 2) break;"))
        self.assertRegex(states[-1][2], r"^ 25% .* 2/8 .*stopped$")
        states = drawn(self.run_failing_cell(
            "foreach (var i in Progress(Enumerable.Range(0, 8))) if (i == 4) throw new FormatException();"))
        self.assertRegex(states[-1][2], r"^ 50% .* 4/8 .*stopped$")

    def test_an_interrupt_leaves_the_bar_where_it_was(self):
        self.run_cell("""
            async IAsyncEnumerable<int> Rows() { for (var i = 0; i < 4; i++) { await Task.Yield(); yield return i; } }""")
        for name, loop in {
            "a loop": "foreach (var i in Progress(Enumerable.Range(0, 4))) { READY while (i == 1) { } }",
            "a sleep": "foreach (var i in Progress(Enumerable.Range(0, 4))) { READY Thread.Sleep(-1); }",
            "a source": "foreach (var i in Progress(Enumerable.Range(0, 4).Select(i => { if (i == 1) { Console.WriteLine(\"ready\"); while (true) { } } return i; }))) { }",
            "awaited items": "await foreach (var i in Progress(Rows(), total: 4)) { READY await Task.Delay(-1); }",
            "a handle": "using var bar = ProgressBar(total: 4); bar.Increment(); Console.WriteLine(\"ready\"); await Task.Delay(-1);",
            "a nested loop": "foreach (var i in Progress(Enumerable.Range(0, 4))) foreach (var j in Progress(new[] { 1, 2 }, \"inner\")) { READY Thread.Sleep(-1); }",
        }.items():
            with self.subTest(name):
                ready = 'if (i == 1) Console.WriteLine("ready"); else continue;'
                cell = self.front_end.start(loop.replace("READY", ready))
                self.front_end.wait_for_output(cell, "ready")
                self.front_end.interrupt()
                outcome = self.front_end.finish(cell)
                self.assertEqual(outcome.error["ename"], "Interrupted")
                self.assertRegex(drawn(outcome)[-1][2], r"^ 25% .* 1/4 .*stopped(\n  inner .*stopped)?$")
        states = drawn(self.run_cell("foreach (var i in Progress(new[] { 1 })) { }"))
        self.assertIn("1/1", states[-1][2])

    def test_a_handle_takes_reports_and_is_shown_once(self):
        outcome = self.run_cell("""
            using var bar = ProgressBar("Copying", total: 100);
            bar.Report(5); bar.Increment(); bar.Label = "Still copying";
            Parallel.For(0, 94, _ => bar.Increment());
            bar""")
        states = drawn(outcome)
        self.assertIsNone(outcome.result)
        self.assertRegex(states[-1][2], r"^Still copying 100% .* 100/100 \[")

    def test_a_handle_continues_in_the_next_cell(self):
        first = drawn(self.run_cell('var kept = ProgressBar("kept", total: 2);'))
        second = drawn(self.run_cell("kept.Report(2);"))
        self.assertEqual(first[0][1], second[-1][1])
        self.assertEqual({kind for kind, _, _ in second}, {"update_display_data"})
        self.assertIn("2/2", second[-1][2])

    def test_the_names_do_not_conflict_with_the_users(self):
        self.assertEqual(self.run_cell("""
            var progress = new Progress<int>(n => { }); IProgress<int> reports = progress; reports.Report(1);
            var full = new System.Progress<double>(); Progress<string> third = new(); progress.GetType().Name""").result, "Progress`1")
        self.assertEqual(self.run_cell("""
            class ProgressBar { public int Value = 3; }
            new ProgressBar().Value""").result, "3")

    def test_the_same_ids_are_given_when_a_cell_runs_again(self):
        self.run_cell("""
            foreach (var i in Progress(Enumerable.Range(0, 3))) foreach (var j in Progress(Enumerable.Range(0, 3))) { }
            var again = display(1);""")
        before = self.run_cell("again.DisplayId").result
        self.front_end.run("Environment.FailFast(null);")
        self.assertEqual(self.run_cell("again.DisplayId").result, before)


class InOtherClients(test_console.Console):
    # Only the tests of this class.
    test_a_session_in_the_terminal = test_ctrl_c_interrupts = None

    def test_jupyter_console_shows_one_line(self):
        self.start()
        self.enter('foreach (var i in Progress(Enumerable.Range(0, 30), "Rea" + "ding")) Thread.Sleep(20);')
        self.expect(r"Reading \(30\) …")
        self.prompt(2)
        self.assertEqual(self.seen.getvalue().count("Reading"), 1)
        self.end()

    def test_nbconvert_stores_the_last_state(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "progress.ipynb")
            notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(
                'foreach (var i in Progress(Enumerable.Range(0, 20), "Reading")) Thread.Sleep(20);')])
            nbformat.write(notebook, path)
            outputs = execute(path).cells[0].outputs
        self.assertEqual(len(outputs), 1)
        self.assertIn("20/20", outputs[0].data["text/plain"])
        self.assertIn("20/20", outputs[0].data["text/html"])
