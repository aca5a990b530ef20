using System.Collections.Immutable;
using System.Text.RegularExpressions;
using JupyterKernel.Compilation;
using Microsoft.CodeAnalysis;
using Xunit;

namespace JupyterKernel.Tests;

public sealed partial class CompileErrorTextTests
{
    [Fact]
    public void An_error_is_shown_with_its_cell_and_line_and_underlined()
    {
        var errors = Errors("var x = 1;\n  Consol.WriteLine(x);");

        Assert.Equal(
            [
                "error CS0103: The name 'Consol' does not exist in the current context",
                "Cell In[7], line 2",
                "----> 2   Consol.WriteLine(x);",
                "          ~~~~~~",
                "    Did you mean Console?",
                "About CS0103: https://msdn.microsoft.com/query/roslyn.query?appId=roslyn&k=k%28CS0103%29",
            ],
            Plain(errors));
        Assert.Equal("(2,3): error CS0103: The name 'Consol' does not exist in the current context", CompileErrorText.Summary(errors));
    }

    [Fact]
    public void Place_message_and_underline_are_coloured()
    {
        var lines = CompileErrorText.Traceback(Errors("Consol.WriteLine(1);"));

        Assert.StartsWith("\e[0;31merror CS0103\e[0m: ", lines[0], StringComparison.Ordinal);
        Assert.Equal(["\e[0;32mCell In[7]\e[0m, line 1", "\e[0;31m----> \e[0m1 Consol.WriteLine(1);", "        \e[0;31m~~~~~~\e[0m"], lines.Skip(1).Take(3));
    }

    [Fact]
    public void The_underline_stands_below_the_error_whatever_the_width_of_a_tab() =>
        Assert.Equal(["----> 1 \t var x =\tundefined;", "        \t        \t~~~~~~~~~"], Plain(Errors("\t var x =\tundefined;")).Skip(2).Take(2));

    [Fact]
    public void An_error_over_several_lines_is_underlined_to_the_end_of_its_first()
    {
        var lines = Plain(Errors("int i = @\"a\nb\";"));

        Assert.Contains("CS0029", lines[0], StringComparison.Ordinal);
        Assert.Equal(["----> 1 int i = @\"a", "                ~~~"], lines.Skip(2).Take(2));
    }

    [Fact]
    public void A_long_line_is_cut_and_not_underlined_where_it_was_cut_off()
    {
        var lines = Plain(Errors("undefined1 = \"" + new string('a', 10_000) + "\" + undefined2;"));

        Assert.All(lines, line => Assert.True(line.Length < 400));
        Assert.Contains(lines, line => line.Contains("undefined2", StringComparison.Ordinal));
        Assert.Single(lines, line => line.Trim() == "~~~~~~~~~~");
    }

    [Fact]
    public void The_first_ten_errors_are_shown_in_the_order_of_the_text_and_the_others_counted()
    {
        var lines = Plain(Errors(string.Join('\n', Enumerable.Range(1, 13).Select(i => $"undefined{i}();"))));

        Assert.Equal(10, lines.Count(line => line.Contains("error CS0103", StringComparison.Ordinal)));
        Assert.Equal(Enumerable.Range(1, 10).Select(i => $"Cell In[7], line {i}"), lines.Where(line => line.StartsWith("Cell", StringComparison.Ordinal)));
        Assert.Equal("… and 3 more errors", lines[^1]);
    }

    [Fact]
    public void An_error_at_the_end_of_the_text_is_underlined_too()
    {
        var lines = Plain(Errors("Console.WriteLine("));

        Assert.StartsWith("error CS", lines[0], StringComparison.Ordinal);
        Assert.All(lines, line => Assert.DoesNotContain("(0,", line, StringComparison.Ordinal));
        Assert.Equal("Cell In[7], line 1", lines[1]);
        Assert.Matches("^ +~$", lines[3]);
    }

