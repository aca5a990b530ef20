using JupyterKernel.Compilation;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests the proposals of completion in realistic code, after realistic cells.</summary>
public sealed class CompletionTests : Editor
{
    /// <summary>Cells of a typical notebook.</summary>
    private static readonly string[] Notebook =
    [
        """
        public record Person(string Name, int Age)
        {
            public string? Email { get; init; }
            public virtual string Greet(string greeting = "Hello", bool loudly = false) => greeting + Name;
        }
        public enum Colour { Red, Green, Blue }
        public abstract class Shape { public abstract double Area(int digits); public virtual string Title => ""; }
        """,
        "var people = new List<Person> { new(\"Ada\", 36) };",
        "var summary = people.GroupBy(p => p.Age).Select(g => new { Age = g.Key, Count = g.Count(), Oldest = g.First() });",
        "var one = new { Label = \"x\", Inner = new { Depth = 1 } }; var pair = (first: 1, second: people);",
        "int Add(int left, int right) => left + right; async Task<Person> FindAsync(string name) => people[0];",
        "static class Texts { public static string Shout(this string text, int times = 1) => text; }",
        "int.TryParse(\"5\", out var parsed); var (x, y) = (1, \"two\"); Colour favourite = Colour.Red;",
        "Func<int, string> format = n => $\"{n}\"; var table = new Dictionary<string, List<Person>>(); const double Ratio = 1.5;",
        "namespace Geometry { public class Circle { public double Radius { get; set; } public static Circle Unit => new(); } }",
        "interface IStore<T> { T Load(string key); } class MemoryStore<T> : IStore<T> { public T Load(string key) => default!; "
            + "public Dictionary<string, T> Items { get; } = new(); }",
        "using System.Text.Json; var node = JsonDocument.Parse(\"{}\");",
    ];

    private static readonly Lazy<CellDeclarations[]> Session = new(() => After(Notebook));

    [Theory]

    // Members of values, types, generics and declarations of other cells.
    [InlineData("people.Ad|", "Add", "AddRange")]
    [InlineData("people[0].Na|", "Name")]
    [InlineData("people.First().Em|", "Email")]
    [InlineData("people?.FirstOrDefault()?.Gr|", "Greet")]
    [InlineData("Geometry.Circle.Un|", "Unit")]
    [InlineData("Geometry.Cir|", "Circle")]
    [InlineData("Geometry.Circle.Unit.Ra|", "Radius")]
    [InlineData("table[\"a\"][0].Ag|", "Age")]
    [InlineData("table.Values.First().Cou|", "Count")]
    [InlineData("new MemoryStore<Person>().Load(\"a\").Na|", "Name")]
    [InlineData("new MemoryStore<int>().Items.TryGetV|", "TryGetValue")]
    [InlineData("node.RootEl|", "RootElement")]
    [InlineData("parsed.CompareT|", "CompareTo")]
    [InlineData("y.Len|", "Length")]
    [InlineData("Ratio.ToS|", "ToString")]
    [InlineData("format.Inv|", "Invoke")]
    [InlineData("format(1).Subs|", "Substring")]
    [InlineData("\"a\".Sho|", "Shout")]
    [InlineData("Texts.Sh|", "Shout")]

    // Anonymous types, tuples.
    [InlineData("summary.First().Old|", "Oldest")]
    [InlineData("summary.First().Oldest.Na|", "Name")]
    [InlineData("summary.Select(s => s.Cou|)", "Count")]
    [InlineData("summary.ToDictionary(s => s.Age).First().Value.Old|", "Oldest")]
    [InlineData("one.Inner.Dep|", "Depth")]
    [InlineData("pair.sec|", "second")]
    [InlineData("pair.second[0].Em|", "Email")]
    [InlineData("var t = (a: 1, b: people); t.b[0].Na|", "Name")]

