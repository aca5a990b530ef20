using System.Collections;
using System.Data;
using System.Text;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using JupyterKernel.Display;
using JupyterKernel.Display.Hosting;
using JupyterKernel.Display.Tables;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests tables whose other rows a front end requests, and the answers.</summary>
[Collection(nameof(DisplayTests))]
public sealed class VirtualTableTests : IDisposable
{
    public VirtualTableTests() => NotebookHost.Current = new FakeHost();

    public void Dispose()
    {
        NotebookHost.Current = null;
        Formatter.ResetToDefault();
    }

    private sealed record Item(int Number, string? Word, DateTime Day, double? Size);

    private sealed class Computed(int number)
    {
        internal static int Reads { get; set; }
        public int Number { get; } = number;
        public string Word => ++Reads > 0 && Number % 3 == 0 ? throw new FormatException("<three>") : $"w{Number}";
    }

    private static List<Item> Items(int count) =>
        [.. Enumerable.Range(0, count)
            .Select(i => new Item(i, i % 10 == 9 ? null : $"w{i % 7}", DateTime.UnixEpoch.AddDays(-i), i % 4 == 0 ? null : i / 4.0))];

    private static string? IdOf(object value) =>
        (Formatter.Format(value).Data.GetValueOrDefault(VirtualTables.MimeType) as JsonNode)?["table"]!.GetValue<string>();

    private static JsonNode? Ask(string id, string query, bool withoutCode = false)
    {
        var json = Encoding.UTF8.GetBytes($$"""{"id": 1, "table": "{{id}}", {{query}}}""");
        return (withoutCode ? VirtualTables.AnswerWithoutCode(json) : VirtualTables.Answer(json)) is { } answer
            ? JsonNode.Parse(answer)
            : null;
    }

    private static string[][] Rows(JsonNode? answer) =>
        [.. XElement.Parse(answer!["html"]!.GetValue<string>()).Element("tbody")!.Elements()
            .Select(row => row.Elements().Select(cell => cell.Value).ToArray())];

    private static string[] Names(string id, string query) => [.. Rows(Ask(id, query)).Select(row => row[0])];

    [Fact]
    public void A_table_with_more_rows_than_are_shown_can_be_asked_for_them()
    {
        var forms = Formatter.Format(Items(50)).Data;
        Assert.Equal(["text/html", "text/plain", VirtualTables.MimeType],
            forms.Keys.Order(StringComparer.Ordinal).OrderBy(type => type == VirtualTables.MimeType));
        Assert.Equal("""{"rows":50,"shown":20}""",
            new JsonObject(((JsonObject)forms[VirtualTables.MimeType]).Where(member => member.Key != "table")
                .Select(member => KeyValuePair.Create(member.Key, member.Value?.DeepClone()))).ToJsonString());
    }

    [Fact]
    public void Values_that_are_complete_lazy_or_not_a_table_have_no_further_rows()
    {
        Assert.Null(IdOf(Items(20)));
        Assert.Null(IdOf(Items(50).Where(item => item.Number >= 0)));
        Assert.Null(IdOf(Items(50).ToHashSet()));
        Assert.Null(IdOf(Enumerable.Range(0, 50).ToList()));
        Assert.Null(IdOf(new OwnList(Items(50))));
        NotebookHost.Current = null;
        Assert.Null(IdOf(Items(50)));
    }

    [Fact]
    public void Rows_look_as_they_do_in_the_static_table()
    {
        Formatter.ListExpansionLimit = 100;
        var items = Items(60);
        var whole = (string)Formatter.Format(items).Data["text/html"];
        Formatter.ListExpansionLimit = 20;
        var id = IdOf(items)!;
        var html =
            string.Concat(
                new[] { 0, 20,
                    40 }.Select(offset =>
                        Ask(id, $"\"offset\": {offset}")!["html"]!.GetValue<string>().Split("<tbody>")[1].Split("</tbody>")[0]));
        Assert.Equal(whole.Split("<tbody>")[1].Split("</tbody>")[0], html);
    }

