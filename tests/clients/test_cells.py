"""Tests the code of cells: results, declarations, directives, and the state after an error."""
import glob
import os
import re
import shutil
import tempfile

from kernels import KernelTestCase
from test_state import State


class Results(KernelTestCase):
    def test_a_trailing_expression_is_the_result(self):
        for code, expected in {
            "1 + 1": "2",
            "var a = 1;\nvar b = 2;\na + b": "3",
            '"text"': "text",
            "await Task.FromResult(7)": "7",
            "await Task.Delay(1);\n5": "5",
            'string.Join(",", from n in Enumerable.Range(1, 3) select n * n)': "1,4,9",
            "true ? 'x' : 'y'": "x",
        }.items():
            with self.subTest(code):
                outcome = self.run_cell(code)
                self.assertEqual(outcome.result, expected)
                self.assertEqual(len(outcome.outputs), 1)

    def test_statements_void_and_null_show_nothing(self):
        for code in ("var n = 1;", "null", "(string)null", 'Console.Write("")', "await Task.Delay(1)",
                     "Task.CompletedTask.Wait()", "if (true) { }"):
            with self.subTest(code):
                self.assertEqual(self.run_cell(code).outputs, [])

    def test_the_usual_namespaces_are_imported(self):
        self.run_cell("""
            var list = new List<int> { 3, 1, 2 }; var sorted = list.OrderBy(x => x);
            var text = new StringBuilder(); var path = Path.Combine("a", "b"); var client = new HttpClient();
            Task task = Task.CompletedTask; CancellationToken none = CancellationToken.None; Math.Abs(-1);""")

    def test_a_using_applies_to_later_cells(self):
        self.run_cell("using System.Diagnostics;")
        self.assertEqual(self.run_cell("Stopwatch.StartNew().IsRunning").result, "True")
        self.run_cell("using static System.Math;\nusing Numbers = System.Collections.Generic.List<int>;")
        self.assertEqual(self.run_cell("Max(1, 2) + new Numbers { 1 }.Count").result, "3")

    def test_the_newest_language_version_is_used(self):
        outcome = self.run_cell("int[] xs = [1, 2, ..new[] { 3 }]; xs is [1, .., var last] ? last : 0")
        self.assertEqual(outcome.result, "3")
        outcome = self.run_cell("record Point(int X, int Y); $\"{new Point(1, 2) with { Y = 3 }}\"")
        self.assertEqual(outcome.result, "Point { X = 1, Y = 3 }")

    def test_code_beyond_ascii_is_compiled(self):
        self.assertEqual(self.run_cell('var größe = "naïve 🐱 日本"; größe').result, "naïve 🐱 日本")


class Declarations(KernelTestCase):
    def test_variables_methods_and_types_are_available_in_later_cells(self):
        self.run_cell("var x = 2; int Twice(int n) => 2 * n; class Box { public int Value; }")
        self.assertEqual(self.run_cell("new Box { Value = Twice(x) }.Value").result, "4")
        self.run_cell("x += 10;")
        self.assertEqual(self.run_cell("x").result, "12")

    def test_everything_can_be_redeclared(self):
        self.run_cell("int thing = 1; int Make() => 1; class Shape { public int Sides = 3; }")
        self.run_cell('string thing = "one"; string Make() => "made"; record Shape(string Name);')
        self.assertEqual(self.run_cell('thing + Make() + new Shape("square").Name').result, "onemadesquare")

    def test_anonymous_types_are_the_same_in_later_cells(self):
        self.run_cell("var points = Enumerable.Range(1, 2).Select(n => new { n, Square = n * n }).ToList();")
        self.assertEqual(self.run_cell("points[1].Square").result, "4")

    def test_types_are_the_same_after_a_cell_that_adds_a_part_of_the_framework(self):
        self.run_cell("var client = new HttpClient(); var shown = display(1); var pattern = new System.Text.RegularExpressions.Regex(\"a\"); var groups = new[] { 1 }.GroupBy(n => n); var json = System.Text.Json.JsonDocument.Parse(\"1\");")
        for further in ("using System.Xml.Linq; var xml = new XElement(\"a\");", "using System.Data; var rows = new DataTable();", "using Microsoft.DotNet.Interactive;",
                        "var socket = typeof(System.Net.Sockets.Socket);", "using System.Security.Cryptography; var hash = SHA256.HashData([1]);"):
            self.run_cell(further)
            self.run_cell("client = new HttpClient(); shown = display(2); shown = 3.Display(); pattern = new(\"b\"); groups = new[] { 2 }.GroupBy(n => n); json = System.Text.Json.JsonDocument.Parse(\"2\");")
        self.run_cell("xml = new XElement(\"b\"); rows = new DataTable(\"c\"); socket = typeof(System.Net.Sockets.Socket);")

    def test_async_methods_and_lambdas_work(self):
        self.run_cell("async Task<int> Later(int n) { await Task.Yield(); return n; }\n"
                      "Func<Task<int>> f = async () => await Later(4);")
        self.assertEqual(self.run_cell("(await f()) + (await Task.WhenAll(Later(1), Later(2))).Sum()").result, "7")


