using JupyterKernel.Compilation;
using JupyterKernel.Intelligence;
using JupyterKernel.Packages;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests completion, inspection and completeness; a | in a cell's text is the cursor.</summary>
public class IntelligenceTests : Editor
{
    [Theory]
    [InlineData("Console.Wr|", "Write")]
    [InlineData("Console.wr|", "Write")]
    [InlineData("Console.WLi|", "WriteLine")]
    [InlineData("\"abc\".Sub|", "Substring")]
    [InlineData("var text = \"\"; text.Len|", "Length")]
    [InlineData("string? text = null; text?.Len|", "Length")]
    [InlineData("DateTime? d = null; d?.Ye|", "Year")]
    [InlineData("DateTime? d = null; d.HasV|", "HasValue")]
    [InlineData("string? text = null; text?.Trim()?.Len|", "Length")]
    [InlineData("new[] { 1 }.Whe|", "Where")]
    [InlineData("new List<int>().Select(x => x + 1).ToL|", "ToList")]
    [InlineData("new[] { \"a\" }.Select(s => s.ToUpper().Len|", "Length")]
    [InlineData("new[] { \"a\" }.OrderBy(s => s.Len|)", "Length")]
    [InlineData("new[] { \"a\" }.ToDictionary(s => s, s => s.Length).First().Va|", "Value")]
    [InlineData("new StringBuilder().Append(1).AppendL|", "AppendLine")]
    [InlineData("(int a, string b) t = (1, \"\"); t.b.Len|", "Length")]
    [InlineData("(int Count, string Name) t = (1, \"\"); t.Na|", "Name")]
    [InlineData("var q = new { Alpha = 1 }; q.Al|", "Alpha")]
    [InlineData("foreach (var file in new DirectoryInfo(\".\").GetFiles()) { file.Full| }", "FullName")]
    [InlineData("async Task<string> F() => \"\"; (await F()).Len|", "Length")]
    [InlineData("if (o is string { Length: > 1 } s) { s.Sub| }", "Substring", "object o = 1;")]
    [InlineData("$\"{text.Len|}\"", "Length", "var text = \"\";")]
    [InlineData("$\"{text.Len|", "Length", "var text = \"\";")]
    [InlineData("text.Len|\nvar y = 1;", "Length", "var text = \"\";")]
    [InlineData("DayOfWeek.Mon|", "Monday")]
    [InlineData("int.TryP|", "TryParse")]
    [InlineData("System.Collections.Gen|", "Generic")]
    [InlineData("System.Text.Js|", "Json")]
    [InlineData("using System.Net.H|", "Http")]
    [InlineData("global::Sys|", "System")]
    [InlineData("Environment.SpecialFolder.UserP|", "UserProfile")]
    [InlineData("unsafe { int* p = null; p->ToS| }", "ToString")]
    [InlineData("record Point(int X, int Y); new Point(1, 2).X|", "X")]
    [InlineData("class A { int secret; void F() { this.sec| } }", "secret")]
    [InlineData("static int Twice(this int i) => 2 * i; 21.Twi|", "Twice")]
    [InlineData("21.Twi|", "Twice", "static int Twice(this int i) => 2 * i;")]
    [InlineData("p.X|", "X", "record Point(int X, int Y);", "var p = new Point(1, 2);")]
    [InlineData("dict[\"a\"].Cou|", "Count", "var dict = new Dictionary<string, List<int>>();")]
    [InlineData("int Length2(string s) => s.Len|", "Length")]
    [InlineData("Parse(1,).Len|", "Length", "string Parse(int a, int b) => \"\";")]
    [InlineData("a switch { string s => s.Len| }", "Length", "object a = 1;")]
    public void The_first_proposal_is_the_expected_one(string text, string expected, params string[] cells) =>
        Assert.Equal(expected, Complete(text, cells).Matches is [var first, ..] ? first : null);

