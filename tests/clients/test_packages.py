"""Tests packages, projects and frameworks: `#r` works, can be retried, and can change to another version later."""
import glob
import http.server
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest.mock
import zipfile

from kernels import FreshKernelTestCase, Kernel


class Packages(FreshKernelTestCase):
    """Tests packages of the public registry in typical use."""

    def assert_result(self, code, expected):
        self.assertEqual(self.run_cell(code).result, expected)

    def test_a_package_is_available_in_the_same_cell_and_in_later_ones(self):
        outcome = self.run_cell('#r "nuget: Newtonsoft.Json, 13.0.3"\nusing Newtonsoft.Json;\n'
                                'JsonConvert.SerializeObject(new { A = 1 })')
        self.assertEqual(outcome.result, '{"A":1}')
        shown = [m["content"]["data"] for m in outcome.messages if m["msg_type"] in ("display_data", "update_display_data")]
        self.assertIn("Newtonsoft.Json  13.0.3", shown[-1]["text/plain"])
        self.assertIn("<td>Newtonsoft.Json</td><td>13.0.3</td>", shown[-1]["text/html"])
        self.assert_result("JsonConvert.SerializeObject(new[] { 1, 2 })", "[1,2]")
        again = self.run_cell('#r "nuget: Newtonsoft.Json, 13.0.3"\nJsonConvert.SerializeObject(2)')
        self.assertEqual(again.outputs, [("execute_result", "2")])

    def test_json_of_newtonsoft_is_carried_over(self):
        self.run_cell('#r "nuget: Newtonsoft.Json, 13.0.3"\nusing Newtonsoft.Json.Linq; var all = JObject.Parse("{\\"a\\":[1,\\"x\\"]}"); all["r"] = new Random().Next(); var part = all["a"];')
        show = '$"{all["r"]} {all["a"][1].Type} {ReferenceEquals(part, all["a"])}"'
        before = self.run_cell(show).result
        self.run_cell("#!recycle")
        self.assertEqual(self.run_cell(show).result, before)
        self.assertIn("String True", before)

    def test_rows_of_dapper_are_a_table(self):
        outcome = self.run_cell('#r "nuget: Dapper"\n#r "nuget: Microsoft.Data.Sqlite"\nusing Dapper; using Microsoft.Data.Sqlite;\n'
                                'var db = new SqliteConnection("Data Source=:memory:"); db.Query("select 1 as Id, \'a\' as Name union select 2, null")')
        self.assertEqual(outcome.result.split("\n")[0].split(), ["Id", "Name"])

    def test_a_tensor_shows_its_items(self):
        outcome = self.run_cell('#r "nuget: System.Numerics.Tensors, 10.*"\nusing System.Numerics.Tensors;\nTensor.Create<double>([1, 2, 3, 4, 5, 6], [2, 3])')
        self.assertEqual(outcome.result, "[[1, 2, 3], [4, 5, 6]]")

    def test_output_of_a_logger_belongs_to_the_cell_that_logs(self):
        self.run_cell('#r "nuget: Microsoft.Extensions.Logging.Console, 10.0.0"\nusing Microsoft.Extensions.Logging;\n'
                      'var factory = LoggerFactory.Create(b => b.AddSimpleConsole(o => o.SingleLine = true)); var log = factory.CreateLogger("L");'
                      'var go = new ManualResetEventSlim(); new Thread(() => { go.Wait(); Console.WriteLine("its own"); }).Start();'
                      'log.LogInformation("first"); Thread.Sleep(500);')
        outcome = self.run_cell('log.LogInformation("second"); go.Set(); Thread.Sleep(1000);')
        self.assertIn("second", outcome.stdout)
        self.assertNotIn("its own", outcome.stdout)

    def test_every_spelling(self):
        for line in ('#r "nuget: NodaTime"', '#r "nuget:NodaTime,3.2.0"', '#r "nuget: NodaTime/3.2.0"',
                     '#r "nuget: NodaTime, 3.*"', '#r "nuget: NodaTime, [3.0,4.0)"', '# r  "NUGET: NodaTime , 3.2.0 "  // dates',
                     "#:package NodaTime@3.2.0", "#:package NodaTime", '#r "nuget: NodaTime, *-*"'):
            with self.subTest(line):
                self.run_cell("#!undo")
                self.assert_result(f"var a = 1;\n{line}\nNodaTime.Instant.FromUnixTimeSeconds(a).ToString()", "1970-01-01T00:00:01Z")

    def test_text_that_is_not_a_directive_is_left_alone(self):
        self.assert_result('var text = """\n#r "nuget: Nonexistent.Package"\n""";\n// #r "nuget: Nonexistent.Package"\ntext.Length', "31")

    def test_malformed_directives_are_reported(self):
        for line, word in (('#r "nuget: "', "The package id is missing"), ('#r "nuget: A B"', "not a package id"), ('#r "nuget: A, x y z!"', "not a package version"),
                           ('#i "somewhere"', '#i "nuget: somewhere"'), ("#:property Broken", "Name=Value"), ("#:sdk Some.Sdk", "is not supported in a cell"),
                           ("#:nonsense x", "Unknown directive '#:nonsense'"), ('#r "nuget: $(Injected), 1.0"', "not a package id"),
                           ('#r "nuget: A;B"', "not a package id"), ('#r "framework: a b"', "is not a framework")):
            with self.subTest(line):
                error = self.run_failing_cell(line).error
                self.assertEqual(error["ename"], "PackageError")
                self.assertIn(word, error["evalue"])

    def test_a_misspelled_directive_is_answered_with_the_right_one(self):
        for line, word in (('#r "Dapper"', '#r "nuget: Dapper"'), ("using nuget: Dapper", '#r "nuget: Dapper"'), ("nuget: Dapper", '#r "nuget: Dapper"'),
                           ("dotnet add package Dapper --version 2.1.66", '#r "nuget: Dapper, 2.1.66"'), ("!dotnet add package Dapper", '#r "nuget: Dapper"'),
                           ("Install-Package Dapper -Version 2.1.66", '#r "nuget: Dapper, 2.1.66"'), ("#nuget Dapper", '#r "nuget: Dapper"'),
                           ('<PackageReference Include="Dapper" Version="2.1.66" />', '#r "nuget: Dapper, 2.1.66"'),
                           ("%pip install pandas", "cannot be referenced from C#"), ("!npm install d3", "cannot be referenced from C#")):
            with self.subTest(line):
                self.assertIn(word, "\n".join(self.run_failing_cell(line).error["traceback"]))

    def test_another_version_replaces_the_first_and_the_variables_stay(self):
        self.assert_result('#r "nuget: Newtonsoft.Json, 13.0.3"\nvar chance = Random.Shared.Next();\n'
                           'typeof(Newtonsoft.Json.JsonConvert).Assembly.GetName().Version.Major', "13")
        self.run_cell("string Version() => typeof(Newtonsoft.Json.JsonConvert).Assembly.GetName().Version.ToString(); var list = new List<int> { 1 };")
        self.run_cell("list.Add(2);")
        chance = self.run_cell("chance").result
        outcome = self.run_cell('#r "nuget: Newtonsoft.Json, 12.0.3"\nVersion()', allow_stdin=True)
        self.assertEqual(outcome.result, "12.0.0.0")
        self.assertIn("Newtonsoft.Json 13.0.3 → 12.0.3: ", "".join(text for name, text in outcome.outputs if name == "stderr"))
        self.assertEqual(self.run_cell("chance").result, chance)
        self.assert_result("list.Sum()", "3")

    def test_a_version_that_earlier_cells_do_not_compile_with_changes_nothing(self):
        self.run_cell('#r "nuget: CsvHelper, 33.0.1"\nusing CsvHelper; var kept = 42;')
        self.run_cell('var reader = new CsvReader(new StringReader("a"), System.Globalization.CultureInfo.InvariantCulture);')
        error = self.run_failing_cell('#r "nuget: CsvHelper, 34.0.0"').error
        self.assertEqual(error["ename"], "PackageError", error)
        self.assertIn("nothing has changed", error["evalue"])
        self.assert_result("kept", "42")
        self.assert_result("typeof(CsvReader).Assembly.GetName().Version.Major", "33")

    def test_an_unavailable_package_is_reported_and_can_be_retried(self):
        self.run_cell("var kept = 42;")
        for line, words in (('#r "nuget: Newtonsof.Json"', ("NU1101", "Check the spelling of the id.", "Did you mean 'Newtonsoft.Json'?")),
                            ('#r "nuget: Newtonsoft.Json, 99.0.0"', ("NU1102", "Nearest version", 'Write #r "nuget: Newtonsoft.Json, 1'))):
            outcome = self.run_failing_cell(line + "\nvar gone = 1;")
            self.assertEqual(outcome.error["ename"], "PackageError")
            for word in words:
                self.assertIn(word, outcome.error["evalue"])
            package = line.split('"')[1].removeprefix("nuget: ").split(",")[0]
            shown = [text for name, text in outcome.outputs if name in ("display_data", "update_display_data")]
            self.assertIn(f"Restoring {package}", shown[0])
            self.assertEqual(shown[-1], f"{package}: not restored.")
        self.assertEqual(self.run_failing_cell("gone").error["ename"], "CompileError")
        self.assert_result('#r "nuget: Newtonsoft.Json"\nNewtonsoft.Json.JsonConvert.SerializeObject(kept)', "42")

    def test_a_package_restored_as_a_dependency_is_already_available(self):
        self.run_cell('#r "nuget: Microsoft.Extensions.Logging, 10.0.0"')
        outcome = self.run_cell('#r "nuget: Microsoft.Extensions.Logging.Abstractions, 10.0.0"\nMicrosoft.Extensions.Logging.LogLevel.Error')
        self.assertEqual(outcome.result, "Error")
        self.assertEqual([text for name, text in outcome.outputs if name == "update_display_data"][-1:], ["Microsoft.Extensions.Logging.Abstractions: already referenced."])

    def test_packages_survive_a_crash_and_a_recycle(self):
        self.run_cell('#r "nuget: NodaTime"\nvar instant = NodaTime.Instant.FromUnixTimeSeconds(5);')
        self.run_failing_cell("Environment.FailFast(\"on purpose\");")
        self.assert_result("instant.ToUnixTimeSeconds()", "5")
        self.run_cell("#!recycle")
        self.assert_result("instant.PlusTicks(0).ToUnixTimeSeconds()", "5")

    def test_undoing_a_cell_removes_its_packages(self):
        self.run_cell("var kept = 1;")
        self.run_cell('#r "nuget: NodaTime"\nvar instant = NodaTime.Instant.MinValue;')
        self.run_cell("#!undo")
        self.assertEqual(self.run_failing_cell("typeof(NodaTime.Instant)").error["ename"], "CompileError")
        self.assert_result("kept", "1")

    def test_a_native_library(self):
        self.assert_result('#r "nuget: Dapper"\n#r "nuget: Microsoft.Data.Sqlite, 9.0.0"\nusing Dapper; using Microsoft.Data.Sqlite;\n'
                           'using var db = new SqliteConnection("Data Source=:memory:"); db.Open();\n'
                           'db.Query<int>("select 41 + 1").Single()', "42")

    def test_native_libraries_of_a_package_of_their_own(self):
        self.assert_result('#r "nuget: SkiaSharp"\n#r "nuget: SkiaSharp.NativeAssets.Linux.NoDependencies"\nusing SkiaSharp;\n'
                           'using var bitmap = new SKBitmap(10, 20); bitmap.SetPixel(1, 1, SKColors.Red); bitmap.GetPixel(1, 1)', "#ffff0000")

    def test_satellite_assemblies(self):
        self.assert_result('#r "nuget: Humanizer, 2.14.1"\nusing Humanizer; using System.Globalization;\n'
                           'string.Join(" ", new[] { "en", "de", "pl" }.Select(name => 3.ToWords(new CultureInfo(name))))', "three drei trzy")

    def test_a_model_is_trained(self):
        self.run_cell('#r "nuget: Microsoft.ML"\nusing Microsoft.ML; using Microsoft.ML.Data;\n'
                      "public class House { public float Size { get; set; } public float Price { get; set; } }\n"
                      'public class Prediction { [ColumnName("Score")] public float Price { get; set; } }')
        self.run_cell("var ml = new MLContext(seed: 1);\n"
                      "var data = ml.Data.LoadFromEnumerable(Enumerable.Range(1, 20).Select(n => new House { Size = n, Price = 2 * n }));\n"
                      'var model = ml.Transforms.Concatenate("Features", "Size").Append(ml.Regression.Trainers.Sdca("Price")).Fit(data);')
        self.assert_result("Math.Round(ml.Model.CreatePredictionEngine<House, Prediction>(model).Predict(new House { Size = 10 }).Price / 5)", "4")

    def test_data_frames_charts_and_mathematics(self):
        self.assert_result('#r "nuget: Microsoft.Data.Analysis"\nusing Microsoft.Data.Analysis;\n'
                           'new DataFrame(new Int32DataFrameColumn("a", new[] { 1, 2, 3 })).Rows.Count', "3")
        self.assert_result('#r "nuget: ScottPlot"\nvar plot = new ScottPlot.Plot(); plot.Add.Scatter(new double[] { 1, 2 }, new double[] { 1, 4 });\n'
                           "Convert.ToHexString(plot.GetImageBytes(300, 200, ScottPlot.ImageFormat.Png)[..4])", "89504E47")
        self.assert_result('#r "nuget: MathNet.Numerics"\nMath.Round(MathNet.Numerics.SpecialFunctions.Gamma(5))', "24")
        self.assert_result('#r "nuget: CsvHelper, 33.0.1"\nusing CsvHelper; using System.Globalization;\n'
                           'new CsvReader(new StringReader("a,b\\n1,2"), CultureInfo.InvariantCulture).GetRecords<dynamic>().Count()', "1")

    def test_packages_that_the_kernel_itself_is_made_of_are_the_users_own(self):
        self.assert_result('#r "nuget: NetMQ, 4.0.4.5"\nusing NetMQ; using NetMQ.Sockets;\n'
                           "using var pull = new PullSocket(); var port = pull.BindRandomPort(\"tcp://127.0.0.1\");\n"
                           "using var push = new PushSocket($\">tcp://127.0.0.1:{port}\"); push.SendFrame(\"hello\");\n"
                           'pull.ReceiveFrameString() + " " + System.Runtime.Loader.AssemblyLoadContext.GetLoadContext(typeof(PullSocket).Assembly).Name', "hello cells")
        self.assert_result('#r "nuget: Microsoft.CodeAnalysis.CSharp, 4.8.0"\nusing Microsoft.CodeAnalysis.CSharp;\n'
                           "typeof(CSharpSyntaxTree).Assembly.GetName().Version.ToString(2) + CSharpSyntaxTree.ParseText(\"class A;\").GetRoot()", "4.8class A;")

    def test_a_newer_version_of_a_framework_assembly_takes_its_place(self):
        self.run_cell('using System.Text.Json; var chance = Random.Shared.Next(); var options = new JsonSerializerOptions { WriteIndented = true };')
        chance = self.run_cell("chance").result
        self.assert_result('#r "nuget: System.Text.Json, 11.0.0"\nJsonSerializer.Serialize(new { A = 1 }, options).Length + " " + typeof(JsonSerializer).Assembly.GetName().Version.Major', "12 11")
        self.assert_result("chance", chance)
        shown = self.run_cell('System.Text.Json.Nodes.JsonNode.Parse("[1]")').messages
        self.assertEqual([m["content"]["data"]["application/json"] for m in shown if m["msg_type"] == "execute_result"], [[1]])
        self.assert_result("#r \"nuget: System.Collections.Immutable, 11.0.0\"\nSystem.Collections.Immutable.ImmutableArray.Create(1, 2).Length", "2")
        self.run_failing_cell('Environment.FailFast("on purpose");')
        self.assert_result('typeof(JsonSerializer).Assembly.GetName().Version.Major + " " + options.WriteIndented', "11 True")

    def test_a_large_set_of_packages_compiles(self):
        self.assert_result('#r "nuget: Microsoft.SemanticKernel"\nusing Microsoft.SemanticKernel;\nKernel.CreateBuilder().Build().Plugins.Count', "0")

    def test_a_server_in_a_cell(self):
        url = self.run_cell(
            '#r "framework: Microsoft.AspNetCore.App"\nusing Microsoft.AspNetCore.Builder; using Microsoft.AspNetCore.Hosting; using Microsoft.AspNetCore.Http;\n'
            'var builder = WebApplication.CreateBuilder(); builder.WebHost.UseUrls("http://127.0.0.1:0");\n'
            'var app = builder.Build(); var greeting = "hello"; app.MapGet("/", () => greeting); await app.StartAsync(); app.Urls.First()').result
        self.run_cell('greeting = "hello from a cell";')
        self.assert_result(f'await new HttpClient().GetStringAsync("{url}")', "hello from a cell")

    def test_source_generators(self):
        self.assert_result('using System.Text.RegularExpressions;\npublic partial class Patterns { [GeneratedRegex(@"\\d+")] public static partial Regex Number(); }\n'
                           'Patterns.Number().Match("abc 123").Value', "123")
        self.assert_result("using System.Text.Json; using System.Text.Json.Serialization;\npublic record Point(int X, int Y);\n"
                           "[JsonSerializable(typeof(Point))] partial class Context : JsonSerializerContext { }\n"
                           "JsonSerializer.Serialize(new Point(1, 2), Context.Default.Point)", '{"X":1,"Y":2}')
        logged = self.run_cell('#r "nuget: Microsoft.Extensions.Logging.Abstractions, 10.0.0"\n#:sdk Microsoft.NET.Sdk.Web\nusing Microsoft.Extensions.Logging;\n'
                               'public static partial class Log { [LoggerMessage(Level = LogLevel.Information, Message = "hello {name}")]\n'
                               "public static partial void Hello(ILogger logger, string name); }\n"
                               "class Printing : ILogger { public IDisposable BeginScope<T>(T state) => null; public bool IsEnabled(LogLevel level) => true;\n"
                               "public void Log<T>(LogLevel l, EventId e, T s, Exception x, Func<T, Exception, string> f) => Console.WriteLine(f(s, x)); }\n"
                               'Log.Hello(new Printing(), "generator");')
        self.assertIn(("stdout", "hello generator\n"), logged.outputs)
        self.assertNotIn("NU1510", str(logged.messages))
        self.assert_result('#r "nuget: CommunityToolkit.Mvvm"\nusing CommunityToolkit.Mvvm.ComponentModel;\n'
                           'public partial class Person : ObservableObject { [ObservableProperty] private string name = ""; }\n'
                           'var person = new Person(); var changed = ""; person.PropertyChanged += (_, e) => changed += e.PropertyName; person.Name = "Ada"; changed', "Name")


    def test_generators_that_act_on_interfaces_and_calls(self):
        self.assert_result('#r "nuget: Refit, 16.4.0"\nusing Refit;\npublic interface IApi { [Get("/users/{user}")] Task<string> GetUser(string user); }\n'
                           "record Plain(int A);\n"
                           'var api = RestService.For<IApi>("http://127.0.0.1:1"); api.GetType().GetInterfaces()[0].Name', "IApi")
        self.assert_result('var why = ""; try { await api.GetUser("a"); } catch (Exception refused) { why = refused.GetBaseException().GetType().Name; } why', "SocketException")

        # Types without a match stay in the script, and can be redeclared without a replay.
        self.assert_result("typeof(Plain).Assembly == typeof(IApi).Assembly", "False")
        self.assert_result("record Plain(int A, int B); new Plain(1, 2)", "Plain { A = 1, B = 2 }")
        self.assert_result('public interface ISecond { [Post("/x")] Task Send([Body] string text); }\nRestService.For<ISecond>("http://127.0.0.1:1") is ISecond', "True")
        self.run_cell("#!recycle")
        self.assert_result('api is IApi && RestService.For<IApi>("http://127.0.0.1:1") is IApi', "True")

    def test_calls_in_types_are_intercepted(self):
        self.assert_result('#:property EnableConfigurationBindingGenerator=true\n#r "nuget: Microsoft.Extensions.Configuration.Binder, 10.0.0"\n'
                           "using Microsoft.Extensions.Configuration;\npublic class Settings { public int Port { get; set; } }\n"
                           "public static class Bound { public static Settings Of(IConfiguration root) => root.Get<Settings>(); }\n"
                           'Bound.Of(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string> { ["Port"] = "42" }).Build()).Port', "42")
        self.assert_result('typeof(Bound).Assembly.GetTypes().Any(type => type.FullName.Contains("BindingExtensions"))', "True")


