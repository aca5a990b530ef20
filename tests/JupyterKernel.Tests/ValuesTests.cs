using System.Reflection;
using System.Runtime.Loader;
using JupyterKernel.Compilation;
using JupyterKernel.Worker.Values;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>
/// Tests values of variables, read in one process and set in another; here the two are load contexts that ran the same images.
/// </summary>
public sealed class ValuesTests
{
    private static readonly CellCompiler Compiler = new(Environment.CurrentDirectory);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A cell that creates a value which differs each time, and an expression that shows it.</summary>
    public static TheoryData<string, string> Differing { get; } = new()
    {
        { "int x = Next();", "x" },
        { "var x = (long)Next(); double y = Next() / 7.0; decimal z = Next() * 1.1m; char c = (char)(65 + Next() % 26); "
            + "bool b = Next() % 2 == 0;", "(x, y, z, c, b)" },
        { "string x = \"né\\ud800\" + Next();", "x" },
        { "var x = Guid.NewGuid(); var y = new DateTime(Next()); var z = new DateTimeOffset(2024, 1, 1, 0, 0, Next() % 60, "
            + "TimeSpan.FromHours(2)); var d = DateOnly.FromDayNumber(Next() % 1000);", "(x, y, z, d)" },
        { "int? x = Next(); int? none = null; (int A, string B)? pair = (Next(), \"b\");", "(x, none, pair)" },
        { "var x = new[] { Next(), Next() }; var y = new int[2, 3]; y[1, 2] = Next(); var z = new int[][] { [Next()], null };",
            "string.Join(\",\", x) + y[1, 2] + y[0, 0] + z[0][0] + (z[1] is null)" },
        { "var x = new List<string> { \"a\" + Next(), null }; var y = new LinkedList<int>(new[] { Next() }); "
            + "var q = new Queue<int>(new[] { 1, Next() }); var s = new Stack<int>(new[] { 1, Next() });",
            "string.Join(\",\", x) + y.First.Value + string.Join(\",\", q) + string.Join(\",\", s)" },
        { "var x = new Dictionary<string, List<int>> { [\"a\"] = [Next()], [\"b\"] = [Next()] }; "
            + "var y = new HashSet<(int, string)> { (Next(), \"x\") }; var z = new SortedDictionary<int, int> { [Next()] = 1 };",
            "string.Join(\",\", x.Select(p => p.Key + p.Value[0])) + string.Join(\",\", y) + string.Join(\",\", z) + y.Contains(y.First()) "
            + "+ x[\"b\"][0]" },
        { "var x = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase) { [\"Key\"] = Next() };", "x[\"kEY\"]" },
        { "record Point(int X, int Y); enum Colour { Red, Green } record struct Size(int W) { public string Name = \"n\"; "
            + "} var x = new Point(Next(), 2); var y = new Size(Next()); var c = (Colour)(Next() % 2); "
            + "var set = new HashSet<Point> { new(Next(), 1) };", "$\"{x} {y} {c} {set.Contains(set.First())}\"" },
        { "class Node { public Node Next; public int Value; public readonly List<Node> All = new(); private int hidden = 1; "
            + "public int Hidden { get => hidden; init => hidden = value; } } var x = new Node { Value = Next(), Hidden = Next() }; "
            + "x.Next = x; x.All.Add(x);", "x.Next.All[0].Value + \" \" + x.Hidden" },
        { "var x = new { A = Next(), B = new[] { new { C = Next() } } };", "x.A + \" \" + x.B[0].C" },
        { "object x = Next(); object y = new object[] { Next(), \"s\", 2.5, null, new List<int> { Next() } };",
            "x + \" \" + ((object[])y)[0] + ((List<int>)((object[])y)[4])[0]" },
        { "var x = new System.Text.StringBuilder().Append(Next()); var y = System.Numerics.BigInteger.Pow(Next() + 2, 30); "
            + "var u = new Uri(\"http://a/\" + Next()); var t = Tuple.Create(Next(), 1); var v = new Version(1, Next());",
            "$\"{x} {y} {u} {t} {v}\"" },
        { "var x = new Random(Next()); x.Next();", "x.Next()" },
        { "static class Held { public static int Value = Next2(); static int Next2() => Environment.TickCount + "
            + "System.Random.Shared.Next(); public static List<int> List { get; } = new() { Next2() }; }",
            "Held.Value + \" \" + Held.List[0]" },
        { "Func<int> Counter(int start) { var n = start; return () => n++; } var x = Counter(Next()); x();", "x()" },
        { "int x = Next(); Func<int> f = () => x; Action<int> set = v => x = v; f += () => 1;",
            "f.GetInvocationList().Length + \" \" + ((Func<int>)f.GetInvocationList()[0])()" },
        { "IEnumerable<int> Gen(int from) { while (true) yield return from++; } var x = Gen(Next()).GetEnumerator(); x.MoveNext();",
            "x.Current + (x.MoveNext() ? 0 : 1) + \" \" + x.Current" },
        { "var x = Type.GetType(\"System.Int32\"); var y = new string('a', 100000) + Next(); var z = new[] { y, y };",
            "x + y + object.ReferenceEquals(z[0], z[1])" },
        { "nint x = Next(); nuint y = (nuint)Next(); var z = new nint[] { Next() }; nint? none = null;", "$\"{x} {y} {z[0]} {none}\"" },
        { "var x = new PriorityQueue<string, int>(); x.Enqueue(\"a\" + Next(), 2); x.Enqueue(\"b\", 2); x.Enqueue(\"c\", 1); "
            + "var y = new PriorityQueue<int, string>(StringComparer.OrdinalIgnoreCase); y.Enqueue(Next(), \"B\"); y.Enqueue(1, \"a\");",
            "string.Join(\",\", x.UnorderedItems) + x.Count + y.Dequeue() + \" \" + y.Dequeue()" },
        { "using System.Collections.Immutable; var x = ImmutableList.Create(Next(), 2); var y = ImmutableArray.Create(Next()); "
            + "var z = ImmutableQueue.Create(1, Next()); var s = ImmutableStack.Create(1, Next()); "
            + "var q = ImmutableSortedSet.Create(StringComparer.OrdinalIgnoreCase, \"b\" + Next(), \"A\");",
            "string.Join(\",\", x) + y[0] + string.Join(\",\", z) + string.Join(\",\", s) + string.Join(\",\", q) + q.Contains(\"a\")" },
        { "using System.Collections.Immutable; record Key(string Name, int Number); var x = ImmutableDictionary<string, "
            + "int>.Empty.WithComparers(StringComparer.OrdinalIgnoreCase).Add(\"Key\", Next()).Add(\"b\", 1).Add(\"c\", 1).Add(\"d\", 1); "
            + "var y = ImmutableHashSet.Create(new Key(\"a\", Next()), new Key(\"b\", 1), new Key(\"c\", 2)); "
            + "var z = ImmutableSortedDictionary<int, string>.Empty.Add(Next(), \"z\"); "
            + "var w = ImmutableHashSet.Create((\"t\", Next()), (\"u\", 1), (\"v\", 2));",
            "x[\"kEY\"] + y.OrderBy(k => k.Name).First().ToString() + y.Contains(new Key(\"c\", 2)) + z.First() + w.Contains((\"v\", 2)) + "
            + "w.Single(t => t.Item1 == \"t\").Item2" },
        { "using System.Collections.Frozen; record Key(string Name, int Number); var x = new Dictionary<string, int> { [\"Key\"] = Next(), "
            + "[\"b\"] = 1, [\"c\"] = 2 }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase); "
            + "var y = new[] { new Key(\"a\", Next()), new Key(\"b\", 1) }.ToFrozenSet(); var z = new[] { Next(), 2, 3 }.ToFrozenSet(); "
            + "var e = Array.Empty<string>().ToFrozenSet();", "x[\"kEY\"] + \" \" + y.Contains(new Key(\"b\", 1)) + y.OrderBy(k => "
            + "k.Name).First() + string.Join(\",\", z.Order()) + e.Count" },
        { "using System.Collections.ObjectModel; var inner = new Dictionary<string, int> { [\"a\"] = Next() }; "
            + "var x = new ReadOnlyDictionary<string, int>(inner); _ = x.Keys.Count + x.Values.Count; "
            + "var y = new List<int> { Next() }.AsReadOnly(); var z = new ObservableCollection<int> { Next() }; "
            + "var o = new OrderedDictionary<string, int> { [\"b\"] = 1, [\"a\"] = Next() }; "
            + "var l = new SortedList<string, int>(StringComparer.OrdinalIgnoreCase) { [\"K\"] = Next() };",
            "$\"{x[\"a\"]} {y[0]} {z[0]} {string.Join(\",\", o)} {l[\"k\"]} {(inner[\"new\"] = 1) + x.Count}\"" },
        { "dynamic x = new System.Dynamic.ExpandoObject(); x.Id = Next(); x.Items = new List<int> { Next() };",
            "x.Id + \" \" + x.Items[0]" },
        { "using System.Collections; var x = new BitArray(new[] { Next(), 1 }); var y = new ArrayList { Next(), \"s\" };",
            "string.Join(\",\", x.Cast<bool>()) + y[0] + y[1]" },
        { "using System.Text.Json.Nodes; var x = JsonNode.Parse(\"\"\"{\"a\":[1,{\"b\":\"née\"}],\"n\":null}\"\"\"); x[\"r\"] = Next(); "
            + "var part = x[\"a\"][1]; var alone = JsonValue.Create(Next()); var array = new JsonArray(1, Next());",
            "x.ToJsonString() + alone + array.ToJsonString() + ((int)(part[\"b\"] = 5)) + x[\"a\"][1][\"b\"]" },
        { "using System.Text.Json; var x = JsonDocument.Parse(\"{\\\"a\\\":[1,\" + Next() + \"]}\"); "
            + "var e = x.RootElement.GetProperty(\"a\"); var c = e.Clone();", "e[1].GetInt32() + \" \" + c[1] + x.RootElement" },
        { "using System.Xml.Linq; var x = XElement.Parse(\"<a  b='1'> t\\r\\n <c>x</c><?p i?></a>\"); x.SetAttributeValue(\"r\", Next()); "
            + "var part = x.Element(\"c\"); var attribute = x.Attribute(\"b\"); var d = new XDocument(new XDeclaration(\"1.0\", \"utf-8\", "
            + "\"yes\"), new XComment(\"c\"), new XElement(\"root\", Next())); var inner = d.Root;",
            "x.ToString(SaveOptions.DisableFormatting) + d.Declaration + d + inner + ((part.Value = \"y\") + x.Element(\"c\").Value) + "
            + "attribute.Value + object.ReferenceEquals(inner, d.Root)" },
        { "using System.Data; var x = new DataTable(\"T\"); x.Columns.Add(\"Id\", typeof(int)); x.Columns.Add(\"Name\"); "
            + "x.Columns.Add(\"At\", typeof(DateTime)); x.PrimaryKey = [x.Columns[0]]; x.Rows.Add(1, \" \", null); "
            + "x.Rows.Add(2, \"é<\", new DateTime(2024, 1, 2)); x.Rows.Add(3, null, null); x.AcceptChanges(); x.Rows[1].Delete(); "
            + "x.Rows[0][\"Name\"] = \"n\" + Next(); x.Rows.Add(Next() + 10, \"new\"); var row = x.Rows[0];",
            "string.Join(\";\", x.Rows.Cast<DataRow>().Select(r => r.RowState + (r.RowState == DataRowState.Deleted ? \"\" : "
            + "string.Join(\",\", r.ItemArray)))) + x.PrimaryKey[0] + row[1] + object.ReferenceEquals(row, x.Rows[0])" },
        { "using System.Data; var s = new DataSet(\"S\"); var x = s.Tables.Add(\"A\"); x.Columns.Add(\"Id\", typeof(int)); "
            + "x.Rows.Add(Next()); var y = s.Tables.Add(\"B\"); y.Columns.Add(\"A\", typeof(int)); "
            + "s.Relations.Add(\"r\", x.Columns[0], y.Columns[0]); y.Rows.Add(x.Rows[0][0]); var n = new DataTable(); "
            + "n.Columns.Add(\"V\", typeof(object)); n.Rows.Add(Next());", "x.Rows[0].GetChildRows(\"r\").Length + \" \" + x.Rows[0][0] + "
            + "object.ReferenceEquals(x, s.Tables[0]) + n.Rows[0][0] + n.TableName" },
        { "using System.Globalization; using System.Text.RegularExpressions; using System.Net; "
            + "var x = new Regex(\"a\" + Next(), RegexOptions.IgnoreCase); var c = new CultureInfo(\"de-DE\"); "
            + "c.NumberFormat.NumberDecimalSeparator = \"_\" + Next(); var i = CultureInfo.InvariantCulture; "
            + "var z = TimeZoneInfo.CreateCustomTimeZone(\"Z\" + Next(), TimeSpan.FromHours(2), \"Z\", \"Z\"); var u = TimeZoneInfo.Utc; "
            + "var a = IPAddress.Parse(\"10.0.\" + Next() % 256 + \".1\"); var p = new IPEndPoint(IPAddress.IPv6Loopback, Next() % "
            + "60000);", "$\"{x} {x.Options} {1.5.ToString(c)} {i.Name} {z.Id} {z.BaseUtcOffset} {u.Id} {a} {p}\"" },
        { "var x = new Lazy<int>(() => Next()); _ = x.Value; var n = Next(); var y = new Lazy<string>(() => \"made of \" + n); "
            + "var b = new Lazy<bool>(() => true); _ = b.Value; var e = new System.Text.UTF8Encoding(false, true); "
            + "var f = System.Text.Encoding.UTF8; var m = new[] { 1, Next(), 3 }.AsMemory(1, 2); "
            + "ReadOnlyMemory<char> t = (\"t\" + Next()).AsMemory(); var k = new System.Numerics.Complex(Next(), 1); var h = (Half)Next(); "
            + "var g = (Int128)Next(); object d = DBNull.Value;", "$\"{x.Value} {y.Value} {b.Value} {e.GetPreamble().Length} "
            + "{ReferenceEquals(f, System.Text.Encoding.UTF8)} {m.Span[0]} {t} {k} {h} {g} {ReferenceEquals(d, DBNull.Value)}\"" },
        { "using System.Collections.Immutable; using System.Collections.Frozen; class Node { public ImmutableList<Node> Children = "
            + "ImmutableList<Node>.Empty; public FrozenSet<Node> Friends; public ImmutableArray<ImmutableList<int>> Deep; "
            + "public int Value; } var x = new Node { Value = Next() }; x.Children = x.Children.Add(x); "
            + "x.Friends = new[] { x }.ToFrozenSet(); x.Deep = [ImmutableList.Create(Next())]; "
            + "var nested = ImmutableList.Create(ImmutableDictionary<string, FrozenSet<int>>.Empty.Add(\"a\", new[] { Next() "
            + "}.ToFrozenSet()));", "$\"{x.Children[0].Value} {x.Friends.Single().Value} {x.Friends.Contains(x)} {x.Deep[0][0]} "
            + "{nested[0][\"a\"].Single()}\"" },
    };

