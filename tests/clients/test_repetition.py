"""Tests repeated cells: their results are those of a new compilation."""
import time

from kernels import KernelTestCase
from test_recycle import Recycle

ASSEMBLIES = 'AppDomain.CurrentDomain.GetAssemblies().Count(assembly => assembly.GetName().Name.StartsWith("Cell#"))'


class Repetition(KernelTestCase):
    def repeat(self, code, times):
        return [self.run_cell(code).result for _ in range(times)]

    def loaded(self):
        """The number of cells' assemblies in the worker."""
        return int(self.run_cell(ASSEMBLIES).result)

    def test_a_worker_does_not_grow_with_a_cell_that_is_run_again(self):
        self.run_cell("var n = 0; var list = new List<int>();")
        self.run_cell("list.Add(n++);")
        before = self.loaded()
        for _ in range(20):
            self.run_cell("list.Add(n++);")
        self.assertEqual(self.repeat('$"{n} {list.Count} {list[^1]}"', 2), ["21 21 20"] * 2)
        self.assertEqual(self.loaded(), before + 1)

    def test_each_run_is_independent(self):
        self.run_cell("var made = new List<Func<int>>(); var n = 0;")
        self.repeat("for (var i = 0; i < 2; i++) { var own = n++; made.Add(() => own++ * 10); }", 3)
        self.assertEqual(self.repeat('string.Join(",", made.Select(f => f()))', 2), ["0,10,20,30,40,50", "10,20,30,40,50,60"])
        self.assertEqual(self.repeat("await Task.Delay(1); await Task.FromResult(++n)", 3), ["7", "8", "9"])

    def test_later_declarations_are_seen(self):
        self.run_cell("var x = 1; string Of(object o) => \"object\";")
        show = 'Of(x) + Math.Max(1, 2) + new Version(1, 2)'
        self.assertEqual(self.repeat(show, 2), ["object21.2"] * 2)
        self.assertEqual(self.repeat("x + 1", 2), ["2"] * 2)
        self.run_cell('var x = "text";')
        self.repeat("1 + 1", 2)
        self.assertEqual(self.repeat("x + 1", 2), ["text1"] * 2)
        self.run_cell('string Of(string s) => "string";')
        self.assertEqual(self.repeat(show, 2), ["string21.2"] * 2)
        self.run_cell('record Version(int Major, int Minor);')
        self.assertEqual(self.repeat(show, 2), ["string2Version { Major = 1, Minor = 2 }"] * 2)
        self.run_cell("static class Math { public static int Max(int a, int b) => -1; }")
        self.assertEqual(self.repeat(show, 2), ["string-1Version { Major = 1, Minor = 2 }"] * 2)

    def test_a_using_counts_from_then_on(self):
        self.run_cell("namespace First { public static class Extension { public static string Said(this int n) => \"first\"; } }\n"
                      "namespace Second { public static class Extension { public static string Said(this object o) => \"second\"; } }")
        self.run_cell("using Second;")
        self.assertEqual(self.repeat("1.Said()", 2), ["second"] * 2)
        self.run_cell("using First;")
        self.assertEqual(self.repeat("1.Said()", 2), ["first"] * 2)

    def test_a_loop_sees_what_code_that_came_since_does_to_its_variables(self):
        self.run_cell("var sum = 0; var actions = new List<Action>();")
        loop = "foreach (var n in new[] { 1, 2 }) { sum += n; foreach (var action in actions) action(); }\nsum"
        self.assertEqual(self.repeat(loop, 2), ["3", "6"])
        self.run_cell("actions.Add(() => sum += 100);")  # declares nothing
        self.assertEqual(self.repeat(loop, 2), ["209", "412"])

    def test_settings_count_from_then_on(self):
        self.run_cell("var most = int.MaxValue;")
        self.assertEqual(self.repeat("most + 1", 2), [str(-2**31)] * 2)
        self.run_cell("#!settings checked on")
        self.assertEqual(self.run_failing_cell("most + 1").error["ename"], "OverflowException")
        self.run_cell("#!settings checked off")
        self.assertEqual(self.run_cell("most + 1").result, str(-2**31))

    def test_an_exception_names_the_cell_that_was_run(self):
        self.run_cell("var n = 0;")
        cell = "// a line before\nif (++n > 2) throw new InvalidOperationException(\"third\");"
        for _ in range(2):
            self.run_cell(cell)
        failed = self.run_failing_cell(cell)
        number = failed.reply["execution_count"]
        self.assertIn(f"Cell In[{number}], line 2", failed.traceback)
        self.assertNotIn(f"Cell In[{number - 1}]", failed.traceback)
        self.assertNotIn(f"Cell In[{number - 2}]", failed.traceback)
        self.assertIn("throw new Invalid", failed.traceback)
        self.assertIn(f"Cell In[{number + 1}], line 2", self.run_failing_cell(cell).traceback)

    def test_a_failed_cell_is_compiled_again(self):
        self.run_cell("var fails = false;")
        cell = "if (fails) throw new Exception();"
        self.repeat(cell, 2)
        before = self.loaded()
        self.run_cell("fails = true;")
        self.run_failing_cell(cell)
        self.run_cell("fails = false;")
        self.repeat(cell, 2)
        self.assertEqual(self.loaded(), before + 3)

    def test_a_cell_that_reads_its_own_name_gets_it(self):
        self.run_cell('string Here([System.Runtime.CompilerServices.CallerFilePath] string path = "") => path;')
        for _ in range(3):
            outcome = self.run_cell("Here()")
            self.assertEqual(outcome.result, f"Cell [{outcome.reply['execution_count']}]")

    def test_a_cell_can_be_repeated_after_an_interrupt(self):
        self.run_cell("var n = 0;")
        cell = 'n++; foreach (var _ in Enumerable.Range(0, n > 2 ? int.MaxValue : 1).Where(i => i >= 0)) if (n > 2) { Console.Write("."); Thread.Sleep(10); }'
        for _ in range(2):
            self.run_cell(cell)
        request = self.front_end.start(cell)
        self.front_end.wait_for_output(request, ".")
        self.front_end.interrupt()
        self.assertEqual(self.front_end.finish(request).error["ename"], "Interrupted")
        self.run_cell("n = 0;")
        for _ in range(2):
            self.run_cell(cell)
        self.assertEqual(self.run_cell("n").result, "2")

    def test_a_user_expression_is_evaluated_again(self):
        self.run_cell("var n = 0;")
        values = [self.front_end.run("", user_expressions={"n": "++n"}).reply["user_expressions"]["n"]["data"]["text/plain"] for _ in range(3)]
        self.assertEqual(values, ["1", "2", "3"])


