using System.Collections;
using System.Data;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using JupyterKernel.Display;
using JupyterKernel.Display.Formatting;
using JupyterKernel.Display.Plots;
using JupyterKernel.Display.Tables;
using Xunit;
using static JupyterKernel.Display.Notebook;

namespace JupyterKernel.Tests;

/// <summary>Tests tables, trees and registered formatters. HTML is parsed as XML, which shows that it is well-formed.</summary>
[Collection(nameof(DisplayTests))]
public sealed class FormattingTests : IDisposable
{
    public void Dispose() => Formatter.ResetToDefault();

    private static string Text(object? value) => (string)Formatter.Format(value).Data["text/plain"];

    private static XElement Html(object? value)
    {
        var html = Assert.IsType<string>(Formatter.Format(value).Data["text/html"]);
        return XElement.Parse(html.Replace("<details open>", "<details open=\"\">", StringComparison.Ordinal));
    }

    private static string[][] Rows(XElement html) =>
        [.. html.Descendants("table").First().Descendants("tr").Where(row => row.Ancestors("table").Count() == 1)
            .Select(row => row.Elements().Select(cell => cell.Value).ToArray())];

    private static bool HasHtml(object? value) => Formatter.Format(value).Data.ContainsKey("text/html");

    private record Point(int X, double Y, string? Name);

    private sealed record Special(int X, int Z) : Point(X, 0, null);

    [Fact]
    public void A_table_without_columns_is_shown()
    {
        using var table = new DataTable("empty");
        var bundle = Formatter.Format(table);
        Assert.Equal("(no columns)", bundle.Data["text/plain"]);
        Assert.True(bundle.Data.ContainsKey("text/html"));
        table.Columns.Add(" ");
        Assert.NotNull(Formatter.Format(table).Data["text/plain"]);
    }

    [Fact]
    public void A_sequence_of_objects_is_a_table()
    {
        Point[] points = [new(1, 2.5, "a <b>"), new(20, 0, null)];
        Assert.Equal([["", "Xint", "Ydouble", "Namestring"], ["0", "1", "2.5", "a <b>"], ["1", "20", "0", "null"]], Rows(Html(points)));
        Assert.Equal("    X    Y  Name\n─  ──  ───  ─────\n0   1  2.5  a <b>\n1  20    0  null", Text(points));
        Assert.Equal("[FormattingTests.Point { X = 1, Y = 2.5, Name = \"a <b>\" }]", Formatter.ToPlainText(points[..1]));
    }

    [Fact]
    public void Objects_of_several_types_share_the_columns_that_they_have_in_common()
    {
        Assert.Equal([["", "Aint", "Bstring", "Cint"], ["0", "1", "b", ""], ["1", "2", "", "3"]],
            Rows(Html(new object[] { new { A = 1, B = "b" }, new { A = 2, C = 3 } })));
        Assert.Equal("   A  B  C\n─  ─  ─  ─\n0  1  b\n1  2     3", Text(new object[] { new { A = 1, B = "b" }, new { A = 2, C = 3 } }));
    }

    [Fact]
    public void Numbers_stand_to_the_right()
    {
        var cells = Html(new[] { new { N = 1, S = "a" } }).Descendants("tbody").Single().Descendants("td").ToList();
        Assert.Equal(["cs-n", null], cells.Select(cell => (string?)cell.Attribute("class")));
    }

    [Fact]
    public void A_long_table_shows_the_number_of_remaining_rows()
    {
        Assert.EndsWith("… (30 more)", Text(Enumerable.Range(0, 50).Select(n => new { n }).ToList()), StringComparison.Ordinal);
        Assert.Equal("… (more)", Html(Enumerable.Range(0, 50).Select(n => new { n })).Descendants("tfoot").Single().Value);
        Formatter.ListExpansionLimit = 50;
        Assert.Equal(51, Rows(Html(Enumerable.Range(0, 50).Select(n => new { n }))).Length);
    }

    [Fact]
    public void A_lazy_sequence_of_objects_is_enumerated_once_for_all_forms()
    {
        var count = 0;
        Formatter.Format(Enumerable.Range(0, 1_000_000).Select(n => new { n, Count = ++count }));
        Assert.Equal(Formatter.ListExpansionLimit + 1, count);
    }