    [Theory]
    [MemberData(nameof(Differing))]
    public void Differing_values_are_carried_over(string cell, string expression)
    {
        var (old, fresh) = TwoWorkers("int Next() => System.Random.Shared.Next(1, 1_000_000);", cell);
        Assert.NotEqual(old.Fingerprint(), fresh.Fingerprint());

        Assert.Empty(fresh.Set(old.Values()));

        Assert.Equal(old.Fingerprint(), fresh.Fingerprint());
        Assert.Empty(old.Opaque);
        var show = Compile(expression, fresh.Last);
        Assert.Equal(old.Run(show), fresh.Run(show));
    }

    [Theory]
    [MemberData(nameof(Differing))]
    public void Equal_values_have_equal_fingerprints(string cell, string expression)
    {
        var repeatable = cell.Replace("Guid.NewGuid()", "new Guid(Next(), 0, 0, new byte[8])", StringComparison.Ordinal)
            .Replace("Environment.TickCount + System.Random.Shared.Next()", "5", StringComparison.Ordinal);
        var (old, fresh) = TwoWorkers("int seed = 1; int Next() => seed = seed * 31 % 65_521;", repeatable);

        Assert.Equal(old.Fingerprint(), fresh.Fingerprint());
        var show = Compile(expression, fresh.Last);
        Assert.Equal(old.Run(show), fresh.Run(show));
    }