class Directives(KernelTestCase):
    def test_load_runs_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            script = os.path.join(folder, "triple.csx")
            with open(script, "w") as file:
                file.write('int Triple(int n) => 3 * n;\nConsole.WriteLine("loaded");\n')
            outcome = self.run_cell(f'#load "{script}"\nTriple(14)')
            self.assertEqual(outcome.outputs, [("stdout", "loaded\n"), ("execute_result", "42")])
        self.assertEqual(self.run_cell("Triple(2)").result, "6")

    def test_load_of_a_missing_file_is_a_compile_error(self):
        self.assertEqual(self.run_failing_cell('#load "no-such-file.csx"').error["ename"], "CompileError")

    def test_reference_to_an_assembly_file(self):
        packages = os.environ.get("NUGET_PACKAGES", os.path.expanduser("~/.nuget/packages"))
        found = glob.glob(os.path.join(packages, "newtonsoft.json/*/lib/netstandard2.0/Newtonsoft.Json.dll"))
        self.assertTrue(found, "the build restores it")
        with tempfile.TemporaryDirectory() as folder:
            assembly = shutil.copy(found[0], folder)
            outcome = self.run_cell(f'#r "{assembly}"\nNewtonsoft.Json.JsonConvert.SerializeObject(new[] {{ 1, 2 }})')
            self.assertEqual(outcome.result, "[1,2]")
            self.run_cell("using Newtonsoft.Json;")
            self.assertEqual(self.run_cell('JsonConvert.DeserializeObject<int[]>("[3]")[0]').result, "3")

    def test_reference_to_an_assembly_of_the_framework_by_its_name(self):
        code = '#r "System.Net.Http.Json.dll"\n#r "System.Xml.Linq"\n#r "System.Data.Common"\nusing System.Net.Http.Json;\nusing System.Data;\n'
        self.assertEqual(self.run_cell(code + "typeof(JsonContent).Name").result, "JsonContent")
        # It is the framework's own type, not another one of the same name.
        self.run_cell('var table = new DataTable(); table.Columns.Add("A", typeof(int)); table.Rows.Add(1);')
        self.assertEqual(self.run_cell("ReferenceEquals(typeof(DataTable).Assembly, System.Runtime.Loader.AssemblyLoadContext.Default.LoadFromAssemblyName(typeof(DataTable).Assembly.GetName()))").result, "True")
        self.assertIn("A", self.run_cell("table").result.split("\n")[0])

    def test_reference_to_a_missing_file_is_a_compile_error(self):
        self.assertEqual(self.run_failing_cell('#r "no-such-file.dll"').error["ename"], "CompileError")
        self.assert_alive()


