"""Tests notebooks written for .NET Interactive: each row of docs/migration.md about its API, its packages and its extensions."""
import glob
import inspect
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from jupyter_client.kernelspec import KernelSpecManager

from kernels import DEADLINE, KERNEL_NAME, Kernel, KernelTestCase
from test_packages import FreshKernelTestCase

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
INTERACTIVE = os.path.join(ROOT, "src", "Interactive")


def rows(section):
    """The cells of the first column of a section's table."""
    with open(os.path.join(ROOT, "docs", "migration.md"), encoding="utf-8") as file:
        text = file.read()
    table = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL).group(1)
    return [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines() if line.startswith("| ")][1:]


def shown(outcome):
    """All forms of all outputs, in order."""
    return [m["content"]["data"] for m in outcome.messages if m["msg_type"] in ("display_data", "update_display_data", "execute_result")]


class Documented(unittest.TestCase):
    def test_every_row_has_a_test(self):
        for section, *cases in (("API", Interface, ImportedInterface), ("Packages", PackagesOfInteractive), ("Extensions", Extensions)):
            tested = set(re.findall(r'row = ["\'](.*)["\']$', "\n".join(line for case in cases for line in source_of(case)), re.MULTILINE))
            self.assertEqual(tested, set(rows(section)), section)


def source_of(case):
    return inspect.getsource(case).splitlines()