    [Fact]
    public void Shared_objects_stay_shared()
    {
        var (old, fresh) = TwoWorkers(
            "int Next() => System.Random.Shared.Next();",
            "var list = new List<int> { Next() }; var holder = (list, 1); Func<int> count = () => list.Count; "
                + "var stream = (object)new System.IO.MemoryStream(); var pair = new object[] { list, stream };",
            "list.Add(Next());");

        Assert.Empty(fresh.Set(old.Values()));

        Assert.Equal(["pair", "stream"], old.Opaque.Order());
        Assert.Equal(true,
            fresh.Run(Compile("object.ReferenceEquals(list, holder.list) && object.ReferenceEquals(list, pair[0])", fresh.Last)));
        Assert.Equal(3, fresh.Run(Compile("list.Add(1); return count();", fresh.Last)));
    }

    [Fact]
    public void An_object_with_other_references_is_changed_and_not_replaced()
    {
        var (old, fresh) = TwoWorkers(
            "int Next() => System.Random.Shared.Next();",
            "var json = new System.Text.Json.Nodes.JsonObject { [\"a\"] = 1 }; var table = new System.Data.DataTable(); "
                + "table.Columns.Add(\"A\", typeof(int)); table.Rows.Add(1); var element = new System.Xml.Linq.XElement(\"a\"); "
                + "var view = table.DefaultView; var holder = (object)(new System.IO.MemoryStream(), json, element);",
            "json[\"b\"] = Next(); table.Rows.Add(Next()); element.SetAttributeValue(\"b\", Next());");

        Assert.Empty(fresh.Set(old.Values()));

        Assert.Equal(["holder", "view"], old.Opaque.Order());
        Assert.Equal(old.Fingerprint(), fresh.Fingerprint());
        Assert.Equal("True True True 2",
            fresh.Run(
                Compile("var h = ((System.IO.MemoryStream, System.Text.Json.Nodes.JsonObject, System.Xml.Linq.XElement))holder; "
                    + "$\"{ReferenceEquals(h.Item2, json)} {ReferenceEquals(h.Item3, element)} {ReferenceEquals(view.Table, table)} "
                    + "{view.Count}\"", fresh.Last)));
    }

