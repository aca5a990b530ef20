using System.Reflection;
using System.Runtime.Loader;
using JupyterKernel.Compilation;
using JupyterKernel.Values;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>What variables hold, read in one process and set in another; here the two are load contexts that ran the same images.</summary>
public sealed class ValuesTests
{
    private static readonly CellCompiler Compiler = new(Environment.CurrentDirectory);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A cell that makes a value which differs each time, and an expression that shows it.</summary>
    public static TheoryData<string, string> Differing { get; } = new()
    {
        { "int x = Next();", "x" },
        { "var x = (long)Next(); double y = Next() / 7.0; decimal z = Next() * 1.1m; char c = (char)(65 + Next() % 26); bool b = Next() % 2 == 0;", "(x, y, z, c, b)" },
        { "string x = \"né\\ud800\" + Next();", "x" },
        { "var x = Guid.NewGuid(); var y = new DateTime(Next()); var z = new DateTimeOffset(2024, 1, 1, 0, 0, Next() % 60, TimeSpan.FromHours(2)); var d = DateOnly.FromDayNumber(Next() % 1000);", "(x, y, z, d)" },
        { "int? x = Next(); int? none = null; (int A, string B)? pair = (Next(), \"b\");", "(x, none, pair)" },
        { "var x = new[] { Next(), Next() }; var y = new int[2, 3]; y[1, 2] = Next(); var z = new int[][] { [Next()], null };", "string.Join(\",\", x) + y[1, 2] + y[0, 0] + z[0][0] + (z[1] is null)" },
        { "var x = new List<string> { \"a\" + Next(), null }; var y = new LinkedList<int>(new[] { Next() }); var q = new Queue<int>(new[] { 1, Next() }); var s = new Stack<int>(new[] { 1, Next() });", "string.Join(\",\", x) + y.First.Value + string.Join(\",\", q) + string.Join(\",\", s)" },
        { "var x = new Dictionary<string, List<int>> { [\"a\"] = [Next()], [\"b\"] = [Next()] }; var y = new HashSet<(int, string)> { (Next(), \"x\") }; var z = new SortedDictionary<int, int> { [Next()] = 1 };", "string.Join(\",\", x.Select(p => p.Key + p.Value[0])) + string.Join(\",\", y) + string.Join(\",\", z) + y.Contains(y.First()) + x[\"b\"][0]" },
        { "var x = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase) { [\"Key\"] = Next() };", "x[\"kEY\"]" },
        { "record Point(int X, int Y); enum Colour { Red, Green } record struct Size(int W) { public string Name = \"n\"; } var x = new Point(Next(), 2); var y = new Size(Next()); var c = (Colour)(Next() % 2); var set = new HashSet<Point> { new(Next(), 1) };", "$\"{x} {y} {c} {set.Contains(set.First())}\"" },
        { "class Node { public Node Next; public int Value; public readonly List<Node> All = new(); private int hidden = 1; public int Hidden { get => hidden; init => hidden = value; } } var x = new Node { Value = Next(), Hidden = Next() }; x.Next = x; x.All.Add(x);", "x.Next.All[0].Value + \" \" + x.Hidden" },
        { "var x = new { A = Next(), B = new[] { new { C = Next() } } };", "x.A + \" \" + x.B[0].C" },
        { "object x = Next(); object y = new object[] { Next(), \"s\", 2.5, null, new List<int> { Next() } };", "x + \" \" + ((object[])y)[0] + ((List<int>)((object[])y)[4])[0]" },
        { "var x = new System.Text.StringBuilder().Append(Next()); var y = System.Numerics.BigInteger.Pow(Next() + 2, 30); var u = new Uri(\"http://a/\" + Next()); var t = Tuple.Create(Next(), 1); var v = new Version(1, Next());", "$\"{x} {y} {u} {t} {v}\"" },
        { "var x = new Random(Next()); x.Next();", "x.Next()" },
        { "static class Held { public static int Value = Next2(); static int Next2() => Environment.TickCount + System.Random.Shared.Next(); public static List<int> List { get; } = new() { Next2() }; }", "Held.Value + \" \" + Held.List[0]" },
        { "Func<int> Counter(int start) { var n = start; return () => n++; } var x = Counter(Next()); x();", "x()" },
        { "int x = Next(); Func<int> f = () => x; Action<int> set = v => x = v; f += () => 1;", "f.GetInvocationList().Length + \" \" + ((Func<int>)f.GetInvocationList()[0])()" },
        { "IEnumerable<int> Gen(int from) { while (true) yield return from++; } var x = Gen(Next()).GetEnumerator(); x.MoveNext();", "x.Current + (x.MoveNext() ? 0 : 1) + \" \" + x.Current" },
        { "var x = Type.GetType(\"System.Int32\"); var y = new string('a', 100000) + Next(); var z = new[] { y, y };", "x + y + object.ReferenceEquals(z[0], z[1])" },
    };