    [Fact]
    public void A_value_is_read_once_for_the_form_that_is_asked_for()
    {
        foreach (var type in new[] { "text/html", "text/csv", "application/vnd.dataresource+json", "text/plain", "text/x-other",
            "application/json" })
        {
            var count = 0;
            Formatter.Format(Enumerable.Range(0, 10).Select(n => new { n, Count = ++count }), type);
            Assert.Equal(10, count);
        }

        using var table = new DataTable();
        table.Columns.Add("Id", typeof(int));
        for (var i = 0; i < 30; i++) table.Rows.Add(i);
        Assert.Equal(32, ((string)Formatter.Format(table.CreateDataReader(), "text/csv").Data["text/csv"]).Split('\n').Length);
    }

    [Fact]
    public void A_getter_is_called_once_for_all_forms()
    {
        var counting = new Counting();
        Formatter.Format(new[] { counting });
        Assert.Equal(1, counting.Calls);
    }

    private sealed class Counting
    {
        internal int Calls { get; private set; }

        public int Value => ++Calls;
    }

    [Fact]
    public void Dictionaries_have_a_row_for_each_key()
    {
        Assert.Equal([["Key", "Value"], ["a", "1"], ["b", "2"]], Rows(Html(new Dictionary<string, int> { ["a"] = 1, ["b"] = 2 })));
        Assert.Equal([["Key", "Xint", "Ydouble", "Namestring"], ["a", "1", "2", "n"]],
            Rows(Html(new Dictionary<string, Point> { ["a"] = new(1, 2, "n") })));
        Assert.False(HasHtml(new Dictionary<string, int>()));
    }

    [Fact]
    public void Records_of_names_and_values_share_columns()
    {
        dynamic ada = new System.Dynamic.ExpandoObject(), bob = new System.Dynamic.ExpandoObject();
        (ada.Name, ada.Age, bob.Name) = ("Ada", 36, "Bob");
        Assert.Equal([["", "Name", "Age"], ["0", "Ada", "36"], ["1", "Bob", ""]], Rows(Html(new List<dynamic> { ada, bob })));
        Assert.Equal("[[(1, \"Ada\")]]", Text(new[] { TableOf(1, "Ada") }));

        static DataTable TableOf(int id, string name)
        {
            var table = new DataTable();
            table.Columns.Add("Id", typeof(int));
            table.Columns.Add("Who");
            table.Rows.Add(id, name);
            return table;
        }
    }

    [Fact]
    public void Tuples_groups_and_grids_are_tables()
    {
        Assert.Equal([["", "Item1", "Item2"], ["0", "1", "a"], ["1", "2", "b"]], Rows(Html(new[] { (1, "a"), (2, "b") })));
        Assert.Equal([["", "0", "1"], ["0", "1", "2"], ["1", "3", "4"]], Rows(Html(new[,] { { 1, 2 }, { 3, 4 } })));
        Assert.Equal([["", "0", "1"], ["0", "1", ""], ["1", "3", "4"]], Rows(Html(new int[][] { [1], [3, 4] })));
        Assert.Equal([["Key", "Value"], ["a", "[\"ab\", \"ac\"]"], ["b", "[\"b\"]"]],
            Rows(Html(new[] { "ab", "b", "ac" }.GroupBy(word => word[0]))));
    }

    [Fact]
    public void An_object_is_a_tree()
    {
        var html = Html(new { A = 1, P = new Point(2, 3, "n"), List = new List<Point> { new(4, 5, "m") } });
        Assert.Equal(["A1", "P", "List"],
            html.Descendants("tr").Where(row => row.Ancestors("table").Count() == 1)
                .Select(row => row.Value[..Math.Min(row.Element("th")!.Value.Length + (row.Value == "A1" ? 1 : 0), row.Value.Length)]));
        var inner = html.Descendants("details").First();
        Assert.Equal("FormattingTests.Point { X = 2, Y = 3, Name = \"n\" }", inner.Element("summary")!.Value);
        Assert.Null(inner.Attribute("open"));
        Assert.NotNull(Html(new Point(1, 2, "n")).Element("details")!.Attribute("open"));
    }