    [Fact]
    public void A_choice_between_shared_objects_is_carried_over()
    {
        for (var attempt = 0; attempt < 5; attempt++)
        {
            var (old, fresh) = TwoWorkers(
                "var a = new List<int> { 1 }; var b = new List<int> { 2 };",
                "var pick = System.Random.Shared.Next(2) == 0 ? a : b;");
            fresh.Set(old.Values());
            var show =
                Compile("a[0] + \" \" + b[0] + \" \" + pick[0] + object.ReferenceEquals(pick, a) + object.ReferenceEquals(pick, b)",
                    fresh.Last);
            Assert.Equal(old.Run(show), fresh.Run(show));
        }
    }

    [Fact]
    public void A_chain_of_any_length_is_carried_over()
    {
        var (old, fresh) = TwoWorkers(
            "class Link { public Link Next; public int Value; }",
            "Link first = null; for (var i = 0; i < 200_000; i++) first = new Link { Next = first, Value = System.Random.Shared.Next() };");

        Assert.Empty(fresh.Set(old.Values()));

        Assert.Equal(old.Fingerprint(), fresh.Fingerprint());
    }

    [Theory]
    [InlineData("var x = new System.Threading.Thread(() => { });")]
    [InlineData("var x = System.IO.TextReader.Null;")]
    [InlineData("var x = System.Threading.Tasks.Task.FromResult(1);")]
    [InlineData("var x = new List<object> { new System.Net.Http.HttpClient() };")]
    [InlineData("class Mine : System.IO.MemoryStream { } var x = new Mine();")]
    [InlineData("var x = Enumerable.Range(0, 3).Select(i => i);")]
    [InlineData("nint x = System.Runtime.InteropServices.Marshal.AllocHGlobal(8);")]
    [InlineData("var x = new nuint[] { 0, (nuint)System.Runtime.InteropServices.Marshal.AllocHGlobal(8) };")]
    [InlineData("var x = System.Runtime.InteropServices.GCHandle.Alloc(new int[1]);")]
    [InlineData("class Mine : System.Xml.Linq.XElement { public Mine() : base(\"a\") { } } var x = new Mine();")]
    [InlineData("var x = new System.Data.DataTable(); x.Columns.Add(\"a\"); x.Rows.Add(\"\\0\");")]
    public void Variables_that_are_not_plain_data_are_reported_and_left_alone(string cell)
    {
        var (old, fresh) = TwoWorkers(cell, "int plain = System.Random.Shared.Next();");

        Assert.Empty(fresh.Set(old.Values()));

        Assert.Equal(["x"], old.Opaque);
        Assert.Equal(old.Fingerprint(), fresh.Fingerprint());
    }

