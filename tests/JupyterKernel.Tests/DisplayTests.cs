using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using JupyterKernel.Display;
using JupyterKernel.Display.Formatting;
using JupyterKernel.Display.Hosting;
using Xunit;
using static JupyterKernel.Display.Notebook;

namespace JupyterKernel.Tests;

// The host and the limits belong to the whole process.
[CollectionDefinition(nameof(DisplayTests), DisableParallelization = true)]
public sealed class DisplayCollection;

[Collection(nameof(DisplayTests))]
public sealed class DisplayTests : IDisposable
{
    private readonly FakeHost host = new();

    public DisplayTests() => NotebookHost.Current = host;

    public void Dispose() => NotebookHost.Current = null;

    private static string Text(object? value)
    {
        var text = Formatter.ToPlainText(value);
        Assert.Equal(text, Formatter.Format(value).Data["text/plain"]);
        return text;
    }

    private static JsonElement Parsed(byte[] json) => JsonDocument.Parse(json).RootElement;

    // Values as text

    public static TheoryData<object?, string> Scalars => new()
    {
        { null, "null" },
        { 2, "2" },
        { 1.5, "1.5" },
        { -0.25m, "-0.25" },
        { double.NaN, "NaN" },
        { true, "True" },
        { 'x', "x" },
        { "it's \"so\"\n", "it's \"so\"\n" },
        { DayOfWeek.Friday, "Friday" },
        { new DateTime(2024, 1, 2, 3, 4, 5, DateTimeKind.Utc), "2024-01-02 03:04:05Z" },
        { new DateTime(2024, 1, 2).AddTicks(1), "2024-01-02 00:00:00.0000001" },
        { new DateTimeOffset(2024, 1, 2, 3, 4, 5, TimeSpan.FromHours(2)), "2024-01-02 03:04:05+02:00" },
        { new DateOnly(2024, 1, 2), "2024-01-02" },
        { new TimeOnly(3, 4, 5), "03:04:05" },
        { TimeSpan.FromMinutes(90), "01:30:00" },
        { Guid.Empty, "00000000-0000-0000-0000-000000000000" },
        { new Uri("https://a.b/c"), "https://a.b/c" },
        { DBNull.Value, "DBNull" },
        { new StringBuilder("built"), "built" },
    };

    [Theory]
    [MemberData(nameof(Scalars), DisableDiscoveryEnumeration = true)]
    public void A_scalar_reads_as_it_is(object? value, string expected) => Assert.Equal(expected, Text(value));