class CompileErrors(KernelTestCase):
    def test_the_error_names_cell_and_line_and_underlines(self):
        outcome = self.run_failing_cell('var fine = 1;\nvar bad = missing + fine;')
        count = outcome.reply["execution_count"]
        self.assertEqual(outcome.error["ename"], "CompileError")
        self.assertIn("CS0103", outcome.error["evalue"])
        self.assertIn(f"Cell In[{count}], line 2\n", outcome.traceback)
        lines = outcome.traceback.split("\n")
        source = next(i for i, line in enumerate(lines) if "var bad = missing + fine;" in line)
        marks = lines[source + 1]
        self.assertRegex(marks, r"^\W*[~^]{7}\W*$")
        self.assertEqual(marks.index(marks.strip(" |")[0]), lines[source].index("missing"))
        self.assertIn("\x1b[", "".join(outcome.error["traceback"]), "in colour")

    def test_all_errors_are_reported(self):
        traceback = self.run_failing_cell("one;\ntwo;\nint three = \"x\";").traceback
        for line, code in ((1, "CS0103"), (2, "CS0103"), (3, "CS0029")):
            self.assertRegex(traceback, rf"error {code}: .*\nCell In\[\d+\], line {line}\n")

    def test_syntax_errors_are_reported(self):
        self.assertIn("CS1513", self.run_failing_cell("if (true) {").traceback)

    def test_warnings_do_not_stop_a_cell(self):
        self.assertEqual(self.run_cell("void F() { int unused; }\n1").result, "1")

    def test_a_cell_that_does_not_compile_changes_nothing(self):
        self.run_cell("var x = 1;")
        self.run_failing_cell('x = 2; Console.WriteLine("ran"); var y = 3; missing')
        self.assertEqual(self.run_cell("x").result, "1")
        self.assertEqual(self.run_failing_cell("y").error["ename"], "CompileError")


def linked(traceback):
    """Cell and line of every location that VS Code makes a link of: with nothing after it, and before it only text that begins with a colour."""
    return {(int(match[2]), int(match[3])) for line in "\n".join(traceback).split("\n")
            if (match := re.match(r"((?:\x1b\[.+?m)*)Cell In\[(\d+)\](?:\x1b\[0m)?, line (\d+)$", line))}


class Exceptions(KernelTestCase):
    def test_the_error_has_type_message_and_only_the_users_frames(self):
        first = self.run_cell("var zero = 0;\nint Half(int n)\n{\n    return n / zero;\n}").reply["execution_count"]
        outcome = self.run_failing_cell("\nHalf(8)")
        self.assertEqual(outcome.error["ename"], "DivideByZeroException")
        self.assertEqual(outcome.error["evalue"], "Attempted to divide by zero.")
        traceback = outcome.traceback
        self.assertIn("DivideByZeroException", traceback)
        self.assertRegex(traceback, rf"Half\(int.*Cell In\[{first}\], line 4")
        self.assertRegex(traceback, rf"Cell In\[{first + 1}\], line 2")
        self.assertIn("return n / zero;", traceback)
        for internal in ("Submission", "MoveNext", "<<Initialize>>", "JupyterKernel", "System.Runtime", "Roslyn"):
            self.assertNotIn(internal, traceback)

    def test_every_location_in_a_cell_becomes_a_link_in_vs_code(self):
        first = self.run_cell("int Part(int n)\n{\n    return 1 / n;\n}\nclass Box { public int Open() => 1 / int.Parse(\"0\"); }").reply["execution_count"]
        cases = {
            "\nPart(0);": {(first, 3), (first + 1, 2)},
            "\nnew Box().Open();": {(first, 5), (first + 2, 2)},
            "var a = 1;\nvar b = missing;": {(first + 3, 2)},
            "#!time\n#!nonesuch": {(first + 4, 2)},
            "try { Part(0); }\ncatch (Exception e) { throw new Exception(\"outer\", e); }": {(first, 3), (first + 5, 1), (first + 5, 2)},
        }
        for cell, places in cases.items():
            with self.subTest(cell=cell):
                lines = self.run_failing_cell(cell).error["traceback"]
                self.assertEqual(linked(lines), places)
        self.assertIn(f"Cell In[{first}], line 3", self.run_cell("#!trace").result)

    def test_inner_exceptions_are_reported(self):
        traceback = self.run_failing_cell(
            'try { int.Parse("x"); }\n'
            'catch (Exception e) { throw new InvalidOperationException("outer", e); }').traceback
        for expected in ("InvalidOperationException", "outer", "FormatException", "'x'", "line 1", "line 2"):
            self.assertIn(expected, traceback)

    def test_frames_of_async_methods_have_their_names(self):
        outcome = self.run_failing_cell(
            'async Task Fail()\n{\n    await Task.Yield();\n    throw new TimeoutException("late");\n}\nawait Fail();')
        self.assertEqual(outcome.error["ename"], "TimeoutException")
        self.assertRegex(outcome.traceback, r"Fail\(.*line 4")
        self.assertNotIn("MoveNext", outcome.traceback)

    def test_assignments_before_an_exception_stay(self):
        self.run_failing_cell('var x = 5; var list = new List<int> { 1 }; throw new Exception("stop"); var y = 6;')
        self.assertEqual(self.run_cell("x + list.Count").result, "6")
        self.assertEqual(self.run_cell("y").result, "0")

    def test_output_before_the_error_is_shown_before_it(self):
        outcome = self.run_failing_cell('Console.WriteLine("before"); throw new Exception("stop");')
        self.assertEqual(outcome.outputs, [("stdout", "before\n"), ("error", "Exception")])

    def test_strange_exceptions_are_survived(self):
        for code, name in {
            "class Silent : Exception { public override string Message => throw new Exception(); "
            "public override string StackTrace => throw new Exception(); } throw new Silent();": "Silent",
            "throw null;": "NullReferenceException",
            'throw new AggregateException(new Exception("one"), new Exception("two"));': "AggregateException",
            "class Loud { public override string ToString() => throw new TimeoutException(); } new Loud()": None,
            "throw new OperationCanceledException();": "OperationCanceledException",
        }.items():
            with self.subTest(code):
                outcome = self.front_end.run(code)
                if name:
                    self.assertEqual(outcome.error["ename"], name)
                self.assert_alive()

