"""Tests the requests of an editor while the user types: completion, inspection, signatures – also while a cell runs, and after a crash."""
import http.server
import json
import os
import tempfile
import threading
import time
import unittest.mock

from kernels import DEADLINE, Kernel, KernelTestCase


class EditorTestCase(KernelTestCase):
    def complete(self, code, front_end=None):
        """The reply for the cursor at the |."""
        position = code.index("|")
        return (front_end or self.front_end).ask("complete_request", {"code": code.replace("|", "", 1), "cursor_pos": position})

    def inspect(self, code, detail=0):
        position = code.index("|")
        return self.front_end.ask("inspect_request", {"code": code.replace("|", "", 1), "cursor_pos": position, "detail_level": detail})


class Completing(EditorTestCase):
    def test_matches_come_with_types_and_signatures(self):
        self.run_cell("var shopping = new List<string>(); record Item(string Name, decimal Price);")
        reply = self.complete("shopping.Fin|")
        self.assertEqual(reply["matches"][0], "Find")
        entry = reply["metadata"]["_jupyter_types_experimental"][0]
        self.assertEqual((entry["text"], entry["type"]), ("Find", "function"))
        self.assertEqual(entry["signature"], "string? List<string>.Find(Predicate<string> match)")
        self.assertEqual((entry["start"], entry["end"]), (reply["cursor_start"], reply["cursor_end"]))
        self.assertEqual(self.complete("new Item(Pri|")["matches"][0], "Price:")
        self.assertEqual(self.complete("shopping.Select(s => new { A = s, B = s.Length }).First().B.CompareT|")["matches"][0], "CompareTo")

    def test_magics_their_options_and_values_are_completed(self):
        self.assertIn("#!time", self.complete("var a = 1;\n#!ti|")["matches"])
        self.assertIn("#!fsharp", self.complete("#!f|")["matches"])
        reply = self.complete("#!value --na|")
        self.assertEqual((reply["matches"], reply["cursor_start"]), (["--name"], 8))
        self.assertIn("--help", self.complete("#!share --|")["matches"])
        self.assertIn("memory-threshold", self.complete("#!settings mem|")["matches"])
        self.assertEqual(self.complete("#!nothing |")["matches"], [])
        self.assertIn("Console", self.complete("#!time\nCons|")["matches"])

    def test_names_of_undone_or_failed_cells_are_not_proposed(self):
        self.run_cell("var takenBack = 1;")
        self.assertIn("takenBack", self.complete("takenB|")["matches"])
        self.run_cell("#!undo")
        self.assertEqual(self.complete("takenB|")["matches"], [])
        self.run_failing_cell("var neverThere = (string)(object)1 + nothing;")
        self.assertEqual(self.complete("neverTh|")["matches"], [])

    def test_members_of_a_package_are_completed(self):
        self.run_cell('#r "nuget: Newtonsoft.Json, 13.0.3"\nusing Newtonsoft.Json.Linq;')
        self.assertEqual(self.complete('JObject.Parse("{}").SelectT|')["matches"][:2], ["SelectToken", "SelectTokens"])
        self.assertIn("JsonConvert", self.complete("JsonConv|")["matches"])

    def test_members_of_a_cells_namespace_are_completed(self):
        self.run_cell("namespace Zoo { public class Lion { public int Teeth => 30; } public static class More { extension(int n) { public int Doubled => 2 * n; } } }")
        self.assertEqual(self.complete("new Zoo.Lion().Te|")["matches"], ["Teeth"])
        self.run_cell("using Zoo;")
        self.assertEqual(self.complete("new Lion().Te|")["matches"], ["Teeth"])

    def test_completion_answers_while_an_endless_loop_runs_and_after_a_crash(self):
        self.run_cell("var keptName = 1;")
        running = self.front_end.start('Console.Write("on"); while (true) ;')
        self.front_end.wait_for_output(running, "on")
        try:
            self.assertEqual(self.complete("keptNa|")["matches"], ["keptName"])
            self.assertTrue(self.inspect("keptNa|me")["found"])
        finally:
            self.front_end.interrupt()
            self.front_end.finish(running)
        crashed = self.front_end.run("Environment.FailFast(null)")
        self.assertEqual(crashed.status, "error")
        self.assertEqual(self.complete("keptName.CompareT|")["matches"], ["CompareTo"])

    def test_accepting_an_unimported_name_adds_the_using(self):
        reply = self.complete("var watch = Stopwat|")
        self.assertEqual(reply["matches"][0], "Stopwatch")
        self.assertEqual(reply["metadata"]["_jupyter_types_experimental"][0]["signature"], "using System.Diagnostics;")
        code = "// measures\nvar watch = Stopwatch.StartNew();\nthrow new Exception(watch.IsRunning.ToString());"
        request = self.front_end.send("execute_request", {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": True, "stop_on_error": False}, metadata={"cellId": "1"})
        outcome = self.front_end.finish(request)
        self.assertIn("True", outcome.traceback)
        self.assertIn("line 3", outcome.traceback)
        self.assertIn("Added: using System.Diagnostics;", [text for kind, text in outcome.outputs if kind == "display_data"][0])

        # After success the notebook's cell gets the line.
        self.complete("new ConcurrentDict|")
        code = "// counts\nvar counts = new ConcurrentDictionary<string, int>(); counts.Count"
        request = self.front_end.send("execute_request", {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False, "stop_on_error": False}, metadata={"cellId": "2"})
        outcome = self.front_end.finish(request)
        self.assertEqual(outcome.result, "0")
        self.assertEqual(outcome.reply["payload"], [{"source": "set_next_input", "replace": True, "text": "// counts\nusing System.Collections.Concurrent;\n" + code.split("\n")[1]}])
        self.front_end.run("Environment.FailFast(null)")
        self.assertEqual(self.run_cell("counts.Count").result, "0")

        # A name that was not proposed is still an error, with a hint.
        self.assertIn("using System.Xml.Linq;", self.run_failing_cell("new XDocument()").traceback)

    def test_of_a_thousand_requests_the_last_is_answered_and_none_is_left_open(self):
        self.complete("Console.Wr|")
        requests = [self.front_end.send("complete_request", {"code": "Console.Wr", "cursor_pos": 10}) for _ in range(1000)]
        replies = [self.front_end.reply(request)["content"] for request in requests]
        self.assertEqual(replies[-1]["matches"][:2], ["Write", "WriteLine"])
        self.assertTrue(all(reply["status"] == "ok" for reply in replies))
        self.assertTrue(any(reply["matches"] == [] for reply in replies), "some were overtaken")

    def test_two_clients_do_not_overtake_each_other(self):
        other = self.kernel.connect()
        mine = self.front_end.send("complete_request", {"code": "Console.Wr", "cursor_pos": 10})
        theirs = other.send("complete_request", {"code": "Math.Ma", "cursor_pos": 7})
        self.assertEqual(self.front_end.reply(mine)["content"]["matches"][0], "Write")
        self.assertEqual(other.reply(theirs)["content"]["matches"][0], "Max")

    def test_hostile_positions_and_texts(self):
        for code, position in (("text", -5), ("text", 10 ** 9), ("\U0001F600.", 1), ("\U0001F600", 0), ('"\U0001F600".Len', 7), ("(" * 50_000, 50_000),
                               ('$"{' * 20_000, 60_000), ("x" * 1_000_000, 1_000_000), ("/*" + "a" * 1_000_000, 5), ("#r \"nuget: " + "a" * 5_000, 5_011)):
            with self.subTest(code[:20], position=position):
                self.assertEqual(self.front_end.ask("complete_request", {"code": code, "cursor_pos": position})["status"], "ok")
                self.assertEqual(self.front_end.ask("inspect_request", {"code": code, "cursor_pos": position, "detail_level": 1})["status"], "ok")
        self.assertEqual(self.complete('var s = "\U0001F600\U0001F600"; s.Len|')["matches"][0], "Length")
        self.assertEqual(self.complete('var s = "\U0001F600\U0001F600"; s.Len|')["cursor_start"], 16)


class Inspecting(EditorTestCase):
    def test_the_framework_is_documented(self):
        reply = self.inspect("Console.Write|Line(1)")
        text = reply["data"]["text/plain"]
        self.assertIn("void Console.WriteLine(int value)", text)
        self.assertIn("Writes the text representation of the specified 32-bit signed integer value", text)
        self.assertIn("value: The value to write.", text)
        self.assertIn("<code>void Console.WriteLine(int value)", reply["data"]["text/html"])
        self.assertIn("```csharp\nvoid Console.WriteLine(int value)", reply["data"]["text/markdown"])
        for code, words in (("new List<int>().Ad|d(1)", "Adds an object to the end"), ("Dict|ionary<int, int> d;", "Represents a collection of keys and values"),
                            ("new[] { 1 }.Sel|ect(x => x)", "Projects each element of a sequence"), ("Task.Dela|y(1)", "time delay"),
                            ('"".Len|gth', "number of characters"), ("DayOfWeek.Mon|day", "Indicates Monday")):
            with self.subTest(code):
                self.assertIn(words, self.inspect(code)["data"]["text/plain"])

    def test_exceptions_and_remarks_are_details(self):
        brief, whole = self.inspect("File.ReadAllT|ext(\"\")"), self.inspect("File.ReadAllT|ext(\"\")", 1)
        self.assertNotIn("FileNotFoundException", brief["data"]["text/plain"])
        self.assertIn("FileNotFoundException: The file specified in", whole["data"]["text/plain"])
        self.assertIn("Overloads", whole["data"]["text/plain"])

    def test_in_an_argument_list_the_parameter_at_the_cursor_stands_out(self):
        for code, name in (("Math.Clamp(|", "value"), ("Math.Clamp(1, |", "min"), ("Math.Clamp(1, 2, |)", "max"), ("Math.Clamp(max: |", "max"), ('"a,b".Split(\',\', |)', "options")):
            with self.subTest(code):
                data = self.inspect(code)["data"]
                self.assertIn(f"\x1b[1m{name}\x1b[0m", data["text/plain"])
                self.assertIn(f"<b>{name}</b>", data["text/html"])
        self.run_cell("string Join(string a, int many = 1, params int[] rest) => a;")
        self.assertIn("\x1b[1mrest\x1b[0m", self.inspect("Join(\"\", 1, 2, 3, |)")["data"]["text/plain"])

    def test_a_package_with_broken_documentation_is_survived(self):
        with tempfile.TemporaryDirectory() as folder:
            self.run_cell(f'System.IO.File.Copy(typeof(JupyterKernel.Display.Notebook).Assembly.Location, @"{folder}/Copied.dll");')
            for xml in (b"", b"<doc><members><member name=\"T:", b"<doc>" + b"<member name=\"" * 1000, os.urandom(10_000), b"<member name=\"T:JupyterKernel.Display.Image\"><summary>a < b</member>"):
                with open(os.path.join(folder, "Copied.xml"), "wb") as file:
                    file.write(xml)
                with Kernel(cwd=folder) as kernel:
                    kernel.front_end.run('#r "Copied.dll"')
                    reply = kernel.front_end.ask("inspect_request", {"code": "JupyterKernel.Display.Image", "cursor_pos": 25, "detail_level": 1})
                    self.assertEqual((reply["status"], reply["found"]), ("ok", True))

    def test_declarations_of_a_cell_are_shown_with_their_source(self):
        self.run_cell("/// <summary>All of them.</summary>\nvar totals = Enumerable.Range(1, 3)\n    .Select(n => n * n).ToList();")
        self.assertIn("List<int> totals", self.inspect("tota|ls")["data"]["text/plain"])
        self.assertIn(".Select(n => n * n).ToList();", self.inspect("tota|ls", 1)["data"]["text/plain"])


    def test_detail_shows_the_value_of_a_variable_without_running_code(self):
        self.run_cell("""
            var primes = new List<int> { 2, 3, 5 }; var ages = new Dictionary<string, (int, bool)> { ["Ada"] = (36, true) };
            class Loud { public override string ToString() { Console.WriteLine("was run"); return "loud"; } }
            var loud = new Loud(); var louds = new[] { loud }; string nothing = null; var grid = new int[2, 2];""")
        for code, value in (("pri|mes", "List<int>(3) { 2, 3, 5 }"), ("ag|es", '{ ["Ada"] = (36, true) }'), ("noth|ing", "Value:\x1b[0m\nnull"), ("gr|id", "(4) { 0, 0, 0, 0 }")):
            with self.subTest(code):
                self.assertIn(value, self.inspect(code, 1)["data"]["text/plain"])
                self.assertNotIn("Value", self.inspect(code)["data"]["text/plain"])
        for code in ("lo|ud", "lou|ds"):
            self.assertNotIn("Value", self.inspect(code, 1)["data"]["text/plain"])
        running = self.front_end.start('Console.Write("on"); while (true) ;')
        self.front_end.wait_for_output(running, "on")
        try:
            self.assertNotIn("Value", self.inspect("pri|mes", 1)["data"]["text/plain"])
        finally:
            self.front_end.interrupt()
            self.assertNotIn("was run", self.front_end.finish(running).stdout)


class Feed(http.server.BaseHTTPRequestHandler):
    """A NuGet feed that supports search but serves no packages."""

    def do_GET(self):
        at = f"http://127.0.0.1:{self.server.server_port}"
        if self.path.startswith("/index.json"):
            answer = {"version": "3.0.0", "resources": [{"@id": f"{at}/query", "@type": "SearchQueryService"}, {"@id": f"{at}/query", "@type": "SearchQueryService/3.0.0-beta"},
                                                        {"@id": f"{at}/registration/", "@type": "RegistrationsBaseUrl"}, {"@id": f"{at}/flat/", "@type": "PackageBaseAddress/3.0.0"}]}
        elif self.path.startswith("/query"):
            packages = [{"@id": f"{at}/registration/{id.lower()}/index.json", "id": id, "version": "2.0.0", "description": "Of a test.", "versions": [], "totalDownloads": 1} for id in ("Contoso.Charts", "Contoso.Data")]
            answer = {"totalHits": len(packages), "data": packages}
        else:
            self.send_error(404)
            return
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class PackageNames(EditorTestCase):
    def test_ids_come_from_the_feeds_and_versions_too(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Feed)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "NuGet.config"), "w", encoding="utf-8") as file:
                file.write(f'<configuration><packageSources><clear /><add key="test" value="http://127.0.0.1:{server.server_port}/index.json" allowInsecureConnections="true" /></packageSources></configuration>')
            with unittest.mock.patch.dict(os.environ):
                os.environ.pop("RestoreConfigFile", None)
                with Kernel(cwd=folder) as kernel:
                    # The feed may take longer than an editor waits; then a later request gets the result.
                    for _ in range(20):
                        reply = kernel.front_end.ask("complete_request", {"code": '#r "nuget: conto', "cursor_pos": 16})
                        if "Contoso.Data" in reply["matches"]:
                            break
                    self.assertEqual(reply["matches"][:2], ["Contoso.Charts", "Contoso.Data"])
                    self.assertEqual((reply["cursor_start"], reply["cursor_end"]), (11, 16))
                    entry = reply["metadata"]["_jupyter_types_experimental"][0]
                    self.assertEqual((entry["type"], entry["signature"]), ("package", "Of a test."))
