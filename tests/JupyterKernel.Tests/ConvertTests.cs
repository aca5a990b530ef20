using System.Diagnostics;
using JupyterKernel.Conversion;
using JupyterKernel.NotebookFiles;
using Newtonsoft.Json.Linq;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests the convert command from the command line, and the converted notebooks.</summary>
public sealed class ConvertTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("convert-tests-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task A_notebook_that_becomes_a_dib_and_a_notebook_again_has_the_same_cells()
    {
        var path =
            Write("n.ipynb",
                Notebook(("markdown", null, "# Title\n\ntext"), ("code", null, "#!time\nvar x = 1;\n\nx"), ("code", "html", "<b>"),
                ("code", "fsharp", "let x = 1"), ("code", null, "#!unheard of\nx")));

        Assert.Equal(0, (await ConvertAsync(path, InFolder("n.dib"))).ExitCode);
        Assert.Equal(0, (await ConvertAsync(InFolder("n.dib"), InFolder("again.ipynb"))).ExitCode);

        Assert.Equal(Summary("n.ipynb"), Summary("again.ipynb"));
        Assert.StartsWith("#!meta\n\n{\"kernelInfo\":", await File.ReadAllTextAsync(InFolder("n.dib"), Cancellation),
            StringComparison.Ordinal);
        Assert.Contains("\n#!html\n\n<b>\n\n#!fsharp\n\nlet x = 1\n", await File.ReadAllTextAsync(InFolder("n.dib"), Cancellation),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dib_that_becomes_a_notebook_and_a_dib_again_is_the_same()
    {
        const string Kernels = """[{"aliases":[],"name":"csharp"},{"aliases":["orders"],"name":"sql-orders"}]""";
        const string Dib = $$$"""
            #!meta

            {"kernelInfo":{"defaultKernelName":"csharp","items":{{{Kernels}}}}}

            #!csharp

            var text = "#!html";
            #!nothing known
            #!value --name x

            #!sql-orders

            select 1

            """;
        await File.WriteAllTextAsync(InFolder("n.dib"), Dib, Cancellation);

        await ConvertAsync(InFolder("n.dib"), InFolder("n.ipynb"));
        await ConvertAsync(InFolder("n.ipynb"), InFolder("again.dib"));

        Assert.Equal(Dib, await File.ReadAllTextAsync(InFolder("again.dib"), Cancellation), ignoreLineEndingDifferences: true);
    }

    [Fact]
    public async Task Outputs_are_kept_from_notebook_to_notebook_and_named_as_left_out_elsewhere()
    {
        var notebook = Notebook(("code", null, "1"));
        notebook["cells"]![0]!["outputs"] = new JArray(new JObject { ["output_type"] = "stream", ["name"] = "stdout", ["text"] = "kept" });
        var path = Write("n.ipynb", notebook);

        Assert.Equal("", (await ConvertAsync(path, InFolder("copy.ipynb"))).Error);
        Assert.Contains("The outputs were not written", (await ConvertAsync(path, InFolder("n.dib"))).Error, StringComparison.Ordinal);

        Assert.Equal("kept",
            (string?)JObject.Parse(
                await File.ReadAllTextAsync(InFolder("copy.ipynb"), Cancellation))["cells"]![0]!["outputs"]![0]!["text"]);
    }

    [Fact]
    public async Task A_converted_program_runs()
    {
        Write("n.ipynb", Notebook(
            ("markdown", null, "# Title"),
            ("code", null, "#r \"nuget: Humanizer.Core, 2.14.1\"\nusing Humanizer;\nusing System.Globalization;"),
            ("code", null,
                "// a record\nrecord Point(int X, int Y);\npublic int Twice(int n) => 2 * n;\n"
                    + "var p = new Point(1, 2);\np.X + Twice(3) // all"),
            ("code", null, "#!time\n#!html\n<i>it's</i>\n#!csharp\nawait Task.FromResult(p with { X = 41 })"),
            ("code", "fsharp", "let x = 1"),
            ("code", null, "static int Half(this int n) => n / 2;\ndisplay(new[] { 10.Half(), 6 });\nConsole.WriteLine(\"no value\")"),
            ("code", null, "namespace Deep { static class Held { public static int Value = 7; } }\nDeep.Held.Value"),
            ("code", null, "TimeSpan.FromDays(3).Humanize(culture: CultureInfo.InvariantCulture)")));
        Assert.Equal(0, (await ConvertAsync(InFolder("n.ipynb"), InFolder("n.cs"))).ExitCode);

        var run = await RunAsync("dotnet", "run", InFolder("n.cs"));

        Assert.Equal(["7", "Point { X = 41, Y = 2 }", "5, 6", "no value", "7", "3 days"],
            run.Output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(0, run.ExitCode);
    }

    [Fact]
    public async Task A_program_that_becomes_a_notebook_and_a_program_again_is_the_same()
    {
        Write("n.ipynb", Notebook(
            ("markdown", null, "# Title\n\ntext"), ("code", null, "#:package Humanizer.Core@2.14.1\nusing Humanizer;"),
            ("code", null, "class C\n{\n    int x;\n}\nvar c = new C();\nc"),
            ("code", "html", "<b>\n\n</b>"), ("code", null, "#!who\n#!html\n<i>\n#!csharp\nawait Task.FromResult(1)"), ("raw", null, "raw"),
                ("code", null, "record Only(int X);")));

        await ConvertAsync(InFolder("n.ipynb"), InFolder("n.cs"));
        await ConvertAsync(InFolder("n.cs"), InFolder("again.ipynb"));
        await ConvertAsync(InFolder("again.ipynb"), InFolder("again.cs"));

        Assert.Equal(await File.ReadAllTextAsync(InFolder("n.cs"), Cancellation),
            await File.ReadAllTextAsync(InFolder("again.cs"), Cancellation));
        Assert.Equal(
            ["code: #:package Humanizer.Core@2.14.1\nusing Humanizer;", "markdown: # Title\n\ntext",
                "code: class C\n{\n    int x;\n}\nvar c = new C();\nc", "code html: <b>\n\n</b>",
                "code: #!who\n#!html\n<i>\n#!csharp\nawait Task.FromResult(1)", "raw: raw", "code: record Only(int X);"],
            Summary("again.ipynb"));
    }

    [Fact]
    public void A_program_without_marks_is_one_cell() =>
        Assert.Equal("using System.Xml;\nConsole.WriteLine(1);\nclass C { }",
            Assert.Single(ProgramReader.Read("#!/usr/bin/env dotnet\nusing System.Xml;\nConsole.WriteLine(1);\nclass C { }\n").Cells)
                .Source);

    [Fact]
    public async Task Content_that_a_program_cannot_have_is_reported()
    {
        Write("n.ipynb", Notebook(
            ("code", null, "#r \"lib.dll\"\n#load \"x.csx\"\nvar x = 1;"), ("code", null, "var x = 2; Plot.Line(new[] { 1 })"),
                ("code", null, "int P { get; } = 1;"), ("code", null, "this is no C#")));

        var run = await ConvertAsync(InFolder("n.ipynb"), InFolder("n.cs"));

        Assert.Equal(0, run.ExitCode);
        foreach (var word in (string[])
            ["lib.dll", "x.csx", "'x' is declared in cells 1 and 2", "Plot", "a property", "Cell 4 is not valid C#"])
        {
            Assert.Contains(word, run.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("old.ipynb", """{"worksheets": [], "metadata": {}, "nbformat": 3, "nbformat_minor": 0}""", "format 3")]
    [InlineData("broken.ipynb", "{\"cells\": [", "not a notebook")]
    [InlineData("list.ipynb", "[]", "not a JSON object")]
    [InlineData("python.ipynb", """{"cells": [], "metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4, "nbformat_minor": 4}""",
        "written in python")]
    [InlineData("broken.dib", "#!meta\n{\n#!csharp\n1", "not valid JSON")]
    [InlineData("x.txt", "x", "has an unsupported extension")]
    public async Task An_invalid_notebook_is_rejected_and_nothing_is_written(string name, string text, string word)
    {
        await File.WriteAllTextAsync(InFolder(name), text, Cancellation);

        var run = await ConvertAsync(InFolder(name), InFolder("out.cs"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(word, run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(InFolder("out.cs")));
    }

    [Fact]
    public async Task An_existing_file_is_replaced_only_on_request()
    {
        var path = Write("n.ipynb", Notebook(("code", null, "1")));
        await File.WriteAllTextAsync(InFolder("n.dib"), "mine", Cancellation);

        Assert.Contains("--overwrite", (await ConvertAsync(path, InFolder("n.dib"))).Error, StringComparison.Ordinal);
        Assert.Equal("mine", await File.ReadAllTextAsync(InFolder("n.dib"), Cancellation));
        Assert.Equal(0, (await ConvertAsync(path, InFolder("n.dib"), "--overwrite")).ExitCode);
        Assert.Contains("#!csharp", await File.ReadAllTextAsync(InFolder("n.dib"), Cancellation), StringComparison.Ordinal);
    }

    private static JObject Notebook(params (string Kind, string? Language, string Source)[] cells) => new()
    {
        ["cells"] = new JArray(cells.Select(cell =>
        {
            var json =
                new JObject { ["cell_type"] = cell.Kind, ["metadata"] = cell.Language is null
                    ? []
                    : new JObject { ["polyglot_notebook"] = new JObject { ["kernelName"] = cell.Language } }, ["source"] = cell.Source };
            if (cell.Kind == "code") (json["execution_count"], json["outputs"]) = (null, new JArray());
            return json;
        })),
        ["metadata"] =
            new JObject { ["kernelspec"] = new JObject { ["display_name"] = ".NET (C#)", ["language"] = "C#", ["name"] = ".net-csharp" } },
        ["nbformat"] = 4,
        ["nbformat_minor"] = 4,
    };

    private string InFolder(string name) => Path.Combine(folder.FullName, name);

    private string Write(string name, JObject json)
    {
        File.WriteAllText(InFolder(name), json.ToString());
        return InFolder(name);
    }

    private string[] Summary(string name)
    {
        var notebook = NotebookFiles.NotebookFile.Load(InFolder(name));
        return [.. notebook.Cells.Select(cell =>
            $"{(string?)cell.Json["cell_type"]}{(cell.Language is { } language ? " " + language : "")}: {cell.Source}")];
    }

    private static Task<(int ExitCode, string Output, string Error)> ConvertAsync(params string[] arguments) =>
        RunAsync(KernelExecutable.Path, ["convert", .. arguments]);

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Cancellation);
        var error = process.StandardError.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, await output, await error);
    }
}
