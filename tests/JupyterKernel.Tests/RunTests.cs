using System.Diagnostics;
using System.Runtime.InteropServices;
using JupyterKernel.JupyterClient;
using JupyterKernel.NotebookFiles;
using JupyterKernel.Protocol;
using Newtonsoft.Json.Linq;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests the run command from the command line: a real process with a real kernel, and files in a temporary folder.</summary>
public sealed class RunTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("run-tests-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task A_notebook_runs_and_its_executed_copy_holds_the_outputs()
    {
        var path = Write("tour", Code("Console.WriteLine(\"Grüße\\na\\rb\");"), Markdown("text"), Code("20 + 22"));
        var before = await File.ReadAllTextAsync(path, Cancellation);

        var run = await RunAsync(path);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Grüße", run.Output, StringComparison.Ordinal);
        Assert.Contains("42", run.Output, StringComparison.Ordinal);
        Assert.EndsWith($"Executed copy: {InFolder("tour.executed.ipynb")}", run.Output.TrimEnd(), StringComparison.Ordinal);
        var cells = Cells("tour.executed.ipynb");
        Assert.Equal("Grüße\na\rb\n", MultilineText.Join(cells[0]["outputs"]![0]!["text"]));
        Assert.Equal("execute_result", (string?)cells[2]["outputs"]![0]!["output_type"]);
        Assert.Equal(2, (int?)cells[2]["outputs"]![0]!["execution_count"]);
        Assert.Equal(2, (int?)cells[2]["execution_count"]);
        Assert.Equal(before, await File.ReadAllTextAsync(path, Cancellation));
    }

    [Fact]
    public async Task The_run_stops_at_the_first_failed_cell_and_keeps_the_outputs_up_to_it()
    {
        var path =
            Write("fails", Code("Console.Write(1);"), Code("throw new Exception(\"told so\");"), Code("Console.Write(3);", stale: true));

        var run = await RunAsync(path);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("told so", run.Error, StringComparison.Ordinal);
        var cells = Cells("fails.executed.ipynb");
        Assert.Equal("1", MultilineText.Join(cells[0]["outputs"]![0]!["text"]));
        Assert.Equal("error", (string?)cells[1]["outputs"]![0]!["output_type"]);
        Assert.Empty((JArray)cells[2]["outputs"]!);
    }

    [Fact]
    public async Task Allowed_and_expected_errors_do_not_stop_the_run()
    {
        var allowed =
            await RunAsync(Write("allowed", Code("throw new Exception();"), Code("Console.Write(\"went on\");")), "--allow-errors");
        var expected =
            await RunAsync(Write("expected", Code("throw new Exception();", "raises-exception"), Code("Console.Write(\"went on\");")));

        Assert.Equal((0, 0), (allowed.ExitCode, expected.ExitCode));
        Assert.Contains("went on", allowed.Output, StringComparison.Ordinal);
        Assert.Contains("went on", expected.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cells_tagged_skip_execution_are_left_as_they_are()
    {
        var run = await RunAsync(Write("skips", Code("no C#", "skip-execution", stale: true)));

        Assert.Equal(0, run.ExitCode);
        Assert.All(Cells("skips.executed.ipynb"), cell => Assert.Equal("stale", MultilineText.Join(cell["outputs"]![0]!["text"])));
    }

    [Fact]
    public async Task Cells_are_run_in_the_language_of_their_metadata()
    {
        var run =
            await RunAsync(
                Write("page", InLanguage("html", "<b>bold</b>"), InLanguage("csharp", "20 + 22"), InLanguage("mermaid", "graph TD")));

        Assert.Equal(0, run.ExitCode);
        var cells = Cells("page.executed.ipynb");
        Assert.Equal("<b>bold</b>", MultilineText.Join(cells[0]["outputs"]![0]!["data"]!["text/html"]));
        Assert.Equal("42", MultilineText.Join(cells[1]["outputs"]![0]!["data"]!["text/plain"]));
        Assert.Equal("graph TD", MultilineText.Join(cells[2]["outputs"]![0]!["data"]!["text/vnd.mermaid"]));
    }

    [Fact]
    public async Task A_cell_in_an_unsupported_language_gets_an_error_and_the_others_run()
    {
        var run = await RunAsync(Write("mixed", InLanguage("fsharp", "let x = 1"), Code("20 + 22")));

        Assert.Equal(1, run.ExitCode);
        var cells = Cells("mixed.executed.ipynb");
        Assert.Equal("LanguageNotSupported", (string?)cells[0]["outputs"]![0]!["ename"]);
        Assert.Equal("42", MultilineText.Join(cells[1]["outputs"]![0]!["data"]!["text/plain"]));
    }

    [Fact]
    public async Task A_dib_file_runs_unchanged()
    {
        var path = InFolder("old.dib");
        await File.WriteAllTextAsync(path, "#!markdown\n\n# Title\n\n#!csharp\n\n#!time\nvar x = 41;\n\n#!csharp\n\nx + 1\n", Cancellation);

        var run = await RunAsync(path);

        Assert.Equal(0, run.ExitCode);
        var cells = Cells("old.executed.ipynb");
        Assert.Equal("markdown", (string?)cells[0]["cell_type"]);
        Assert.StartsWith("Wall time: ", MultilineText.Join(cells[1]["outputs"]![0]!["data"]!["text/plain"]), StringComparison.Ordinal);
        Assert.Equal("42", MultilineText.Join(cells[2]["outputs"]![0]!["data"]!["text/plain"]));
    }

    [Fact]
    public async Task A_cell_that_exceeds_the_timeout_is_interrupted_with_an_error()
    {
        var path = Write("slow", Code("while (true) Thread.Sleep(10);"), Code("1", stale: true));

        var run = await RunAsync(path, "--timeout", "2");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Cell 1 was interrupted: it took longer than 2 s", run.Error, StringComparison.Ordinal);
        var cells = Cells("slow.executed.ipynb");
        Assert.Equal(["Interrupted", "CellTimeout"], cells[0]["outputs"]!.Select(output => (string?)output["ename"]));
        Assert.Empty((JArray)cells[1]["outputs"]!);
    }

    [Fact]
    public async Task Ctrl_C_interrupts_the_cell_and_the_copy_is_written()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "a process cannot be sent Ctrl+C there without its console");
        Assert.SkipWhen(IgnoresInterrupts(),
            "these tests were started with SIGINT ignored, which processes inherit (nohup, '&' in a script)");
        var path = Write("endless", Code("Console.WriteLine(\"started\"); while (true) Thread.Sleep(10);"), Code("1"));
        using var process = Start(path);
        var output = process.StandardOutput;
        while (await output.ReadLineAsync(Cancellation) is not "started")
        {
            // The heading is above it.
        }

        Assert.Equal(0, SendSignal(process.Id, 2));
        await process.WaitForExitAsync(Cancellation);

        Assert.Equal(130, process.ExitCode);
        var outputs = Cells("endless.executed.ipynb")[0]["outputs"]!;
        Assert.Equal("started\n", MultilineText.Join(outputs[0]!["text"]));
        Assert.Equal("error", (string?)outputs.Last!["output_type"]);
    }

    [Fact]
    public async Task Parameters_are_declared_after_the_cell_tagged_parameters()
    {
        const string Hostile = "\"; throw new Exception(); //\\\n\u2028{x}\u001b é";
        var path = Write(
            "parameters", Code("var count = 1; var name = \"\";", "parameters"),
            Code("Console.Write($\"{count + 1} {ratio / 2} {big} {!flag} {none is null}\");"),
                Code($"Console.Write(name == {Literal(Hostile)});"));

        var run = await RunAsync(
            path, "-p", "count=41", "-p", "ratio=3", "-p", "ratio=3.0", "-p", "big=5000000000", "-p", "flag=true", "-p", "none=null", "-p",
                $"name={Hostile}");

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var cells = Cells("parameters.executed.ipynb");
        Assert.Equal("injected-parameters", (string?)cells[1]["metadata"]!["tags"]![0]);
        Assert.Equal("42 1.5 5000000000 False True", MultilineText.Join(cells[2]["outputs"]![0]!["text"]));
        Assert.Equal("True", MultilineText.Join(cells[3]["outputs"]![0]!["text"]));
    }

    [Fact]
    public async Task Cells_run_in_the_folder_of_their_notebook()
    {
        await File.WriteAllTextAsync(InFolder("data.txt"), "beside", Cancellation);

        var run = await RunAsync(Write("here", Code("Console.Write(File.ReadAllText(\"data.txt\"));")));

        Assert.Contains("beside", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_notebooks_go_into_one_directory()
    {
        var run = await RunAsync(Write("one", Code("1")), Write("two", Code("2")), "--output", InFolder("copies"));

        Assert.Equal(0, run.ExitCode);
        Assert.Equal("1", MultilineText.Join(Cells("copies/one.executed.ipynb")[0]["outputs"]![0]!["data"]!["text/plain"]));
        Assert.Equal("2", MultilineText.Join(Cells("copies/two.executed.ipynb")[0]["outputs"]![0]!["data"]!["text/plain"]));
    }

    [Theory]
    [InlineData("{\"nbformat\": 3, \"nbformat_minor\": 0, \"worksheets\": []}", "format 3")]
    [InlineData("{\"cells\": []}", "is not a notebook")]
    [InlineData("no JSON", "is not a notebook")]
    [InlineData("{\"nbformat\": 4, \"nbformat_minor\": 5, \"cells\": [], \"metadata\": {\"kernelspec\": {\"language\": \"python\"}}}",
        "written in python")]
    public async Task Input_that_cannot_be_run_is_rejected_with_the_reason(string text, string reason)
    {
        await File.WriteAllTextAsync(InFolder("odd.ipynb"), text, Cancellation);

        var run = await RunAsync(InFolder("odd.ipynb"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(reason, run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(InFolder("odd.executed.ipynb")));
    }

    [Theory]
    [InlineData("7", "var x = 7;")]
    [InlineData("-5000000000", "var x = -5000000000L;")]
    [InlineData("1e3", "var x = 1000d;")]
    [InlineData("True", "var x = true;")]
    [InlineData("null", "string x = null!;")]
    [InlineData("", "var x = \"\";")]
    [InlineData("NaN", "var x = \"NaN\";")]
    [InlineData("99999999999999999999", "var x = \"99999999999999999999\";")]
    [InlineData("a=\"b\\\n", "var x = \"a=\\\"b\\\\\\n\";")]
    public void A_parameter_is_declared_with_the_type_its_value_has(string value, string declaration) =>
        Assert.Equal(declaration, Parameter.Parse($"x={value}").Declaration);

    [Theory]
    [InlineData("x")]
    [InlineData("=1")]
    [InlineData("1x=1")]
    [InlineData("class=1")]
    [InlineData("x; y=1")]
    public void A_parameter_with_an_invalid_name_is_rejected(string text) => Assert.Throws<FormatException>(() => Parameter.Parse(text));

    [Fact]
    public void Injected_parameters_of_an_earlier_run_are_replaced()
    {
        var notebook =
            NotebookFile.Load(
                Write("again", Code("int a = 1;", "parameters"), Code("between"), Code("int a = 2;", "injected-parameters"), Code("last")));

        Parameter.Inject([Parameter.Parse("a=3")], notebook);

        Assert.Equal(["int a = 1;", "between", "// Parameters\nvar a = 3;", "last"], notebook.Cells.Select(cell => cell.Source));
    }

    [Fact]
    public void A_notebook_is_written_as_it_was_read()
    {
        var path = Write("same", Code("1\n2"), Markdown("Grüße ☃\u2028"));
        var json = JObject.Parse(File.ReadAllText(path));
        json["metadata"]!["unknown"] = new JArray("2024-01-01T00:00:00Z", 1.0, new JObject());
        var text = json.ToString(Newtonsoft.Json.Formatting.Indented).Replace("  ", " ", StringComparison.Ordinal) + "\n";
        File.WriteAllText(path, text);

        NotebookFile.Load(path).Save(path, path);

        Assert.Equal(text, File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(folder.FullName));
    }

    [Fact]
    public void A_copy_of_a_private_notebook_is_private_and_a_file_that_is_replaced_keeps_its_permissions()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix permissions");
        if (OperatingSystem.IsWindows()) return;
        var path = Write("private", Code("1"));
        var (copy, shared) = (InFolder("copy.ipynb"), Write("shared", Code("2")));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.SetUnixFileMode(shared, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);

        NotebookFile.Load(path).Save(copy, path);
        NotebookFile.Load(path).Save(shared, path);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(copy));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.GroupWrite, File.GetUnixFileMode(shared));
    }

    [Theory]
    [InlineData("", new string[0])]
    [InlineData("a", new[] { "a" })]
    [InlineData("a\n\nb\r\nc\rd\n", new[] { "a\n", "\n", "b\r\n", "c\r", "d\n" })]
    public void Texts_are_split_where_Jupyter_splits_them(string text, string[] lines) =>
        Assert.Equal(lines, MultilineText.Split(text).Select(line => (string?)line));

    [Fact]
    public void Outputs_are_merged_cleared_and_updated_as_the_front_end_would_show_them()
    {
        var json = Code("", stale: true);
        var outputs = new StoredOutputs(new Cell(json), []);

        outputs.Take(Published("stream", "{'name': 'stdout', 'text': 'gone'}"));
        outputs.Take(Published("clear_output", "{'wait': true}"));
        outputs.Take(Published("stream", "{'name': 'stdout', 'text': 'a\\nb'}"));
        outputs.Take(Published("stream", "{'name': 'stdout', 'text': 'c'}"));
        outputs.Take(Published("stream", "{'name': 'stderr', 'text': 'e'}"));
        outputs.Take(
            Published("display_data",
                "{'data': {'text/plain': 'old', 'image/png': 'a\\n'}, 'metadata': {}, 'transient': {'display_id': 'i'}}"));
        outputs.Take(
            Published("update_display_data", "{'data': {'text/plain': 'new'}, 'metadata': {'m': 1}, 'transient': {'display_id': 'i'}}"));
        outputs.Flush();

        var expected = JArray.Parse("""
            [{"name": "stdout", "output_type": "stream", "text": ["a\n", "bc"]},
             {"name": "stderr", "output_type": "stream", "text": ["e"]},
             {"data": {"text/plain": ["new"]}, "metadata": {"m": 1}, "output_type": "display_data"}]
            """);
        Assert.Equal(expected.ToString(), json["outputs"]!.ToString());
    }

    [Fact]
    public void Of_a_displays_updates_the_last_one_is_printed()
    {
        var output = new StringWriter();
        var printer = new OutputPrinter(output, output, colours: false);
        printer.Print(Published("display_data", "{'data': {'text/plain': 'Reading …'}, 'transient': {'display_id': 'i'}}"));
        printer.Print(Published("update_display_data", "{'data': {'text/plain': '50%'}, 'transient': {'display_id': 'i'}}"));
        printer.Print(Published("stream", "{'name': 'stdout', 'text': 'halfway'}"));
        printer.Print(Published("update_display_data", "{'data': {'text/plain': '100%'}, 'transient': {'display_id': 'i'}}"));
        printer.PrintUpdates();
        printer.PrintUpdates();
        Assert.Equal(["Reading …", "halfway", "100%", ""], output.ToString().Split(Environment.NewLine));
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendSignal(int processId, int signal);

    private static string Literal(string value) => Microsoft.CodeAnalysis.CSharp.SymbolDisplay.FormatLiteral(value, quote: true);

    private static Message Published(string type, string content) =>
        new([], new Header { MsgId = "1", MsgType = type }, [], [], [], JObject.Parse(content), []);

    private static JObject Markdown(string source) =>
        new() { ["cell_type"] = "markdown", ["id"] = Guid.NewGuid().ToString("N"), ["metadata"] = new JObject(),
            ["source"] = MultilineText.Split(source) };

    private static JObject Code(string source, string? tag = null, bool stale = false) => new()
    {
        ["cell_type"] = "code",
        ["execution_count"] = null,
        ["id"] = Guid.NewGuid().ToString("N"),
        ["metadata"] = tag is null ? [] : new JObject { ["tags"] = new JArray(tag) },
        ["outputs"] = stale
            ? new JArray(new JObject { ["name"] = "stdout", ["output_type"] = "stream", ["text"] = new JArray("stale") })
            : [],
        ["source"] = MultilineText.Split(source),
    };

    private static JObject InLanguage(string language, string source)
    {
        var cell = Code(source);
        cell["metadata"]!["polyglot_notebook"] = new JObject { ["kernelName"] = language };
        return cell;
    }

    private static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(KernelExecutable.Path) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments.Prepend("run")) start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync(Cancellation);
        var error = process.StandardError.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, await output, await error);
    }

    private string InFolder(string name) => Path.Combine(folder.FullName, name);

    private JArray Cells(string name) => (JArray)JObject.Parse(File.ReadAllText(InFolder(name)))["cells"]!;

    private string Write(string name, params JObject[] cells)
    {
        var path = InFolder($"{name}.ipynb");
        File.WriteAllText(path,
            new JObject { ["cells"] = new JArray(cells), ["metadata"] = new JObject(), ["nbformat"] = 4,
            ["nbformat_minor"] = 5 }.ToString());
        return path;
    }

    /// <summary>Whether this process ignores SIGINT. Source: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html</summary>
    private static bool IgnoresInterrupts() =>
        OperatingSystem.IsLinux()
            && File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is var mask
        && (Convert.ToUInt64(mask["SigIgn:".Length..].Trim(), 16) & 2) != 0;
}
