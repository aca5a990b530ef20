"""Tests magics: the effect of each, cells of several blocks, languages, values, imports, and their state after a crash."""
import functools
import http.server
import json
import os
import re
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from kernels import DEADLINE, KernelTestCase
from test_state import State

FOREIGN = {
    "#!fsharp": "library.fsproj", "#!f#": "#r \"library.fsproj\"", "#!F#": "F#", "#!pwsh": "Microsoft.PowerShell.SDK", "#!powershell": "PowerShell",
    "#!sql": "Dapper", "#!sql-orders": "Dapper", "#!kql": "Microsoft.Azure.Kusto.Data", "#!kql-logs": "Kusto", "#!http": "HttpClient",
    "#!python": "a kernel for that language", "#!r": "a kernel for that language", "#!vb": "library.vbproj",
}


def notebook(*cells, **fields):
    """The text of an .ipynb whose cells are sources, or pairs of a source and a language."""
    def cell(source):
        text, language = source if isinstance(source, tuple) else (source, None)
        if language == "markdown":
            return {"cell_type": "markdown", "metadata": {}, "source": text}
        metadata = {"polyglot_notebook": {"kernelName": language}} if language else {}
        return {"cell_type": "code", "execution_count": None, "metadata": metadata, "outputs": [], "source": text}
    return json.dumps({"cells": [cell(source) for source in cells], "metadata": {}, "nbformat": 4, "nbformat_minor": 4, **fields})


def shown(outcome):
    """The MIME bundles of an outcome, in order."""
    return [m["content"]["data"] for m in outcome.messages if m["msg_type"] in ("display_data", "execute_result")]


class Blocks(KernelTestCase):
    def test_blocks_run_in_their_order_and_the_last_ones_result_is_the_cells(self):
        outcome = self.run_cell("var one = 1;\n#!html\n<b>two</b>\n#!csharp\none + 2\n#!markdown\n# four\n#!c#\none + 4")
        self.assertEqual(outcome.outputs, [("display_data", "two"), ("display_data", "3"), ("display_data", "# four"), ("execute_result", "5")])

    def test_every_name_of_csharp_begins_csharp(self):
        for name in ("#!csharp", "#!c#", "#!C#", "#!CSharp"):
            self.assertEqual(self.run_cell(f"{name}\n40 + 2").result, "42")

    def test_an_error_has_the_line_that_it_has_in_the_cell(self):
        outcome = self.run_failing_cell("#!html\n<p>\n</p>\n#!csharp\nvar fine = 1;\nfine + missing")
        self.assertIn("line 6", outcome.traceback)
        self.assertIn("(6,8): error CS0103", outcome.error["evalue"])

    def test_an_exception_has_the_line_and_source_that_it_has_in_the_cell(self):
        outcome = self.run_failing_cell('void Fail() {\n  throw new TimeoutException("late"); }\n#!time\n#!csharp\n\nFail();')
        self.assertIn("line 2", outcome.traceback)
        self.assertIn("line 6", outcome.traceback)
        self.assertIn("throw new TimeoutException", outcome.traceback)

    def test_the_source_of_an_earlier_cells_block_is_shown(self):
        self.run_cell('#!html\n<p>\n#!csharp\nvoid Later() => throw new Exception("now");')
        self.assertIn('void Later() => throw new Exception("now");', self.run_failing_cell("Later();").traceback)

    def test_an_error_ends_the_cell_and_what_ran_before_it_stays(self):
        outcome = self.run_failing_cell("var ran = 1;\n#!csharp\nvar compiles = nothing;\n#!html\n<b>never</b>")
        self.assertEqual([name for name, _ in outcome.outputs], ["error"])
        self.assertEqual(self.run_cell("ran").result, "1")
        self.assertEqual(self.run_failing_cell("compiles").error["ename"], "CompileError")

    def test_a_misspelled_magic_is_named_before_anything_runs(self):
        outcome = self.run_failing_cell("var notRun = 1;\n#!tim\n1")
        self.assertEqual(outcome.error["ename"], "MagicError")
        self.assertIn("line 2", outcome.error["evalue"])
        self.assertIn("Did you mean '#!time'?", outcome.error["evalue"])
        self.run_failing_cell("notRun")

    def test_text_that_is_not_a_magic_stays_unchanged(self):
        for code, result in {
            'var raw = """\n    #!html\n    """; raw': "#!html",
            'var verbatim = @"\n#!who\n"; verbatim.Trim()': "#!who",
            "/*\n#!fsharp\n*/ 1": "1",
            "// #!time\n3": "3",
            "#!/usr/bin/env dotnet\n4": "4",
            'var text = "#!";\n#!time\ntext': "#!",
        }.items():
            with self.subTest(code):
                self.assertEqual(self.run_cell(code).result, result)

    def test_text_continues_to_the_next_magic(self):
        outcome = self.run_cell("#!markdown\n# Title\n#!nothing such\n#! alone\n/* \" '\n#!time\nmore\n#!csharp\n1")
        self.assertEqual(outcome.outputs[0], ("display_data", "# Title\n#!nothing such\n#! alone\n/* \" '"))
        self.assertEqual(outcome.outputs[1:3], [("display_data", "more"), ("execute_result", "1")])

    def test_blocks_declare_for_each_other_and_for_later_cells(self):
        self.run_cell("record Point(int X);\n#!csharp\nusing System.Globalization;\nvar p = new Point(1);\n#!csharp\nint Twice() => 2 * p.X;")
        self.assertEqual(self.run_cell('$"{Twice()} {CultureInfo.InvariantCulture.Name.Length}"').result, "2 0")

    def test_line_ends_of_every_kind(self):
        outcome = self.run_failing_cell("#!html\r\n<p>\r\n#!csharp\r\nvar x =\r\n nope;")
        self.assertIn("(5,2)", outcome.error["evalue"])

    def test_a_silent_cell_shows_nothing(self):
        outcome = self.front_end.run("#!html\n<b>x</b>\n#!time\n#!csharp\n1", silent=True, store_history=False)
        self.assertEqual((outcome.status, outcome.outputs), ("ok", []))

    def test_much_text_and_many_blocks(self):
        text = "<p>" + "x" * 5_000_000
        self.assertEqual(len(shown(self.run_cell("#!html\n" + text))[0]["text/html"]), len(text))
        outcome = self.run_cell("\n".join(f"#!html\n<i>{i}</i>" for i in range(500)) + "\n#!csharp\n500")
        self.assertEqual((len(outcome.outputs), outcome.result), (501, "500"))

    def test_code_that_is_nested_too_deeply_is_rejected_and_the_kernel_survives(self):
        self.run_failing_cell("#!time\nvar deep = " + "(" * 20000 + "1")
        self.assert_alive()

    def test_a_console_knows_when_blocks_are_complete(self):
        for code, status in {
            "#!html": "incomplete", "#!html\n<b>": "incomplete", "#!html\n<b>\n": "complete", "#!time\nvar x = 1;": "complete",
            "#!time\nvoid F() {": "incomplete", "#!settings": "complete", "#!html\n<b>\n#!csharp\n1": "complete",
        }.items():
            with self.subTest(code):
                self.assertEqual(self.front_end.ask("is_complete_request", {"code": code})["status"], status)

    def test_completion_and_inspection_see_the_csharp_only(self):
        code = "#!html\n<p>it's \"open\n#!csharp\nConsole.Wri"
        self.assertIn("WriteLine", self.front_end.ask("complete_request", {"code": code, "cursor_pos": len(code)})["matches"])
        code = "#!markdown\n/*\n#!csharp\nConsole.WriteLine"
        self.assertTrue(self.front_end.ask("inspect_request", {"code": code, "cursor_pos": len(code), "detail_level": 0})["found"])