class Interface(KernelTestCase):
    """Tests each row in a few cells, as notebooks contain them: names are used without a using, or with one."""

    def html(self, code):
        return shown(self.run_cell(code))[-1]["text/html"]

    def result(self, code):
        return self.run_cell(code).result

    def stderr(self, outcome):
        return "".join(text for name, text in outcome.outputs if name == "stderr")

    def test_display(self):
        row = "`display(value)`, `value.Display()`, with MIME types"
        outcome = self.run_cell('var shown = display("working"); shown.Update("done");')
        self.assertEqual(outcome.outputs, [("display_data", "working"), ("update_display_data", "done")])
        data = shown(self.run_cell('new[] { new { A = 1 } }.Display("text/html", "text/csv");'))[0]
        self.assertIn("<td", data["text/html"])
        self.assertIn("A", data["text/csv"])
        self.assertEqual(self.run_cell("3.Display()").outputs, [("display_data", "3")])

    def test_html(self):
        row = "`HTML(text)`"
        self.assertEqual(self.html('HTML("<b>bold</b>")'), "<b>bold</b>")
        self.assertEqual(self.html('display(HTML("<b>bold</b>"));'), "<b>bold</b>")
        self.assertEqual(self.html('IHtmlContent html = HTML("<i>x</i>"); html'), "<i>x</i>")
        self.assertEqual(self.html('HTML($"<p>{HTML("<b>x</b>")}</p>")'), "<p><b>x</b></p>")

    def test_styles_and_scripts(self):
        row = "`CSS(text)`, `Javascript(code)`"
        self.assertEqual(self.html('CSS("td { color: red }");'), "<style>td { color: red }</style>")
        self.assertEqual(shown(self.run_cell('Javascript("alert(1)");'))[0]["application/javascript"], "alert(1)")
        self.assertEqual(shown(self.run_cell('Javascript("alert(2)")'))[0]["application/javascript"], "alert(2)")

    def test_a_method_of_the_users_named_like_one_of_the_interface_is_the_users(self):
        self.run_cell('void Javascript(string text) => Console.WriteLine("mine " + text); string div(string text) => "my " + text;')
        self.assertEqual(self.run_cell('Javascript("x"); Console.WriteLine(div("y"));').stdout, "mine x\nmy y\n")
        self.run_cell("#!undo")
        self.run_cell("#!undo")

    def test_showing_in_a_form(self):
        row = "`DisplayAs`, `DisplayTable`, `ToDisplayString`"
        self.assertEqual(self.html('"<b>x</b>".DisplayAs("text/html");'), "<b>x</b>")
        self.assertIn("Major", self.html("new[] { new Version(1, 2) }.DisplayTable();"))
        self.assertEqual(self.result("new[] { 1, 2 }.ToDisplayString()"), "[1, 2]")
        self.assertEqual(self.result('new { a = 1 }.ToDisplayString("application/json")'), '{"a":1}')

    def answering(self, code, *answers):
        cell = self.front_end.start(code, allow_stdin=True)
        asked = []
        for answer in answers:
            request = self.front_end.receive(self.front_end.stdin, time.monotonic() + DEADLINE, "no input_request")
            asked.append((request["content"]["prompt"], request["content"]["password"]))
            self.front_end.session.send(self.front_end.stdin, "input_reply", {"value": answer}, parent=request)
        return self.front_end.finish(cell), asked

    def test_asking(self):
        row = "`GetInputAsync`, `GetInputsAsync`, `GetPasswordAsync`"
        outcome, asked = self.answering('var name = await GetInputAsync("Name?"); var secret = await Kernel.GetPasswordAsync("Word?");\n'
                                        "(name, secret.GetClearTextPassword())", "Ada", "sesame")
        self.assertEqual((outcome.result, asked), ('("Ada", "sesame")', [("Name?", False), ("Word?", True)]))
        for method in ("GetInputsAsync", "RequestInputsAsync"):
            outcome, asked = self.answering(f'var many = await Kernel.{method}(new[] {{ new InputDescription("a", "A?"), new InputDescription("b") {{ TypeHint = "password" }} }});\n'
                                            'many["a"] + many["b"]', "1", "2")
            self.assertEqual((outcome.result, asked), ("12", [("A?", False), ("b", True)]))

    def test_passwords(self):
        row = "`PasswordString`"
        self.assertEqual(self.result('new Microsoft.DotNet.Interactive.PasswordString("secret").ToString()'), "********")
        self.assertEqual(self.result('using Microsoft.DotNet.Interactive;\nPasswordString word = new("secret"); word.GetClearTextPassword()'), "secret")

    def test_pocket_views(self):
        row = '`PocketView`, `div[style: "…"](b("x"))`'
        for code, html in (
                ('div[style: "color:red", @class: "a"](b("x"), "<&>")', '<div style="color:red" class="a"><b>x</b>&lt;&amp;&gt;</div>'),
                ("ul(new[] { 1, 2 }.Select(n => li(n)))", "<ul><li>1</li><li>2</li></ul>"),
                ('span(HTML("<i>raw</i>"), new HtmlString("<u>raw</u>"))', "<span><i>raw</i><u>raw</u></span>"),
                ('img[src: "x?a&b"]', '<img src="x?a&amp;b"></img>'),
                ('input[type: "checkbox", data_id: 3]', '<input type="checkbox" data-id="3" />'),
                ('_.article("x")', "<article>x</article>"),
                ("div(br, hr)", "<div><br /><hr></hr></div>"),
                ('new Style { { "td", ("color", "red") } }', "<style>\ntd {\n  color: red;\n}\n</style>")):
            with self.subTest(code):
                self.assertEqual(self.html(code), html)
        self.assertIn("Fruit", self.html('PocketView view = b(new { Fruit = "apple", Tree = new { Height = 3 } }); view'))
        self.assertEqual(self.html("using static Microsoft.DotNet.Interactive.Formatting.PocketViewTags;\nvar i = 1; b(i)"), "<b>1</b>")

    def test_a_variable_that_does_not_exist_is_no_element(self):
        for code in ("table.Rows", "i + 1", "b[0]"):
            self.assertIn("CS0103", self.run_failing_cell(code).traceback)

    def test_html_content(self):
        row = "`IHtmlContent`, `HtmlString`"
        self.assertEqual(self.html('using Microsoft.AspNetCore.Html;\nvar parts = new List<IHtmlContent> { new HtmlString("<b>a</b>"), (IHtmlContent)i("b") };\ndiv(parts)'),
                         "<div><b>a</b><i>b</i></div>")

    def test_html_tags(self):
        row = "`HtmlTag` and its extension methods"
        self.assertEqual(self.html('"p".Tag().WithAttributes("id", "<x>").Containing("a<b").Append("<hr>".ToHtmlContent())'), '<p id="&lt;x&gt;">a&lt;b<hr></p>')

    def test_registering(self):
        row = "`Formatter.Register`"
        self.run_cell("record Money(decimal Amount);")
        for code in ('Formatter.Register<Money>(m => $"<b>{m.Amount}</b>", "text/html");',
                     'Formatter.Register<Money>((m, writer) => writer.Write($"<b>{m.Amount}</b>"), mimeType: "text/html");',
                     'Formatter.Register<Money>((m, context) => { context.Writer.Write($"<b>{m.Amount}</b>"); return true; }, "text/html");',
                     'Formatter.Register(typeof(Money), (m, writer) => writer.Write($"<b>{((Money)m).Amount}</b>"), "text/html");'):
            for using in ("", "using Microsoft.DotNet.Interactive.Formatting;\n"):
                with self.subTest(using + code):
                    self.assertEqual(self.html(using + code + "\nnew Money(3)"), "<b>3</b>")
                    self.assertIn("<b>3</b>", self.html("new[] { (1, new Money(3)) }"))
                    self.run_cell("JupyterKernel.Display.Formatter.ResetToDefault();")
        self.assertEqual(self.result("Formatter.Register<Money>((m, context) => false);\nnew Money(3)"), "Money { Amount = 3 }")
        self.run_cell('JupyterKernel.Display.Formatter.Register<Money>(m => "own");')
        self.assertEqual(self.result("new Money(3).ToDisplayString()"), "own")
        self.run_cell("Microsoft.DotNet.Interactive.Formatting.Formatter.ResetToDefault();")

    def test_registering_as_at_first(self):
        row = "`Formatter<T>.Register`"
        self.assertEqual(self.html('Formatter<Uri>.Register((uri, writer) => writer.Write(a[href: uri](uri.Host)), "text/html");\nnew Uri("http://h/")'),
                         '<a href="http://h/">h</a>')
        self.run_cell("Formatter.ResetToDefault();")

    def test_preferred_forms(self):
        row = "`Formatter.SetPreferredMimeTypesFor`, `DefaultMimeType`"
        self.run_cell("record Pair(int A, int B);")
        self.assertNotIn("text/html", shown(self.run_cell('Formatter.SetPreferredMimeTypesFor(typeof(Pair), "text/plain");\nnew[] { new Pair(1, 2) }[0]'))[0])
        self.assertEqual(set(shown(self.run_cell('Formatter.SetPreferredMimeTypesFor(typeof(Pair), "application/json", "text/html");\nnew Pair(1, 2)'))[0]),
                         {"application/json", "text/html", "text/plain"})
        self.run_cell("Formatter.ResetToDefault();")
        self.assertIn("text/html", shown(self.run_cell("new[] { new Pair(1, 2) }"))[0])
        self.assertNotIn("text/html", shown(self.run_cell('Formatter.DefaultMimeType = "text/plain";\nnew[] { new Pair(1, 2) }'))[0])
        self.run_cell("Formatter.ResetToDefault();")

    def test_limits(self):
        row = "`ListExpansionLimit`, `RecursionLimit`, `ResetToDefault`"
        self.assertEqual(self.result("using Microsoft.DotNet.Interactive.Formatting;\nFormatter.ListExpansionLimit = 2;\nEnumerable.Range(1, 5).ToArray()"), "[1, 2, … (3 more)]")
        self.assertEqual(self.result("Formatter.RecursionLimit = 1;\nnew { A = new { B = new { C = 1 } } }"), "{ A = { … } }")
        self.assertEqual(self.result("Formatter.ResetToDefault(); (Formatter.ListExpansionLimit, Formatter.RecursionLimit)"), "(20, 6)")

    def test_type_formatters(self):
        row = "`ITypeFormatter`, `HtmlFormatter<T>`, `PlainTextFormatter<T>`, `JsonFormatter<T>`"
        self.assertEqual(self.html('Formatter.Register(new HtmlFormatter<Uri>((uri, context) => context.Writer.Write($"<u>{uri.Host}</u>")));\nnew Uri("http://h/")'), "<u>h</u>")
        self.assertEqual(self.result('Formatter.Register(new PlainTextFormatter<Uri>(uri => uri.Host));\nnew Uri("http://h/").ToDisplayString()'), "h")
        self.assertEqual(self.result('class Hosts : ITypeFormatter { public string MimeType => "text/plain"; public Type Type => typeof(Uri);\n'
                                     'public bool Format(object value, FormatContext context) { context.Writer.Write("mine"); return true; } }\n'
                                     'Formatter.Register(new Hosts()); new Uri("http://h/").ToDisplayString()'), "mine")
        self.assertEqual(self.result('new JsonFormatter<int[]>().MimeType + new[] { 1 }.ToDisplayString(new JsonFormatter<int[]>())'), "application/json[1]")
        self.assertEqual(self.result('Formatter.GetPreferredFormatterFor(typeof(int), "text/plain").MimeType'), "text/plain")
        self.run_cell("Formatter.ResetToDefault();")

    def test_formatter_sources(self):
        row = "`[TypeFormatterSource]`"
        self.assertEqual(self.html('[TypeFormatterSource(typeof(Source))] class Marked { }\n'
                                   'class Source : ITypeFormatterSource { public IEnumerable<ITypeFormatter> CreateTypeFormatters() { yield return new HtmlFormatter<Marked>(m => "<b>marked</b>"); } }\n'
                                   "new Marked()"), "<b>marked</b>")
        self.assertEqual(self.html('class TypeFormatterSourceAttribute : Attribute { public TypeFormatterSourceAttribute(Type type) => FormatterSourceType = type; public Type FormatterSourceType { get; } }\n'
                                   '[TypeFormatterSource(typeof(OwnSource))] class Own { }\n'
                                   'class OwnFormatter { public string MimeType => "text/html"; public bool Format(object value, TextWriter writer) { writer.Write("<b>own</b>"); return true; } }\n'
                                   "class OwnSource { public IEnumerable<object> CreateTypeFormatters() => new object[] { new OwnFormatter() }; }\nnew Own()"), "<b>own</b>")
        self.run_cell("#!undo")

    def test_latex(self):
        row = "`LaTeXString`, `MathString`"
        self.assertEqual(shown(self.run_cell('(LaTeXString)@"\\frac{1}{2}"'))[0]["text/latex"], "\\frac{1}{2}")
        self.assertEqual(shown(self.run_cell('(MathString)@"x^2"'))[0]["text/latex"], "$$x^2$$")

    def test_tables(self):
        row = "`TabularDataResource`"
        data = shown(self.run_cell('using Microsoft.DotNet.Interactive.Formatting.TabularData;\nnew[] { new { Name = "a", Size = 1 }, new { Name = "b", Size = 2 } }.ToTabularDataResource()'))[0]
        self.assertIn("<td", data["text/html"])
        self.assertEqual([field["type"] for field in data["application/table-schema+json"]["schema"]["fields"]], ["string", "integer"])
        self.assertEqual(data["application/table-schema+json"]["data"][1], {"Name": "b", "Size": 2})

    def test_the_running_cell(self):
        row = "`KernelInvocationContext.Current`"
        outcome = self.run_cell('var context = KernelInvocationContext.Current;\ncontext.OnComplete(_ => Console.WriteLine("ended"));\n'
                                'context.Display(1, "text/plain"); context.DisplayAs("*x*", "text/markdown"); Console.WriteLine("running");\ncontext.CancellationToken.CanBeCanceled')
        self.assertEqual(outcome.stdout, "running\nended\n")
        self.assertEqual((shown(outcome)[1]["text/markdown"], outcome.result), ("*x*", "True"))
        cell = self.front_end.start('Console.WriteLine("waiting"); await Task.Delay(-1, KernelInvocationContext.Current.CancellationToken);')
        self.front_end.wait_for_output(cell, "waiting")
        self.front_end.interrupt()
        self.assertEqual(self.front_end.finish(cell).error["ename"], "Interrupted")

    def test_publishing(self):
        row = "`Publish` of events"
        outcome = self.run_cell(
            "using Microsoft.DotNet.Interactive; using Microsoft.DotNet.Interactive.Events; using Microsoft.DotNet.Interactive.Formatting;\n"
            "class Told : IObserver<KernelEvent> { public int Count; public void OnCompleted() { } public void OnError(Exception e) { } public void OnNext(KernelEvent e) => Count++; }\n"
            "var told = new Told(); using var subscription = Kernel.Root.KernelEvents.Subscribe(told);\n"
            "var context = KernelInvocationContext.Current; var text = new[] { new FormattedValue(\"text/plain\", \"out\") };\n"
            'context.Publish(new DisplayedValueProduced(null, context.Command, new[] { new FormattedValue("text/html", "<b>x</b>") }, "id of this test"));\n'
            'context.Publish(new DisplayedValueUpdated(null, "id of this test", context.Command, new[] { new FormattedValue("text/html", "<b>y</b>") }));\n'
            "context.Publish(new StandardOutputValueProduced(context.Command, text)); context.Publish(new StandardErrorValueProduced(context.Command, text));\n"
            'context.Publish(new ErrorProduced("wrong", context.Command)); context.Publish(new ReturnValueProduced(7, context.Command));\ntold.Count')
        self.assertEqual([data.get("text/html") for data in shown(outcome)[:2]], ["<b>x</b>", "<b>y</b>"])
        self.assertEqual((outcome.stdout, self.stderr(outcome)), ("out", "outwrong\n"))
        self.assertEqual((shown(outcome)[2]["text/plain"], outcome.result), ("7", "6"))

    def test_kernels(self):
        row = "`Kernel.Current`, `Kernel.Root`, `FindKernelByName`"
        self.assertEqual(self.result('(Kernel.Current.Name, Kernel.Root.FindKernelByName("csharp") == Kernel.Current, Kernel.Current.ParentKernel == Kernel.Root)'), '("csharp", True, True)')
        self.assertEqual(self.html('await Kernel.Root.FindKernelByName("html").SubmitCodeAsync("<b>x</b>");'), "<b>x</b>")
        self.assertEqual(shown(self.run_cell('await Kernel.Root.SendAsync(new SubmitCode("*x*", "markdown"));'))[0]["text/markdown"], "*x*")

    def test_submitting_code(self):
        row = "`SubmitCodeAsync`, `SendAsync(new SubmitCode(…))`"
        with Kernel() as kernel:
            self.front_end = kernel.front_end
            outcome = self.run_cell('var outer = 1;\nvar sent = await Kernel.Root.SendAsync(new SubmitCode("var inner = outer + 40; outer = 2; inner"));\n(outer, sent.Events.Last().GetType().Name)')
            self.assertEqual((shown(outcome)[0]["text/plain"], outcome.result), ("41", '(2, "CommandSucceeded")'))
            self.assertEqual(self.result("inner + outer"), "43")
            self.assertEqual(self.result('await Kernel.Current.SubmitCodeAsync("record Point(int X, int Y);");\nawait Kernel.Current.SubmitCodeAsync("var point = new Point(1, inner);");\n1'), "1")
            self.run_cell('Kernel.Current.SubmitCodeAsync("var waited = 5;").Wait();')
            self.run_cell('_ = Kernel.Current.SubmitCodeAsync("await Task.Delay(50); var notWaitedFor = 6;");')
            for code, said in (('int wrong = \\"x\\";', "does not compile: "), ('throw new InvalidOperationException(\\"thrown\\");', "InvalidOperationException: thrown")):
                outcome = self.run_cell(f'(await Kernel.Current.SubmitCodeAsync("{code}")).Events.Last().GetType().Name')
                self.assertEqual(outcome.result, "CommandFailed")
                self.assertIn(said, self.stderr(outcome))
            everything = "(outer, inner, point.Y, waited, notWaitedFor)"
            self.assertEqual(self.result(everything), "(2, 41, 41, 5, 6)")
            self.run_failing_cell("Environment.Exit(1);")
            self.assertEqual(self.result(everything), "(2, 41, 41, 5, 6)")
            self.run_cell("#!recycle")
            self.assertEqual(self.result(everything), "(2, 41, 41, 5, 6)")
            cell = self.front_end.start('await Kernel.Current.SubmitCodeAsync("var gone = 1; Console.WriteLine(\\"looping\\"); while (true) { }");')
            self.front_end.wait_for_output(cell, "looping")
            self.front_end.interrupt()
            self.assertEqual(self.front_end.finish(cell).error["ename"], "Interrupted")
            self.assertIn("CS0103", self.run_failing_cell("gone").traceback)
            self.run_cell('var last = 1; await Kernel.Current.SubmitCodeAsync("var ofLast = 2;");')
            self.run_cell("#!undo")
            for name in ("last", "ofLast"):
                self.assertIn("CS0103", self.run_failing_cell(name).traceback)
            self.assertEqual(self.result(everything), "(2, 41, 41, 5, 6)")
            self.run_cell("namespace Of.This { public class Test { public int Value => 1; } }")
            self.run_cell('int Twice(int n) => 2 * n; await Kernel.Current.SubmitCodeAsync("var twice = Twice(21);");')
            self.run_cell("namespace Of.This { public class Test { public int Value => 2; } }")
            self.assertEqual(self.result("(twice, inner, new Of.This.Test().Value)"), "(42, 41, 2)")
        self.front_end = self.kernel.front_end

    def test_submitting_code_from_a_cell_that_is_not_executed_again(self):
        row = "… in a cell with `#!replay never`"
        outcome = self.run_cell('#!replay never\nvar kept = 1;\nawait Kernel.Current.SubmitCodeAsync("var refused = 1;");')
        self.assertIn("#!replay", self.stderr(outcome))
        self.assertEqual(self.result("kept"), "1")
        self.run_failing_cell("refused")

    def test_commands(self):
        row = "`DisplayValue`, `UpdateDisplayedValue`, `RequestInput`, `RequestValue`"
        outcome = self.run_cell("using Microsoft.DotNet.Interactive.Commands;\n"
                                'await Kernel.Root.SendAsync(new DisplayValue(new FormattedValue("text/html", "<b>x</b>"), "another id of this test"));\n'
                                'await Kernel.Root.SendAsync(new UpdateDisplayedValue(new FormattedValue("text/html", "<b>y</b>"), "another id of this test"));')
        self.assertEqual([data["text/html"] for data in shown(outcome)], ["<b>x</b>", "<b>y</b>"])
        outcome, asked = self.answering('((InputProduced)(await Kernel.Root.SendAsync(new RequestInput("Q?", "password"))).Events[0]).Value', "A")
        self.assertEqual((outcome.result, asked), ("A", [("Q?", True)]))
        self.run_cell("var ofThisTest = new[] { 1, 2 };")
        self.assertEqual(self.result('((ValueProduced)(await Kernel.Current.SendAsync(new RequestValue("ofThisTest"))).Events[0]).FormattedValue.Value'), "[1,2]")

    def test_unsupported_commands(self):
        row = "other commands, other kernels"
        for command, said in (('new SubmitCode("let x = 1", "fsharp")', "Unknown kernel 'fsharp'"), ("new Quit()", "cannot shut this kernel down"), ('new RequestValue("nowhere")', "Unknown variable 'nowhere'")):
            with self.subTest(command):
                outcome = self.run_cell(f"(await Kernel.Root.SendAsync({command})).Events.Last() is CommandFailed")
                self.assertEqual(outcome.result, "True")
                self.assertIn(said, self.stderr(outcome))

    def test_variables(self):
        row = "`CSharpKernel.TryGetValue`"
        self.run_cell("var looked = 3; looked = 4;")
        self.assertEqual(self.result('((CSharpKernel)Kernel.Current).TryGetValue("looked", out int found) ? found : 0'), "4")

    def test_directives(self):
        row = "`KernelActionDirective`, `KernelDirectiveParameter`, `KernelDirectiveCommand`, `AddDirective`"
        self.run_cell(
            'using Microsoft.DotNet.Interactive.Directives; using Microsoft.DotNet.Interactive.Commands;\n'
            'public class DisplayClock : KernelDirectiveCommand\n{\n    public int Hour { get; set; }\n    public bool IsUtc { get; set; }\n'
            '    public override IEnumerable<string> GetValidationErrors(CompositeKernel kernel) => Hour > 23 ? ["There is no such hour."] : [];\n}\n'
            'var clock = new KernelActionDirective("#!clock")\n{\n    Description = "Displays a clock.",\n    Parameters =\n    {\n'
            '        new KernelDirectiveParameter("--hour", "The hour.") { Required = true, AllowImplicitName = true }.AddCompletions(() => ["11", "12"]),\n'
            '        new KernelDirectiveParameter("--is-utc") { Flag = true },\n    }\n};\n'
            'Kernel.Root.AddDirective<DisplayClock>(clock, (command, context) =>\n{\n    context.Display($"{command.Hour}:00{(command.IsUtc ? " UTC" : "")}");\n    return Task.CompletedTask;\n});')
        self.assertEqual(shown(self.run_cell("#!clock --hour 12 --is-utc"))[0]["text/plain"], "12:00 UTC")
        self.assertEqual(shown(self.run_cell("#!clock 7"))[0]["text/plain"], "7:00")
        self.assertIn("--hour", self.run_failing_cell("#!clock").error["evalue"])
        self.assertIn("There is no such hour.", self.run_failing_cell("#!clock 24").error["evalue"])
        self.assertIn("Displays a clock.", self.result("#!lsmagic"))
        completed = self.front_end.ask("complete_request", {"code": "#!clock --hour 1", "cursor_pos": 16})
        self.assertEqual(completed["matches"], ["11", "12"])
        self.run_cell('Kernel.Current.AddDirective(new KernelActionDirective("#!plain") { Parameters = { new("--what") } }, async (command, context) =>\n{\n    await Task.Yield();\n'
                      '    Console.Write(((DirectiveCommand)command).Parameters["--what"]);\n});')
        self.assertEqual(self.run_cell('#!plain --what "a b"').stdout, "a b")
        self.run_cell('Kernel.Root.AddDirective(new KernelActionDirective("#!typed") { KernelCommandType = typeof(DisplayClock), Parameters = { new("--hour") } }, (command, _) => { Console.Write(((DisplayClock)command).Hour); return Task.CompletedTask; });')
        self.assertEqual(self.run_cell("#!typed --hour 5").stdout, "5")

    def test_unsupported_features(self):
        row = "`AddMiddleware`, `UseKernelHelpers`, kernels of one's own"
        self.run_cell("((CSharpKernel)Kernel.Current).Name")
        for code in ("Kernel.Root.AddMiddleware(null);", "((CSharpKernel)Kernel.Current).UseKernelHelpers();"):
            self.assertIn("CS1061", self.run_failing_cell(code).traceback)
        self.assertEqual(self.run_failing_cell('class Own : Kernel { public Own() : base("own") { } }\nnew Own().Nonsense').error["ename"], "CompileError")
        self.assert_alive()