    [Theory]
    [InlineData("|", "total", "var total = 1;")]
    [InlineData("tot|", "total", "var total = 1;")]
    [InlineData("var result = to|tal;", "total", "var total = 1;")]
    [InlineData("Con|", "Console")]
    [InlineData("new StringB|", "StringBuilder")]
    [InlineData("int F(int count) { return cou| }", "count")]
    [InlineData("for (int idx = 0; id| ", "idx")]
    [InlineData("Func<int, int> f = arg => ar|", "arg")]
    [InlineData("from item in new[] { 1 } where ite|", "item")]
    [InlineData("int.TryParse(\"1\", out var number); numb|", "number")]
    [InlineData("void Outer() { void Local() {} Loc| }", "Local")]
    [InlineData("fore|", "foreach")]
    [InlineData("var x = awa|", "await")]
    [InlineData("x = 1;\nwhi|", "while")]
    [InlineData("@cla|", "@class", "var @class = 1;")]
    [InlineData("1.|", "CompareTo")]
    [InlineData("text.|\nvar y = 1;", "Length", "var text = \"\";")]
    [InlineData("text.|\nstring y = null;", "Length", "var text = \"\";")]
    [InlineData("using static System.|", "Console")]
    [InlineData("/* 😀 */ Con|", "Console")]
    [InlineData("var s = \"😀\"; Con|", "Console")]
    public void A_name_or_keyword_in_scope_is_proposed(string text, string expected, params string[] cells) =>
        Assert.Contains(expected, Complete(text, cells).Matches);

    [Theory]
    [InlineData("\"Con|\"")]
    [InlineData("\"Con|")]
    [InlineData("'C|'")]
    [InlineData("@\"a\nCon|")]
    [InlineData("\"\"\"\nCon|")]
    [InlineData("\"\"\" Con| \"\"\"")]
    [InlineData("$\"Con|\"")]
    [InlineData("$\"{1}Con|\"")]
    [InlineData("$\"{1}|\"")]
    [InlineData("$\"|\"")]
    [InlineData("$\"{1:N|}\"")]
    [InlineData("$\"\"\"\n Con| {1}\n \"\"\"")]
    [InlineData("// Con|")]
    [InlineData("//|")]
    [InlineData("1 /* Con| */")]
    [InlineData("/* Con|")]
    [InlineData("/// <summary>Con|\nvoid F() {}")]
    [InlineData("#if NEVER\nCon|\n#endif")]
    [InlineData("#region Con|")]
    [InlineData("1|")]
    [InlineData("0x1F|")]
    [InlineData("nothing.at.all.|")]
    [InlineData("void F() {} F().|")]
    [InlineData("#r \"/no/such/folder/a|")]
    public void Nothing_is_proposed(string text) => Assert.Empty(Complete(text).Matches);

    [Theory]
    [InlineData("\"a\".|")]
    [InlineData("/* a */ |")]
    [InlineData("// a\n|")]
    [InlineData("\"\"\"a\"\"\" + |")]
    [InlineData("$\"{|}\"")]
    public void After_text_there_are_proposals_again(string text) => Assert.NotEmpty(Complete(text).Matches);

    [Fact]
    public void Static_members_follow_types_and_instance_members_values()
    {
        var ofType = Complete("string.|").Matches;
        Assert.Contains("IsNullOrEmpty", ofType);
        Assert.DoesNotContain("Length", ofType);

        var ofValue = Complete("\"\".|").Matches;
        Assert.Contains("Length", ofValue);
        Assert.DoesNotContain("IsNullOrEmpty", ofValue);
    }

    [Fact]
    public void Extension_methods_that_do_not_apply_are_not_proposed()
    {
        var members = Complete("1.5.|").Matches;
        Assert.Contains("CompareTo", members);
        Assert.DoesNotContain("Where", members);
    }

    [Fact]
    public void Inaccessible_hidden_and_unspeakable_names_are_not_proposed()
    {
        var members = Complete(
            "new A().|",
            """
            using System.ComponentModel;
            class A { int secret; public int Shown; [EditorBrowsable(EditorBrowsableState.Never)] public int Hidden; protected int Kept; }
            """).Matches;
        Assert.Contains("Shown", members);
        Assert.DoesNotContain("secret", members);
        Assert.DoesNotContain("Kept", members);
        Assert.DoesNotContain("Hidden", members);
        Assert.DoesNotContain(Complete("|", "var a = 1;").Matches, m => m.AsSpan().IndexOfAny("<>#.") >= 0);
    }