    [Fact]
    public void Values_that_fit_on_a_line_have_only_a_text()
    {
        foreach (var value in new object?[] { null, 1, "text", 'c', new[] { 1, 2 }, (1, "a"), new object(),
            new List<object?> { 1, "a", null }, new FormatException("no"), new Func<int>(() => 1), Array.Empty<Point>() })
        {
            Assert.False(HasHtml(value), Text(value));
        }
    }

    [Fact]
    public void Texts_are_encoded_wherever_they_stand()
    {
        const string Script = "<script>alert(1)</script>";
        foreach (var value in new object[]
            {
                new { A = Script }, new[] { new { A = Script } }, new Dictionary<string, object> { [Script] = new { B = Script } },
                new[] { new[] { Script } },
                new[] { new { A = new { B = new[] { Script } } } }, XElement.Parse("<a x=\"&lt;script&gt;\"><b>&lt;script&gt;</b></a>"),
                TableOf(Script),
            })
        {
            var html = (string)Formatter.Format(value).Data["text/html"];
            Assert.Contains("&lt;script&gt;", html, StringComparison.Ordinal);
            Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        }

        static DataTable TableOf(string name)
        {
            var table = new DataTable();
            table.Columns.Add(name);
            table.Rows.Add(name);
            return table;
        }
    }