class Each(KernelTestCase):
    def test_time_is_shown_after_the_result(self):
        outcome = self.run_cell("#!time\nThread.Sleep(50);\n6 * 7")
        self.assertEqual(outcome.outputs[0], ("execute_result", "42"))
        self.assertRegex(outcome.outputs[1][1], r"^Wall time: \d{2,}\.?\d*ms$")

    def test_time_is_shown_for_a_cell_that_fails_too(self):
        self.assertEqual([name for name, _ in self.run_failing_cell("#!time\nthrow new Exception();").outputs], ["error", "display_data"])

    def test_who_lists_names_and_whos_types_and_values(self):
        self.run_cell('var whoList = new List<int> { 1, 2 }; var whoText = "text"; var @class = (1, "b"); unsafe { } ')
        names = self.run_cell("#!who").result.split(", ")
        self.assertLessEqual({"whoList", "whoText", "class"}, set(names))
        rows = {line.split()[0]: line for line in self.run_cell("#!whos").result.splitlines()}
        self.assertIn("List<int>", rows["whoList"])
        self.assertIn("[1, 2]", rows["whoList"])
        self.assertIn("string", rows["whoText"])
        self.assertIn("text", rows["whoText"])

    def test_whos_lists_variables_that_cannot_be_read(self):
        self.run_cell("class Thrower { public int Boom => throw new Exception(\"boom\"); } var thrower = new Thrower(); unsafe int* pointer = null;")
        rows = {line.split()[0]: line for line in self.run_cell("#!whos").result.splitlines()}
        self.assertIn("boom", rows["thrower"])
        self.assertIn("(not shown)", rows["pointer"])

    def test_about_and_lsmagic(self):
        about = self.run_cell("#!about").result
        for word in ("C#", ".NET 10", "Roslyn"):
            self.assertIn(word, about)
        listed = self.run_cell("#!lsmagic").result
        for name in ("#!time", "#!whos", "#!import", "#!settings", "#!javascript, #!js", "#!fsharp"):
            self.assertIn(name, listed)

    def test_every_magic_explains_itself_and_does_nothing(self):
        for name in [line.split()[0].rstrip(",") for line in self.run_cell("#!lsmagic").result.splitlines()[2:]]:
            with self.subTest(name):
                if name in FOREIGN or name == "#!connect":
                    self.assertIn("kernel", self.run_failing_cell(f"{name} --help").error["evalue"])
                else:
                    outcome = self.run_cell(f"{name} --help")
                    self.assertIn(f"Usage: {name}", outcome.result)
                    self.assertEqual(len(outcome.outputs), 1)
        self.assertEqual(self.run_cell("#!time -h").result, self.run_cell("#!time --help").result)

    def test_html_markdown_javascript_and_mermaid_are_displayed(self):
        for name, mime in {"#!html": "text/html", "#!markdown": "text/markdown", "#!md": "text/markdown", "#!javascript": "application/javascript",
                           "#!js": "application/javascript", "#!mermaid": "text/vnd.mermaid"}.items():
            with self.subTest(name):
                bundle = shown(self.run_cell(f"{name}\nfirst\n  second"))[0]
                self.assertEqual(bundle[mime], "first\n  second")
                self.assertIn("first", bundle["text/plain"])
        self.assertEqual(shown(self.run_cell("#!mermaid --display-width 5cm\ngraph TD"))[0]["text/markdown"], "```mermaid\ngraph TD\n```")
        self.assertEqual(self.run_cell("#!html").outputs, [])

    def test_javascript_that_awaits_is_a_function_of_its_own(self):
        for code in ("const x = await fetch('y');", "if (true)\n  return 1;"):
            self.assertEqual(shown(self.run_cell(f"#!js\n{code}"))[0]["application/javascript"], f"(async () => {{\n{code}\n}})();")
        self.assertEqual(shown(self.run_cell("#!js\nconst f = () => { return 1; };"))[0]["application/javascript"], "const f = () => { return 1; };")

    def test_log_is_accepted(self):
        outcome = self.run_cell("#!log\n2")
        self.assertEqual(outcome.result, "2")
        self.assertIn("has no effect", "".join(text for name, text in outcome.outputs if name == "stderr"))

    def test_wrong_options_are_named(self):
        for code, word in {
            "#!value\ntext": "--name", "#!set --name": "needs a value: --name <name>", "#!set --nam x --value 1": "Did you mean '--name'?", "#!time now": "'now'",
            "#!share x": "--from", "#!share x --from nowhere": "csharp", "#!set --name x --value \"open": "quotation mark", "#!set --name 1x --value 1": "1x",
            "#!set --name x --value @input:{\"prompt\": }": "JSON", "#!import": "needs a file", "#!replay sometimes": "always, never or ask",
        }.items():
            with self.subTest(code):
                outcome = self.run_failing_cell(code)
                self.assertEqual(outcome.error["ename"], "MagicError")
                self.assertIn(word, outcome.error["evalue"])

    def test_undo_and_recycle_require_a_separate_cell(self):
        for name in ("#!undo", "#!recycle"):
            self.assertIn("must be alone in its cell", self.run_failing_cell(f"var x = 1;\n{name}").error["evalue"])