    [Fact]
    public void An_error_without_a_place_is_its_message()
    {
        var error = Diagnostic.Create(new DiagnosticDescriptor("CS9999", "", "All is lost", "", DiagnosticSeverity.Error, true), Location.None);

        Assert.Equal(["error CS9999: All is lost"], Plain([error]));
        Assert.Equal("error CS9999: All is lost", CompileErrorText.Summary([error]));
    }

    [Theory]
    [InlineData("   at C.F() in Cell [3]:line 12", "\e[0;36m   at C.F()\e[0m in \e[0;32mCell In[3]\e[0m, line 12")]
    [InlineData("   at C.F() in /tmp/file.cs:line 12", "   at C.F() in /tmp/file.cs:line 12")]
    [InlineData("Unhandled exception. System.Exception: at x in Cell [3]:line 1", "Unhandled exception. System.Exception: at x in Cell [3]:line 1")]
    public void The_runtimes_own_report_names_cells_in_the_same_form(string reported, string shown) => Assert.Equal(shown, SourcePlace.Reported(reported));

    [Fact]
    public void Messages_are_English_whatever_the_culture()
    {
        var culture = Thread.CurrentThread.CurrentUICulture;
        Thread.CurrentThread.CurrentUICulture = new("de-DE");
        try
        {
            Assert.Contains("does not exist in the current context", CompileErrorText.Summary(Errors("undefined();")), StringComparison.Ordinal);
        }
        finally
        {
            Thread.CurrentThread.CurrentUICulture = culture;
        }
    }

    [Theory]
    [InlineData("Regex.IsMatch(\"a\", \"b\")", "Is a using missing? using System.Text.RegularExpressions;")]
    [InlineData("using Newtonsoft.Json;", "Is a package missing? #r \"nuget: Newtonsoft.Json\"")]
    [InlineData("using Microsoft.ML.Data;", "Is a package missing? #r \"nuget: Microsoft.ML\"")]
    [InlineData("using Microsoft.AspNetCore.Builder;", "Is a framework missing? #r \"framework: Microsoft.AspNetCore.App\"")]
    [InlineData("new MLContext()", "Is a package missing? #r \"nuget: Microsoft.ML\"")]
    [InlineData("new[] { 1 }.ToFrozenSet()", "Is a using missing? using System.Collections.Frozen;")]
    [InlineData("var counter = 1; countr", "Did you mean counter?")]
    [InlineData("\"abc\".Lenght", "Did you mean Length?")]
    [InlineData("Math.Sqroot(2)", "Did you mean Sqrt?")]
    [InlineData("Strng s = null;", "Did you mean String?")]
    public void What_may_have_been_meant_is_said(string code, string suggestion) => Assert.Contains("    " + suggestion, Plain(Errors(code)));

    [Fact]
    public void A_name_like_no_other_gets_no_suggestion() =>
        Assert.DoesNotContain(Plain(Errors("qwertzuiop")), line => line.Contains("mean", StringComparison.Ordinal) || line.Contains("using", StringComparison.Ordinal));

    [Fact]
    public void An_error_that_repeats_itself_is_counted() => Assert.Contains("    … and 2 times more", Plain(Errors("nothing + nothing + nothing")));

    [Fact]
    public void What_follows_from_a_syntax_error_is_not_shown()
    {
        var errors = Assert.Single(Plain(Errors("if (nothing { }")), line => line.Contains("error", StringComparison.Ordinal));
        Assert.Contains("CS1026", errors, StringComparison.Ordinal);
    }

    private static ImmutableArray<Diagnostic> Errors(string code)
    {
        var compiler = new CellCompiler(Path.GetTempPath());
        var outcome = compiler.Compile(code, "Cell [7]", compiler.Root, TestContext.Current.CancellationToken);
        Assert.Null(outcome.Cell);
        return outcome.Errors;
    }

    private static List<string> Plain(IReadOnlyList<Diagnostic> errors) =>
        [.. CompileErrorText.Traceback(errors).Select(line => Colour().Replace(line, ""))];

    [GeneratedRegex("\e\\[[0-9;]*m")]
    private static partial Regex Colour();
}