class ImportedInterface(KernelTestCase):
    """Tests differences after a notebook imports the interface's namespaces, as most do."""

    def stderr(self, outcome):
        return "".join(text for name, text in outcome.outputs if name == "stderr")

    def test_code_in_other_languages_that_is_submitted(self):
        row = "`SubmitCodeAsync`, `SendAsync(new SubmitCode(…))`"
        outcome = self.run_cell('await Kernel.Root.SubmitCodeAsync("#!markdown\\n# heading\\n#!csharp\\nvar submittedPart = 1; submittedPart + 1\\n#!html\\n<b>x</b>");')
        self.assertEqual([set(bundle) - {"text/plain"} for bundle in shown(outcome)], [{"text/markdown"}, set(), {"text/html"}])
        self.assertEqual(shown(outcome)[1]["text/plain"], "2")
        self.assertEqual(self.run_cell("submittedPart").result, "1")
        outcome = self.run_cell('(await Kernel.Root.SubmitCodeAsync("#!time\\nvar notRun = 1;")).Events.Last().GetType().Name')
        self.assertEqual(outcome.result, "CommandFailed")
        self.assertIn("#!time is not supported in submitted code", self.stderr(outcome))
        self.assertIn("CS0103", self.run_failing_cell("notRun").traceback)

    def test_both_interfaces_share_their_formatters(self):
        row = "`display(value)`, `value.Display()`, with MIME types"
        self.run_cell('var beforeUsing = display("before"); var alsoBefore = "before".Display();')
        self.run_cell("using Microsoft.DotNet.Interactive; using Microsoft.DotNet.Interactive.Formatting;")
        self.run_cell('DisplayedValue bar = "0%".Display(); bar.Update("1%"); var all = new List<DisplayedValue>(); all.Add("a".Display()); all.Add(display("b")); all.Add(beforeUsing); all[0].Update(1);')
        self.run_cell('beforeUsing = "later".Display(); alsoBefore = display("later"); var third = 5.Display(); third = display("w"); third = beforeUsing;')
        self.run_cell('async Task Work(DisplayedValue shown) { await Task.Delay(5); shown.Update("done"); }\nawait Work(beforeUsing);')

    def test_sequences_of_html_are_their_elements(self):
        row = '`PocketView`, `div[style: "…"](b("x"))`'
        self.run_cell("using static Microsoft.DotNet.Interactive.Formatting.PocketViewTags;")
        self.assertEqual(shown(self.run_cell('ul(new[] { "a", "b" }.Select(i => HTML($"<li>{i}</li>")))'))[0]["text/html"], "<ul><li>a</li><li>b</li></ul>")

    def test_formatters_for_objects_and_sequences_do_not_apply_to_text(self):
        self.addCleanup(self.run_cell, "Formatter.ResetToDefault();")
        self.run_cell('Formatter.Register<System.Collections.IEnumerable>((o, w) => w.Write("SEQ"), "text/html"); Formatter.Register<object>((o, w) => w.Write("OBJ"), "text/html");')
        text, sequence, other = shown(self.run_cell('display("str"); display(new[] { 1 }); new { A = 1 }'))
        self.assertEqual((text, sequence["text/html"], other["text/html"]), ({"text/plain": "str"}, "SEQ", "OBJ"))
        self.run_cell('Formatter.Register<string>((text, w) => w.Write("STR"), "text/html");')
        self.assertEqual(shown(self.run_cell('display("str");'))[0]["text/html"], "STR")

    def test_a_tables_json(self):
        row = "`TabularDataResource`"
        self.run_cell('using Microsoft.DotNet.Interactive.Formatting.TabularData; var resource = new[] { new { Name = "A", Age = 1 } }.ToTabularDataResource();')
        expected = {"profile": "tabular-data-resource", "schema": {"primaryKey": [], "fields": [{"name": "Name", "type": "string"}, {"name": "Age", "type": "integer"}]}, "data": [{"Name": "A", "Age": 1}]}
        for code in ("Console.Write(System.Text.Json.JsonSerializer.Serialize(resource));", 'Console.Write(resource.ToDisplayString("application/json"));'):
            outcome = self.run_cell(code)
            self.assertEqual(json.loads("".join(text for name, text in outcome.outputs if name == "stdout")), expected)

    def test_namespaces_that_notebooks_import(self):
        row = "`using` of its namespaces"
        for space in ("Commands", "Connection", "CSharp", "Directives", "Events", "Extensions", "Formatting", "Formatting.TabularData", "Parsing", "Utility", "ValueSharing"):
            self.run_cell(f"using Microsoft.DotNet.Interactive.{space};")
        self.assertEqual(self.run_cell('KernelInvocationContext.Current.DisplayStandardOut("out"); KernelInvocationContext.Current.DisplayStandardError("err");').outputs, [("stdout", "out"), ("stderr", "err")])


