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
                "    Did you mean 'Console'?",
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
        Assert.Equal(["\e[0;32mCell In[7]\e[0m, line 1", "\e[0;31m----> \e[0m1 Consol.WriteLine(1);", "        \e[0;31m~~~~~~\e[0m"],
            lines.Skip(1).Take(3));
    }

    [Fact]
    public void The_underline_stands_below_the_error_whatever_the_width_of_a_tab() =>
        Assert.Equal(["----> 1 \t var x =\tundefined;", "        \t        \t~~~~~~~~~"],
            Plain(Errors("\t var x =\tundefined;")).Skip(2).Take(2));

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
        Assert.Equal(Enumerable.Range(1, 10).Select(i => $"Cell In[7], line {i}"),
            lines.Where(line => line.StartsWith("Cell", StringComparison.Ordinal)));
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
        var error =
            Diagnostic.Create(new DiagnosticDescriptor("CS9999", "", "All is lost", "", DiagnosticSeverity.Error, true), Location.None);

        Assert.Equal(["error CS9999: All is lost"], Plain([error]));
        Assert.Equal("error CS9999: All is lost", CompileErrorText.Summary([error]));
    }

    [Theory]
    [InlineData("   at C.F() in Cell [3]:line 12", "\e[0;36m   at C.F()\e[0m in \e[0;32mCell In[3]\e[0m, line 12")]
    [InlineData("   at C.F() in /tmp/file.cs:line 12", "   at C.F() in /tmp/file.cs:line 12")]
    [InlineData("Unhandled exception. System.Exception: at x in Cell [3]:line 1",
        "Unhandled exception. System.Exception: at x in Cell [3]:line 1")]
    public void The_runtimes_own_report_names_cells_in_the_same_form(string reported, string shown) =>
        Assert.Equal(shown, SourcePlace.Reported(reported));

    [Fact]
    public void Messages_are_English_whatever_the_culture()
    {
        var culture = Thread.CurrentThread.CurrentUICulture;
        Thread.CurrentThread.CurrentUICulture = new("de-DE");
        try
        {
            Assert.Contains("does not exist in the current context", CompileErrorText.Summary(Errors("undefined();")),
                StringComparison.Ordinal);
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
    [InlineData("var counter = 1; countr", "Did you mean 'counter'?")]
    [InlineData("\"abc\".Lenght", "Did you mean 'Length'?")]
    [InlineData("Math.Sqroot(2)", "Did you mean 'Sqrt'?")]
    [InlineData("LaTeX(\"x\")", "Did you mean 'Latex'?")]
    [InlineData("Html(\"x\")", "Did you mean 'HTML'?")]
    [InlineData("new Latex(\"x\")", "It is a method. Write it without new: Latex(…)")]
    [InlineData("Math(\"x\")", "Math is the class of mathematical functions. For a formula: Latex(@\"$…$\")")]
    [InlineData("Strng s = null;", "Did you mean 'String'?")]
    public void The_intended_name_is_suggested(string code, string suggestion) =>
        Assert.Contains("    " + suggestion, Plain(Errors(code)));

    [Fact]
    public void A_name_like_no_other_gets_no_suggestion() =>
        Assert.DoesNotContain(Plain(Errors("qwertzuiop")), line => line.Contains("mean", StringComparison.Ordinal)
            || line.Contains("using", StringComparison.Ordinal));

    [Fact]
    public void An_error_that_repeats_itself_is_counted() =>
        Assert.Contains("    … and 2 more occurrences", Plain(Errors("nothing + nothing + nothing")));

    [Fact]
    public void Consequential_errors_of_a_syntax_error_are_not_shown()
    {
        var errors = Assert.Single(Plain(Errors("if (nothing { }")), line => line.Contains("error", StringComparison.Ordinal));
        Assert.Contains("CS1026", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("print(\"hi\")", "Use Console.WriteLine(…). The value of the expression that ends a cell is displayed automatically.")]
    [InlineData("println(1);", "Use Console.WriteLine(…).*")]
    [InlineData("System.out.println(\"a\");", "Use Console.WriteLine(…).*")]
    [InlineData("console.log(1);", "Use Console.WriteLine(…).*")]
    [InlineData("print \"a\"", "Use Console.WriteLine(…).*")]
    [InlineData("echo hello", "Use Console.WriteLine(…).*")]
    [InlineData("var s = 'abc';", "String literals use double quotes: \"abc\"")]
    [InlineData("var s = '';", "String literals use double quotes: \"\"")]
    [InlineData("var s = f\"{1}\";", "An interpolated string begins with $:*")]
    [InlineData("var s = `a ${1}`;", "An interpolated string begins with $:*")]
    [InlineData("var s = r\"a\";", "A verbatim string begins with @: @\"a\"")]
    [InlineData("%time F();", "Put #!time above the code*")]
    [InlineData("%%time\nF();", "Put #!time above the code*")]
    [InlineData("%timeit F()", "Put #!time above the code*")]
    [InlineData("%matplotlib inline", "Charts need no setup:*")]
    [InlineData("%load_ext autoreload", "Magics begin with #! here:*")]
    [InlineData("%%html\n<b>x</b>", "Magics begin with #! here:*")]
    [InlineData("!ls", "List the files of a directory:*")]
    [InlineData("ls", "List the files of a directory:*")]
    [InlineData("!ls -l", "Run a program: System.Diagnostics.Process.Start(\"ls\", \"-l\")")]
    [InlineData("ls -la", "Run a program: System.Diagnostics.Process.Start(\"ls\", \"-la\")")]
    [InlineData("!git commit -m \"x\"", "Run a program: System.Diagnostics.Process.Start(*")]
    [InlineData("!cat \"x\"", "Run a program: System.Diagnostics.Process.Start(*")]
    [InlineData("cd ..", "Change the working directory: Directory.SetCurrentDirectory(\"..\");")]
    [InlineData("pwd", "Show the working directory:*")]
    [InlineData("pip install numpy", "Packages of Python and JavaScript cannot be referenced from C#.*")]
    [InlineData("!pip install numpy", "Packages of Python and JavaScript cannot be referenced from C#.*")]
    [InlineData("%pip install numpy", "Packages of Python and JavaScript cannot be referenced from C#.*")]
    [InlineData("var fs = require(\"fs\");", "Add a NuGet package:*")]
    [InlineData("import numpy as np", "Namespaces are imported with using*")]
    [InlineData("import System.Text;", "Namespaces are imported with using*")]
    [InlineData("from math import sqrt", "Namespaces are imported with using*")]
    [InlineData("#include <stdio.h>", "Namespaces are imported with using*")]
    [InlineData("# a comment", "A comment begins with //.")]
    [InlineData("-- a comment", "A comment begins with //.")]
    [InlineData("' a comment", "A comment begins with //.")]
    [InlineData("def f(a):\n    return a", "Declare a method with its types: int f(int x) { return x; }")]
    [InlineData("function f(a) { return a; }", "Declare a method with its types: int f(int x) { return x; }")]
    [InlineData("let z = 5;", "Declare a variable: var z = …;")]
    [InlineData("let z = 5", "Declare a variable: var z = …;")]
    [InlineData("Dim z As Integer = 5", "Declare a variable: var z = …;")]
    [InlineData("final int z = 5;", "Declare a variable: var z = …;")]
    [InlineData("z = 5;", "Is it a new variable? var z = …")]
    [InlineData("const z = 5;", "Declare a constant with its type*")]
    [InlineData("boolean z = true;", "In C#, write bool.")]
    [InlineData("Integer z = 5;", "In C#, write int.")]
    [InlineData("if (1 == 1) {} elif (2 == 2) {}", "In C#, write else if (…) { … }")]
    [InlineData("if 1 == 1:\n    F()", "Conditions are in parentheses and blocks in braces:*")]
    [InlineData("try: pass", "Conditions are in parentheses and blocks in braces:*")]
    [InlineData("for i in xs:\n    F(i)", "Loop over a sequence: foreach (var i in …) { … }")]
    [InlineData("for (var i in new[] { 1 }) {}", "Loop over a sequence: foreach (var i in …) { … }")]
    [InlineData("for (String s : new[] { \"a\" }) {}", "Loop over a sequence: foreach (var s in …) { … }")]
    [InlineData("foreach (i in new[] { 1 }) {}", "Declare the loop's variable: foreach (var i in …) { … }")]
    [InlineData("except", "In C#, write catch (Exception e) { … }")]
    [InlineData("raise Exception(\"x\")", "In C#, write throw new Exception*")]
    [InlineData("throw \"x\";", "Throw an exception: throw new Exception(\"x\")")]
    [InlineData("End If", "A block ends with a brace: }")]
    [InlineData("1 === 2", "In C#, write ==.")]
    [InlineData("1 !== 2", "In C#, write !=.")]
    [InlineData("1 <> 2", "In C#, write !=.")]
    [InlineData("var x = 2; x ** 2", "Raise to a power with Math.Pow(x, y).")]
    [InlineData("var x = 2; x := 5;", "In C#, write =.")]
    [InlineData("true and false", "In C#, write &&.")]
    [InlineData("true or false", "In C#, write ||.")]
    [InlineData("not true", "In C#, write !.")]
    [InlineData("object x = None;", "In C#, write null.")]
    [InlineData("object x = nil;", "In C#, write null.")]
    [InlineData("bool x = True;", "In C#, write true.")]
    [InlineData("bool x = False;", "In C#, write false.")]
    [InlineData("self.x = 5;", "In C#, write this.")]
    [InlineData("var xs = new[] { 1 }; len(xs)", "Use xs.Length for arrays and strings, xs.Count for collections.")]
    [InlineData("len(\"abc\")", "Use x.Length for*")]
    [InlineData("var x = 1; str(x)", "Use x.ToString().")]
    [InlineData("str(1 + 2)", "Use x.ToString().")]
    [InlineData("int(\"5\")", "Convert with a cast or a parser:*")]
    [InlineData("parseInt(\"5\")", "Convert with a cast or a parser:*")]
    [InlineData("range(5)", "Create a range of numbers: Enumerable.Range(start, count)")]
    [InlineData("var x = 1; type(x)", "Use x.GetType().")]
    [InlineData("var x = 1; typeof x", "Use x.GetType().")]
    [InlineData("sleep(1)", "Wait: await Task.Delay(milliseconds);")]
    [InlineData("var f = lambda x: x + 1", "A lambda is written with =>:*")]
    [InlineData("sorted(new[] { 1 })", "Use LINQ methods:*")]
    [InlineData("sqrt(2)", "Did you mean 'Math.Sqrt'?")]
    [InlineData("new List<int>().length", "Did you mean 'Count'?")]
    [InlineData("new List<int>().push(1)", "Did you mean 'Add'?")]
    [InlineData("new[] { 1 }.size()", "Did you mean 'Length'?")]
    [InlineData("new[] { 1 }.map(x => x)", "Did you mean 'Select'?")]
    [InlineData("\"a\".upper()", "Did you mean 'ToUpper'?")]
    [InlineData("DateTime.Now.Format(\"yyyy\")", "Did you mean 'ToString'?")]
    [InlineData("int m = 5\nint n = 6;", "A statement ends with a semicolon;*")]
    [InlineData("var x = 1; if (x = 5) {}", "= assigns; to compare, write x == 5")]
    [InlineData("var xs = [1, 2];", "The element type cannot be inferred. Declare it: int[] xs = …")]
    [InlineData("var x = 1; static int Twice() => 2 * x;", "Constants and static code cannot use top-level variables.*")]
    [InlineData("\"x\".AsSpan()",
        "A ReadOnlySpan can only be held by a local variable. To show or keep what it refers to, copy it: \"x\".AsSpan().ToString()")]
    [InlineData("display(new[] { 1 }.AsSpan());", "A Span can only be held by a local variable.*")]
    public void Code_of_another_language_is_answered_with_how_CSharp_writes_it(string code, string hint)
    {
        var lines = Plain(Errors(code));

        Assert.Contains(lines, line => hint.EndsWith('*')
            ? line.StartsWith("    " + hint[..^1], StringComparison.Ordinal)
            : line == "    " + hint);
    }

    [Theory]
    [InlineData("int v = LoadAsync();", "await LoadAsync()")]
    [InlineData("Take(LoadAsync());", "await LoadAsync()")]
    [InlineData("var v = (int)LoadAsync();", "await LoadAsync()")]
    [InlineData("LoadAsync() + 1", "await LoadAsync() + 1")]
    [InlineData("if (1 < LoadAsync()) {}", "1 < await LoadAsync()")]
    [InlineData("var sum = 0; sum += LoadAsync();", "sum += await LoadAsync()")]
    [InlineData("-LoadAsync()", "-await LoadAsync()")]
    [InlineData("NamesAsync().Length", "(await NamesAsync()).Length")]
    [InlineData("NamesAsync()[0]", "(await NamesAsync())[0]")]
    [InlineData("NamesAsync().Select(x => x)", "(await NamesAsync()).Select")]
    [InlineData("foreach (var x in NamesAsync()) {}", "foreach (var x in await NamesAsync())")]
    [InlineData("foreach (int x in StreamAsync()) {}", "await foreach (int x in StreamAsync())")]
    [InlineData("StreamAsync().ToList()", "await StreamAsync().ToListAsync(…)")]
    [InlineData("var (a, b) = PairAsync();", "var (a, b) = await PairAsync()")]
    public void A_missing_await_is_reported(string code, string hint)
    {
        var lines = Plain(Errors(Declarations + code));

        Assert.Contains("    Is an await missing? " + hint, lines);
    }

    private const string Declarations =
        "Task<int> LoadAsync() => null; ValueTask<string[]> NamesAsync() => default; IAsyncEnumerable<int> StreamAsync() => null; "
            + "Task<(int, int)> PairAsync() => null; void Take(int i) {} ";

    [Theory]
    [InlineData("void Print(string s) {} print(\"a\");", "Did you mean 'Print'?")]
    [InlineData("Task<int> LoadAsync() => null; Task<string> t = LoadAsync();", null)]
    [InlineData("Task<int> LoadAsync() => null; LoadAsync().Nothing()", null)]
    [InlineData("void print(int i) {} print(\"a\");", null)]
    [InlineData("var s = \"def f():\" 5;", null)]
    [InlineData("var s = \"let x = 5\" + undeclared;", null)]
    [InlineData("var s = \"\"\"\n    import x\n    \"\"\" + undeclared;", null)]
    [InlineData("bool done = true; !done && undeclared", null)]
    [InlineData("var q = from x in new[] { 1 }\n  let y = x + undeclared\n  select y;", null)]
    public void Valid_code_gets_no_such_hint(string code, string? hint)
    {
        var lines = Plain(Errors(code));

        if (hint is not null) Assert.Contains("    " + hint, lines);
        Assert.DoesNotContain(lines, line => line.Contains("In C#, write", StringComparison.Ordinal)
            || line.Contains("await", StringComparison.Ordinal) || line.Contains("Declare", StringComparison.Ordinal)
            || line.Contains("imported", StringComparison.Ordinal) || line.Contains("program", StringComparison.Ordinal));
    }

    [Fact]
    public void Consequential_errors_of_another_languages_code_are_not_shown() =>
        Assert.Single(Plain(Errors("if 1 == 1:\n    print(1)\nelif 2 == 2:\n    pass")),
            line => line.Contains("error", StringComparison.Ordinal));

    [Theory]
    [InlineData("int x = 5; int x = 6;", "This cell already contains a definition for 'x'")]
    [InlineData("int y = 5; void y() {}", "This cell already contains a definition for 'y'")]
    [InlineData("void F(int a) {} void F(int b) {}", "This cell already defines a member called 'F' with the same parameter types")]
    public void A_message_refers_to_the_cell_and_not_to_its_class(string code, string message) =>
        Assert.Contains(Plain(Errors(code)), line => line.EndsWith(message, StringComparison.Ordinal));

    [Fact]
    public void An_error_about_the_users_own_member_is_not_about_the_display_APIs()
    {
        var lines = Plain(Errors("DateTime.Now.Format(\"yyyy\")"));

        Assert.Contains("'DateTime' does not contain a definition for 'Format'", lines[0], StringComparison.Ordinal);
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