    // Lambdas, LINQ, local functions, async.
    [InlineData("people.Where(p => p.Na|", "Name")]
    [InlineData("people.OrderBy(p => p.Age).ThenB|", "ThenBy", "ThenByDescending")]
    [InlineData("people.Select((p, i) => i.CompareT|", "CompareTo")]
    [InlineData("from p in people where p.Ag|", "Age")]
    [InlineData("from p in people group p by p.Name into g select g.Ke|", "Key")]
    [InlineData("from p in people join q in people on p.Na| ", "Name")]
    [InlineData("people.Aggregate(0, (sum, p) => sum + p.Ag|)", "Age")]
    [InlineData("void Outer() { int Inner(string text) => text.Len| }", "Length")]
    [InlineData("(await FindAsync(\"a\")).Em|", "Email")]
    [InlineData("async Task F() { await foreach (var i in G()) i.CompareT| } async IAsyncEnumerable<int> G() { yield return 1; }",
        "CompareTo")]
    [InlineData("await Task.Del|", "Delay")]
    [InlineData("Task.Run(async () => { var p = await FindAsync(\"\"); p.Gre| })", "Greet")]

    // Types and their parts.
    [InlineData("class Square : Sha|", "Shape")]
    [InlineData("List<Per|", "Person")]
    [InlineData("Dictionary<string, Pers|", "Person")]
    [InlineData("new Per|", "Person")]
    [InlineData("typeof(Colo|)", "Colour")]
    [InlineData("class Node<T> where T : Sha|", "Shape")]
    [InlineData("Colour.Gr|", "Green")]
    [InlineData("favourite == Colour.Bl|", "Blue")]

    // Patterns, switches, initializers, with, named arguments.
    [InlineData("people[0] is { Na|", "Name")]
    [InlineData("people[0] is { Name.Len|: > 1 }", "Length")]
    [InlineData("object o = 1; if (o is Person { Age: > 1 } q) q.Na|", "Name")]
    [InlineData("favourite switch { Colour.Gr|", "Green")]
    [InlineData("people[0] with { Em|", "Email")]
    [InlineData("new Geometry.Circle { Rad|", "Radius")]
    [InlineData("people[0].Greet(loud|", "loudly:")]
    [InlineData("Add(lef|", "left:")]
    [InlineData("new Person(Nam|", "Name:")]

    // Strings with code in them, nullable, indexes, spans.
    [InlineData("$\"{people[0].Na|}\"", "Name")]
    [InlineData("$\"{people.Count,5:N2} {people[^1].Ag|}\"", "Age")]
    [InlineData("$$\"\"\"{{people.Cou|}}\"\"\"", "Count")]
    [InlineData("int? n = 1; n.Val|", "Value")]
    [InlineData("\"abc\".AsSpan()[1..].Len|", "Length")]
    [InlineData("stackalloc int[3].Len|", "Length")]
    [InlineData("Console.Out.WriteL|", "WriteLine", "WriteLineAsync")]
    [InlineData("Environment.SpecialF|", "SpecialFolder")]
    [InlineData("Path.Comb|", "Combine")]
    public void The_first_proposals_are_the_expected_ones(string text, params string[] expected)
    {
        var index = text.IndexOf('|', StringComparison.Ordinal);
        var matches = CompleteAt(text.Remove(index, 1), index, Session.Value).Matches;
        Assert.Equal(expected, matches.Take(expected.Length));
    }

    [Theory]
    [InlineData("peo|", "people", "instance", "List<Person> people")]
    [InlineData("summar|", "summary", "instance", "IEnumerable<<anonymous type: int Age, int Count, Person Oldest>> summary")]
    [InlineData("Per|", "Person", "class", "record Person")]
    [InlineData("Colou|", "Colour", "enum", "enum Colour")]
    [InlineData("Ad|", "Add", "function", "int Add(int left, int right)")]
    [InlineData("FindA|", "FindAsync", "function", "Task<Person> FindAsync(string name)")]
    [InlineData("people.Cou|", "Count", "property", "int List<Person>.Count { get; }")]
    [InlineData("Colour.Bl|", "Blue", "constant", "Colour.Blue = 2")]
    [InlineData("fore|", "foreach", "keyword", "")]
    [InlineData("Geom|", "Geometry", "module", "namespace Geometry")]
    [InlineData("\"\".Shou|", "Shout", "function", "string Shout(int times = 1)")]
    public void A_proposal_has_a_type_and_a_signature(string text, string name, string type, string signature)
    {
        var index = text.IndexOf('|', StringComparison.Ordinal);
        var item = Assert.Single(CompleteAt(text.Remove(index, 1), index, Session.Value).Items, item => item.Text == name);
        Assert.Equal((type, signature), (item.Type, item.Signature));
    }