class Files(FreshKernelTestCase):
    """Projects, folders of packages, loaded scripts."""

    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def project(self, number):
        self.write("lib/Lib.cs", f"namespace Lib; public static class Answer {{ public static int Value => {number}; }}")
        return self.write("lib/Lib.csproj", '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>')

    def test_a_project_is_built_and_picked_up_again_when_it_has_changed(self):
        path = self.project(1)
        self.run_cell("var kept = 42;")
        self.assertEqual(self.run_cell(f'#r "{path}"\nLib.Answer.Value').result, "1")
        self.project(2)
        self.assertEqual(self.run_cell(f'#r "{path}"\nLib.Answer.Value').result, "2")
        self.assertEqual(self.run_cell("Lib.Answer.Value + kept").result, "44")
        self.write("lib/Lib.cs", "this does not compile")
        error = self.run_failing_cell(f"#:project {path}\nLib.Answer.Value").error
        self.assertIn("CS", error["evalue"])
        self.assertEqual(self.run_cell("Lib.Answer.Value + kept").result, "44")

    def test_a_folder_of_packages_is_a_source(self):
        self.project(7)
        subprocess.run(["dotnet", "pack", os.path.join(self.folder, "lib"), "-o", os.path.join(self.folder, "feed"), "-p:PackageId=Of.This.Test." + os.path.basename(self.folder),
                        "--verbosity", "quiet"], check=True, capture_output=True)
        package = "Of.This.Test." + os.path.basename(self.folder)
        self.addCleanup(shutil.rmtree, os.path.join(os.environ.get("NUGET_PACKAGES", os.path.expanduser("~/.nuget/packages")), package.lower()), ignore_errors=True)
        self.assertEqual(self.run_failing_cell(f'#r "nuget: {package}"').error["ename"], "PackageError")
        self.assertEqual(self.run_cell(f'#i "nuget: {self.folder}/feed"\n#r "nuget: {package}"\nLib.Answer.Value').result, "7")

    def start_kernel_here(self):
        """Starts a kernel in the folder, with only the NuGet settings that it finds."""
        environment = {name: value for name, value in os.environ.items() if name != "RestoreConfigFile"}
        with unittest.mock.patch.dict(os.environ, environment, clear=True):
            kernel = Kernel(cwd=os.path.join(self.folder, "notebooks"))
        self.addCleanup(kernel.close)
        self.front_end = kernel.front_end

    def test_settings_above_the_notebooks_folder_are_honoured(self):
        """NuGet.config names the only source, Directory.Packages.props the versions."""
        self.write("lib/Lib.cs", "namespace Lib; public static class Answer { public static string Version => typeof(Answer).Assembly.GetName().Version.ToString(3); }")
        self.write("lib/Lib.csproj", '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>')
        package = "Of.This.Test." + os.path.basename(self.folder)
        for version in ("1.0.0", "2.0.0", "3.0.0"):
            subprocess.run(["dotnet", "pack", os.path.join(self.folder, "lib"), "-o", os.path.join(self.folder, "feed"), f"-p:PackageId={package};Version={version}",
                            "--verbosity", "quiet"], check=True, capture_output=True)
        self.addCleanup(shutil.rmtree, os.path.join(os.environ.get("NUGET_PACKAGES", os.path.expanduser("~/.nuget/packages")), package.lower()), ignore_errors=True)
        self.write("notebooks/.keep", "")
        self.write("nuget.config", '<configuration><packageSources><clear /><add key="feed" value="feed" /></packageSources></configuration>')
        self.start_kernel_here()
        self.assertEqual(self.run_cell(f'#r "nuget: {package}"\nLib.Answer.Version').result, "3.0.0")

        self.write("Directory.Packages.props", "<Project><PropertyGroup><ManagePackageVersionsCentrally>true</ManagePackageVersionsCentrally></PropertyGroup>"
                   f'<ItemGroup><PackageVersion Include="{package}" Version="1.0.0" /></ItemGroup></Project>')
        self.start_kernel_here()
        self.assertEqual(self.run_cell(f'#r "nuget: {package}"\nLib.Answer.Version').result, "1.0.0")
        self.assertEqual(self.run_cell(f'#r "nuget: {package}, 2.0.0"\nLib.Answer.Version').result, "2.0.0")
        self.assertIn("NU1101", self.run_failing_cell('#r "nuget: Newtonsoft.Json"').error["evalue"])

    def test_a_loaded_script_adds_its_packages(self):
        path = self.write("script.csx", '#r "nuget: NodaTime"\nvar loaded = NodaTime.Instant.FromUnixTimeSeconds(3);')
        self.assertEqual(self.run_cell(f'#load "{path}"\nloaded.ToUnixTimeSeconds()').result, "3")