    [Fact]
    public void Values_cut_short_are_an_error()
    {
        var (old, fresh) = TwoWorkers("var x = new List<int> { 1, 2, 3 };");
        var values = old.Values();

        Assert.ThrowsAny<Exception>(() => fresh.Set(values[..^4]));
    }

    [Fact]
    public void The_largest_variables_are_found_with_all_that_they_hold()
    {
        var (old, _) = TwoWorkers(
            "class Link { public Link Next; public byte[] Data = new byte[1000]; } Link chain = null; for (var i = 0; i < 1000; "
                + "i++) chain = new Link { Next = chain };",
            "var big = new byte[5_000_000]; var small = 1; var again = big;");

        var largest = old.Largest(2);

        Assert.Equal(["big", "chain"], largest.Select(size => size.Name));
        Assert.InRange(largest[0].Bytes, 5_000_000, 5_001_000);
        Assert.InRange(largest[1].Bytes, 1_000_000, 1_200_000);
    }

    private static CompiledCell Compile(string code, CompiledCell? previous)
    {
        var outcome = Compiler.Compile(code, "Cell", previous?.Link ?? Compiler.Root, Cancellation);
        Assert.True(outcome.Cell is not null, string.Join('\n', outcome.Errors));
        return outcome.Cell;
    }