    [Theory]
    [MemberData(nameof(Differing))]
    public void What_differs_is_carried_over(string cell, string expression)
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
    public void What_is_the_same_has_the_same_fingerprint(string cell, string expression)
    {
        var repeatable = cell.Replace("Guid.NewGuid()", "new Guid(Next(), 0, 0, new byte[8])", StringComparison.Ordinal)
            .Replace("Environment.TickCount + System.Random.Shared.Next()", "5", StringComparison.Ordinal);
        var (old, fresh) = TwoWorkers("int seed = 1; int Next() => seed = seed * 31 % 65_521;", repeatable);

        Assert.Equal(old.Fingerprint(), fresh.Fingerprint());
        var show = Compile(expression, fresh.Last);
        Assert.Equal(old.Run(show), fresh.Run(show));
    }

    [Fact]
    public void What_several_variables_share_they_share_afterwards()
    {
        var (old, fresh) = TwoWorkers(
            "int Next() => System.Random.Shared.Next();",
            "var list = new List<int> { Next() }; var holder = (list, 1); Func<int> count = () => list.Count; var stream = (object)new System.IO.MemoryStream(); var pair = new object[] { list, stream };",
            "list.Add(Next());");

        Assert.Empty(fresh.Set(old.Values()));

        Assert.Equal(["pair", "stream"], old.Opaque.Order());
        Assert.Equal(true, fresh.Run(Compile("object.ReferenceEquals(list, holder.list) && object.ReferenceEquals(list, pair[0])", fresh.Last)));
        Assert.Equal(3, fresh.Run(Compile("list.Add(1); return count();", fresh.Last)));
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
            var show = Compile("a[0] + \" \" + b[0] + \" \" + pick[0] + object.ReferenceEquals(pick, a) + object.ReferenceEquals(pick, b)", fresh.Last);
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
    [InlineData("nint x = 5;")]
    public void What_is_not_plain_data_is_named_and_left(string cell)
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
            "class Link { public Link Next; public byte[] Data = new byte[1000]; } Link chain = null; for (var i = 0; i < 1000; i++) chain = new Link { Next = chain };",
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
            var assembly = LoadFromStream(new MemoryStream(cell.Image.Assembly));
            cells[assembly.GetName().Name!] = assembly;
            var entry = assembly.GetType(cell.EntryType)!.GetMethod(cell.EntryMethod, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!;
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
            using var reader = new ValueReader(new MemoryStream(values), known, name => Type.GetType(name, LoadFromAssemblyName, null, throwOnError: true)!);
            return reader.SetAll((assembly, type, name) =>
            {
                var field = cells[assembly].GetType(type)!.GetField(name, BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static)!;
                return new Variable(field, field.IsStatic ? null : known.Find(type));
            });
        }

        public List<(string Name, long Bytes)> Largest(int count) => new VariableSizes(() => false).Largest(Variable.Of(Submissions, []), count);

        protected override Assembly? Load(AssemblyName assemblyName) => cells.GetValueOrDefault(assemblyName.Name!);
    }
}