class Store(FreshKernelTestCase):
    """Tests packages that the test builds, in a separate cache."""

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        os.mkdir(os.path.join(self.folder, "feed"))
        config = os.path.join(self.folder, "NuGet.Config")
        with open(config, "w", encoding="utf-8") as file:
            file.write('<configuration><packageSources><clear /><add key="feed" value="feed" /></packageSources></configuration>')
        store = os.environ.get("NUGET_PACKAGES", os.path.expanduser("~/.nuget/packages"))
        with open(glob.glob(os.path.join(store, "newtonsoft.json", "*", "lib", "netstandard2.0", "Newtonsoft.Json.dll"))[0], "rb") as file:
            self.assembly = file.read()

        # The SDK's container images set the mode.
        environment = {"NUGET_PACKAGES": os.path.join(self.folder, "store"), "RestoreConfigFile": config, "NUGET_XMLDOC_MODE": "skip"}
        with unittest.mock.patch.dict(os.environ, environment):
            super().setUp()

    def pack(self, package, version, entries):
        with zipfile.ZipFile(os.path.join(self.folder, "feed", f"{package}.{version}.nupkg"), "w") as file:
            file.writestr(package + ".nuspec", '<package xmlns="http://schemas.microsoft.com/packaging/2010/07/nuspec.xsd"><metadata>'
                          f"<id>{package}</id><version>{version}</version><authors>a</authors><description>d</description></metadata></package>")
            for name, content in entries:
                info = zipfile.ZipInfo(name)
                info.filename = name  # unchanged, also with backslashes
                file.writestr(info, content)

    def files_of(self, package, version):
        return os.path.join(self.folder, "store", package.lower(), version)

    def test_a_package_with_an_unusual_layout_is_complete(self):
        self.pack("Unusual", "1.0.0", (
            ("lib/", b""), ("lib/netstandard2.0/", b""), ("lib/net8.0/", b""), ("build/", b""), ("build\\", b""),
            ("lib\\netstandard2.0\\Newtonsoft.Json.dll", self.assembly), ("lib/netstandard2.0/Newtonsoft.Json.xml", b"<doc />"),
            ("lib/netstandard2.0/a%2Bb%20c.txt", b"x"), ("build/50%25.txt", b"x"), ("BUILD/a+b c.txt", b""), ("lib/netstandard2.0/\u00dcbung \u65e5\u672c.txt", b"x"),
            ("runtimes/any/_._", b""), (".signature.p7s", b"x"), ("_rels/.rels", b"x"), ("[Content_Types].xml", b"x"),
            ("package/services/metadata/core-properties/a.psmdcp", b"x")))
        outcome = self.run_cell('#r "nuget: Unusual"\nNewtonsoft.Json.JsonConvert.SerializeObject(42)')
        self.assertEqual(outcome.result, "42")
        self.assertNotIn("damaged", str(outcome.outputs))

    def test_a_damaged_package_is_repaired_without_deleting_files(self):
        assembly = "lib/netstandard2.0/Newtonsoft.Json.dll"
        self.pack("Whole", "1.0.0", (("lib/", b""), (assembly, self.assembly)))
        self.pack("Broken", "1.0.0", (("lib/netstandard2.0/_._", b""), ("build/Broken.props", b"<Project />")))
        self.run_cell('#r "nuget: Whole"\n#r "nuget: Broken"')
        whole, broken = self.files_of("Whole", "1.0.0"), self.files_of("Broken", "1.0.0")
        os.truncate(os.path.join(whole, assembly), 10_000)
        with open(os.path.join(whole, "mine.txt"), "w", encoding="utf-8"):
            pass
        os.truncate(os.path.join(broken, "build", "Broken.props"), 3)
        os.truncate(os.path.join(broken, "broken.1.0.0.nupkg"), 100)
        self.run_cell("#!undo")

        # The archive of one is damaged as well, and there is no other: it stays unchanged.
        feed = os.path.join(self.folder, "feed", "Broken.1.0.0.nupkg")
        os.rename(feed, feed + ".away")
        error = self.run_failing_cell('#r "nuget: Broken, 1.0.0"\n1').error
        self.assertIn("could not be downloaded again", error["evalue"])
        self.assertEqual(os.path.getsize(os.path.join(broken, "build", "Broken.props")), 3)

        os.rename(feed + ".away", feed)
        code = '#r "nuget: Whole"\n#r "nuget: Broken"\nNewtonsoft.Json.JsonConvert.SerializeObject(42)'
        self.assertEqual(self.run_cell(code).result, "42")
        self.assertEqual(os.path.getsize(os.path.join(broken, "build", "Broken.props")), 11)
        self.assertTrue(os.path.exists(os.path.join(whole, "mine.txt")))

    def test_the_newest_compatible_version_is_used_and_reported(self):
        for version, framework in (("9.0.0", "netstandard2.0"), ("10.1.0", "netstandard2.0"), ("11.0.0", "net11.0")):
            self.pack("Newer", version, ((f"lib/{framework}/Newtonsoft.Json.dll", self.assembly),))
        error = self.run_failing_cell('#r "nuget: Newer, 11.0.0"').error
        self.assertIn('Write #r "nuget: Newer" or #r "nuget: Newer, 10.*"', error["evalue"])
        outcome = self.run_cell('#r "nuget: Newer"\nNewtonsoft.Json.JsonConvert.SerializeObject(42)')
        self.assertEqual(outcome.result, "42")
        self.assertIn("Newer 11.0.0 requires a newer .NET than 10; the newest compatible version, 10.1.0, is used.", str(outcome.outputs))


