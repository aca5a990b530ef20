using System.Collections.Immutable;
using JupyterKernel.Compilation;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests that diagnostics of a cell whose text was changed before compilation refer to the original text.</summary>
public sealed class ProgramFormsTests
{
    [Theory]
    [InlineData("static class E { public static int A(this int i) => i; } wrong();")]
    [InlineData("class A { } internal class B { } wrong();")]
    [InlineData("using var s = new MemoryStream(); wrong();")]
    [InlineData("file class A { } wrong();")]
    [InlineData("Span<int> s = stackalloc int[3]; var n = s.Length; wrong();")]
    [InlineData("namespace N { class A { } } wrong();")]
    [InlineData("namespace N { class A { int x = wrong; } }")]
    [InlineData("record P(int X); static class E { extension(P p) { public int Y => wrong; } }")]
    [InlineData("static class E { public static int A(this int i) => wrong; }")]
    [InlineData("class Program { static void Main() { wrong(); } }")]
    [InlineData("record P(int X);\nvar p = new P(1); wrong.ToString();\np with { X = 2 }")]
    public void An_error_is_where_it_was_written(string code)
    {
        var error = Assert.Single(Errors(code));
        Assert.Equal("CS0103", error.Id);
        Assert.Equal(code.IndexOf("wrong", StringComparison.Ordinal), error.Location.SourceSpan.Start);
        Assert.Equal("wrong".Length, error.Location.SourceSpan.Length);
    }

    [Fact]
    public void Every_place_of_a_text_with_edits_is_found_again()
    {
        var text = CellText.Of("abc def ghi").With([new(0, 0, "++"), new(4, 3, "d"), new(8, 3, "longer")])
            .With([new(0, 2, ""), new(3, 0, "!")]);

        Assert.Equal("a!bc d longer", text.Text);
        Assert.Equal(0, text.ToOriginal(new TextSpan(text.Text.IndexOf('a', StringComparison.Ordinal), 1)).Start);
        Assert.Equal(4, text.ToOriginal(new TextSpan(text.Text.IndexOf(" d ", StringComparison.Ordinal) + 1, 1)).Start);
        Assert.Equal(8, text.ToOriginal(new TextSpan(text.Text.IndexOf("longer", StringComparison.Ordinal), 6)).Start);
    }

    [Fact]
    public void A_cell_that_needs_no_change_has_none()
    {
        const string Code = "var x = 1;\nint F(int n) => n;\nF(x)";
        var tree = Microsoft.CodeAnalysis.CSharp.CSharpSyntaxTree.ParseText(
            Code, new Microsoft.CodeAnalysis.CSharp.CSharpParseOptions(kind: SourceCodeKind.Script),
                cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(ProgramForms.Of(Code, tree, TestContext.Current.CancellationToken).Text.IsOriginal);
    }

    private static ImmutableArray<Diagnostic> Errors(string code)
    {
        var compiler = new CellCompiler(Path.GetTempPath());
        return compiler.Compile(code, "Cell [1]", compiler.Root, TestContext.Current.CancellationToken).Errors;
    }
}