    [Fact]
    public void Rows_are_sorted_by_numbers_texts_and_times_and_those_without_a_value_come_last()
    {
        var id = IdOf(Items(30))!;
        Assert.Equal(["29", "27", "26"], Names(id, """ "sort": "Size", "descending": true, "count": 3 """));
        Assert.Equal(["0", "4", "8"], Names(id, """ "sort": "Size", "offset": 22, "count": 22 """)[..3]);
        Assert.Equal(["29", "28"], Names(id, """ "sort": "Day", "count": 2 """));
        Assert.Equal(["6", "13", "20"], Names(id, """ "sort": "Word", "descending": true, "count": 3 """));
        Assert.Equal(["9", "19"], Names(id, """ "sort": "Word", "offset": 27, "count": 27 """)[..2]);
    }

    [Theory]
    [InlineData("w3", 4)]
    [InlineData("W3", 4)]
    [InlineData("number >= 25", 5)]
    [InlineData("Number < 3", 3)]
    [InlineData("Word = W6", 4)]
    [InlineData("Word != w6", 26)]
    [InlineData("Size > 7", 1)]
    [InlineData("Day < 1969-12-10", 7)]
    [InlineData("Nothing > 3", 0)]
    [InlineData("Number >", 0)]
    public void Rows_are_filtered_by_a_text_or_a_comparison(string filter, int rows) =>
        Assert.Equal(rows, Ask(IdOf(Items(30))!, $"\"filter\": \"{filter}\"")!["rows"]!.GetValue<int>());

    [Fact]
    public void Texts_of_any_alphabet_are_sorted_and_one_beginning_with_another_comes_after_it()
    {
        string[] words = ["über", "Zebra", "zebra crossing", "äpfel", "apple", "éclair", "", "Apple pie", "apple", "zebra"];
        var items = Enumerable.Range(0, 30).Select(i => new { Word = words[i % 10] }).ToList();
        var sorted = Rows(Ask(IdOf(items)!, """ "sort": "Word", "count": 30 """)).Select(row => row[1]);
        Assert.Equal(items.Select(item => item.Word).Order(StringComparer.OrdinalIgnoreCase), sorted);
    }

    [Fact]
    public void Only_rows_that_run_no_code_are_read_while_a_cell_runs()
    {
        var plain = IdOf(Items(30))!;
        Assert.NotNull(Ask(plain, """ "sort": "Word", "filter": "w1" """, withoutCode: true));
        Assert.NotNull(
            Ask(IdOf(Items(30).Select(item => (item.Number, item.Word)).ToArray())!, """ "sort": "Item1" """, withoutCode: true));
        Assert.NotNull(
            Ask(IdOf(Items(30).Select(item => new { item.Number, item.Day }).ToArray())!, """ "offset": 5 """, withoutCode: true));

        var computed = IdOf(Enumerable.Range(0, 30).Select(i => new Computed(i)).ToList())!;
        Computed.Reads = 0;
        Assert.Null(Ask(computed, """ "offset": 20 """, withoutCode: true));
        Assert.Null(Ask(computed, """ "sort": "Number" """, withoutCode: true));
        Assert.Equal(0, Computed.Reads);
        Assert.Contains("⚠ FormatException: <three>", Rows(Ask(computed, """ "offset": 20 """))[1]);

        Formatter.Register<string>(text => text);
        Assert.Null(Ask(plain, """ "offset": 5 """, withoutCode: true));
    }

    [Fact]
    public void Faults_are_sorted_to_the_end()
    {
        var id = IdOf(Enumerable.Range(0, 30).Select(i => new Computed(i)).ToList())!;
        Assert.Equal(["0", "3"], Names(id, """ "sort": "Word", "offset": 20, "count": 20 """)[..2]);
    }

    [Fact]
    public void Rows_of_different_kinds_are_sorted_by_what_they_have()
    {
        var mixed = Enumerable.Range(0, 2500).Select(i => i < 2000 ? (object)new { A = i } : new { A = i, B = -i }).ToList();
        var id = IdOf(mixed)!;
        Assert.Equal(["2499", "2498"], Names(id, """ "sort": "B", "count": 2 """));
        Assert.Equal(500, Ask(id, """ "filter": "-2" """)!["rows"]!.GetValue<int>());
    }