    [Fact]
    public void Numbers_are_the_same_in_every_culture()
    {
        var culture = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");
        try
        {
            Assert.Equal("[1.5, 2024-01-02 00:00:00]", Text(new object[] { 1.5, new DateTime(2024, 1, 2) }));
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    [Fact]
    public void Times_can_be_read_back()
    {
        var time = new DateTime(2024, 1, 2, 3, 4, 5, 678, DateTimeKind.Utc);
        var read = DateTime.Parse(Text(time), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind);
        Assert.Equal(time, read);
        Assert.Equal(DateTimeKind.Utc, read.Kind);
    }

    public static TheoryData<object, string> Structures => new()
    {
        { Array.Empty<int>(), "[]" },
        { new[] { 1, 2, 3 }, "[1, 2, 3]" },
        { new object?[] { "a\n\"b\"", 'c', null, false }, "[\"a\\n\\\"b\\\"\", 'c', null, False]" },
        { new List<int[]> { new[] { 1 }, new[] { 2, 3 } }, "[[1], [2, 3]]" },
        { new[,] { { 1, 2 }, { 3, 4 } }, "[[1, 2], [3, 4]]" },
        { new Dictionary<string, int> { ["a"] = 1, ["b"] = 2 }, "{ \"a\": 1, \"b\": 2 }" },
        { new Dictionary<string, int>(), "{ }" },
        { new Hashtable { [1] = "x" }, "{ 1: \"x\" }" },
        { KeyValuePair.Create("k", 1), "\"k\": 1" },
        { (1, "a", (2, 'b')), "(1, \"a\", (2, 'b'))" },
        { (1, 2, 3, 4, 5, 6, 7, 8, 9), "(1, 2, 3, 4, 5, 6, 7, 8, 9)" },
        { new { A = 1, B = "x" }, "{ A = 1, B = \"x\" }" },
        { new Plain { B = "x", Field = 2 }, "DisplayTests.Plain { A = 1, B = \"x\", Field = 2 }" },
        { new Person("Ada", [36]), "DisplayTests.Person { Name = \"Ada\", Ages = [36] }" },
        { new OwnText("mine"), "mine" },
        { new OwnText(null), "DisplayTests.OwnText" },
        { new object(), "object" },
        { new byte[] { 1, 0xAB }, "byte[2] { 01 AB }" },
        { new Func<int, string>(i => ""), "Func<int, string>" },
        { new ArgumentException("no", new FormatException("why")), "ArgumentException: no\n ---> FormatException: why" },
        { new[] { new OwnText("") }, "[DisplayTests.OwnText]" },
        { new[] { new FormatException("no") }, "[FormatException: no]" },
    };

    [Theory]
    [MemberData(nameof(Structures), DisableDiscoveryEnumeration = true)]
    public void A_structure_shows_its_parts(object value, string expected) => Assert.Equal(expected, Text(value));

    public static TheoryData<Type, string> Types => new()
    {
        { typeof(int), "int" },
        { typeof(int?), "int?" },
        { typeof(List<int>), "List<int>" },
        { typeof(Dictionary<string, List<int?[]>>), "Dictionary<string, List<int?[]>>" },
        { typeof((int, string)), "(int, string)" },
        { typeof((int, int, int, int, int, int, int, int, int)), "(int, int, int, int, int, int, int, int, int)" },
        { typeof(int[][,]), "int[][,]" },
        { typeof(List<>), "List<T>" },
        { typeof(Dictionary<int, string>.Enumerator), "Dictionary<int, string>.Enumerator" },
        { typeof(DayOfWeek), "DayOfWeek" },
        { typeof(void), "void" },
        { typeof(Person), "DisplayTests.Person" },
    };

    [Theory]
    [MemberData(nameof(Types), DisableDiscoveryEnumeration = true)]
    public void Types_are_named_as_in_csharp(Type type, string expected) => Assert.Equal(expected, Text(type));

    [Fact]
    public void A_type_of_the_users_that_is_called_almost_so_is_named() =>
        Assert.Equal("DisplayTests.Submission_Report", Text(typeof(Submission_Report)));

    private static class Submission_Report;

    [Fact]
    public void The_submission_class_around_a_cells_type_is_not_named()
    {
        var assembly =
            System.Reflection.Emit.AssemblyBuilder.DefineDynamicAssembly(new("s"), System.Reflection.Emit.AssemblyBuilderAccess.Run);
        var submission = assembly.DefineDynamicModule("s").DefineType("Submission_3", System.Reflection.TypeAttributes.Public);
        var nested = submission.DefineNestedType("Dog", System.Reflection.TypeAttributes.NestedPublic);
        nested.DefineField("Age", typeof(int), System.Reflection.FieldAttributes.Public);
        submission.CreateType();
        Assert.Equal("Dog { Age = 0 }", Text(Activator.CreateInstance(nested.CreateType())));
    }

    [Fact]
    public async Task A_task_shows_its_state_and_is_not_awaited()
    {
        var open = new TaskCompletionSource<int>();
        Assert.Equal("Task<int> { Status = WaitingForActivation }", Text(open.Task));
        open.SetResult(3);
        Assert.Equal("Task<int> { Status = RanToCompletion, Result = 3 }", Text(open.Task));
        Assert.Equal("Task { Status = Faulted, Exception = FormatException: no }", Text(Task.FromException(new FormatException("no"))));
        Assert.Equal("Task { Status = RanToCompletion }", Text(Task.CompletedTask));
        Assert.Equal("ValueTask<int>", Text(new ValueTask<int>(3)));

        var release = new TaskCompletionSource();
        var machine = Later(release.Task);
        Assert.Equal("Task { Status = WaitingForActivation }", Text(machine));
        release.SetResult();
        await machine;

        static async Task Later(Task after) => await after;
    }

    // Hostile values

    [Fact]
    public void A_long_sequence_is_cut_and_shows_the_number_of_omitted_items()
    {
        Assert.Equal("[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, … (999,980 more)]",
            Text(new List<int>(Enumerable.Range(0, 1_000_000))));
        Assert.EndsWith("… (5 more)]", Text(new HashSet<int>(Enumerable.Range(0, 25))), StringComparison.Ordinal);
        Assert.EndsWith("13 … (80 more) }", Text(Enumerable.Range(0, 100).Select(i => (byte)i).ToArray()), StringComparison.Ordinal);
        Assert.EndsWith("19]", Text(Enumerable.Range(0, 20)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lazy_sequence_is_enumerated_once_and_one_item_beyond_the_limit()
    {
        var sequence = new Counting();
        Assert.EndsWith("19, … (more)]", Formatter.ToPlainText(sequence), StringComparison.Ordinal);
        Assert.Equal((1, Formatter.ListExpansionLimit + 1, 1), (sequence.Enumerated, sequence.Items, sequence.Disposed));
    }

    [Fact]
    public void An_enumerator_that_throws_shows_what_came_before()
    {
        Assert.Equal("[1, 2, ⚠ FormatException: no]", Text(Faulty()));

        static IEnumerable<int> Faulty()
        {
            yield return 1;
            yield return 2;
            throw new FormatException("no");
        }
    }

    [Fact]
    public void A_getter_that_throws_shows_its_exception_in_its_place() =>
        Assert.Equal("DisplayTests.Faulty { Before = 1, Bad = ⚠ InvalidOperationException: broken, After = 2 }", Text(new Faulty()));

    [Fact]
    public void A_ToString_that_throws_shows_its_exception() =>
        Assert.Equal("[⚠ FormatException: no ToString]", Text(new[] { new BadText() }));

    [Fact]
    public void Cycles_end()
    {
        var list = new List<object> { 1 };
        list.Add(list);
        Assert.Equal("[1, …]", Text(list));

        var circle = new Circle();
        circle.Next = circle;
        Assert.Equal("DisplayTests.Circle { Next = … }", Text(circle));
    }

    [Fact]
    public void Nesting_ends_at_the_limit()
    {
        object deep = 0;
        for (var i = 0; i < 10_000; i++) deep = new[] { deep };
        Assert.Equal("[[[[[[[…]]]]]]]", Text(deep));
    }

    [Fact]
    public void A_ToString_that_shows_itself_does_not_overflow_the_stack() =>
        Assert.EndsWith("…", Text(new ShowsItself()), StringComparison.Ordinal);

    [Fact]
    public void Endless_sequences_of_endless_sequences_are_cut()
    {
        var text = Text(Endless(0));
        Assert.InRange(text.Length, Formatter.StructureTextLimit, Formatter.StructureTextLimit + 100);

        static IEnumerable<object> Endless(int depth)
        {
            while (true) yield return depth < 6 ? Endless(depth + 1) : "leaf";
        }
    }

    [Fact]
    public void A_huge_string_is_cut_but_shown_whole_on_demand()
    {
        var huge = new string('x', Formatter.TextLimit - 1) + "😀" + new string('y', 5);
        var text = Text(huge);
        Assert.EndsWith("xx… (7 more characters)", text, StringComparison.Ordinal);

        display(huge, "text/plain");
        Assert.Same(huge, host.Published[^1].Bundle.Data["text/plain"]);
    }

    [Fact]
    public void An_interruption_is_not_taken_for_a_fault_of_the_value()
    {
        Assert.Throws<ThreadInterruptedException>(() => Formatter.Format(new Throwing(new ThreadInterruptedException())));
        Assert.Equal("DisplayTests.Throwing { Value = ⚠ OperationCanceledException: The operation was canceled. }",
            Text(new Throwing(new OperationCanceledException())));
        host.Source.Cancel();
        Assert.Throws<OperationCanceledException>(() => Formatter.Format(new Throwing(new OperationCanceledException())));
        Assert.Throws<OperationCanceledException>(() => Formatter.Format(new[] { 1 }));
    }

    // Bundles on the wire

    [Theory]
    [InlineData("\"")]
    [InlineData("\\")]
    [InlineData("\u001f")]
    [InlineData("\n")]
    [InlineData("\u007f")]
    [InlineData("\u0080")]
    [InlineData("é")]
    [InlineData("\uffff")]
    [InlineData("😀")]
    public void One_special_character_anywhere_in_a_long_text_comes_out_right(string special)
    {
        foreach (var before in (int[])[0, 1, 7, 8, 9, 15, 16, 17, 1007, 1022, 1023, 1024, 1025, 2047, 2048])
        {
            var text = new string('x', before) + special + new string('y', 2060 - before);
            Assert.Equal(text, Parsed(MimeBundle.PlainText(text).DataJson()).GetProperty("text/plain").GetString());
        }
    }

    [Fact]
    public void The_content_of_a_display_message_is_what_the_specification_says()
    {
        var bundle = new MimeBundle(
            new Dictionary<string, object> { ["text/plain"] = "p" },
                new Dictionary<string, JsonNode?> { ["text/plain"] = new JsonObject { ["a"] = 1 } });

        Assert.Equal(
            """{"data":{"text/plain":"p"},"metadata":{"text/plain":{"a":1}},"transient":{}}""",
                Encoding.UTF8.GetString(bundle.DisplayJson(null)));
        Assert.Equal(
            """{"data":{"text/plain":"p"},"metadata":{},"transient":{"display_id":"é\"1"}}""",
            Encoding.UTF8.GetString(MimeBundle.PlainText("p").DisplayJson("é\"1")));
    }

    [Fact]
    public void Strings_are_escaped_as_json_has_it()
    {
        var all = string.Concat(Enumerable.Range(0, 0x500).Select(i => (char)i)) + "\u2028😀\"\\</script>";
        Assert.Equal(all, Parsed(MimeBundle.PlainText(all).DataJson()).GetProperty("text/plain").GetString());
        foreach (var length in new[] { 1000, 1024, 5000 })
        {
            var some = string.Concat(Enumerable.Repeat("😀", length)) + new string('"', length) + new string('é', length) + all;
            Assert.Equal(some, Parsed(MimeBundle.PlainText(some).DataJson()).GetProperty("text/plain").GetString());
            Assert.Equal("x" + some, Parsed(MimeBundle.PlainText("x" + some).DataJson()).GetProperty("text/plain").GetString());
        }
        Assert.Equal("{\"text/plain\":\"é<\\n\\u001b\"}", Encoding.UTF8.GetString(MimeBundle.PlainText("é<\n\u001b").DataJson()));
    }

    // Not inline data: attributes cannot hold such strings.
    public static TheoryData<string, string> LoneSurrogates => new()
    {
        { "a\ud800b", "a\ufffdb" },
        { "\udc00\ud800", "\ufffd\ufffd" },
        { "\ud800\"\udc00", "\ufffd\"\ufffd" },
    };

    [Theory]
    [MemberData(nameof(LoneSurrogates), DisableDiscoveryEnumeration = true)]
    public void Lone_surrogates_are_replaced(string text, string expected)
    {
        var bundle =
            new MimeBundle(
                [new("text/plain", text), new("application/json", JsonValue.Create(text)),
                    new("a/b+json", new JsonObject { [text] = text })]);
        var json = Parsed(bundle.DataJson());
        Assert.Equal(expected, json.GetProperty("text/plain").GetString());
        Assert.Equal(expected, json.GetProperty("application/json").GetString());
        Assert.Equal(expected, json.GetProperty("a/b+json").GetProperty(expected).GetString());
    }

    [Fact]
    public void Escaped_lone_surrogates_in_json_text_are_replaced()
    {
        var json = Parsed(JSON("""{"a": ["\ud800", "\ud83d\ude00", "\\ud800", "\u00e9"]}""").DataJson()).GetProperty("application/json");
        Assert.Equal(["\ufffd", "😀", "\\ud800", "é"], json.GetProperty("a").EnumerateArray().Select(e => e.GetString()));
    }

    [Fact]
    public void Numbers_that_json_does_not_have_become_null()
    {
        var node = new JsonArray(double.NaN, float.PositiveInfinity, 1.5, JsonValue.Create(new { X = double.NaN }));
        var json = Parsed(MimeBundle.Of("application/json", node).DataJson()).GetProperty("application/json");
        Assert.Equal("[null,null,1.5,{\"X\":\"NaN\"}]", json.GetRawText());
    }

    [Fact]
    public void Bytes_are_base64_and_metadata_is_json()
    {
        var bundle = new Image(Png, width: 10).ToMimeBundle();
        Assert.Equal(Png, Parsed(bundle.DataJson()).GetProperty("image/png").GetBytesFromBase64());
        Assert.Equal("{\"image/png\":{\"width\":10}}", Encoding.UTF8.GetString(bundle.MetadataJson()));
        Assert.Equal("{}", Encoding.UTF8.GetString(MimeBundle.PlainText("").MetadataJson()));
        Assert.Equal("{}", Encoding.UTF8.GetString(new MimeBundle([]).DataJson()));
    }

    [Fact]
    public void A_bundle_takes_only_what_the_wire_can_carry() =>
        Assert.Throws<ArgumentException>(() => MimeBundle.Of("text/plain", 1));

    // The API of cells

    [Fact]
    public void Display_and_update_share_an_id()
    {
        var shown = display(1);
        shown.Update(2);
        "x".Display();
        Assert.Collection(host.Published,
            p => Assert.Equal(("1", shown.DisplayId, false), (p.Text, p.DisplayId, p.Update)),
            p => Assert.Equal(("2", shown.DisplayId, true), (p.Text, p.DisplayId, p.Update)),
            p => Assert.NotEqual(shown.DisplayId, p.DisplayId));
    }

    [Fact]
    public void Rich_values_come_with_text()
    {
        Assert.Equal("a < b\nnext",
            HTML("<style>p{}</style><p>a &lt; <b>b</b></p><script>alert(1)</script><br>next<!-- no -->").Data["text/plain"]);
        Assert.Equal("x\ty", HTML("<table><tr><td>x</td><td>y</td></tr></table>").Data["text/plain"]);
        Assert.Equal("1 < 2", HTML("1 < 2").Data["text/plain"]);
        foreach (var bundle in new[] { HTML("<p"), Javascript("a"), Markdown("a"), Latex("a"), SVG("<svg/>"), JSON("1"),
            JSON(new { A = 1 }), new Image(Png).ToMimeBundle() })
        {
            Assert.Equal(2, bundle.Data.Count);
            Assert.IsType<string>(bundle.Data["text/plain"]);
            Assert.Same(bundle, Formatter.Format(bundle));
        }
    }

    [Theory]
    [InlineData("""{ "type": "Point", "coordinates": [11.8, -45.04] }""", "Point [11.8,-45.04]")]
    [InlineData(
        """{ "type": "Feature", "geometry": { "type": "LineString", "coordinates": [[1, 2], [3, 4]] }, "properties": { "name": "way" } }""",
            "LineString {\"name\":\"way\"} [[1,2],[3,4]]")]
    [InlineData("""{ "type": "Feature", "geometry": { "type": "Point", "coordinates": [1, 2, 3] } }""", "Point [1,2,3]")]
    [InlineData("""[{ "type": "Point", "coordinates": [1, 2] }]""", "Point [1,2]")]
    [InlineData("""{ "type": "GeometryCollection", "geometries": [{ "type": "Point", "coordinates": [1, 2] }] }""",
        "GeometryCollection [{\"type\":\"Point\",\"coordinates\":[1,2]}]")]
    [InlineData(
        """
        { "type": "FeatureCollection", "name": "mine",
          "features": [{ "type": "Feature", "geometry": { "type": "Point", "coordinates": [1, 2] }, "properties": null }] }
        """, "Point [1,2]")]
    public void GeoJSON_of_any_input_is_a_feature_collection_with_text(string json, string line)
    {
        var bundle = GeoJSON(json);
        var map = Parsed(bundle.DataJson()).GetProperty("application/geo+json");
        Assert.Equal("FeatureCollection", map.GetProperty("type").GetString());
        Assert.Equal(json.Contains("mine", StringComparison.Ordinal), map.TryGetProperty("name", out _));
        foreach (var feature in map.GetProperty("features").EnumerateArray())
        {
            Assert.Equal("Feature", feature.GetProperty("type").GetString());
            Assert.Equal(JsonValueKind.Object, feature.GetProperty("geometry").ValueKind);
            Assert.Equal(JsonValueKind.Object, feature.GetProperty("properties").ValueKind);
        }

        Assert.Equal($"GeoJSON, 1 feature\n  {line}", bundle.Data["text/plain"]);

        // For front ends without a renderer, or with one that draws nothing.
        Assert.Equal("geoshape",
            Parsed(bundle.DataJson()).GetProperty("application/vnd.vegalite.v5+json").GetProperty("mark").GetProperty("type").GetString());
    }

    [Fact]
    public void Invalid_GeoJSON_is_rejected_and_features_without_a_geometry_are_not_drawn()
    {
        Assert.Contains("'Topology' is not GeoJSON", Assert.Throws<ArgumentException>(() => GeoJSON(new { type = "Topology" })).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => GeoJSON("1"));
        Assert.Equal(["application/geo+json", "text/plain"], GeoJSON("""{ "type": "Feature" }""").Data.Keys);
        Assert.Contains("(1 more)",
            (string)GeoJSON(Enumerable.Range(0, 21).Select(i => new { type = "Point", coordinates = new[] { i, i } })).Data["text/plain"],
                StringComparison.Ordinal);
    }

    [Fact]
    public void The_text_of_JSON_is_indented_however_it_came()
    {
        const string Indented = "{\n  \"a\": [\n    1,\n    \"ä\"\n  ]\n}";
        const string Escaped = "{\"a\":[1,\"\\u00e4\"]}";
        object[] values =
        [
            JSON(Escaped), JSON("{\"a\":[1,\"ä\"]}"), JSON(new { a = new object[] { 1, "ä" } }), JsonDocument.Parse(Escaped),
            JsonNode.Parse(Escaped)!,
            new MimeBundle([new("application/json", JsonNode.Parse(Escaped)!)]),
        ];
        Assert.All(values, value => Assert.Equal(Indented, Formatter.Format(value).Data["text/plain"]));
        Assert.Equal(Indented, Formatter.Format(Escaped, "application/json").Data["text/plain"]);
        Assert.Equal(Indented, Formatter.Format(JsonNode.Parse(Escaped), "application/vnd.plotly.v1+json").Data["text/plain"]);
    }

    [Fact]
    public void A_bundle_without_text_gets_a_text_from_its_other_forms()
    {
        Assert.Equal("# Title", Formatter.Format(MimeBundle.Of("text/markdown", "# Title")).Data["text/plain"]);
        Assert.Equal("{\n  \"a\": 1\n}",
            Formatter.Format(MimeBundle.Of("application/vnd.mine+json", new JsonObject { ["a"] = 1 })).Data["text/plain"]);
        Assert.Equal("MimeBundle", Formatter.Format(MimeBundle.Of("image/png", Png)).Data["text/plain"]);
    }

    [Fact]
    public void Display_with_a_mime_type_gives_data_of_that_type()
    {
        Assert.Equal("<i>1</i>", Shown("<i>1</i>", "text/html"));
        Assert.Equal(JsonValueKind.Object, ((JsonElement)Shown("{\"a\":1}", "application/vnd.vega.v5+json")).ValueKind);
        Assert.Equal("{\"A\":1}", ((JsonElement)Shown(new { A = 1 }, "application/json")).GetRawText());
        Assert.Equal("[1, 2]", Shown(new[] { 1, 2 }, "text/markdown"));
        Assert.Equal("# a", Shown(Markdown("# a"), "text/markdown"));
        Assert.ThrowsAny<JsonException>(() => display("{", "application/json"));

        object Shown(object value, string mimeType)
        {
            value.Display(mimeType);
            Assert.True(host.Published[^1].Bundle.Data.ContainsKey("text/plain"));
            return host.Published[^1].Bundle.Data[mimeType];
        }
    }

    [Fact]
    public void Json_values_are_shown_as_json()
    {
        var bundle = Formatter.Format(JsonNode.Parse("{\"a\":[1]}"));
        Assert.Equal("{\"a\":[1]}", Parsed(bundle.DataJson()).GetProperty("application/json").GetRawText());
        Assert.Contains("\"a\"", (string)bundle.Data["text/plain"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_users_own_bundle_is_shown_and_completed_and_its_fault_too()
    {
        Assert.Equal("bold", Formatter.Format(new Displayed(() => MimeBundle.Of("text/html", "<b>bold</b>"))).Data["text/plain"]);
        Assert.Equal("⚠ FormatException: no", Text(new Displayed(() => throw new FormatException("no"))));
        Assert.Equal("[bold]", Text(new[] { HTML("<b>bold</b>") }));
    }

    [Theory]
    [InlineData("image/png", "89504E470D0A1A0A")]
    [InlineData("image/jpeg", "FFD8FFE0")]
    [InlineData("image/gif", "474946383961")]
    [InlineData("image/webp", "524946460000000057454250")]
    [InlineData("image/svg+xml", "EFBBBF3C737667")]
    [InlineData("image/svg+xml", "3C3F786D6C20763F3E0A3C737667")]
    public void Image_formats_are_known_by_their_bytes(string mimeType, string hex) =>
        Assert.Equal(mimeType, new Image(Convert.FromHexString(hex)).MimeType);

    [Fact]
    public void Bytes_that_are_not_an_image_are_rejected()
    {
        Assert.Throws<ArgumentException>(() => new Image([1, 2, 3]));
        Assert.Throws<ArgumentException>(() => new Image([]));
    }

    [Fact]
    public void An_image_is_read_from_its_file()
    {
        var path = Path.GetTempFileName();
        File.WriteAllBytes(path, Png);
        var image = Image.FromFile(path);
        File.Delete(path);
        Assert.Equal(Png, image.ToMimeBundle().Data["image/png"]);
    }

    [Fact]
    public void Input_is_asked_of_the_host_and_passwords_are_masked()
    {
        Assert.Equal("a? False", GetInput("a?"));
        var password = GetPassword("b?");
        Assert.Equal("b? True", password.GetClearTextPassword());
        Assert.Equal("********", Text(password));
    }

    [Fact]
    public void Clearing_and_cancellation_are_the_hosts()
    {
        ClearOutput();
        clear_output(wait: true);
        Assert.Equal([false, true], host.Cleared);
        Assert.Equal(host.Source.Token, CellCancellation);
    }

    [Fact]
    public void Without_a_host_values_are_written_to_the_console()
    {
        NotebookHost.Current = null;
        var console = Console.Out;
        var written = new StringWriter();
        Console.SetOut(written);
        try
        {
            display(HTML("<b>1</b>")).Update(new[] { 2 });
            ClearOutput();
        }
        finally
        {
            Console.SetOut(console);
        }
        Assert.Equal($"1{Environment.NewLine}[2]{Environment.NewLine}", written.ToString());
        Assert.Equal(CancellationToken.None, CellCancellation);
    }

    private static readonly byte[] Png = [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10, 1, 2, 3];

    private sealed class FakeHost : INotebookHost
    {
        internal List<(MimeBundle Bundle, string Text, string? DisplayId, bool Update)> Published { get; } = [];
        internal List<bool> Cleared { get; } = [];
        internal CancellationTokenSource Source { get; } = new();
        public CancellationToken CancellationToken => Source.Token;
        public void Publish(MimeBundle bundle, string? displayId, bool update) =>
            Published.Add((bundle, bundle.ToString(), displayId, update));
        public void ClearOutput(bool wait) => Cleared.Add(wait);
        public string NewId(string kind) => Guid.NewGuid().ToString("N");
        public string ReadInput(string prompt, bool password) => $"{prompt} {password}";
        public void PostComm(string type, string id, string target, byte[] data, byte[] metadata, IReadOnlyList<byte[]> buffers) =>
            throw new NotSupportedException();
        public void ListenForComms(string target) => throw new NotSupportedException();
    }

    public sealed record Person(string Name, List<int> Ages);

    public sealed record Displayed(Func<MimeBundle> Make) : IDisplayable
    {
        public MimeBundle ToMimeBundle() => Make();
    }

    public sealed record Circle
    {
        public Circle? Next { get; set; }
    }

    public sealed class OwnText(string? text)
    {
        public override string? ToString() => text;
    }

    public sealed class BadText
    {
        public override string ToString() => throw new FormatException("no ToString");
    }

    public sealed class ShowsItself
    {
        public override string ToString() => Formatter.ToPlainText(this);
    }

#pragma warning disable CA1051, CA1065, CA1822 // user code does this
    public sealed class Plain
    {
        public int Field;
        public int A => 1;
        public string? B { get; set; }
        public int this[int i] => i;
        public ReadOnlySpan<char> Span => "";
        internal int Hidden => 3;
        public static int Shared => 4;
    }

    public sealed class Faulty
    {
        public int Before => 1;
        public int Bad => throw new InvalidOperationException("broken");
        public int After => 2;
    }

    public sealed class Throwing(Exception exception)
    {
        public int Value => throw exception;
    }
#pragma warning restore CA1051, CA1065, CA1822

    private sealed class Counting : IEnumerable<int>
    {
        internal int Enumerated, Items, Disposed;

        public IEnumerator<int> GetEnumerator()
        {
            Enumerated++;
            try
            {
                while (true) yield return Items++;
            }
            finally
            {
                Disposed++;
            }
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
