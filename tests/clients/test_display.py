"""Tests how clients show values, and the effect of hostile values on the kernel."""
import time

from kernels import KernelTestCase


class Display(KernelTestCase):
    def shown(self, code):
        """The forms of a cell's result."""
        outcome = self.run_cell(code)
        results = [m["content"]["data"] for m in outcome.messages if m["msg_type"] == "execute_result"]
        self.assertEqual(len(results), 1, outcome.outputs)
        return results[0]

    def test_a_sequence_of_objects_is_a_table(self):
        data = self.shown('record Row(int Id, string Text);\nEnumerable.Range(1, 3).Select(n => new Row(n, $"<{n}>"))')
        self.assertEqual(data["text/plain"], "   Id  Text\n─  ──  ────\n0   1  <1>\n1   2  <2>\n2   3  <3>")
        self.assertIn("<td>&lt;1&gt;</td>", data["text/html"])
        self.assertNotIn("<script", data["text/html"])

    def test_columns_have_the_names_of_tuples_items(self):
        self.run_cell('var words = new[] { "a", "bb" }; var pairs = words.Select(x => (Name: x, Count: x.Length)).ToList();'
                      'record Town(List<(string City, int Size)> Places);')
        for code, header in (("pairs", ["Name", "Count"]), ("return pairs;", ["Name", "Count"]),
                             ("words.Select(x => (Word: x, x.Length))", ["Word", "Length"]),
                             ("new (int X, (int Y, int Z) Deep)[] { (1, (2, 3)) }", ["X", "Deep"]),
                             ("new[] { (1, 2) }", ["Item1", "Item2"])):
            with self.subTest(code):
                self.assertEqual(self.run_cell(code).result.split("\n")[0].split(), header)
        for code, name in (('new Dictionary<string, (int[][] Low, int High)> { ["k"] = ([[1]], 2) }', "<th>Low</th>"),
                           ('new[] { new { Places = new List<(int[][] Rows, int B)> { ([[1]], 2) } } }', "Places"),
                           ("pairs.GroupBy(pair => (Size: new[] { new[] { pair.Count } }, 1))", "<th>Size</th>"),
                           ("Enumerable.Range(0, 30).Select(i => (Number: i, Square: i * i)).ToList()", '<th class="cs-n">Square</th>')):
            with self.subTest(code):
                shown = next(m for m in self.run_cell(code).messages if m["msg_type"] == "execute_result")["content"]["data"]
                self.assertIn(name, shown["text/html"])

    def test_displayed_values_have_the_names_of_tuples_items(self):
        self.run_cell('var points = new List<(int Left, int Right)> { (1, 2) }; void Show() => display(points);\n'
                      'async Task ShowLater()\n{\n    await Task.Delay(1);\n    points.Select(p => (Later: p.Left, p.Right)).Display();\n}')
        for code, headers in (
                ("display(points);", [["Left", "Right"]]),
                ("points.Display();", [["Left", "Right"]]),
                ("points.DisplayTable();", [["Left", "Right"]]),
                ("Show();", [["Left", "Right"]]),
                ("await ShowLater();", [["Later", "Right"]]),
                ("display(points); display(points.Select(p => (A: p.Left, B: p.Right)));", [["Left", "Right"], ["A", "B"]]),
                ("foreach (var n in new[] { 1, 2 })\n{\n    display(points.Select(p => (p.Left, Times: n)));\n}", [["Left", "Times"]] * 2),
                ("Action show = () => points.Select(p => (In: p.Left, p.Right)).Display(); show();", [["In", "Right"]]),
                ('var shown = display("wait");\nshown.Update(points);', [["wait"], ["Left", "Right"]]),
                ("display(new[] { (1, 2) });", [["Item1", "Item2"]])):
            with self.subTest(code):
                outputs = [m["content"]["data"] for m in self.run_cell(code).messages if m["msg_type"] in ("display_data", "update_display_data")]
                self.assertEqual([data["text/plain"].split("\n")[0].split() for data in outputs], headers)
        html = self.run_cell('points.Display("text/html");').messages
        self.assertIn("<th class=\"cs-n\">Left</th>", next(m for m in html if m["msg_type"] == "display_data")["content"]["data"]["text/html"])
        self.run_failing_cell('Environment.FailFast("on purpose");')
        again = next(m for m in self.run_cell("Show();").messages if m["msg_type"] == "display_data")
        self.assertEqual(again["content"]["data"]["text/plain"].split()[:2], ["Left", "Right"])

    def test_a_formatter_that_a_cell_registers_outlives_the_worker(self):
        self.run_cell('record Money(decimal Amount);\nFormatter.Register<Money>(m => $"<b>{m.Amount:F2}</b>", "text/html");')
        self.run_failing_cell('Environment.FailFast("on purpose");')
        self.assertEqual(self.shown("new Money(3)")["text/html"], "<b>3.00</b>")
        self.run_cell("Formatter.ResetToDefault();")

    def test_a_chart_is_drawn_without_a_package(self):
        data = self.shown("Plot.Line(new[] { 1, 3, 2 })")
        self.assertIn("<svg", data["text/html"])
        self.assertIn("image/svg+xml", data)
        self.assertIn("application/vnd.vegalite.v5+json", self.shown("Plot.Bar(new[] { 1, 3, 2 }).Interactive()"))

    def test_names_of_packages_take_precedence_over_the_display_api(self):
        self.run_cell("namespace Other { public class Plot; public class Chart; public class Image; }")
        self.assertEqual(self.run_cell("using Other;\n(new Plot(), new Chart(), new Image()).ToString()").result, "(Other.Plot, Other.Chart, Other.Image)")
        self.run_cell("#!undo")
        self.run_cell("#!undo")

    def test_hostile_values_are_shown_as_far_as_possible(self):
        for code, expected in (
                ("class A { public int Bad => throw new Exception(\"no\"); }\nnew A()", "A { Bad = ⚠ Exception: no }"),
                ("class B { public override string ToString() => null; }\nnew B()", "B"),
                ("class C { public C Self => this; public int One => 1; }\nnew C()", "C { Self = …, One = 1 }"),
                ("object deep = 0; for (var i = 0; i < 10_000; i++) deep = new { deep };\ndeep is not null", "True"),
                ('new { Huge = new string(\'x\', 100_000_000) }', "(cut: the text is too long)"),
                ("IEnumerable<int> Endless() { while (true) yield return 1; }\nEndless()", "1, … (more)]"),
                ("class D { public int Printing { get { Console.Write(\"printed\"); return 1; } } }\nnew D()", "D { Printing = 1 }")):
            with self.subTest(code):
                self.assertIn(expected, self.shown(code)["text/plain"])
        self.assertIn("{ deep = { deep = ", self.shown("deep")["text/plain"])
        self.assertLess(len(self.shown("new { Huge = new string('<', 100_000_000) }")["text/html"]), 100_000)

    def test_an_interrupt_ends_the_formatting_of_a_value(self):
        self.run_cell("var kept = 42;")
        for body in ("while (true) { }", "Thread.Sleep(1_000_000); return 1;", "while (true) GC.KeepAlive(new byte[100]);"):
            with self.subTest(body):
                cell = self.front_end.start("class Slow { public int Value { get { Console.WriteLine(\"asked\"); %s } } }\nnew[] { new Slow() }" % body)
                self.front_end.wait_for_output(cell, "asked")
                began = time.monotonic()
                self.front_end.interrupt()
                self.assertEqual(self.front_end.finish(cell).status, "error")
                self.assertLess(time.monotonic() - began, 20)
                self.assertEqual(self.run_cell("kept").result, "42")