    [Fact]
    public void Tables_of_ADO_NET_and_rectangles_have_rows_too()
    {
        using var table = new DataTable();
        table.Columns.Add("N", typeof(int));
        foreach (var i in Enumerable.Range(0, 40)) table.Rows.Add(i == 7 ? DBNull.Value : (object)(i * 10));
        var id = IdOf(table)!;
        Assert.Equal([["30", "300"]], Rows(Ask(id, """ "offset": 30, "count": 1 """)));
        Assert.Equal(["39", "38"], Names(id, """ "sort": "N", "descending": true, "count": 2 """));
        Assert.Equal("7", Names(id, """ "sort": "N", "offset": 39, "count": 1 """)[0]);

        var square = new int[40, 2];
        square[30, 1] = 5;
        Assert.Equal([["30", "0", "5"]], Rows(Ask(IdOf(square)!, """ "offset": 30, "count": 1 """)));
    }

    [Fact]
    public void Rows_are_those_at_the_time_of_the_query()
    {
        var items = Items(50);
        var id = IdOf(items)!;
        Ask(id, """ "sort": "Number" """);
        items.RemoveRange(30, 20);
        items[10] = items[10] with { Word = "changed" };
        Assert.Equal(30, Ask(id, """ "sort": "Number", "offset": 40 """)!["rows"]!.GetValue<int>());
        Assert.Equal("changed", Rows(Ask(id, """ "offset": 10, "count": 1 """))[0][2]);
        items.Clear();
        Assert.Equal(0, Ask(id, """ "offset": 10 """)!["rows"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("\"offset\": -1", "offset is -1. It must be at least 0.")]
    [InlineData("\"count\": 0", "count is 0. It must be 1 to 1000.")]
    [InlineData("\"count\": 1e99", "count is not a whole number.")]
    [InlineData("\"sort\": \"Weight\"", "Unknown column 'Weight'.")]
    [InlineData("\"sort\": []", "sort is not text.")]
    [InlineData("\"table\": \"other\"", "The rows of this table are no longer kept. Run its cell again to see them.")]
    public void An_invalid_query_is_answered_with_the_problem(string query, string problem) =>
        Assert.Equal(problem, Ask(IdOf(Items(30))!, query)!["error"]!.GetValue<string>());

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    public void A_payload_that_is_not_a_query_is_answered(string query) =>
        Assert.NotNull(JsonNode.Parse(VirtualTables.Answer(Encoding.UTF8.GetBytes(query)))!["error"]);

    [Fact]
    public void Data_that_nothing_else_holds_goes_with_the_tables_shown_since()
    {
        var first = Shown();
        var held = Items(30);
        var second = IdOf(held)!;
        for (var i = 0; i < 40; i++) IdOf(Items(30));
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.True(Ask(first, "\"offset\": 0")!["gone"]!.GetValue<bool>());
        Assert.Equal(30, Ask(second, "\"offset\": 0")!["rows"]!.GetValue<int>());
        GC.KeepAlive(held);

        // In a separate method, so that no register holds the list.
        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static string Shown() => IdOf(Items(30))!;
    }

    private sealed class OwnList(List<Item> items) : IReadOnlyList<Item>
    {
        public Item this[int index] => items[index];
        public int Count => items.Count;
        public IEnumerator<Item> GetEnumerator() => items.GetEnumerator();
        IEnumerator IEnumerable.GetEnumerator() => items.GetEnumerator();
    }

    private sealed class FakeHost : INotebookHost
    {
        private int ids;
        public CancellationToken CancellationToken => CancellationToken.None;
        public string NewId(string kind) => $"{kind}-{++ids}-{Guid.NewGuid():N}";
        public void Publish(MimeBundle bundle, string? displayId, bool update) => throw new NotSupportedException();
        public void ClearOutput(bool wait) => throw new NotSupportedException();
        public string ReadInput(string prompt, bool password) => throw new NotSupportedException();
        public void PostComm(string type, string id, string target, byte[] data, byte[] metadata, IReadOnlyList<byte[]> buffers) =>
            throw new NotSupportedException();
        public void ListenForComms(string target) => throw new NotSupportedException();
    }
}