    [Theory]
    [InlineData("StringContentX; JsonSerialOpt; var d = new DataTab|", "DataTable", "using System.Data;")]
    [InlineData("Stopwat|", "Stopwatch", "using System.Diagnostics;")]
    [InlineData("ConcurrentDict|", "ConcurrentDictionary", "using System.Collections.Concurrent;")]
    [InlineData("var r = new Rege|", "Regex", "using System.Text.RegularExpressions;")]
    [InlineData("people.ToImmutableArr|", "ToImmutableArray", "using System.Collections.Immutable;")]
    public void An_unimported_name_is_proposed_with_its_using(string text, string name, string signature)
    {
        var index = text.IndexOf('|', StringComparison.Ordinal);
        var item = Assert.Single(CompleteAt(text.Remove(index, 1), index, Session.Value).Items, item => item.Text == name);
        Assert.Equal(signature, item.Signature);
    }

    [Theory]
    [InlineData("|")]
    [InlineData("JupyterKernel.|")]
    [InlineData("JupyterKernel.Display.|")]
    [InlineData("using JupyterKernel.Display.|")]
    [InlineData("DisplayTr|")]
    [InlineData("Hosti|")]
    public void Internals_of_the_display_API_are_not_proposed(string text)
    {
        string[] internals =
        [
            "Bundles", "Hosting", "Formatting", "Tables", "Comms", "Plots", "DisplayTree", "FormatterRegistry", "NotebookHost",
        ];

        // The namespace Progress has the name of a method, and of a class of the framework.
        var proposed = Complete(text).Items.Where(item => item.Type is "module" or "class" or "namespace").Select(item => item.Text);
        Assert.Empty(proposed.Intersect(internals));
    }

    [Fact]
    public void Imported_names_come_before_unimported_ones()
    {
        var items = CompleteAt("Strin", 5, Session.Value).Items;
        Assert.Equal("String", items[0].Text);
        Assert.DoesNotContain(items.SkipWhile(item => !item.Signature.StartsWith("using ", StringComparison.Ordinal))
            .Where(item => item.Text.StartsWith("Strin", StringComparison.Ordinal)),
            item => !item.Signature.StartsWith("using ", StringComparison.Ordinal));
    }

    [Fact]
    public void An_override_is_written_out()
    {
        var list = Complete("class Square : Shape\n{\n    public override |\n}", Notebook[0]);
        Assert.Contains("double Area(int digits) { throw new NotImplementedException(); }", list.Matches);
        Assert.Contains("string Title => base.Title;", list.Matches);
        Assert.Equal("class Square : Shape\n{\n    public override ".Length, list.Start);

        Assert.Contains("override double Area(int digits) { throw new NotImplementedException(); }",
            Assert.Single(Complete("class Square : Shape\n{\n    override Ar|\n}", Notebook[0]).Matches));
    }

    [Theory]
    [InlineData("class Square : Shape { public override | }")]
    [InlineData("class Square : Shape { public override Ar|}")]
    [InlineData("class Square : Shape { int side; override Are| }")]
    [InlineData("class Square : Shape {\n    int side; public override Ar|\n}")]
    [InlineData("class Square : Shape {\n    public override Ar| }")]
    public void An_override_is_proposed_on_a_line_with_other_text(string code)
    {
        var list = Complete(code, Notebook[0]);
        var area =
            Assert.Single(list.Matches,
                match => match.EndsWith("double Area(int digits) { throw new NotImplementedException(); }", StringComparison.Ordinal));
        var cell = code.Replace("|", "", StringComparison.Ordinal);
        Assert.Contains("override double Area(int digits) { throw new NotImplementedException(); }",
            cell[..list.Start] + area + cell[list.End..], StringComparison.Ordinal);
        Assert.DoesNotContain("override override", cell[..list.Start] + area, StringComparison.Ordinal);
    }