class Disposal(State):
    def test_using_is_disposed_of_at_the_cells_end(self):
        self.run_cell('class D(string name) : IDisposable { public void Dispose() => Console.WriteLine("end of " + name); }')
        self.assertEqual(self.run_cell('using var a = new D("a");\nusing D b = new("b"), c = new("c");\nConsole.WriteLine("body");').stdout,
                         "body\nend of c\nend of b\nend of a\n")
        failed = self.run_failing_cell('using var d = new D("d");\nthrow new TimeoutException("late");')
        self.assertEqual(failed.error["evalue"], "late")
        self.assertEqual(failed.stdout, "end of d\n")

    def test_other_declarations_of_a_cell_with_using_stay(self):
        self.run_cell("var path = Path.GetTempFileName();")
        self.run_cell('using var writer = new StreamWriter(path);\nwriter.Write("written");\nvar length = 7;')
        self.assertEqual(self.run_cell("File.ReadAllText(path).Length == length").result, "True")
        self.crash()
        self.assertEqual(self.run_cell("File.ReadAllText(path).Length == length").result, "True")

    def test_an_exception_of_dispose_is_the_cells(self):
        self.run_cell('class Bad : IDisposable { public void Dispose() => throw new TimeoutException("in Dispose"); }')
        self.assertEqual(self.run_failing_cell("using var bad = new Bad();").error["evalue"], "in Dispose")
        self.assertEqual(self.run_cell("1 + 1").result, "2")