class Feed(http.server.BaseHTTPRequestHandler):
    """Tests package sources that do not work."""
    status = 500
    seconds = 0

    def do_GET(self):
        time.sleep(self.seconds)
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_):
        pass


class Faults(FreshKernelTestCase):
    def use_feed(self, status, seconds=0):
        """Starts a kernel whose only package source is such a feed."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Bad", (Feed,), {"status": status, "seconds": seconds}))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        self.use_source("http://127.0.0.1:%d/index.json" % server.server_port)

    def use_source(self, address):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        config = os.path.join(folder, "NuGet.Config")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f'<configuration><packageSources><clear /><add key="feed" value="{address}" '
                       'allowInsecureConnections="true" /></packageSources></configuration>')
        with unittest.mock.patch.dict(os.environ, {"RestoreConfigFile": config}):
            kernel = Kernel()
        self.addCleanup(kernel.close)
        self.front_end = kernel.front_end

    def test_a_feed_that_does_not_serve(self):
        for status in (401, 500):
            with self.subTest(status):
                self.use_feed(status)
                self.run_cell("var kept = 42;")
                error = self.run_failing_cell('#r "nuget: Some.Package.Of.This.Test"').error
                self.assertEqual(error["ename"], "PackageError")
                self.assertIn(str(status), error["evalue"])
                self.assertEqual(self.run_cell("kept").result, "42")

    def test_a_missing_network_is_reported_and_can_be_retried(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        self.use_source(f"http://127.0.0.1:{port}/index.json")
        self.run_cell("var kept = 42;")
        error = self.run_failing_cell('#r "nuget: Some.Package.Of.This.Test"').error
        self.assertIn("NU1301", error["evalue"])
        self.assertIn("Check the network connection.", error["evalue"])
        self.assertEqual(self.run_cell("kept").result, "42")

    def test_a_slow_restore_is_interrupted(self):
        self.use_feed(200, seconds=60)
        self.run_cell("var kept = 42;")
        cell = self.front_end.start('#r "nuget: Some.Package.Of.This.Test"\n1')
        self.front_end.wait_for_published(lambda m: m["msg_type"] == "display_data" and m["parent_header"]["msg_id"] == cell)
        self.assertEqual(self.front_end.ask("complete_request", {"code": "kep", "cursor_pos": 3})["matches"][0], "kept")
        began = time.monotonic()
        self.front_end.interrupt()
        self.assertEqual(self.front_end.finish(cell).error["ename"], "Interrupted")
        self.assertLess(time.monotonic() - began, 30)
        self.assertEqual(self.run_cell("kept").result, "42")

    def test_a_kernel_that_is_shut_down_ends_its_restore(self):
        self.use_feed(200, seconds=60)
        cell = self.front_end.start('#r "nuget: Some.Package.Of.This.Test"\n1')
        self.front_end.wait_for_published(lambda m: m["msg_type"] == "display_data" and m["parent_header"]["msg_id"] == cell)
        # The clean-up searches for leftovers.

    def kernel_with_packages_in(self, folder):
        with unittest.mock.patch.dict(os.environ, {"NUGET_PACKAGES": folder}):
            kernel = Kernel()
        self.addCleanup(kernel.close)
        self.front_end = kernel.front_end

    def test_a_full_disk_is_reported_and_can_be_retried(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        if shutil.which("mount") is None or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "none", folder], capture_output=True).returncode != 0:
            self.skipTest("no small file system can be made here")
        self.addCleanup(subprocess.run, ["umount", "--lazy", folder])
        self.kernel_with_packages_in(folder)
        self.run_cell("var kept = 42;")
        code = '#r "nuget: Newtonsoft.Json, 13.0.3"\nNewtonsoft.Json.JsonConvert.SerializeObject(kept)'
        error = self.run_failing_cell(code).error
        self.assertEqual(error["ename"], "PackageError")
        self.assertIn("No space left on device", error["evalue"])
        subprocess.run(["mount", "-o", "remount,size=100m", folder], check=True)
        self.assertEqual(self.run_cell(code).result, "42")

    def test_a_package_that_is_damaged_on_the_disk_is_fetched_again(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        code = '#r "nuget: Newtonsoft.Json, 13.0.3"\nNewtonsoft.Json.JsonConvert.SerializeObject(42)'
        assembly = os.path.join(folder, "newtonsoft.json", "13.0.3", "lib", "net6.0", "Newtonsoft.Json.dll")
        for damage in (lambda: None, lambda: os.remove(assembly), lambda: os.truncate(assembly, 0), lambda: os.truncate(assembly, 10_000)):
            self.kernel_with_packages_in(folder)
            damage()
            self.assertEqual(self.run_cell(code).result, "42")

    def test_a_set_that_was_restored_before_needs_no_sdk(self):
        code = '#r "nuget: Newtonsoft.Json, 13.0.3"\nNewtonsoft.Json.JsonConvert.SerializeObject(1)'
        self.assertEqual(self.run_cell(code).result, "1")
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        os.mkdir(os.path.join(folder, "sdk"))
        broken = os.path.join(folder, "dotnet.exe" if os.name == "nt" else "dotnet")
        with open(broken, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\necho this SDK is broken\nexit 1\n")
        os.chmod(broken, 0o755)
        with unittest.mock.patch.dict(os.environ, {"DOTNET_HOST_PATH": broken}), Kernel() as other:
            outcome = other.front_end.run(code)
            self.assertEqual(outcome.result, "1", outcome.traceback or outcome.outputs)
            error = other.front_end.run('#r "nuget: Newtonsoft.Json, 13.0.2"').error
            self.assertIn("this SDK is broken", error["evalue"])

    def test_two_kernels_restore_the_same_at_once(self):
        code = '#r "nuget: Microsoft.Extensions.Caching.Memory, 9.0.0"\ntypeof(Microsoft.Extensions.Caching.Memory.MemoryCache).Name'
        with Kernel() as other:
            cells = [(front_end, front_end.start(code)) for front_end in (self.front_end, other.front_end)]
            self.assertEqual([front_end.finish(cell).result for front_end, cell in cells], ["MemoryCache"] * 2)

    def test_a_kernel_killed_in_the_middle_of_a_restore_leaves_nothing_broken(self):
        code = '#r "nuget: Microsoft.Extensions.ObjectPool, 9.0.0"\ntypeof(Microsoft.Extensions.ObjectPool.ObjectPool).Name'
        with Kernel() as other:
            other.front_end.start(code)
            time.sleep(0.5)
            other.process.kill()
        self.assertEqual(self.run_cell(code).result, "ObjectPool")