class Languages(KernelTestCase):
    def test_an_unsupported_language_is_an_error_with_an_alternative(self):
        for name, alternative in FOREIGN.items():
            with self.subTest(name):
                outcome = self.run_failing_cell(f"{name} --option of its own\nlet x = \"it's\n")
                self.assertEqual(outcome.error["ename"], "LanguageNotSupported")
                self.assertIn(alternative, outcome.error["evalue"])

    def test_connect_suggests_an_alternative(self):
        outcome = self.run_failing_cell('#!connect mssql --kernel-name db "Server=.; \\"')
        self.assertEqual(outcome.error["ename"], "LanguageNotSupported")
        self.assertIn("SqlClient", outcome.error["evalue"])

    def test_csharp_before_an_unsupported_language_runs_and_csharp_after_it_does_not(self):
        self.run_failing_cell("var before = 1;\n#!fsharp\nlet x = 1\n#!csharp\nvar behind = 2;")
        self.assertEqual(self.run_cell("before").result, "1")
        self.assertEqual(self.run_failing_cell("behind").error["ename"], "CompileError")

    def test_the_rest_of_the_notebook_runs(self):
        requests = [self.front_end.start(code) for code in ("#!pwsh\nGet-Item", "var goesOn = 41;", "goesOn + 1")]
        self.assertEqual([self.front_end.finish(request).status for request in requests], ["error", "ok", "ok"])

    def test_cells_in_six_languages(self):
        code = "var six = 6;\n#!html\n<b>2</b>\n#!markdown\n*3*\n#!javascript\n4;\n#!mermaid\ngraph TD\n#!csharp\nsix"
        self.assertEqual([name for name, _ in self.run_cell(code).outputs], ["display_data"] * 4 + ["execute_result"])

    def with_metadata(self, code, metadata):
        return self.front_end.finish(self.front_end.send("execute_request", {"code": code, "silent": False}, metadata=metadata))

    def test_the_language_of_the_cells_metadata_is_honoured(self):
        for metadata, mime in (
            ({"polyglot_notebook": {"kernelName": "html"}}, "text/html"), ({"dotnet_interactive": {"language": "markdown"}}, "text/markdown"),
            ({"vscode": {"languageId": "javascript"}}, "application/javascript"), ({"polyglot_notebook": {"kernelName": "mermaid"}, "cellId": "x"}, "text/vnd.mermaid"),
        ):
            with self.subTest(mime):
                self.assertEqual(shown(self.with_metadata("var x = 1;", metadata))[0][mime], "var x = 1;")
        self.assertEqual(self.with_metadata("1 + 1", {"polyglot_notebook": {"kernelName": "csharp"}}).result, "2")
        self.assertEqual(self.with_metadata("#!csharp\n1 + 2", {"polyglot_notebook": {"kernelName": "html"}}).result, "3")

    def test_an_unsupported_language_of_the_metadata_is_an_error(self):
        for name in ("fsharp", "pwsh", "sql-orders", "never heard of"):
            outcome = self.with_metadata("let x = 1", {"polyglot_notebook": {"kernelName": name}})
            self.assertEqual(outcome.error["ename"], "LanguageNotSupported")

    def test_metadata_of_any_shape_do_no_harm(self):
        for metadata in ({"polyglot_notebook": 1}, {"polyglot_notebook": {"kernelName": {}}}, {"dotnet_interactive": []}, {"vscode": None}, {"cellId": 3}):
            self.assertEqual(self.with_metadata("1", metadata).result, "1")