    [Fact]
    public void A_shadowed_name_is_proposed_once_and_as_its_latest_self()
    {
        var item =
            Assert.Single(Complete("tota|", "int total = 1;", "string total = \"\";", "void total2() {}").Items, i => i.Text == "total");
        Assert.Equal("string total", item.Signature);
        Assert.Equal("instance", item.Type);
        Assert.Contains("Length", Complete("total.|", "int total = 1;", "string total = \"\";").Matches);

        var method = Assert.Single(Complete("thin|", "int thing = 1;", "string thing(int a) => \"\";").Items, i => i.Text == "thing");
        Assert.Equal("function", method.Type);
    }

    [Fact]
    public void A_local_is_not_proposed_before_its_declaration() =>
        Assert.DoesNotContain("later", Complete("void F() { lat|; int later = 1; }").Matches);

    [Fact]
    public void Overloads_are_one_proposal_that_counts_them()
    {
        var items = Complete("Console.WriteLine|").Items;
        Assert.Matches(@"^void Console\.WriteLine\(.*\) \(\+ \d+ overloads\)$", Assert.Single(items, i => i.Text == "WriteLine").Signature);
        Assert.Equal("int twice(int i) (+ 1 overload)",
            Assert.Single(Complete("twic|", "int twice(int i) => i; int twice(string s) => 1;").Items).Signature);
    }

    [Fact]
    public void Exact_case_comes_before_other_case_before_humps_and_the_notebooks_own_before_all()
    {
        var matches = Complete("con|", "int contents = 1; int Container = 2; int myContent = 3;").Matches.ToList();
        Assert.Equal("contents", matches[0]);
        Assert.True(matches.IndexOf("const") < matches.IndexOf("Container"));
        Assert.True(matches.IndexOf("Container") < matches.IndexOf("Console"));
        Assert.True(matches.IndexOf("Console") < matches.IndexOf("myContent"));
    }

    [Fact]
    public void The_replaced_text_is_the_typed_word_in_UTF16_units()
    {
        var list = Complete("var s = \"😀\"; Console.Wri|te(1)");
        Assert.Equal(22, list.Start);
        Assert.Equal(25, list.End);

        var entry = list.Metadata(21, 24)["_jupyter_types_experimental"]![0]!;
        Assert.Equal(21, (int)entry["start"]!);
        Assert.Equal(24, (int)entry["end"]!);
        Assert.Equal("Write", (string)entry["text"]!);
        Assert.Equal("function", (string)entry["type"]!);
        Assert.StartsWith("void Console.Write(", (string)entry["signature"]!, StringComparison.Ordinal);
    }

    [Fact]
    public void After_new_and_using_only_types_and_namespaces_are_proposed()
    {
        Assert.DoesNotContain("total", Complete("new |", "var total = 1;").Matches);
        Assert.Contains("System", Complete("using |").Matches);
        Assert.DoesNotContain("foreach", Complete("using |").Matches);
    }

    [Fact]
    public void Paths_are_completed_in_reference_and_load_directives()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            Directory.CreateDirectory(Path.Combine(folder.FullName, "lib"));
            foreach (var file in new[] { "Liz.dll", "lima.csx", "lila.txt", ".lib.dll" })
            {
                File.WriteAllText(Path.Combine(folder.FullName, file), "");
            }
            var path = folder.FullName.Replace('\\', '/');
            Assert.Equal(["lib/", "Liz.dll"], Complete($"#r \"{path}/li|").Matches);
            Assert.Equal(["lib/", "lima.csx"], Complete($"var x = 1;\n  #load \"{path}/|\"\nx").Matches);