class PackagesOfInteractive(FreshKernelTestCase):
    def test_its_own_packages(self):
        row = '`#r "nuget: Microsoft.DotNet.Interactive"`, `….Formatting`, `….CSharp`, `….PackageManagement`, in any version'
        outcome = self.run_cell('#r "nuget: Microsoft.DotNet.Interactive, 1.0.0-beta.20574.7"\n#r "nuget: Microsoft.DotNet.Interactive.Formatting"\nusing Microsoft.DotNet.Interactive;\nKernel.Current.Name')
        self.assertEqual(outcome.result, "csharp")
        self.assertEqual([name for name, _ in outcome.outputs], ["display_data", "execute_result"])
        self.assertIn("nothing was restored", outcome.outputs[0][1])

    def test_its_package_for_notebook_files(self):
        row = '`#r "nuget: Microsoft.DotNet.Interactive.Documents"`'
        code = 'using Microsoft.DotNet.Interactive.Documents;\nnew InteractiveDocument([new InteractiveDocumentElement("1 + 1", "csharp")]).Elements.Single().Contents'
        self.assertEqual(self.run_cell('#r "nuget: Microsoft.DotNet.Interactive.Documents, 1.0.0-*"\n' + code).result, "1 + 1")
        self.assertEqual(self.run_cell("Kernel.Current.Name").result, "csharp")

    def test_libraries_that_the_original_used_itself_are_packages(self):
        row = "`using Newtonsoft.Json`, `System.Reactive` … without `#r`, since .NET Interactive itself used them"
        code = 'using Newtonsoft.Json.Linq;\nJObject.Parse("{}").Count'
        self.assertIn('#r "nuget: Newtonsoft.Json"', self.run_failing_cell(code).traceback)
        self.assertEqual(self.run_cell('#r "nuget: Newtonsoft.Json"\n' + code).result, "0")

    def test_a_published_package_that_was_compiled_against_the_original(self):
        row = "a package that depends on them"
        outcome = self.run_cell('#r "nuget: Plotly.NET.Interactive, 6.0.0"\ntypeof(Plotly.NET.Interactive.Formatters).Assembly.GetReferencedAssemblies().Single(name => name.Name == "Microsoft.DotNet.Interactive").ToString()')
        self.assertEqual(outcome.result, "Microsoft.DotNet.Interactive, Version=1.0.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35")
        self.assertFalse([text for name, text in outcome.outputs if name == "stderr"], "its extension was loaded")
        code = "Formatter.RegisteredFormatters().Single().Type.FullName"
        self.assertIn("Plotly.NET.GenericChart", self.run_cell(code).result)
        self.run_failing_cell("Environment.Exit(1);")
        self.assertIn("Plotly.NET.GenericChart", self.run_cell(code).result)
        loaded = 'System.Runtime.Loader.AssemblyLoadContext.GetLoadContext(typeof(Kernel).Assembly).Assemblies.Select(a => a.GetName().Name).Where(n => n.StartsWith("Microsoft.CodeAnalysis") || n == "System.Reactive").Count()'
        self.assertEqual(self.run_cell(loaded).result, "0")