class OldNotebooks(unittest.TestCase):
    def test_a_notebook_of_net_interactives_kernel_runs_unchanged(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "old.ipynb")
            with open(path, "w") as file:
                file.write(notebook(
                    ("# Title", "markdown"), ("var x = 41;", "csharp"), "#!time\nx + 1", ("#!html\n<b>page</b>", "html"), "#!value --name v\ntext", "#!share --from value v\nv",
                    metadata={"kernelspec": {"display_name": ".NET (C#)", "language": "C#", "name": ".net-csharp"},
                              "language_info": {"name": "polyglot-notebook"}, "polyglot_notebook": {"kernelInfo": {"defaultKernelName": "csharp", "items": []}}}))
            run = subprocess.run([sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--stdout", path], stdout=subprocess.PIPE, check=True)
        cells = json.loads(run.stdout)["cells"]
        self.assertEqual("".join(cells[2]["outputs"][0]["data"]["text/plain"]), "42")
        self.assertEqual("".join(cells[3]["outputs"][0]["data"]["text/html"]), "<b>page</b>")
        self.assertEqual("".join(cells[5]["outputs"][0]["data"]["text/plain"]), "text")


class Values(State):
    def answer(self, value):
        request = self.front_end.receive(self.front_end.stdin, time.monotonic() + DEADLINE, "no input_request")
        self.front_end.session.send(self.front_end.stdin, "input_reply", {"value": value}, parent=request)
        return request["content"]

    def asking(self, code, *answers):
        cell = self.front_end.start(code, allow_stdin=True)
        asked = [self.answer(answer) for answer in answers]
        outcome = self.front_end.finish(cell)
        self.assertEqual(outcome.status, "ok", outcome.traceback)
        return outcome, asked

    def serve(self):
        quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), functools.partial(quiet, directory=self.folder))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_address[1]}"

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def test_value_stores_text_files_and_downloads(self):
        self.run_cell('#!value --name inline\n\n  "quoted" \\ {braces}\nsecond\n\n#!csharp\n1')
        self.assertEqual(self.run_cell("#!share --from value inline\ninline").result, '  "quoted" \\ {braces}\nsecond')
        path = self.write("data.txt", "of the file")
        self.run_cell(f'#!value --name file --from-file "{path}"')
        self.assertEqual(self.run_cell("#!share file --from value --as text\ntext").result, "of the file")
        self.write("data.json", '{"a": [1, 2, 3]}')
        self.run_cell(f"#!value --from-url {self.serve()}/data.json --name url")
        self.assertEqual(self.run_cell("#!set --name json --value @value:url\njson.RootElement.GetProperty(\"a\").GetArrayLength()").result, "3")
        self.run_cell("#!value --name direct --from-value \"two words\"")
        self.assertEqual(self.run_cell("#!share --from value direct\ndirect").result, "two words")

    def test_a_value_with_a_mime_type_is_shown(self):
        self.assertEqual(shown(self.run_cell('#!value --name j --mime-type application/json\n{"a": 1}'))[0]["application/json"], {"a": 1})
        self.assertEqual(shown(self.run_cell("#!value --name h --mime-type text/html\n<b>x</b>"))[0]["text/html"], "<b>x</b>")
        self.assertEqual(shown(self.run_cell("#!value --name b --mime-type application/json\n{broken"))[0], {"text/plain": "{broken"})
        self.assertEqual(self.run_cell("#!share --from value b\nb").result, "{broken")

    def test_json_becomes_a_value(self):
        for text, value, kind in (("true", "True", "bool"), ("1.5", "1.5", "double"), ('"x"', "x", "string"), ("[1]", None, "JsonDocument")):
            self.run_cell(f"#!value --name v --mime-type application/json\n{text}")
            outcome = self.run_cell("#!share --from value v\nv")
            if value:
                self.assertEqual(outcome.result, value)
            self.assertIn(kind, self.run_cell("#!whos").result)

    def test_unavailable_values_are_rejected_and_the_old_one_stays(self):
        self.run_cell("#!value --name kept\nkept")
        for code, word in {
            "#!value --name kept --from-file /nowhere/at.all": "/nowhere/at.all", "#!value --name kept --from-url ftp://x": "http",
            "#!value --name kept --from-url http://127.0.0.1:9/": "Nothing was stored", f"#!value --name kept --from-url {self.serve()}/missing": "404",
            "#!value --name kept --from-value x\ntext": "several were given", "#!share --from value other": "kept", "#!value --name kept --from-file .": "Nothing was stored",
        }.items():
            with self.subTest(code):
                self.assertIn(word, self.run_failing_cell(code).error["evalue"])
        self.assertEqual(self.run_cell("#!share --from value kept\nkept").result, "kept")

    def test_set_and_share_within_csharp_keep_type_and_identity(self):
        self.run_cell("var list = new List<int> { 1 };")
        self.run_cell("#!set --value @csharp:list --name same\nsame.Add(2);")
        self.run_cell("#!share --from csharp list --as other\n#!share --from csharp list\nother.Add(3);")
        self.assertEqual(self.run_cell("list.Count").result, "3")
        self.assertEqual(self.run_cell("#!set --name copy --value @csharp:list --mime-type application/json\ncopy.RootElement.GetArrayLength()").result, "3")
        self.assertEqual(self.run_cell("#!set --name words --value \"one two\"\nwords").result, "one two")
        self.assertEqual(self.run_cell("#!set --name url --value https://example.com/?a=b\nurl").result, "https://example.com/?a=b")
        self.run_cell("using static Microsoft.DotNet.Interactive.Formatting.PocketViewTags;")  # it has a member _
        self.assertEqual(self.run_cell("#!share --from csharp words\nwords").result, "one two")
        self.assertIn("(1,", self.run_failing_cell("#!set --name x --value @csharp:nothing").error["evalue"])
        self.assertIn("'lisst'", self.run_failing_cell("#!share --from csharp lisst").error["evalue"])
        self.assertEqual(self.run_failing_cell("#!set --name x --value @fsharp:y").error["ename"], "LanguageNotSupported")
        self.assertEqual(self.run_failing_cell("#!share --from javascript y").error["ename"], "LanguageNotSupported")

    def test_values_shared_with_html_and_javascript_belong_to_the_page(self):
        self.run_cell('var list = new List<string> { "</script>", "\\u2028\\"" }; var text = "C#";')
        self.run_cell('#!value --name stored --mime-type application/json\n{"a": [1, null]}\n#!value --name words --from-value "one two"')
        for magic, form in {"#!share --from csharp list": ("list", ["</script>", '\u2028"']), "#!share list --from csharp --as other": ("other", ["</script>", '\u2028"']),
                            "#!set --name stored --value @value:stored": ("stored", {"a": [1, None]}), "#!set --name words --value @value:words": ("words", "one two"),
                            "#!set --name text --value 'C#'": ("text", "'C#'"), "#!set --name quoted --value \"a b\"": ("quoted", "a b"),
                            "#!set --name list --value @csharp:list --mime-type text/plain": ("list", "System.Collections.Generic.List`1[System.String]")}.items():
            for block, mime in {"#!js": "application/javascript", "#!javascript": "application/javascript", "#!html": "text/html"}.items():
                with self.subTest(magic, block=block):
                    declared, page = shown(self.run_cell(f"{block}\n{magic}\nconsole.log(1)"))
                    script = re.fullmatch(r'globalThis\["(\w+)"\] = (.*);', declared["application/javascript"])
                    self.assertEqual((script[1], json.loads(script[2])), form)
                    self.assertNotIn("<", declared["application/javascript"])
                    self.assertEqual(page[mime], "console.log(1)")
        # They belong to the page alone.
        self.assertEqual(self.run_cell("(list.Count, text)").result, '(2, "C#")')
        self.assertIn("CS0103", self.run_failing_cell("quoted").traceback)
        self.assertIn("'lisst'", self.run_failing_cell("#!js\n#!share --from csharp lisst").error["evalue"])
        outcome, asked = self.asking('#!js\n#!set --name typed --value @input:"Word?"\n', 'a "word"')
        self.assertEqual(json.loads(shown(outcome)[0]["application/javascript"].removeprefix('globalThis["typed"] = ').removesuffix(";")), 'a "word"')
        self.assertIn("saved in the notebook", self.run_failing_cell("#!js\n#!set --name secret --value @password").error["evalue"])
        self.assertEqual(len(self.run_cell("#!js\n#!share --from csharp list\n#!csharp\n#!share --from csharp text --as again\nagain").outputs), 2)

    def test_input_and_password_ask(self):
        outcome, asked = self.asking('#!set --name name --value @input:"Your name?"\nname', "Ada")
        self.assertEqual((outcome.result, asked[0]), ("Ada", {"prompt": "Your name?", "password": False}))
        outcome, asked = self.asking('#!set --name secret --value @password:{"prompt": "Word?", "saveAs": "x"}\nsecret.GetClearTextPassword()', "s3cret")
        self.assertEqual((outcome.result, asked[0]), ("s3cret", {"prompt": "Word?", "password": True}))
        self.assertNotIn("s3cret", self.run_cell("#!history").result)
        outcome, asked = self.asking("#!value --name @input:name --from-value @password\n#!share --from value asked\n#!csharp\nasked", "asked", "typed")
        self.assertEqual((outcome.result, [question["password"] for question in asked]), ("typed", [False, True]))
        path = self.write("asked.csx", "var asked2 = 2;")
        self.assertEqual(self.asking("#!import @input:file\nasked2", path)[0].result, "2")

    def test_a_client_without_allow_stdin_gets_an_error(self):
        self.assertIn("input requests", self.run_failing_cell("#!value --name x --from-value @input").traceback)
        self.assertIn("input requests", self.run_failing_cell("#!set --name x --value @input").traceback)

    def test_values_and_variables_survive_a_crash_without_asking_again(self):
        self.run_cell("#!value --name stored\ntext")
        self.asking("#!set --name typed --value @input:x\n#!share --from value stored --as shared\nvar block = 3;", "typed")
        self.crash()
        self.assertEqual(self.run_cell('$"{typed} {shared} {block}"').result, "typed text 3")
        self.assertEqual(self.run_cell("#!share --from value stored\nstored").result, "text")
        self.run_cell("#!recycle")
        self.assertEqual(self.run_cell('$"{typed} {shared} {stored}"').result, "typed text text")