            var list = Complete($"#r \"{path}/li|\"");
            Assert.Equal(path.Length + 5, list.Start);
            Assert.Equal(path.Length + 7, list.End);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("Console.Write|Line(1)", "void Console.WriteLine(int value)", "method of System.Console")]
    [InlineData("|Console.WriteLine(1)", "class Console", "class in System")]
    [InlineData("Console|.WriteLine(1)", "class Console", "class in System")]
    [InlineData("Console.WriteLine(|", "void Console.WriteLine(", "method of System.Console")]
    [InlineData("Console.WriteLine(\"a\", |)", "void Console.WriteLine(", "method of System.Console")]
    [InlineData("new StringBuilder(|)", "StringBuilder.StringBuilder(", "constructor of System.Text.StringBuilder")]
    [InlineData("total|", "int total", "variable", "var total = 1;")]
    [InlineData("Twice(tot|al)", "int total", "variable", "var total = 1; int Twice(int i) => i;")]
    [InlineData("Twice( |total)", "int total", "variable", "var total = 1; int Twice(int i) => i;")]
    [InlineData("Twice( | 5)", "int Twice(int i)", "method", "int Twice(int i) => i;")]
    [InlineData("Twice(1 + | 5)", "int Twice(int i)", "method", "int Twice(int i) => i;")]
    [InlineData("Twice(Math.Max(1, |", "int Math.Max(", "method of System.Math", "int Twice(int i) => i;")]
    [InlineData("var q|uotient = 1.5;", "double quotient", "variable")]
    [InlineData("va|r quotient = 1.5;", "readonly struct Double", "struct in System")]
    [InlineData("str|ing s;", "class String", "class in System")]
    [InlineData("new[] { 1 }.Wh|ere(x => x > 0)", "IEnumerable<int> IEnumerable<int>.Where<int>(",
        "extension method of System.Linq.Enumerable")]
    [InlineData("new[] { 1 }.Select(arg => ar|g)", "int arg", "parameter")]
    [InlineData("System.Coll|ections.Generic", "namespace System.Collections", "module")]
    [InlineData("DayOfWeek.Mon|day", "DayOfWeek.Monday = 1", "constant of System.DayOfWeek")]
    [InlineData("\"\".Len|gth", "int string.Length { get; }", "property of string")]
    [InlineData("record Poi|nt(int X);", "record Point", "class")]
    [InlineData("Action<int> a; a.Inv|oke(1)", "void Action<int>.Invoke(int obj)", "method of System.Action<int>")]
    public void A_symbol_is_described(string text, string signature, string origin, params string[] cells)
    {
        var tooltip = Inspect(text, 0, cells);
        Assert.NotNull(tooltip);
        var lines = tooltip.Plain.Split('\n');
        Assert.StartsWith(signature, lines[0], StringComparison.Ordinal);
        Assert.Equal(origin, lines[2]);
        Assert.StartsWith("```csharp\n" + signature, tooltip.Markdown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("|")]
    [InlineData("   |   ")]
    [InlineData("unknown|")]
    [InlineData("// Console|")]
    [InlineData("\"Console|\"")]
    [InlineData("1 + | 1")]
    [InlineData("Console.WriteLine(1)|;")]
    [InlineData("Console.WriteLine(1); |")]
    [InlineData("F(() => { | })", "void F(Action a) {}")]
    public void Where_no_symbol_is_nothing_is_found(string text, params string[] cells) => Assert.Null(Inspect(text, 1, cells));

    [Fact]
    public void The_documentation_of_a_cells_own_method_is_shown()
    {
        var tooltip = Inspect(
            "Half(|)", 0,
            """
            /// <summary>Half of a <paramref name="whole"/>,
            /// see <see cref="System.Math"/> &lt;b&gt;.</summary>
            /// <param name="whole">What is halved.</param>
            /// <returns>The half.</returns>
            double Half(double whole) => whole / 2;
            """)!;
        Assert.Equal(
            "double Half(double whole)\n\nmethod\n\nHalf of a whole, see Math <b>.\n\n"
                + "Parameters:\n  whole: What is halved.\n\nReturns:\n  The half.",
            tooltip.Plain);
        Assert.Contains("see Math \\<b\\>", tooltip.Markdown, StringComparison.Ordinal);
        Assert.Contains("- **`whole`**: What is halved.", tooltip.Markdown, StringComparison.Ordinal);
    }

    [Fact]
    public void Broken_documentation_leaves_the_signature() =>
        Assert.StartsWith("int F()", Inspect("F|()", 1, "/// <summary>a <b> & \nint F() => 1;")!.Plain, StringComparison.Ordinal);

    [Fact]
    public void Detail_1_adds_overloads_and_the_source()
    {
        Assert.Contains("(+ 1 overload)", Inspect("Twice(|", 0, "int Twice(int i) => i;\nint Twice(string s) => 1;")!.Plain,
            StringComparison.Ordinal);
        var tooltip = Inspect("Twice(1|)", 1, "int Twice(int i) => 2 * i;\nint Twice(string s) => 1;")!;
        Assert.Contains("Overloads:\nint Twice(string s)", tooltip.Plain, StringComparison.Ordinal);
        Assert.Contains("Source:\nint Twice(int i) => 2 * i;", tooltip.Plain, StringComparison.Ordinal);
        Assert.Contains("Source:\nvar total = 1 + 1;", Inspect("total|", 1, "var total = 1 + 1;")!.Plain, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  \n ")]
    [InlineData("1 + 1")]
    [InlineData("var x = 1;")]
    [InlineData("if (true) Console.WriteLine(1);")]
    [InlineData("class A { }")]
    [InlineData("// a comment")]
    [InlineData("/* a comment */")]
    [InlineData("await Task.Delay(1)")]
    [InlineData("foreach (var x in xs) { Use(x); }")]
    [InlineData("#r \"nuget: Newtonsoft.Json\"")]
    [InlineData("\"\"\"\nabc\n\"\"\"")]
    [InlineData("unknown.Thing()")]
    public void Judged_complete(string code) => Assert.Equal(new("complete"), Completeness.Judge(code, Cancellation));

    [Theory]
    [InlineData("1 +", "")]
    [InlineData("class A {", "    ")]
    [InlineData("class A {\n", "    ")]
    [InlineData("class A {\n    void F() {", "        ")]
    [InlineData("class A {\r\n\tvoid F() {", "\t    ")]
    [InlineData("class A {\n    int x;", "    ")]
    [InlineData("if (true)", "    ")]
    [InlineData("if (true) F(); else", "    ")]
    [InlineData("foreach (var x in xs)", "    ")]
    [InlineData("F(", "    ")]
    [InlineData("F(1,", "")]
    [InlineData("var x", "")]
    [InlineData("var x =", "")]
    [InlineData("x.", "")]
    [InlineData("/*", "")]
    [InlineData("  /* {", "  ")]
    [InlineData("@\"abc", "")]
    [InlineData("$@\"abc", "")]
    [InlineData("\"\"\"\nabc", "")]
    [InlineData("\"\"\"\n  {", "  ")]
    [InlineData("$\"\"\"\nabc", "")]
    [InlineData("#if DEBUG", "")]
    [InlineData("try { }", "")]
    [InlineData("do", "    ")]
    [InlineData("[Obsolete]", "")]
    [InlineData("using System", "")]
    [InlineData("x switch {", "    ")]
    public void Judged_incomplete_with_the_next_indent(string code, string indent) =>
        Assert.Equal(new("incomplete", indent), Completeness.Judge(code, Cancellation));

    [Theory]
    [InlineData("var x = ;")]
    [InlineData("\"abc")]
    [InlineData("F(\"abc")]
    [InlineData("'a")]
    [InlineData("}")]
    [InlineData("a }")]
    [InlineData("class { }")]
    [InlineData("int = 1;")]
    [InlineData("#r \"abc")]
    public void Judged_invalid(string code) => Assert.Equal(new("invalid"), Completeness.Judge(code, Cancellation));

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    [InlineData(1000)]
    [InlineData(int.MaxValue)]
    public void A_cursor_out_of_range_is_clamped(int index)
    {
        Assert.Contains("Console", CompleteAt("Con", index, After()).Matches);
        Assert.NotNull(InspectAt("Console", index, 0, After()));
    }

    public static TheoryData<string> Hostile => new(
        new string('(', 100_000), new string('[', 100_000), new string('{', 100_000), string.Concat(Enumerable.Repeat("a<", 50_000)),
        string.Concat(Enumerable.Repeat("$\"{", 50_000)), string.Concat(Enumerable.Repeat("a<(", 50_000)),
        new string('-', 30_000), string.Concat(Enumerable.Repeat("is ", 30_000)), string.Concat(Enumerable.Repeat("a.", 30_000)),
        string.Concat(Enumerable.Repeat("1+", 30_000)) + "1", string.Concat(Enumerable.Repeat("while(a)", 20_000)),
        "\ud800", "\udc00", "a\ud800.", "var \ud83d = 1; \ud83d", "\0", "a\0b", "\"\ud800", "/*", "\"\"\"\"", "@\"", "$@\"{", "$\"\"\"{",
        "#", "#r", "#r \"",
        "#load \"\0", "#if", "@", "@@@", ".", "..", "?.", "::", "->", "a?.", "a?", "a::", ".a.b", "\u2028", "new", "new .", "=>", "x =>",
        "[", "[A", "<", "<>",
        "class", "class A :", "record R(", "void F(", "using", "using static", "using X =", "from", "from a in", "switch", "case .",
        "global::", "this.", "base.",
        "new string('", "default(", "nameof(", "typeof(", "stackalloc", "\\u0041.", "__arglist.", "await", "yield return", "\"\".", "1..",
            "1...");

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Hostile_text_gets_an_answer(string code)
    {
        var after = After("var a = 1;");
        foreach (var index in new[] { 0, code.Length / 2, code.Length })
        {
            var list = CompleteAt(code, index, after);
            Assert.InRange(list.Start, 0, list.End);
            Assert.InRange(list.End, 0, code.Length);
            InspectAt(code, index, 1, after);
        }
        Assert.Contains(Completeness.Judge(code, Cancellation).Status, (string[])["complete", "incomplete", "invalid"]);
    }

    [Fact]
    public void A_text_cut_anywhere_gets_an_answer()
    {
        const string Code = """"
            #r "x.dll"
            using System.Net; /* c */
            /// <summary>d</summary>
            record P<T>(T X, int Y = 1) where T : class { public static P<T> operator +(P<T> a, P<T> b) => a with { Y = 1 }; }
            var q = from x in new[] { (a: 1, b: "z") } let y = x.a where y is > 0 and not 3 select new { x.b,
                S = $"{x.b,3:N2} {{}} {y:x}" };
            string R = @"v""" + """r "" r""" + 'c' + "\u00e9\"";
            async Task<int> F(int n = 1,
                params string[] s) { await foreach (var i in G()) { if (i?.ToString()?[0] is { } c) return n switch { 1 => c,
                    _ => throw new() }; } return 0; }
            unsafe { int* p = stackalloc int[3]; p->ToString(); }
            #if X
            hidden.
            #endif
            Func<int, int> f = static (int z) =>
                { int L() => z; return L(); }; f.Invoke(1); global::System.Console.WriteLine(f!(2), R[^1..]);
            """";
        var after = After("var a = 1;");
        for (var length = 0; length <= Code.Length; length += 4)
        {
            var cut = Code[..length];
            CompleteAt(cut, length, after);
            InspectAt(cut, length, 1, after);
            Completeness.Judge(cut, Cancellation);
            if (length % 8 != 0) continue;
            CompleteAt(Code, length, after);
            InspectAt(Code, length, 1, after);
        }
    }

    [Fact]
    public void A_text_of_a_megabyte_is_completed_at_its_end()
    {
        var code = string.Concat(Enumerable.Range(0, 30_000).Select(i => $"var v{i} = \"{i} — a line of text\";\n")) + "v29999.Len";
        Assert.True(code.Length > 1_000_000);
        Assert.Equal("Length", CompleteAt(code, code.Length, After()).Matches[0]);
        Assert.Null(InspectAt(code, code.Length, 0, After()));
        Assert.Equal("string v29999", InspectAt(code, code.Length - 5, 0, After())?.Plain.Split('\n')[0]);
    }

    [Fact]
    public void Many_threads_may_ask_at_once()
    {
        var after = After("var text = \"\";");
        Parallel.For(0, 64, new ParallelOptions { CancellationToken = Cancellation }, _ =>
        {
            Assert.Equal("Length", CompleteAt("text.Len", 8, after).Matches[0]);
            Assert.NotNull(InspectAt("text", 4, 1, after));
        });
    }

    [Fact]
    public void A_cancelled_request_ends()
    {
        var cancelled = new CancellationToken(canceled: true);
        Assert.ThrowsAny<OperationCanceledException>(() => CompleteAt("a", 1, After(), cancelled));
        Assert.ThrowsAny<OperationCanceledException>(() => InspectAt("a", 1, 0, After(), cancelled));
    }
}