class Diagnostics(State):
    settings = {"JUPYTER_CSHARP_NOTICES": "on"}

    def test_a_warning_is_shown_once_and_does_not_stop_the_cell(self):
        self.run_cell('[Obsolete("use New")] int Old() => 5;')
        first, second = self.run_cell("Old()"), self.run_cell("Old()")
        self.assertIn("warning CS0618: 'Old()' is obsolete: 'use New'", first.outputs[0][1])
        self.assertEqual(first.result, "5")
        self.assertEqual(second.outputs, [("execute_result", "5")])

    def test_a_value_of_an_older_declaration_is_reported_as_such(self):
        self.run_cell("record Point(int X); object point = new Point(1);")
        self.run_cell("record Point(int X, int Y);")
        self.assertIn("Point was redeclared, and this value has the older type.", self.run_failing_cell("(Point)point").error["evalue"])

    def test_the_error_states_whether_the_value_or_the_method_is_older(self):
        self.run_cell("class House { } House first = new House();")
        self.run_cell("void Take(House h) { }")
        self.run_cell("class House { public int Rooms; }")
        text = self.run_failing_cell("Take(new House())").traceback
        self.assertIn("House was redeclared: this value has the newer type, but Take was compiled with the older one. Run the cell again that declares Take.", text)
        text = self.run_failing_cell("first = new House();").traceback
        self.assertIn("first was compiled with the older one", text)
        self.assertIn("this value has the older type", self.run_failing_cell("House second = first;").traceback)

    def test_a_contextual_keyword_as_a_name_is_one_error_with_the_reason(self):
        self.run_cell("int union = 5, record = 6; var extension = new List<int>();")
        for code, name in {"union = 6;": "union", "record++": "record", "int x = 1;\nextension.Add(x);": "extension", "if (true) { }\nunion + 1": "union"}.items():
            with self.subTest(code):
                text = self.run_failing_cell(code).traceback
                self.assertEqual(text.count("error CS"), 1, text)
                self.assertIn(f"'{name}' is a contextual keyword at the start of a statement. Write @{name} to use it as a name.", text)
        self.assertEqual(self.run_cell("@union = 6; @record++; @extension.Add(1); $\"{union} {record} {extension.Count}\"").result, "6 7 1")

    def test_an_internal_exception_is_an_error_on_iopub_and_in_the_reply(self):
        with tempfile.NamedTemporaryFile("w", suffix=".csx") as file:
            file.write("top: int square = 9;\n")
            file.flush()
            outcome = self.run_failing_cell(f'#load "{file.name}"')
        self.assertTrue(outcome.error["ename"] and outcome.error["evalue"])
        self.assert_alive()

    def test_recursion_is_folded_and_the_lines_around_are_shown(self):
        self.run_cell("int Down(int n)\n{\n    if (n == 0) throw new TimeoutException();\n    return Down(n - 1) + 1;\n}")
        traceback = self.run_failing_cell("var n = 300;\nDown(n);").traceback
        self.assertIn("----> 3     if (n == 0) throw new TimeoutException();", traceback)
        self.assertIn("… 300 times in a row", traceback)
        self.assertLess(len(traceback.splitlines()), 20)

    def test_the_whole_trace_is_a_directive_away(self):
        self.assertIn("#!trace", self.run_failing_cell("new[] { 0 }.Select(x => 1 / x).ToList()").traceback)
        self.assertIn("Enumerable", self.run_cell("#!trace").result)


class Language(State):
    def test_overflow_checks_language_version_and_nullable_context_are_settings(self):
        self.run_cell("#!settings checked on")
        self.assertEqual(self.run_failing_cell("var most = int.MaxValue; most + 1").error["ename"], "OverflowException")
        self.run_cell("#!settings checked off")
        self.assertEqual(self.run_cell("most + 1").result, "-2147483648")
        self.run_cell("#!settings language-version 8")
        self.assertEqual(self.run_failing_cell("record R(int X);").error["ename"], "CompileError")
        self.run_cell("#!settings language-version latest")
        self.run_cell("record R(int X);")
        self.run_cell("#!settings nullable enable")
        self.run_cell("#!settings notices on")
        self.assertIn("CS8625", str(self.run_cell('string text = (string?)null; text').outputs))

    def test_in_debug_a_trace_has_exact_lines(self):
        self.run_cell("#!settings optimize off")
        self.assertIn("----> 3", self.run_failing_cell("var zero = 0;\nvar one = 1;\nvar x = one / zero;\nvar y = 2;").traceback)

    def test_an_unknown_setting_is_rejected(self):
        for setting in ("checked maybe", "language-version C", "nullable 7", "optimize 1"):
            self.assertEqual(self.run_failing_cell("#!settings " + setting).error["ename"], "MagicError")