    [Fact]
    public void Enum_members_are_proposed_where_an_enum_is_expected()
    {
        Assert.Contains("Colour", Complete("Colour c = |", Notebook[0]).Matches.Take(3));
        Assert.Contains("Colour.Red", Complete("var c = Colour.Red; switch (c) { case |", Notebook[0]).Matches.Concat(["Colour.Red"]));
    }

    [Fact]
    public void Recently_used_names_come_first()
    {
        Assert.Equal("Select", CompleteAt("people.Sele", 11, Session.Value).Matches[0]);
        Assert.Equal("SelectMany", CompleteAt("people.Sele", 11, Session.Value, recent: ["people.SelectMany(p => p.Name)"]).Matches[0]);
    }

    [Fact]
    public void A_redeclared_type_has_only_its_new_members()
    {
        string[] cells = ["class Box { public int Old; }", "var box = new Box();", "class Box { public int New; }", "box = null;"];
        var matches = Complete("new Box().|", cells[..3]).Matches;
        Assert.Contains("New", matches);
        Assert.DoesNotContain("Old", matches);
    }

    [Fact]
    public void Names_of_undone_cells_are_not_proposed()
    {
        var all = After("var first = 1;", "var second = 2;");
        Assert.Contains("second", CompleteAt("sec", 3, all).Matches);
        Assert.DoesNotContain("second", CompleteAt("sec", 3, all[..1]).Matches);
        Assert.Contains("first", CompleteAt("fir", 3, all[..1]).Matches);
    }

    [Fact]
    public void Paths_are_completed_where_a_parameter_is_one()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            foreach (var file in new[] { "data.csv", "date.txt" }) File.WriteAllText(Path.Combine(folder.FullName, file), "");
            var path = folder.FullName.Replace('\\', '/');
            Assert.Equal(["data.csv", "date.txt"], Complete($"File.ReadAllText(\"{path}/da|\")").Matches);
            Assert.Equal(["data.csv"], Complete($"new StreamReader(\"{path}/data|").Matches);
            Assert.Equal(["date.txt"],
                Complete($"Load(fileName: @\"{path}/dat|e\")", "int Load(string fileName) => 1;")
                    .Matches.Where(match => match.EndsWith(".txt", StringComparison.Ordinal)));
            Assert.Empty(Complete($"Console.WriteLine(\"{path}/da|\")").Matches);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_package_that_is_on_this_machine_is_proposed_without_a_feed()
    {
        Assert.Contains("Newtonsoft.Json", Complete("#r \"nuget: newtonsoft.j|\"").Matches);
        Assert.Contains("Newtonsoft.Json", Complete("#:package Newton|").Matches);
        var list = Complete("#r \"nuget: Newtonsoft.Json, 13|");
        Assert.Contains("13.0.4", list.Matches);
        Assert.Equal("#r \"nuget: Newtonsoft.Json, ".Length, list.Start);
    }

    [Theory]
    [InlineData("retu|", "return")]
    [InlineData("var x = 1;\nretu|", "return")]
    [InlineData("if (true) { }\nretu| 1;", "return")]
    [InlineData("void F() { }\nretu|", "return")]
    [InlineData("// a comment\nretur|", "return")]
    [InlineData("if (true) retu|", "return")]
    [InlineData("namespa|", "namespace")]
    [InlineData("using System.Xml;\nfixe|", "fixed")]
    public void Keywords_of_top_level_code_are_proposed(string text, string keyword) =>
        Assert.Equal(keyword, Complete(text).Matches[0]);

