using System.Reflection;
using System.Runtime.Loader;
using JupyterKernel.Compilation;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests that cells, compiled and run, see those before them, although little is kept of each compilation.</summary>
public sealed class SubmissionLinkTests
{
    private readonly CellCompiler compiler = new(Path.GetTempPath());
    private readonly AssemblyLoadContext context = new("cells");
    private readonly Dictionary<string, Assembly> loaded = [];
    private readonly object?[] submissions = new object?[1000];
    private CSharpCompilation last;

    public SubmissionLinkTests()
    {
        last = compiler.Root;
        context.Resolving += (_, name) => loaded.GetValueOrDefault(name.Name!);
    }

    [Theory]
    [InlineData("1 + 1")]
    [InlineData("Console.Out.Flush();")]
    [InlineData("if (true) { int inner = 1; }")]
    [InlineData("int.TryParse(\"1\", out _)")]
    public void A_cell_that_declares_nothing_is_not_a_link(string code)
    {
        Run("int x = 1;");
        var before = last;

        Run(code);

        Assert.Same(before, last);
    }

    [Theory]
    [InlineData("int y = 2;", "y", 2)]
    [InlineData("int.TryParse(\"3\", out var y)", "y", 3)]
    [InlineData("(object)4 is int y", "y", 4)]
    [InlineData("var (a, y) = (1, 5);", "y", 5)]
    [InlineData("int y() => 6;", "y()", 6)]
    [InlineData("record R(int Y);", "new R(7).Y", 7)]
    [InlineData("enum E { A = 8 }", "(int)E.A", 8)]
    [InlineData("using static System.Math;", "Max(9, 1)", 9)]
    [InlineData("using Sb = System.Text.StringBuilder;", "new Sb(\"10\").Length", 2)]
    [InlineData("static int Twice(this int i) => 2 * i;", "6.Twice()", 12)]
    public void Declarations_of_a_cell_are_available_many_cells_later(string declaring, string using_, object expected)
    {
        Run(declaring);
        for (var i = 0; i < 3; i++) Run("1 + 1");
        Run("int between = 0;");
        Run("between += 1;");

        Assert.Equal(expected, Run(using_));
    }

    [Fact]
    public void A_declaration_replaces_an_earlier_one()
    {
        Run("int x = 1;");
        Run("int Read() => x;");
        Run("1 + 1");
        Run("string x = \"two\";");
        Run("1 + 1");

        Assert.Equal("two1", Run("x + Read()"));
    }

    [Fact]
    public void Anonymous_types_are_the_same_types_in_all_cells()
    {
        Run("var first = new { A = 1 };");
        Run("1 + 1");
        Run("int between = 0;");
        Run("first = new { A = between + 2 };");
        Run("between += 1;");
        Run("var more = new[] { first, new { A = 3 } }.Select(item => new { item.A, B = item.A });");
        Run("int further = 0;");

        Assert.Equal(true, Run("more.Last().Equals(new { A = 3, B = 3 }) && first.Equals(new { A = 2 })"));
    }

    [Fact]
    public void Delegates_without_a_name_are_the_same_types_in_all_cells()
    {
        Run("var increment = (ref int i) => i++;");
        Run("int n = 1;");
        Run("increment = (ref int j) => j += 10;");

        Assert.Equal(11, Run("{ int k = 1; increment(ref k); return k; }"));
    }

    private object? Run(string code)
    {
        var outcome = compiler.Compile(code, "Cell", last, TestContext.Current.CancellationToken);
        var cell = outcome.Cell ?? throw new InvalidOperationException(string.Join('\n', outcome.Errors));
        last = cell.Link;
        var assembly = context.LoadFromStream(new MemoryStream(cell.Emitted.Assembly), new MemoryStream(cell.Emitted.Symbols));
        loaded[assembly.GetName().Name!] = assembly;
        var entry = assembly.GetType(cell.EntryType)!.GetMethod(cell.EntryMethod)!;
        return ((Task<object?>)entry.Invoke(null, [submissions])!).GetAwaiter().GetResult();
    }
}