class Extensions(FreshKernelTestCase):
    """Tests packages that are built here, in a folder that serves as a source."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.prefix = "Of.This.Test." + os.path.basename(cls.folder)
        store = os.environ.get("NUGET_PACKAGES", os.path.expanduser("~/.nuget/packages"))
        cls.addClassCleanup(lambda: [shutil.rmtree(os.path.join(store, name), ignore_errors=True) for name in os.listdir(store) if name.startswith(cls.prefix.lower())])

    def pack(self, name, on_load=None, script=None, against=None):
        """Builds a package whose extension runs the given code, compiled against this kernel's assemblies or another project."""
        package = f"{self.prefix}.{name}"
        folder = os.path.join(self.folder, name)
        os.makedirs(folder)

        def write(file, text):
            with open(os.path.join(folder, file), "w", encoding="utf-8") as opened:
                opened.write(text)

        if against:
            references = f'<ProjectReference Include="{against}" PrivateAssets="all" />'
        else:
            kernel = os.path.join(os.path.dirname(KernelSpecManager().get_kernel_spec(KERNEL_NAME).argv[0]), "worker")
            references = "".join(f'<Reference Include="{file}" Private="false" />' for file in (*glob.glob(os.path.join(kernel, "interactive", "*.dll")), os.path.join(kernel, "JupyterKernel.Display.dll")))
        content = '<None Include="extension.dib" Pack="true" PackagePath="interactive-extensions/dotnet" />' if script else ""
        content += f'<None Include="$(OutputPath)/{name}.dll" Pack="true" PackagePath="interactive-extensions/dotnet" />' if on_load else ""
        write(f"{name}.csproj", f'<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework><PackageId>{package}</PackageId><Version>1.0.0</Version>'
              "<NoWarn>CS1998;CS0162;NU5100;NU5118;NU5128</NoWarn><ImplicitUsings>enable</ImplicitUsings><Configuration>Release</Configuration><OutputPath>out</OutputPath><AppendTargetFrameworkToOutputPath>false</AppendTargetFrameworkToOutputPath>"
              f"</PropertyGroup><ItemGroup>{references if on_load else ''}{content}</ItemGroup></Project>")
        write("Lib.cs", f"namespace {name}; public static class Answer {{ public static int Value => 42; }}")
        if script:
            write("extension.dib", script)
        if on_load:
            write("Extension.cs", f"using Microsoft.DotNet.Interactive;{'' if against else ' using Microsoft.DotNet.Interactive.Formatting;'}\nnamespace {name};\n"
                  f"public class Extension : IKernelExtension {{ public async Task OnLoadAsync(Kernel kernel) {{ {on_load} }} }}")
        made = subprocess.run(["dotnet", "pack", folder, "-c", "Release", "-o", os.path.join(self.folder, "feed"), "--verbosity", "quiet"],
                              capture_output=True, text=True)
        self.assertEqual(made.returncode, 0, made.stdout + made.stderr)
        return f'#i "nuget: {self.folder}/feed"\n#r "nuget: {package}, 1.0.0"\n'

    def stderr(self, outcome):
        return "".join(text for name, text in outcome.outputs if name == "stderr")

    def test_loading(self):
        row = "assemblies in a package's `interactive-extensions/dotnet`"
        reference = self.pack("Good", 'Formatter.Register<Uri>(uri => "<b>extended</b>", "text/html"); KernelInvocationContext.Current.Display("loaded"); '
                                      'await kernel.SubmitCodeAsync("var fromExtension = 7;");')
        outcome = self.run_cell(f"{reference}Good.Answer.Value")
        self.assertEqual((outcome.result, self.stderr(outcome)), ("42", ""))
        self.assertIn(("display_data", "loaded"), outcome.outputs)
        for end in ("", "Environment.Exit(1);"):
            if end:
                self.run_failing_cell(end)
            shows = self.run_cell('display(fromExtension); new Uri("http://h/")')
            self.assertEqual((shown(shows)[0]["text/plain"], shown(shows)[1]["text/html"]), ("7", "<b>extended</b>"))
        self.assertNotIn(("display_data", "loaded"), self.run_cell(f"{reference}1").outputs, "loaded once")
        self.run_cell("#!undo")

    def test_throwing(self):
        row = "an extension that throws"
        outcome = self.run_cell(self.pack("Throwing", 'throw new InvalidOperationException("on purpose");') + "Throwing.Answer.Value")
        self.assertEqual(outcome.result, "42")
        self.assertIn("Throwing was not loaded (InvalidOperationException: on purpose)", self.stderr(outcome))

    def test_hanging(self):
        row = "an extension whose `OnLoadAsync` does not return within 15 seconds"
        outcome = self.run_cell(self.pack("Hanging", "while (true) Thread.Sleep(1000);") + "Hanging.Answer.Value")
        self.assertEqual(outcome.result, "42")
        self.assertIn("did not complete within", self.stderr(outcome))

    def test_an_interrupt_ends_the_waiting_for_an_extension(self):
        reference = self.pack("Waiting", 'Console.WriteLine("waiting"); await Task.Delay(-1);')
        self.run_cell("var kept = 1;")
        cell = self.front_end.start(reference)
        self.front_end.wait_for_output(cell, "waiting")
        self.front_end.interrupt()
        self.assertEqual(self.front_end.finish(cell).error["ename"], "Interrupted")
        self.assertEqual(self.run_cell("kept").result, "1")

    def test_missing_types(self):
        row = "an extension that requires a feature that this kernel does not have"
        # Compiled against an assembly of the original's name and key that has more than this kernel's.
        original = os.path.join(self.folder, "original")
        os.makedirs(original)
        with open(os.path.join(original, "original.csproj"), "w", encoding="utf-8") as file:
            file.write('<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework><AssemblyName>Microsoft.DotNet.Interactive</AssemblyName>'
                       f'<AssemblyVersion>1.0.0.0</AssemblyVersion><SignAssembly>true</SignAssembly><PublicSign>true</PublicSign><AssemblyOriginatorKeyFile>{os.path.join(INTERACTIVE, "31bf3856ad364e35.snk")}</AssemblyOriginatorKeyFile>'
                       "<ImplicitUsings>enable</ImplicitUsings></PropertyGroup></Project>")
        with open(os.path.join(original, "Original.cs"), "w", encoding="utf-8") as file:
            file.write("namespace Microsoft.DotNet.Interactive; public abstract class Kernel { } public interface IKernelExtension { Task OnLoadAsync(Kernel kernel); }\n"
                       "public class Missing { public Task DoAsync() => Task.CompletedTask; }")
        outcome = self.run_cell(self.pack("Lacking", "await new Missing().DoAsync();", against=os.path.join(original, "original.csproj")) + "Lacking.Answer.Value")
        self.assertEqual(outcome.result, "42")
        self.assertIn("requires a feature that this kernel does not have", self.stderr(outcome))

    def test_scripts(self):
        row = "`extension.dib`"
        outcome = self.run_cell(self.pack("Scripted", script='#!markdown\n# Title\n\n#!csharp\nusing System.Net;\nvar fromScript = Scripted.Answer.Value;\n\n#!fsharp\nlet x = 1\n\n#!csharp\nundefined();\n') + "1")
        self.assertEqual(outcome.result, "1")
        self.assertIn("fsharp, and is not run", self.stderr(outcome))
        self.assertIn("extension.dib of", self.stderr(outcome))
        self.assertEqual(self.run_cell("fromScript").result, "42")
        self.run_failing_cell("Environment.Exit(1);")
        self.assertEqual(self.run_cell("(fromScript, IPAddress.Loopback.ToString())").result, '(42, "127.0.0.1")')