class RepetitionInFreshWorkers(Recycle):
    settings = {"JUPYTER_CSHARP_NOTICES": "on"}

    def test_all_runs_are_executed_again_after_a_crash(self):
        self.run_cell("var n = 0; var log = new List<string>();")
        for _ in range(5):
            self.run_cell("log.Add($\"{++n}\");")
        for _ in range(2):
            self.assertIn("replayed", self.crash().traceback)
            self.assertEqual(self.run_cell('string.Join(",", log)').result, "1,2,3,4,5")
        self.run_cell("log.Add($\"{++n}\");")
        self.kill_worker()
        self.assertEqual(self.run_cell('string.Join(",", log)').result, "1,2,3,4,5,6")

    def test_a_cell_that_ends_its_worker_runs_again_in_the_next_one(self):
        self.run_cell("var n = 0;")
        self.run_cell("if (++n == 3) Environment.Exit(3);")
        self.run_cell("if (++n == 3) Environment.Exit(3);")
        self.assertEqual(self.run_failing_cell("if (++n == 3) Environment.Exit(3);").error["ename"], "WorkerLost")
        self.assertEqual(self.run_cell("n").result, "2")
        self.run_cell("n = 7;")
        self.run_cell("if (++n == 3) Environment.Exit(3);")
        self.assertEqual(self.run_cell("n").result, "8")

    def test_a_hand_over_takes_all_runs_along(self):
        self.run_cell("var values = new List<int>(); var random = new Random();")
        for _ in range(5):
            self.run_cell("values.Add(random.Next());")
        before = self.run_cell('string.Join(",", values)').result
        self.run_cell("#!recycle")
        self.assertEqual(self.run_cell('string.Join(",", values)').result, before)
        self.run_cell("values.Add(1);")
        self.assertEqual(self.run_cell("values.Count").result, "6")

    def test_some_runs_may_be_executed_again_and_others_not(self):
        self.run_cell("var n = 0; var kept = new List<int>();")
        cell = "kept.Add(n++);"
        self.run_cell("#!settings replay never")
        self.run_cell(cell)
        self.run_cell("#!settings replay always")
        for _ in range(2):
            self.run_cell(cell)
        self.run_cell("#!settings replay never")
        self.run_cell(cell)
        self.kill_worker()
        self.assertEqual(self.run_cell('$"{n} {string.Join(",", kept)}"').result, "4 0,1,2,3")

    def test_recompiled_cells_are_compiled_separately(self):
        self.run_cell("namespace N { public static class A { public static int Value => 1; } }")
        self.run_cell("var total = 0;")
        for _ in range(3):
            self.run_cell("total += N.A.Value;")
        self.run_cell("namespace N { public static class A { public static int Value => 10; } }")
        self.assertEqual(self.run_cell("total").result, "30")
        self.run_cell("total += N.A.Value;")
        self.assertEqual(self.run_cell("total").result, "40")
        self.kill_worker()
        self.assertEqual(self.run_cell("total").result, "40")

    def test_an_undone_cell_is_not_seen(self):
        self.run_cell("var n = 1;")
        for _ in range(2):
            self.assertEqual(self.run_cell("n + 1").result, "2")
        self.run_cell("var n = 10;")
        for _ in range(2):
            self.assertEqual(self.run_cell("n + 1").result, "11")
        for _ in range(3):
            self.run_cell("#!undo")
        for _ in range(2):
            self.assertEqual(self.run_cell("n + 1").result, "2")

    def test_submitted_code_is_compiled_each_time(self):
        cell = 'await Microsoft.DotNet.Interactive.Kernel.Root.SubmitCodeAsync("var submitted = DateTime.Now.Ticks; Console.Write(1);");'
        self.run_cell("var n = 0;")
        for _ in range(3):
            self.assertEqual(self.run_cell(cell).stdout, "1")
        self.kill_worker()
        self.assertEqual(self.run_cell("submitted > 0").result, "True")

    def test_a_lost_worker_is_reported_after_the_cells_start(self):
        self.run_cell("var n = 0;")
        self.run_cell("n++;")
        self.kill_worker()
        time.sleep(0.5)  # the kernel has handled it
        outcome = self.run_cell("n++;")
        self.assertEqual([message["msg_type"] for message in outcome.messages][:3], ["status", "execute_input", "stream"])
        self.assertIn("The worker ended while no cell was running", outcome.messages[2]["content"]["text"])
        self.assertEqual(self.run_cell("n").result, "2")