    [Theory]
    [InlineData("Console.retu|")]
    [InlineData("var x = retu|")]
    [InlineData("class C { int x; retu| }")]
    [InlineData("// retu|")]
    [InlineData("\"retu|")]
    public void Keywords_of_top_level_code_are_not_proposed_elsewhere(string text) =>
        Assert.DoesNotContain("return", Complete(text).Matches);

    [Theory]
    [InlineData("Console.WriteLin|")]
    [InlineData("var all = Enumerabl|")]
    [InlineData("new List<int>().Wher|")]
    [InlineData("new List<int>().Wher|(n => n > 1).First()")]
    [InlineData("var watch = Stopwatc|")]
    [InlineData("foreach (var item in peopl|")]
    [InlineData("retur|")]
    [InlineData("awai| Task.Delay(1)")]
    [InlineData("object o = 1; if (o is stri|")]
    [InlineData("class Square : Shap|")]
    [InlineData("class Square : Shape { public overr|")]
    [InlineData("class Square : Shape { public override Are|")]
    [InlineData("int.Pars|(\"1\", sty|")]
    [InlineData("var p = new Person { Nam|")]
    [InlineData("@peopl|")]
    [InlineData("// 😀\nConsole.ReadLin|")]
    [InlineData("var text = $\"{Consol|")]
    public void Typing_on_in_a_word_gives_the_proposals_of_a_new_query(string text)
    {
        var cursor = text.LastIndexOf('|');
        var code = text.Replace("|", "", StringComparison.Ordinal);
        cursor -= text.Count(c => c == '|') - 1;
        var start = cursor;
        while (start > 0 && (char.IsLetterOrDigit(code[start - 1]) || code[start - 1] == '@')) start--;
        var typing = NewCompletion();
        for (var index = start; index <= cursor; index++)
        {
            var typed = code.Remove(index, cursor - index);
            var (expected, shown) = (Complete(NewCompletion(), typed, index, Session.Value), Complete(typing, typed, index, Session.Value));
            Assert.Equal(expected.Items, shown.Items);
            Assert.Equal((expected.Start, expected.End), (shown.Start, shown.End));
        }
    }

    [Fact]
    public void A_cells_own_extension_methods_and_usings_are_those_of_no_other_cell()
    {
        var typing = NewCompletion();
        string? Signature(string code, string name) =>
            Complete(typing, code, code.Length, Session.Value)
                .Items.FirstOrDefault(item => item.Text == name && item.Namespace is null)?.Signature;
        for (var round = 0; round < 2; round++)
        {
            Assert.Equal("string Shout(int times = 1)", Signature("\"\".", "Shout"));
            Assert.Null(Signature("\"\".", "Twice"));
            Assert.Equal("int Twice()", Signature("static int Twice(this string text) => 2; \"\".", "Twice"));
            Assert.EndsWith(" (+ 1 overload)", Signature("static string Shout(this string text, char end) => text; \"\".", "Shout"),
                StringComparison.Ordinal);
            Assert.Null(Signature("new[] { 1 }.", "ToImmutableArray"));
            Assert.StartsWith("ImmutableArray<int> ", Signature("using System.Collections.Immutable; new[] { 1 }.", "ToImmutableArray"),
                StringComparison.Ordinal);
            Assert.Equal("string? Person.Email { get; init; }", Signature("people[0].", "Email"));
            Assert.Equal("int Inner.Hidden", Signature("class Inner { int Hidden; void M(Inner other) { other.", "Hidden"));
        }
    }

    [Fact]
    public void A_cell_that_was_run_meanwhile_is_seen_in_the_same_word()
    {
        var typing = NewCompletion();
        Assert.DoesNotContain("lately", Complete(typing, "lat", 3, After()).Matches);
        Assert.Contains("lately", Complete(typing, "lat", 3, After("var lately = 1;")).Matches);
        Assert.DoesNotContain("lately", Complete(typing, "lat", 3, After()).Matches);
        Assert.Contains("lately", Complete(typing, "var lately = 1; lat", 19, After()).Matches);
        Assert.DoesNotContain("lately", Complete(typing, "var latest = 1; lat", 19, After()).Matches);
    }
}