class History(State):
    """Tests that a cell's blocks are one cell: accepted together, or, interrupted or crashed, not at all."""

    def interrupt_at(self, code, mark="waits"):
        request = self.front_end.start(code)
        self.front_end.wait_for_output(request, mark)
        self.front_end.interrupt()
        outcome = self.front_end.finish(request)
        self.assertEqual(outcome.error["ename"], "Interrupted")

    def test_an_interrupt_within_a_block_takes_the_whole_cell_back(self):
        self.run_cell("var list = new List<int> { 1 }; var same = 7;")
        self.run_cell("#!value --name v\nbefore")
        self.interrupt_at('var gone = 1; list.Add(2); var same = 8;\n#!value --name v\nafter\n#!csharp\nConsole.WriteLine("waits"); while (true) { }')
        self.assertEqual(self.run_failing_cell("gone").error["ename"], "CompileError")
        self.assertEqual(self.run_cell('$"{list.Count} {same}"').result, "2 7")
        self.assertEqual(self.run_cell("#!share --from value v\nv").result, "before")
        self.crash()
        self.assertEqual(self.run_cell('$"{list.Count} {same} {v}"').result, "2 7 before")
        self.run_cell("#!recycle")
        self.assertEqual(self.run_cell('$"{list.Count} {same} {v}"').result, "2 7 before")

    def test_a_crash_within_a_block_takes_the_whole_cell_back(self):
        self.run_cell("var list = new List<int> { 1 }; var same = 7;")
        crash = self.run_failing_cell("var gone = 1; list.Add(2); var same = 8;\n#!time\n#!csharp\nEnvironment.Exit(3);")
        self.assertEqual(crash.error["ename"], "WorkerLost")
        self.assertIn("One accepted cell", crash.traceback)
        self.assertEqual(self.run_failing_cell("gone").error["ename"], "CompileError")
        self.assertEqual(self.run_cell('$"{list.Count} {same}"').result, "1 7")

    def test_an_interrupt_ends_a_download_a_question_and_an_import(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.interrupt_at(f'Console.WriteLine("waits");\n#!value --name x --from-url http://127.0.0.1:{silent.getsockname()[1]}/')
        request = self.front_end.start("#!value --name x --from-value @input", allow_stdin=True)
        self.front_end.receive(self.front_end.stdin, time.monotonic() + DEADLINE, "no input_request")
        self.front_end.interrupt()
        self.assertEqual(self.front_end.finish(request).error["ename"], "Interrupted")
        with open(self.path("lib.dib"), "w") as file:
            file.write('#!csharp\nvar imported = 1;\n#!csharp\nConsole.WriteLine("waits"); Thread.Sleep(-1);\n')
        self.interrupt_at(f"#!import {self.path('lib.dib')}")
        self.assertEqual(self.run_failing_cell("imported").error["ename"], "CompileError")
        self.assert_alive()

    def test_undo_takes_back_all_blocks_of_a_cell(self):
        self.run_cell("var kept = 1;")
        self.run_cell("var a = 1;\n#!csharp\nvar b = 2;\n#!csharp\nkept++;")
        self.assertIn("Cell [2] was undone; it declared a, b", self.run_cell("#!undo").result)
        self.assertEqual(self.run_cell("kept").result, "1")
        self.run_failing_cell("a")

    def test_replay_never_holds_for_the_blocks_below_it(self):
        self.run_cell("var before = Random.Shared.Next();\n#!replay never\n#!csharp\nvar number = Random.Shared.Next();\n#!csharp\nvar other = Random.Shared.Next();")
        values = self.run_cell('$"{number} {other}"').result
        self.assertEqual([line.split()[-2] for line in self.run_cell("#!history").result.splitlines()[2:5]], ["always", "never", "never"])
        self.crash()
        self.assertEqual(self.run_cell('$"{number} {other}"').result, values)

    def test_display_only_blocks_are_not_in_the_history(self):
        self.run_cell("#!html\n<b>x</b>")
        self.run_cell("#!whos")
        self.assertIn("0 accepted cells.", self.run_cell("#!history").result)

    def test_an_earlier_value_redeclared_by_a_block_is_released_when_the_cell_has_ended(self):
        self.run_cell("class Held { ~Held() => System.IO.File.WriteAllText(@\"" + self.path("gone") + "\", \"\"); } var held = new Held();")
        self.run_cell("var held = 1;\n#!csharp\nvar more = 2;")
        self.run_cell("for (var i = 0; i < 3; i++) { GC.Collect(); GC.WaitForPendingFinalizers(); }")
        self.assertTrue(os.path.exists(self.path("gone")))

    def test_packages_and_redefinitions_in_blocks(self):
        self.run_cell("namespace Geo { public record Point(int X); }\n#!csharp\nvar p = new Geo.Point(1);")
        self.run_cell("var q = p.X;\n#!csharp\nnamespace Geo { public record Point(int X, int Y = 5); }\n#!csharp\nvar r = new Geo.Point(q);")
        self.assertEqual(self.run_cell("r.Y").result, "5")


class OfOnesOwn(KernelTestCase):
    """Tests Magic.Register: magics that cells define."""

    def complete(self, code):
        return self.front_end.ask("complete_request", {"code": code, "cursor_pos": len(code)})["matches"]

    def test_a_handler_gets_the_line_and_returns_the_result(self):
        self.run_cell('Magic.Register("#!flip", line => new string(line.Reverse().ToArray()), "Flips a line.");\nMagic.Register("say", line => Console.Write(line));')
        self.assertEqual(self.run_cell("#!flip  abc --def").result, "fed-- cba")
        self.assertEqual(self.run_cell("var before = 1;\n#!say  two words\n#!csharp\nbefore").outputs, [("stdout", "two words"), ("execute_result", "1")])
        self.assertIn("Flips a line.", self.run_cell("#!lsmagic").result)
        self.assertIn("Flips a line.", self.run_cell("#!flip --help").result)
        self.assertEqual(self.complete("#!fl"), ["#!flip"])
        self.assertIn("Did you mean '#!flip'?", self.run_failing_cell("#!flap abc").error["evalue"])

    def test_a_handler_of_two_gets_the_text_below(self):
        self.run_cell('Magic.Register("#!upper", (line, text) => HTML($"<b>{line}: {text.ToUpper()}</b>"));')
        outcome = self.run_cell('#!upper title\nnot C#, "at\nall\n#!csharp\n1')
        self.assertEqual((shown(outcome)[0]["text/html"], outcome.result), ('<b>title: NOT C#, "AT\nALL</b>', "1"))
        self.assertEqual(self.front_end.ask("is_complete_request", {"code": "#!upper x"})["status"], "incomplete")

    def test_parameters_are_options(self):
        self.run_cell('using System.ComponentModel;\nMagic.Register("#!cheer", ([Description("How often.")] int times, string what = "hurra", bool loud = false, DayOfWeek? day = null) => '
                      'string.Join(" ", Enumerable.Repeat(loud ? what.ToUpper() : what, times)) + day);\nvar three = 3;')
        for line, result in (("--times 2", "hurra hurra"), ("2 bravo --loud", "BRAVO BRAVO"), ("--what=olé 1", "olé"), ("@csharp:three", "hurra hurra hurra"), ("1 --day Friday", "hurraFriday")):
            with self.subTest(line=line):
                self.assertEqual(self.run_cell(f"#!cheer {line}").result, result)
        self.assertIn("--times", self.run_failing_cell("#!cheer").error["evalue"])
        self.assertIn("'many' is not a valid value for --times", self.run_failing_cell("#!cheer many").error["evalue"])
        self.assertIn("--wat", self.run_failing_cell("#!cheer 1 --wat 2").error["evalue"])
        self.assertIn("How often.", self.run_cell("#!cheer --help").result)
        self.assertEqual(self.complete("#!cheer --l"), ["--loud"])
        self.assertEqual(self.complete("#!cheer --day Fr"), ["Friday"])

    def test_a_handler_may_be_asynchronous_or_a_method(self):
        self.run_cell('string Flip(string line) => new string(line.Reverse().ToArray());\nMagic.Register("#!method", Flip);\nint Length(string line) => line.Length;\nMagic.Register("#!length", Length);\n'
                      'Magic.Register("#!later", async line => { await Task.Delay(1); return line.Length; });\nMagic.Register("#!task", async line => { await Task.Delay(1); Console.Write(line); });\n'
                      'Magic.Register("#!none", () => 42);\nMagic.Register("#!both", async (line, text) => { await Task.Yield(); return line + text; });')
        self.assertEqual([self.run_cell(cell).result for cell in ("#!method ab", "#!length ab", "#!later abc", "#!none", "#!both a\nb")], ["ba", "2", "3", "42", "ab"])
        outcome = self.run_cell("#!task abc")
        self.assertEqual((outcome.stdout, outcome.result), ("abc", None))

    def test_its_exception_is_the_cells(self):
        registered = self.run_cell('Magic.Register("#!fails", line =>\n{\n    if (line != "") throw new TimeoutException(line);\n});').reply["execution_count"]
        outcome = self.run_failing_cell("#!fails late")
        self.assertEqual((outcome.error["ename"], outcome.error["evalue"]), ("TimeoutException", "late"))
        self.assertIn(f"Cell In[{registered}], line 3", outcome.traceback)
        self.assertNotIn("JupyterKernel", outcome.traceback.split("\n")[1])

    def test_an_interrupt_ends_it(self):
        self.run_cell('Magic.Register("#!endless", line => { Console.WriteLine("waits"); while (true) { } });')
        request = self.front_end.start("#!endless")
        self.front_end.wait_for_output(request, "waits")
        self.front_end.interrupt()
        self.assertEqual(self.front_end.finish(request).error["ename"], "Interrupted")
        self.assert_alive()

    def test_invalid_registrations_are_reported(self):
        self.assertIn("is a built-in magic", dict(self.run_cell('Magic.Register("#!time", line => 1);').outputs)["stderr"])
        self.assertIn("Wall time", shown(self.run_cell("#!time\n1"))[-1]["text/plain"])
        self.assertIn("is not a valid name for a magic", self.run_failing_cell('Magic.Register("#!a b", line => 1);').error["evalue"])
        self.assertIn("from the cell after", self.run_failing_cell('Magic.Register("#!early", line => line);\n#!early x').error["evalue"])

    def test_the_user_is_asked_for_input(self):
        self.run_cell('Magic.Register("#!ask", (string what, int times = 1) => $"{what} {times}");')
        for line in ('#!ask @input:"What?" 2', '#!ask --times 2 --what @password:"What?"'):
            request = self.front_end.start(line, allow_stdin=True)
            asked = self.front_end.receive(self.front_end.stdin, time.monotonic() + DEADLINE, "no input_request")
            self.assertEqual(asked["content"], {"prompt": "What?", "password": "password" in line})
            self.front_end.session.send(self.front_end.stdin, "input_reply", {"value": "secret"}, parent=asked)
            self.assertEqual(self.front_end.finish(request).result, "secret 2")
        self.assertNotIn("secret", self.run_cell("#!history").result)


class HistoryOfOnesOwn(State):
    def test_a_magic_and_its_calls_are_replayed_and_undone_with_their_cells(self):
        self.run_cell("var calls = new List<string>();")
        self.run_cell('Magic.Register("#!call", line => calls.Add("first " + line));')
        self.run_cell("#!call a")
        self.crash()
        self.assertEqual(self.run_cell("calls.Single()").result, "first a")
        self.run_cell("#!call b")
        self.assertEqual(self.run_cell("calls.Count").result, "2")
        self.run_cell("#!undo")
        self.run_cell("#!undo")
        self.assertEqual(self.run_cell("calls.Count").result, "1")

        # A later magic replaces an earlier one, which is restored once the later is undone or was not accepted.
        self.run_cell('Magic.Register("#!call", line => calls.Add("second " + line));')
        self.run_cell("#!call c")
        self.assertEqual(self.run_cell("calls.Last()").result, "second c")
        for _ in range(3):
            self.run_cell("#!undo")
        request = self.front_end.start('Magic.Register("#!call", line => calls.Add("third " + line)); Console.WriteLine("waits"); while (true) { }')
        self.front_end.wait_for_output(request, "waits")
        self.front_end.interrupt()
        self.front_end.finish(request)
        self.run_cell("#!call d")
        self.assertEqual(self.run_cell("calls.Last()").result, "first d")
        self.kill_worker()
        self.assertEqual(self.run_cell('string.Join(", ", calls)').result, "first a, first d")
        for _ in range(8):
            self.run_cell("#!undo")
        self.assertNotIn("#!call", self.run_cell("#!lsmagic").result)
        self.assertIn("Unknown magic '#!call'", self.run_failing_cell("#!call x").error["evalue"])


class Imports(State):
    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return path

    def test_notebooks_and_sources_run_in_place(self):
        path = self.write("lib.ipynb", notebook("var fromNotebook = 1;\nfromNotebook", ("# prose", "markdown"), ("<b>html</b>", "html"), "#!time\nvar two = fromNotebook + 1;"))
        outcome = self.run_cell(f'#!import "{path}"\ntwo')
        self.assertEqual(outcome.outputs[:3], [("display_data", "1"), ("display_data", "html"), ("execute_result", "2")])
        self.write("lib.dib", '#!meta\n\n{"kernelInfo":{"defaultKernelName":"csharp","items":[]}}\n\n#!markdown\n\n# x\n\n#!csharp\n\nvar fromDib = 3;\n\n#!html\n\n<i>4</i>\n')
        self.assertEqual(self.run_cell(f"#!import {self.path('lib.dib')}\nfromDib").outputs, [("display_data", "4"), ("execute_result", "3")])
        self.write("lib.cs", "namespace Lib { public static class Answer { public static int Value => 42; } }")
        self.assertEqual(self.run_cell(f"#!import --file {self.path('lib.cs')}\nLib.Answer.Value").result, "42")
        self.write("page.html", "<b>page</b>")
        self.write("page.js", "alert(1)")
        outcome = self.run_cell(f"#!import {self.path('page.html')}\n#!import {self.path('page.js')}")
        self.assertEqual([set(bundle) - {"text/plain"} for bundle in shown(outcome)], [{"text/html"}, {"application/javascript"}])
        self.write("lib.csx", "int Triple(int n) => 3 * n;")
        self.assertEqual(self.run_cell(f"#!load {self.path('lib.csx')}\nTriple(2)").result, "6")

    def test_paths_are_relative_to_their_file(self):
        self.write("sub/inner.csx", '#load "loaded.csx"\nvar inner = loaded + 1;')
        self.write("sub/loaded.csx", "var loaded = 1;")
        self.write("sub/data.txt", "beside")
        self.write("sub/outer.dib", "#!csharp\n#!import inner.csx\n#!value --name data --from-file data.txt\n")
        self.run_cell(f"#!import {self.path('sub/outer.dib')}")
        self.assertEqual(self.run_cell("inner").result, "2")
        self.assertEqual(self.run_cell("#!share --from value data\ndata").result, "beside")

    def test_errors_name_the_file_cell_and_line(self):
        self.write("bad.ipynb", notebook("var fine = 1;", "var x = 1;\nvar y = nope;"))
        self.assertIn("bad.ipynb, cell 2, line 2", self.run_failing_cell(f"#!import {self.path('bad.ipynb')}").traceback)
        self.write("throws.cs", '\nint Fail() =>\n  throw new Exception("here");\nFail();')
        traceback = self.run_failing_cell(f"#!import {self.path('throws.cs')}").traceback
        self.assertIn("throws.cs, line 3", traceback)
        self.assertIn('throw new Exception("here");', traceback)

    def test_circular_imports_are_rejected_with_their_names(self):
        self.write("a.dib", "#!csharp\nvar first = 1;\n#!import b.dib\n")
        self.write("b.dib", "#!csharp\n#!import a.dib\n")
        outcome = self.run_failing_cell(f"#!import {self.path('a.dib')}")
        self.assertIn("a.dib imports itself: a.dib imports b.dib imports a.dib", outcome.error["evalue"])
        self.assertEqual(self.run_cell("first").result, "1")

    def test_the_same_file_may_be_imported_twice(self):
        self.write("twice.csx", "var twice = 2;")
        self.assertEqual(self.run_cell(f"#!import {self.path('twice.csx')}\n#!import {self.path('twice.csx')}\ntwice").result, "2")

    def test_invalid_imports_are_rejected_with_the_reason(self):
        for name, text, word in (
            ("x.fsx", "let x = 1", "F#"), ("x.ps1", "Get-Item", "PowerShell"), ("x.ipynb", "{broken", "not a notebook"), ("x.txt", "x", "cannot be imported"),
            ("old.ipynb", json.dumps({"worksheets": [], "metadata": {}, "nbformat": 3, "nbformat_minor": 0}), "format 3"),
            ("py.ipynb", notebook("1", metadata={"kernelspec": {"language": "python", "name": "python3"}}), "written in python"),
            ("meta.dib", "#!meta\n{broken\n#!csharp\n1", "not valid JSON"),
        ):
            with self.subTest(name):
                self.assertIn(word, self.run_failing_cell(f"#!import {self.write(name, text)}").error["evalue"])
        self.assertIn("not found", self.run_failing_cell(f"#!import {self.path('missing.dib')}").error["evalue"])
        self.assertEqual(self.run_failing_cell(f"#!import {self.folder}").error["ename"], "MagicError")
        self.assert_alive()

    def test_cells_of_other_languages_in_a_notebook_are_omitted_and_reported(self):
        self.write("mixed.dib", "#!csharp\nvar a = 1;\n#!fsharp\nlet b = 2\n#!sql\nselect 3\n#!python\n4\n#!html\n<b>5</b>\n#!unheard of\n#!csharp\n#!unheard\n")
        outcome = self.run_failing_cell(f"#!import {self.path('mixed.dib')}")
        stderr = dict(outcome.outputs)["stderr"]
        for word in ("cell 2 was skipped", "F#", "cell 3", "cell 4", "Python"):
            self.assertIn(word, stderr)
        self.assertEqual(self.run_cell("a").result, "1")

    def test_an_import_survives_a_crash_without_its_file(self):
        path = self.write("once.dib", "#!csharp\nvar a = 1;\n#!csharp\nvar b = a + 1;\n")
        self.run_cell(f"#!import {path}")
        os.remove(path)
        self.crash()
        self.assertEqual(self.run_cell("b").result, "2")
        self.run_cell("#!undo")
        self.assertIn("it declared a, b", self.run_cell("#!undo").result)