    [Fact]
    public void Data_tables_views_and_readers_are_tables()
    {
        using var table = new DataTable();
        table.Columns.Add("Id", typeof(int));
        table.Columns.Add("Who");
        table.Rows.Add(1, "Ada");
        table.Rows.Add(2, DBNull.Value);
        string[][] expected = [["", "Idint", "Whostring"], ["0", "1", "Ada"], ["1", "2", "DBNull"]];
        Assert.Equal(expected, Rows(Html(table)));
        Assert.Equal(expected, Rows(Html(table.CreateDataReader())));
        using var view = new DataView(table) { RowFilter = "Id = 2" };
        Assert.Equal([expected[0], ["0", "2", "DBNull"]], Rows(Html(view)));

        for (var i = 0; i < 100; i++) table.Rows.Add(i, "x");
        Assert.EndsWith("… (82 more)", Text(table), StringComparison.Ordinal);
        Assert.EndsWith("… (more)", Text(table.CreateDataReader()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_is_csv_and_a_table_with_a_schema_on_demand_with_all_rows()
    {
        var rows = Enumerable.Range(0, 100).Select(n => new { n, Text = n == 1 ? "a,\"b\"" : null });
        var csv = (string)Formatter.Format(rows, "text/csv").Data["text/csv"];
        Assert.Equal(["n,Text", "0,", "1,\"a,\"\"b\"\"\""], csv.Split('\n')[..3]);
        Assert.Equal(102, csv.Split('\n').Length);
        var resource =
            Assert.IsType<JsonObject>(Formatter.Format(rows, "application/vnd.dataresource+json")
                .Data["application/vnd.dataresource+json"]);
        Assert.Equal("""{"n":1,"Text":"a,\"b\""}""",
            resource["data"]![1]!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        Assert.Equal(["number", "string"], resource["schema"]!["fields"]!.AsArray().Select(field => (string)field!["type"]!));
        Assert.Equal("1", Formatter.Format(1, "text/csv").Data["text/csv"]);
    }

    [Fact]
    public void Comma_separated_values_are_a_table()
    {
        var bundle = CSV("Name,Size\r\n\"Smith, \"\"J\"\"\",1.5\nline\n");
        Assert.Equal([["", "Name", "Size"], ["0", "Smith, \"J\"", "1.5"], ["1", "line", ""]], Rows(Html(bundle)));
        Assert.Equal(["text/html", "text/csv", "text/plain"], bundle.Data.Keys);
        Assert.Equal("", CSV("").Data["text/plain"]);
    }

    [Fact]
    public void Charts_of_other_libraries_are_the_json_that_they_are()
    {
        foreach (var (bundle, type) in new[]
            {
                (VegaLite("""{ "mark": "bar" }"""), "application/vnd.vegalite.v5+json"),
                (Vega(new { marks = Array.Empty<int>() }), "application/vnd.vega.v5+json"),
                (Plotly(new { data = new[] { 1 } }), "application/vnd.plotly.v1+json"),
                (GeoJSON(new JsonObject { ["type"] = "Feature" }), "application/geo+json"),
            })
        {
            Assert.Equal([type, "text/plain"], bundle.Data.Keys);
        }
        Assert.ThrowsAny<System.Text.Json.JsonException>(() => VegaLite("{"));
    }

    [Fact]
    public void A_type_has_the_forms_that_are_registered_for_it()
    {
        Formatter.Register<Point>(point => $"<b>{point.X}</b>", "text/html");
        Assert.Equal("<b>1</b>", Formatter.Format(new Point(1, 2, null)).Data["text/html"]);
        Assert.Equal("1", Text(new Point(1, 2, null)));
        Assert.Equal("<b>2</b>", Formatter.Format(new Special(2, 3)).Data["text/html"]);
        Assert.Equal("<td><b>1</b></td>",
            Html(new[] { new Point(1, 2, null) }).Descendants("td").Single().ToString(SaveOptions.DisableFormatting));

        Formatter.Register<Special>((special, writer) => writer.Write($"special {special.Z}"));
        Assert.Equal("special 3", Text(new Special(2, 3)));
        Assert.Equal("[special 3]", Text(new[] { new Special(2, 3) }));
        Assert.Equal("<b>2</b>", Formatter.Format(new Special(2, 3)).Data["text/html"]);

        Formatter.Register(typeof(List<>), list => $"{((ICollection)list).Count} items");
        Formatter.Register<int>(number => $"#{number}");
        Assert.Equal("1 items", Text(new List<string> { "a" }));
        Assert.Equal("#1", Text(1));
        Assert.Equal("[#1, #2]", Text(new[] { 1, 2 }));

        Formatter.ResetToDefault();
        Assert.Equal("1", Text(1));
    }

    [Fact]
    public void A_registered_text_is_for_clients_that_show_text()
    {
        Formatter.Register<Point>(point => $"point {point.X}");
        var forms = Formatter.Format(new[] { new Point(1, 2, null), new Point(3, 4, null) });
        Assert.Equal("[point 1, point 3]", forms.Data["text/plain"]);
        Assert.Contains(">X<", (string)forms.Data["text/html"], StringComparison.Ordinal);
        Assert.Contains("4", (string)forms.Data["text/html"], StringComparison.Ordinal);
        Assert.Contains("X",
            TableRows.Read(new[] { new Point(1, 2, null), new Point(3, 4, null) }, membersOnly: false,
            [1])!.Columns.Select(column => column.Name));
        Assert.DoesNotContain("point 1", Formatter.ToHtml(new Point(1, 2, null)), StringComparison.Ordinal);

        Formatter.Register<DayOfWeek>(day => $"day {(int)day}");
        Assert.Equal("day 1", Text(DayOfWeek.Monday));
        Assert.False(HasHtml(DayOfWeek.Monday));
    }

    [Fact]
    public void HTML_in_a_text_is_markup()
    {
        Assert.Equal("<p><b>1</b></p>", $"<p>{Notebook.HTML("<b>1</b>")}</p>");
        Assert.Equal("1", Notebook.HTML("<b>1</b>").Data["text/plain"]);
    }

    [Theory]
    [InlineData("<b>1</b><script>draw()</script>")]
    [InlineData("<script type='application/json' src='data.json'></script><script>draw()</script>")]
    public void Scripts_without_dependencies_stay_unchanged(string page) => Assert.Equal(page, PageScripts.InOrder(page));

    [Fact]
    public void Scripts_of_a_page_run_in_their_order()
    {
        var page =
            PageScripts.InOrder(
                """<head><script src="https://cdn.example/a.js?x=1&amp;y=2" charset="utf-8"></script></head><div id="c"></div><SCRIPT type="text/javascript">draw("</b>")</script>""");
        Assert.StartsWith("""<head></head><div id="c"></div><script>""", page, StringComparison.Ordinal);
        var list =
            System.Text.RegularExpressions.Regex.Match(page, @"\)\((\[.*\])\);</script>$",
                System.Text.RegularExpressions.RegexOptions.Singleline).Groups[1].Value;
        using var scripts = JsonDocument.Parse(list);
        Assert.Equal("https://cdn.example/a.js?x=1&y=2", scripts.RootElement[0].GetProperty("src").GetString());
        Assert.Equal("""draw("</b>")""", scripts.RootElement[1].GetProperty("text").GetString());
        Assert.DoesNotContain("</", list, StringComparison.Ordinal);
    }

    [Fact]
    public void A_registered_formatter_that_throws_or_calls_itself_is_shown_as_a_fault()
    {
        Formatter.Register<Point>(_ => throw new FormatException("no"), "text/html");
        Assert.Equal("⚠ FormatException: no", Text(new Point(1, 2, null)));
        Formatter.Register<Point>(point => Formatter.ToPlainText(point));
        Assert.StartsWith("⚠ ", Text(new Point(1, 2, null)), StringComparison.Ordinal);
    }

    [DisplayForm("text/html", nameof(ToHtml))]
    [DisplayForm("application/json", nameof(Json))]
    private sealed class Attributed
    {
        private readonly string shown = "[1]attributed";

        public string Json => shown[..3];

        public string ToHtml() => $"<b>{shown[3..]}</b>";
    }

    private sealed class ByName
    {
        private readonly string shown = "by name";

        public Dictionary<string, object> ToMimeBundle() => new() { ["text/html"] = $"<b>{shown}</b>", ["image/png"] = new byte[] { 1 } };
    }

    [Fact]
    public void A_type_defines_its_own_display()
    {
        var attributed = Formatter.Format(new Attributed());
        Assert.Equal("<b>attributed</b>", attributed.Data["text/html"]);
        Assert.Equal("attributed", attributed.Data["text/plain"]);
        Assert.IsType<System.Text.Json.JsonElement>(attributed.Data["application/json"]);
        Assert.Equal(["text/html", "image/png", "text/plain"], Formatter.Format(new ByName()).Data.Keys);
        Assert.Equal("<td><b>by name</b></td>",
            Html(new[] { new { A = new ByName() } }).Descendants("td").Single().ToString(SaveOptions.DisableFormatting));
    }

    [Theory]
    [InlineData("* 2 Name - Count -", "Name,Count")]
    [InlineData("* 2 ? - Count -", "Item1,Count")]
    [InlineData(null, "Item1,Item2")]
    public void Columns_have_the_names_of_tuples_items(string? names, string columns)
    {
        var html =
            XElement.Parse((string)Formatter.Format(new List<(string, int)> { ("a", 1) }, TupleNames.Parse(names)).Data["text/html"]);

        Assert.Equal(columns, string.Join(',', html.Descendants("th").Select(cell => cell.Value).Where(name => name.Length > 1)));
    }

    [Fact]
    public void Tuples_within_values_have_their_items_names()
    {
        string Html(object value, string? names = null) => (string)Formatter.Format(value, TupleNames.Parse(names)).Data["text/html"];

        Assert.Contains("<th>Low</th>", Html(new Dictionary<string, (int[][], int)> { ["k"] = ([[1]], 2) }, "* : - 2 Low - High -"),
            StringComparison.Ordinal);
        var members = Html(new WithTuples([("X", [[1], [2]]), ("Y", [[3]])], (1, new() { ["k"] = (2, [[3]]) })));
        Assert.All(["City", "Size", "First", "Second", "A", "B"],
            name => Assert.Contains($">{name}</th>", members, StringComparison.Ordinal));
        Assert.DoesNotContain("Item1", members, StringComparison.Ordinal);
    }

    private sealed record WithTuples(List<(string City, int[][] Size)> Cities,
        (int First, Dictionary<string, (int A, int[][] B)> Second) Pair);

    [Fact]
    public void A_sequence_of_named_values_with_a_text_of_its_own_is_a_table()
    {
        var html =
            XElement.Parse(
                (string)Formatter.Format(
                new[] { new NamedValues { ["Id"] = 1, ["Name"] = "a" }, new NamedValues { ["Id"] = 2, ["Name"] = null } })
                    .Data["text/html"]);

        Assert.Equal(["Id", "Name"], html.Descendants("th").Select(cell => cell.Value).Where(name => name.Length > 1));
    }

    private sealed class NamedValues : Dictionary<string, object?>
    {
        public override string ToString() => "{NamedValues}";
    }

    [Fact]
    public void An_asynchronous_sequence_shows_how_to_read_its_items()
    {
        var text = (string)Formatter.Format(Items()).Data["text/plain"];

        Assert.Equal("IAsyncEnumerable<int>: read its items with await foreach (var item in …), or all at once with await ….ToListAsync()",
            text);

        static async IAsyncEnumerable<int> Items()
        {
            await Task.Yield();
            yield return 1;
        }
    }

    public static TheoryData<object, string> Others => new()
    {
        { typeof(string).GetMethod("Clone")!, "object string.Clone()" },
        { ((Func<int, int>)(x => 5)).Method, "int lambda(int x)" },
        { new MemoryStream([1, 2]), "MemoryStream { Length = 2, Position = 0 }" },
        { new Memory<int>([1, 2]), "[1, 2]" },
        { "text".AsMemory(), "text" },
        { new ArraySegment<int>([1, 2, 3], 1, 2), "[2, 3]" },
        { new System.Numerics.BigInteger(12), "12" },
        { new System.Numerics.Complex(1, 2), "<1; 2>" },
        { XElement.Parse("<a><b/></a>"), "<a>\n  <b />\n</a>" },
        { new XAttribute("a", "1"), "a=\"1\"" },
        { Newtonsoft.Json.Linq.JToken.Parse("[1]"), "[\n  1\n]" },
        { new[] { Newtonsoft.Json.Linq.JToken.Parse("[1, \"a\"]") }, "[[1,\"a\"]]" },
        { new { Json = JsonNode.Parse("{ \"a\": [1] }") }, "{ Json = {\"a\":[1]} }" },
        { new { Json = System.Text.Json.JsonDocument.Parse("[1, 2]").RootElement }, "{ Json = [1, 2] }" },
        { (System.Linq.Expressions.Expression<Func<int, int>>)(n => n + 1), "n => (n + 1)" },
        { new[] { new Version(1, 2) }, "[1.2]" },
    };

    [Theory]
    [MemberData(nameof(Others), DisableDiscoveryEnumeration = true)]
    public void Types_of_the_framework_read_well(object value, string expected) => Assert.Equal(expected, Text(value));

    [Fact]
    public void Bytes_of_an_image_are_shown_as_that()
    {
        byte[] png = [0x89, 0x50, 0x4E, 0x47, 1];
        Assert.Equal(png, Formatter.Format(png).Data["image/png"]);
        Assert.StartsWith("byte[5] { 89", Text(png), StringComparison.Ordinal);
    }

    [Fact]
    public void Items_with_a_text_of_their_own_are_a_table_on_demand()
    {
        var table = Formatter.FormatMembers(new[] { new Version(1, 2), new Version(3, 4) });
        Assert.StartsWith("   Major  Minor  Build", (string)table.Data["text/plain"], StringComparison.Ordinal);
        Assert.Contains("<th class=\"cs-n\">Major<br/><small>int</small></th>", (string)table.Data["text/html"], StringComparison.Ordinal);
    }

    [Fact]
    public void Hostile_structures_have_html_of_bounded_size()
    {
        object deep = new { Leaf = 1 };
        for (var i = 0; i < 10_000; i++) deep = new { Inner = deep, Text = new string('<', 100_000) };
        Assert.InRange(((string)Formatter.Format(deep).Data["text/html"]).Length, 1, 200_000);
        var endless = (string)Formatter.Format(Endless(0)).Data["text/html"];
        Assert.InRange(endless.Length, 1, 5_000_000);
        var cycle = new List<object>();
        cycle.Add(new { cycle });
        Assert.True(HasHtml(cycle));
        Formatter.ListExpansionLimit = 300;
        Assert.Contains("… (200 more columns)", (string)Formatter.Format(new[] { Wide() }).Data["text/html"], StringComparison.Ordinal);
        Assert.EndsWith(" more columns)", Text(new[] { Wide() }), StringComparison.Ordinal);

        static IEnumerable<object> Endless(int depth)
        {
            while (true) yield return new { Items = depth < 6 ? Endless(depth + 1) : null, Text = "leaf" };
        }

        static Dictionary<string, object> Wide() => Enumerable.Range(0, 300).ToDictionary(i => $"a long column {i}", i => (object)i);
    }
}