    private static (Worker Old, Worker Fresh) TwoWorkers(params string[] cells)
    {
        CompiledCell? previous = null;
        var (old, fresh) = (new Worker(), new Worker());
        foreach (var code in cells)
        {
            previous = Compile(code, previous);
            old.Run(previous);
            fresh.Run(previous);
        }

        return (old, fresh);
    }

    private sealed class Worker : AssemblyLoadContext
    {
        private readonly Dictionary<string, Assembly> cells = [];
        private readonly object?[] submissions = new object?[16];

        public CompiledCell? Last { get; private set; }

        public IReadOnlyList<string> Opaque { get; private set; } = [];

        private IEnumerable<object> Submissions => submissions.OfType<object>();

        public object? Run(CompiledCell cell)
        {
            Last = cell;
            var assembly = LoadFromStream(new MemoryStream(cell.Emitted.Assembly));
            cells[assembly.GetName().Name!] = assembly;
            var entry =
                assembly.GetType(cell.EntryType)!.GetMethod(cell.EntryMethod,
                    BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!;
            return ((Task<object>)entry.Invoke(null, [submissions])!).GetAwaiter().GetResult();
        }

        public byte[] Values()
        {
            using var values = new MemoryStream();
            using var writer = new ValueWriter(values, new KnownObjects(Submissions), () => false);
            Opaque = [.. writer.Write(Variable.Of(Submissions, [])).Select(left => left.Variable.Name)];
            return values.ToArray();
        }

        public string Fingerprint() => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(Values()));

        public List<(string Variable, string Reason)> Set(byte[] values)
        {
            var known = new KnownObjects(Submissions);
            using var reader =
                new ValueReader(new MemoryStream(values), known,
                    name => Type.GetType(name, LoadFromAssemblyName, null, throwOnError: true)!);
            return reader.SetAll((assembly, type, name) =>
            {
                var field =
                    cells[assembly].GetType(type)!.GetField(name,
                        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static)!;
                return new Variable(field, field.IsStatic ? null : known.Find(type));
            });
        }

        public List<(string Name, long Bytes)> Largest(int count) =>
            new VariableSizes(() => false).Largest(Variable.Of(Submissions, []), count);

        protected override Assembly? Load(AssemblyName assemblyName) => cells.GetValueOrDefault(assemblyName.Name!);
    }
}
