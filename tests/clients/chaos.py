"""Generates random sessions and random disturbances from a seed: the same seed gives the same steps everywhere.

A session is a list of steps. In the code of a cell, § precedes every name that the session declares, so that the same cells
can run several times in one kernel, each time under separate names. No step knows the value of a cell: cells are C# without
time, randomness or I/O, and an undisturbed kernel determines the expected values.
"""
import dataclasses
import itertools
import os
import random
import re

# The outcomes of a cell.
RETURNED = "returned"
THREW = "threw"
COMPILE_ERROR = "CompileError"
WORKER_LOST = "WorkerLost"
INTERRUPTED = "Interrupted"
RETURNED_OR_LOST = "returned, or its worker was lost"
RETURNED_OR_INTERRUPTED = "returned, or was interrupted"

PROBE_CLASS = """
static class §Probe
{
    public static string Show(object value) => value switch
    {
        null => "null",
        string text => "\\"" + text + "\\"",
        char character => "'" + character + "'",
        DateTime time => time.ToString("O"),
        Enum constant => constant.GetType().Name + "." + constant,
        IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        System.Runtime.CompilerServices.ITuple tuple =>
            "(" + string.Join(", ", Enumerable.Range(0, tuple.Length).Select(index => Show(tuple[index]))) + ")",
        Array { Rank: > 1 } array =>
            "[" + string.Join("x", Enumerable.Range(0, array.Rank).Select(array.GetLength)) + ": " + Items(array) + "]",
        System.Collections.IDictionary map =>
            "{" + string.Join(", ", map.Keys.Cast<object>().Select(key => Show(key) + ": " + Show(map[key]))) + "}",
        System.Collections.IEnumerable items => "[" + Items(items) + "]",
        _ => value.ToString(),
    };

    static string Items(System.Collections.IEnumerable items) => string.Join(", ", items.Cast<object>().Select(Show));
}
"""


@dataclasses.dataclass
class Step:
    """A step of a session.

    `kind` is cell, probe, undo, recycle or kill. `shows` gives for each name that the cell declares the expression that
    shows its value, or None if it is not to be shown. `disturbance` is the step's kind in the summary. `kills` are pairs of
    a moment, as a number of seconds to wait for or as "start" for that in which the next worker starts, and of the process
    to kill then. `interrupt_after` is the number of seconds after which the cell is interrupted; without it, as soon as it
    is known to run. `freeze` stops the worker before.
    """
    kind: str
    code: str = ""
    ends: str = RETURNED
    shows: dict = dataclasses.field(default_factory=dict)
    disturbance: str = ""
    kills: tuple = ()
    interrupt_after: float = None
    freeze: bool = False

    def __str__(self):
        lines = [f"-- {self.kind}" + (f", {self.disturbance}" if self.disturbance else "") +
                 (f", ends as: {self.ends}" if self.kind == "cell" else "") + (f" {self.kills}" if self.kills else "")]
        return "\n".join(lines + ([self.code.strip().replace("§", "")] if self.code else []))


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of variable. <v> is the variable's name, also as a part of other names; <i>, <s> … are random literals.

    `shows` are pairs of a suffix of <v> in a declared name and the expression that shows its value, if any.
    """
    declarations: tuple
    mutations: tuple
    shows: tuple


def kind(declarations, mutations, **shows):
    return Kind(tuple(declarations), tuple(mutations),
                tuple((name.replace("_", ""), expression) for name, expression in shows.items()) or (("", "<v>"),))


# In `shows`, the argument _ is the variable itself, and any other is the suffix of its name.
KINDS = {
    "int": kind(
        ["int <v> = <i>;", "var <v> = <i> * <i>;", "int <v> = 0x7fffffff; unchecked { <v> += <i>; }"],
        ["<v> += <i>;", "<v>++;", "<v> = <v> * 31 % 1009;", "(<v>, _) = (<v> - <i>, 0);", "<v> ^= <i>;"]),
    "long": kind(["long <v> = <i>L << 33;", "var <v> = (long)int.MaxValue * <i>;"], ["<v> -= <i>;", "<v> = ~<v>;"]),
    "decimal": kind(
        ["decimal <v> = <i>.<i>0m;", "var <v> = 1m / 3m;"],
        ["<v> += 0.10m;", "<v> = decimal.Round(<v> * 1.5m, 4);"]),
    "double": kind(
        ["double <v> = <i> / 7.0;", "var <v> = double.NaN;", "var <v> = -0.0;"],
        ["<v> = <v> / 3 + <i>;", "<v> = double.PositiveInfinity;"]),
    "bigint": kind(["var <v> = System.Numerics.BigInteger.Pow(<i>, 40);"], ["<v> *= <i>;", "<v> = -<v> / 7;"]),
    "bool": kind(["bool <v> = <i> % 2 == 0;"], ["<v> = !<v>;"]),
    "char": kind(["char <v> = 'ж';", "var <v> = (char)(0x100 + <i>);"], ["<v>++;"]),
    "string": kind(
        ["string <v> = <s>;", "var <v> = <s> + <i>;", 'var <v> = $"{<i>:D5}|{<s>}";',
         'string <v> = """\n  raw "text"\n  """;'],
        ["<v> += <s>;", '<v> = $"{<v>,20}·";', "<v> = new string((<v> ?? <s>).Reverse().ToArray());", "<v> = null;"]),
    "builder": kind(
        ["var <v> = new StringBuilder(<s>);"],
        ["<v>.Append(<i>).Append(<s>);", "<v>.Insert(0, '<');"],
        _="<v>.ToString()"),
    "datetime": kind(
        ["var <v> = new DateTime(2024, 2, 29, 1, 2, 3, DateTimeKind.Utc);", "DateTime <v> = DateTime.UnixEpoch;"],
        ["<v> = <v>.AddDays(<i>);", "<v> += TimeSpan.FromTicks(<i>);"]),
    "dateonly": kind(["var <v> = new DateOnly(2024, 1, 31);"], ["<v> = <v>.AddMonths(<i>);"]),
    "timespan": kind(["var <v> = TimeSpan.FromMinutes(<i>);"], ["<v> = -<v> * 2;"]),
    "guid": kind(["var <v> = new Guid(<i>, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);"], ["<v> = Guid.Empty;"]),
    "enum": kind(
        ["enum <v>Colour { Red, Green = 5, Blue } var <v> = <v>Colour.Green;"],
        ["<v>++;", "<v> = (<v>Colour)<i>;"],
        _="<v>", Colour=None),
    "flags": kind(
        ["[Flags] enum <v>Access : byte { None, Read = 1, Write = 2 } <v>Access <v> = <v>Access.Read;"],
        ["<v> |= <v>Access.Write;", "<v> ^= <v>Access.Read;"],
        _="<v>", Access=None),
    "nullable": kind(["int? <v> = null;", "int? <v> = <i>;", "DateTime? <v> = null;"], ["<v> = null;"]),
    "array": kind(
        ["int[] <v> = [<i>, <i>, <i>];", "var <v> = Enumerable.Range(<i>, 5).ToArray();"],
        ["<v>[<i> % <v>.Length] += <i>;", "Array.Resize(ref <v>, <v>.Length + 1);", "Array.Reverse(<v>);",
         "<v> = [.. <v>, <i>];"]),
    "strings": kind(["string[] <v> = { <s>, null, <s> };"], ["<v>[1] = <s>;", "Array.Sort(<v>, StringComparer.Ordinal);"]),
    "grid": kind(
        ["var <v> = new int[2, 3] { { <i>, 2, 3 }, { 4, 5, <i> } };", "int[,] <v> = new int[3, 2];"],
        ["<v>[1, 1] = <i>;", "<v>[0, 0]--;"]),
    "jagged": kind(["int[][] <v> = [[<i>], [], [1, <i>]];"], ["<v>[1] = [<i>];", "<v>[2][0]++;"]),
    "tuple": kind(
        ["var <v> = (Number: <i>, Text: <s>);", "(int Number, string Text) <v> = (<i>, <s>);"],
        ["<v>.Number++;", "<v> = (<i>, <v>.Text + <s>);"]),
    "list": kind(
        ["var <v> = new List<int> { <i>, <i> };", "List<int> <v> = [.. Enumerable.Range(0, <i>)];"],
        ["<v>.Add(<i>);", "<v>.Insert(0, <i>);", "<v>.RemoveAll(n => n % 3 == 0);", "<v>.Sort();",
         "<v> = <v>.Select(n => n + 1).ToList();", "foreach (var n in <v>.ToArray()) if (n > <i>) <v>.Add(-n);"]),
    "map": kind(
        ["var <v> = new Dictionary<string, int> { [<s>] = <i> };"],
        ["<v>[<s>] = <i>;", "<v>.Remove(<v>.Keys.FirstOrDefault() ?? \"\");"]),
    "lists": kind(
        ["var <v> = new SortedDictionary<int, List<string>> { [<i>] = new() { <s> } };"],
        ["if (<v>.TryGetValue(<i>, out var found)) found.Add(<s>); else <v>[<i>] = [<s>];"],
        _="<v>", found="found"),
    "set": kind(
        ["var <v> = new HashSet<int> { <i>, <i> };"],
        ["<v>.Add(<i>);", "<v>.ExceptWith([<i>]);", "<v>.UnionWith(Enumerable.Range(<i>, 3));"]),
    "queue": kind(["var <v> = new Queue<string>([<s>]);"], ["<v>.Enqueue(<s>);", "<v>.TryDequeue(out _);"]),
    "stack": kind(
        ["var <v> = new Stack<(int, char)>(); <v>.Push((<i>, 'a'));"],
        ["<v>.Push((<i>, 'b'));", "<v>.TryPop(out _);"]),
    "linked": kind(["var <v> = new LinkedList<int>([<i>]);"], ["<v>.AddFirst(<i>);", "<v>.AddLast(<i>);"]),
    "immutable": kind(
        ["var <v> = System.Collections.Immutable.ImmutableList.Create(<i>, <i>);"],
        ["<v> = <v>.Add(<i>).Reverse();"]),
    "object": kind(
        ["object <v> = <i>;", "object <v> = <s>;", "object <v> = new object[] { <i>, <s>, null };"],
        ["<v> = (<v>, <i>);", "<v> = 5.5m;"]),
    "dynamic": kind(["dynamic <v> = <i>;"], ["<v> = <v> + <i>;"]),
    "record": kind(
        ["record <v>Point(int X, string Y); var <v> = new <v>Point(<i>, <s>);",
         "record <v>Base(int X); record <v>Point(int X, List<int> Z) : <v>Base(X); var <v> = new <v>Point(<i>, [<i>]);"],
        ["<v> = <v> with { X = <i> };", "{ var old = <v>; <v> = old with { X = old.X + <i> }; }"],
        _="<v>", Point=None),
    "struct": kind(
        ["record struct <v>Cell(int X, decimal Price); var <v> = new <v>Cell(<i>, <i>m);",
         "struct <v>Cell { public int X; public string Y; public override string ToString() => $\"{X}/{Y}\"; } <v>Cell <v> = new() { X = <i> };"],
        ["<v>.X += <i>;", "<v> = <v> with { X = <i> };"],
        _="<v>", Cell=None),
    "class": kind(
        ["""class <v>Node
                   {
                       public int Value { get; set; } = <i>;
                       public <v>Node Next { get; set; }
                       public <v>Node Push(int value) => new() { Value = value, Next = this };
                       public override string ToString() => Value + (Next is null ? "" : ">" + Next);
                   }
                   var <v> = new <v>Node();"""],
        ["<v>.Value += <i>;", "<v> = <v>.Push(<i>);", "if (<v>.Next is { } next) next.Value = <i>;"],
        _="<v>", Node=None, next=None),
    "generic": kind(
        ["""class <v>Box<T>(T first) where T : notnull
                    {
                        readonly List<T> items = [first];
                        public <v>Box<T> Put(T item) { items.Add(item); return this; }
                        public <v>Box<U> Map<U>(Func<T, U> map) where U : notnull 
                        {
                            var box = new <v>Box<U>(map(items[0]));
                            foreach (var item in items.Skip(1)) box.Put(map(item));
                            return box;
                        }
                        public override string ToString() => typeof(T).Name + ": " + string.Join(" ", items);
                    }
                    var <v> = new <v>Box<int>(<i>).Map(n => n * 2);""",
         "class <v>Box<T> { public T Item; public void Put(T item) => Item = item;"
         " public override string ToString() => $\"<{Item}>\"; } <v>Box<int> <v> = new();"],
        ["<v>.Put(<i>);"],
        _="<v>", Box=None),
    "interface": kind(
        ["""interface <v>IShape { double Area { get; } string Name => "shape " + Area.ToString("F2"); }
                      class <v>Square(double side) : <v>IShape { public double Side = side; public double Area => Side * Side; }
                      <v>IShape <v> = new <v>Square(<i>);"""],
        ["((<v>Square)<v>).Side += <i>;", "<v> = new <v>Square(<i>);"],
        _="(<v>.Area, <v>.Name)", Square=None, IShape=None),
    "static": kind(
        ["static class <v> { public static int Value = <i>; public static readonly List<int> Log = [Value]; public const string Word = <s>; }"],
        ["<v>.Value += <i>; <v>.Log.Add(<v>.Value);", "<v>.Log.Clear();"],
        _="(<v>.Value, <v>.Log, <v>.Word)"),
    "generic static": kind(
        ["static class <v><T> { public static int Count = <i>; public static int Next() => ++Count; }"],
        ["<v><int>.Next();", "<v><string>.Count = <i>;"],
        _="(<v><int>.Count, <v><string>.Count)"),
    "static constructor": kind(
        ["class <v> { public static int Made; public int Number; static <v>() { Made = <i>; } public <v>() { Number = ++Made; } }"],
        ["new <v>();", "{ var two = new[] { new <v>(), new <v>() }; <v>.Made += two[1].Number; }"],
        _="<v>.Made"),
    "method": kind(
        ["int <v>(int n) => n * <i>;", "int <v>(int n) => n <= 1 ? 1 : n * <v>(n - 1) % 1009 + <i>;",
         "int <v>(int n) { int Inner() => n + <i>; return Inner() * Inner(); }"],
        ["int <v>(int n) => n + <i>;"],
        _="<v>(7)"),
    "generic method": kind(
        ["List<T> <v><T>(T item, int count = 3) => Enumerable.Repeat(item, count).ToList();"],
        ["List<T> <v><T>(T item, int count = 2) => [.. Enumerable.Repeat(item, count), item];"],
        _="(<v>(1), <v>(\"a\", 1))"),
    "async method": kind(
        ["async Task<int> <v>(int n) { await Task.Yield(); await Task.Delay(1); return n * <i>; }"],
        ["async Task<int> <v>(int n) { var half = await Task.Run(() => n / 2); return half + <i>; }"],
        _="await <v>(9)"),
    "iterator": kind(
        ["IEnumerable<int> <v>(int n) { for (var i = 0; i < n; i++) yield return i * <i>; }"],
        ["IEnumerable<int> <v>(int n) { yield return n; foreach (var i in Enumerable.Range(0, n)) yield return i - <i>; }"],
        _="<v>(4)"),
    "async iterator": kind(
        ["async IAsyncEnumerable<int> <v>(int n) { for (var i = 0; i < n; i++) { await Task.Yield();"
         " yield return i + <i>; } } var <v>Seen = new List<int>();"],
        ["await foreach (var n in <v>(3)) <v>Seen.Add(n);"],
        Seen="<v>Seen", _=None),
    "enumerator": kind(
        ["var <v> = Enumerable.Range(1, 1000).Select(n => n * <i>).GetEnumerator(); <v>.MoveNext();"],
        ["<v>.MoveNext();"],
        _="<v>.Current"),
    "lazy": kind(
        ["int <v>Made = 0; var <v> = new Lazy<int>(() => <i> + ++<v>Made);"],
        ["_ = <v>.Value;"],
        Made="<v>Made", _="(<v>.IsValueCreated, <v>Made)"),
    "task": kind(
        ["var <v> = Task.FromResult(<i>);", "Task<int> <v> = Task.Run(async () => { await Task.Yield(); return <i>; });"],
        ["<v> = Task.FromResult(await <v> + <i>);"],
        _="await <v>"),
    "awaited": kind(
        ["int <v> = await Task.FromResult(<i>);",
         "await Task.Delay(1); int <v> = (await Task.WhenAll(Task.Run(() => <i>), Task.FromResult(<i>))).Sum();"],
        ["await Task.Yield(); <v> += await Task.Run(() => <i>);",
         "<v> += Task.Run(async () => { await Task.Delay(1); return <i>; }).Result;",
         "foreach (var task in new[] { 1, 2, 3 }.Select(async n => { await Task.Yield(); return n; })) <v> += await task;",
         "Parallel.For(0, 20, n => Interlocked.Add(ref <v>, n));"]),
    "reader": kind(
        ["int <v>Held = <i>; Func<int> <v> = () => <v>Held * 2;"],
        ["<v>Held += <i>;", "<v> = () => <v>Held - <i>;", "int <v>Held = -<i>;"],
        Held="<v>Held", _="<v>()"),
    "counter": kind(
        ["Func<int> <v>Bump, <v>; { int hidden = <i>; <v>Bump = () => hidden += <i>; <v> = () => hidden; }"],
        ["<v>Bump();", "for (var n = 0; n < 3; n++) <v>Bump();"],
        _="<v>()", Bump=None),
    "lambdas": kind(
        ["var <v> = new List<Func<int>>(); for (var n = 0; n < 3; n++) { var own = n * <i>; <v>.Add(() => own++ - n); }"],
        ["<v>[1]();", "<v>.Reverse();"],
        _="<v>.Count"),
    "lambda": kind(
        ["Func<int, int> <v> = n => n * <i>;", "var <v> = (int n) => n + <i>;"],
        ["<v> = n => n - <i>;", "{ var inner = <v>; <v> = n => inner(n) * 2 + 1; }"],
        _="<v>(5)"),
    "event": kind(
        ["""class <v>Bell { public event Action<int> Rang; public void Ring(int n) => Rang?.Invoke(n); }
                  var <v>Log = new List<int>(); var <v> = new <v>Bell(); <v>.Rang += n => <v>Log.Add(n);"""],
        ["<v>.Ring(<i>);", "<v>.Rang += n => <v>Log.Add(-n); <v>.Ring(<i>);"],
        Log="<v>Log", _=None, Bell=None),
    "anonymous": kind(
        ["var <v> = Enumerable.Range(1, 3).Select(n => new { n, Square = n * n + <i>, Text = $\"#{n}\" }).ToList();",
         "var <v> = new[] { new { n = <i>, Square = 1, Text = <s> } }.ToList();"],
        ["<v>.Add(new { n = <i>, Square = 0, Text = <s> });",
         "<v> = <v>.Where(row => row.n % 2 == 1).OrderByDescending(row => row.Square).ToList();"]),
    "query": kind(
        ["var <v>Source = new List<int> { <i>, <i>, <i> }; var <v> = from n in <v>Source"
         " where n % 2 == 0 group n by n / 10 into g orderby g.Key select new { g.Key, Sum = g.Sum() };"],
        ["<v>Source.Add(<i>);"],
        Source="<v>Source", _="<v>"),
    "exception": kind(
        ["Exception <v> = null; try { throw new InvalidOperationException(<s>); } catch (Exception caught) { <v> = caught; }"],
        ["try { _ = new int[1].ElementAt(<i>); } catch (Exception caught) { <v> = caught; }"],
        _="<v>.Message"),
    "environment": kind(
        ['string <v> = "CHAOS_<v>"; Environment.SetEnvironmentVariable(<v>, <s>);'],
        ["Environment.SetEnvironmentVariable(<v>, <s>);"],
        _="Environment.GetEnvironmentVariable(<v>)"),
    "handle": kind(["var <v> = <s>.Display();"], ["<v>.Update(<s>);"], _=None),
    "operator": kind(
        ["readonly struct <v>Money(decimal amount) { public decimal Amount => amount;"
         " public static <v>Money operator +(<v>Money a, int b) => new(a.Amount + b);"
         " public override string ToString() => $\"{amount:F2}\"; } var <v> = new <v>Money(<i>);"],
        ["<v> += <i>;"],
        _="<v>", Money=None),
    "extension": kind(
        ["static int <v>(this string text, int n) => text.Length * n + <i>;"],
        ["static int <v>(this string text, int n) => text.Length - <i>;"],
        _='"four".<v>(3)'),
    "pattern": kind(
        ["object[] <v>Shapes = [<i>, <s>, (1, <i>), null]; var <v> = <v>Shapes.Select(s => s switch { int and > 5 => \"big\","
         " int => \"small\", string { Length: > 3 } t => t, (int a, int b) => $\"{a + b}\", _ => \"none\" }).ToArray();"],
        ["<v>[0] += <s>;"],
        Shapes="<v>Shapes", _="<v>"),
    "bits": kind(
        ["var <v> = new System.Collections.BitArray(10); <v>[<i> % 10] = true;"],
        ["<v>.Not();", "<v>[<i> % 10] ^= true;"]),
    "memory": kind(
        ["Memory<int> <v> = new int[] { <i>, <i>, <i> }.AsMemory(1);"],
        ["<v>.Span[0] += <i>;"],
        _="<v>.ToArray()"),
}

STRINGS = ['"plain"', '"ünïcödé ✓"', '"日本語"', '"🦀🎲"', '"tab\\tand\\nline"', '"quote \\" and \\\\"', '"\\u0000nul"', '""', '"مرحبا"', '"e\\u0301"']

# Cells that end with an exception. {before} and {after} are additional code; code after the throw does not run.
THROWS = [
    '{before} throw new InvalidOperationException("half way"); {after}',
    '{before} int Fail§(int n) => n == 0 ? throw new TimeoutException("deep") : Fail§(n - 1); Fail§(5); {after}',
    '{before} _ = new int[1].ElementAt(<i>); {after}',
    '{before} await Task.Yield(); throw new NotSupportedException("behind an await"); {after}',
    '{before} await Task.Run(() => throw new FormatException("on the pool")); {after}',
    '{before} Task.Run(() => throw new FormatException("waited for")).Wait(); {after}',
    '{before} ((string)null).ToString(); {after}',
    '{before} new Dictionary<string, int>()["missing"].ToString(); {after}',
    '{before} var zero§ = 0; _ = 1 / zero§; {after}',
    '{before} class <t>Mine(string text) : Exception(text); throw new <t>Mine("my own"); {after}',
    '{before} static class <t>Broken { public static int Value = int.Parse("no number"); } _ = <t>Broken.Value; {after}',
    '{before} throw new OperationCanceledException("by itself"); {after}',
    '{before} try { throw new Exception("first"); } finally { Console.WriteLine("finally"); } {after}',
    '{before} foreach (var n in Enumerable.Range(0, 3).Select(n => 10 / (n - 2))) Console.WriteLine(n); {after}',
    '{before} throw null; {after}',
    '{before} class <t>Rude : Exception { public override string Message => throw new Exception("no message"); } throw new <t>Rude(); {after}',
    '{before} _ = new byte[<i>L * 1_000_000_000]; {after}',
    '{before} [System.Runtime.InteropServices.DllImport("no such library")] static extern int Nowhere<t>(); Nowhere<t>(); {after}',
]

COMPILE_ERRORS = [
    "{before} doesNotExist.Call();",
    '{before} int <t>Wrong = "text";',
    "{before} int <t>Open = (1;",
    "{before} class <t>Half {{",
    "{before} int <t>NoReturn() {{ }}",
    "{before} using System.DoesNot.Exist;",
    "{before} record <t>Twice(int X, int X);",
    "{before} var <t>Self = <t>Self + 1;",
    '#r "does-not-exist.dll"\n{before}',
    "{before} class <t>Space : <t>Missing {{ }}",
]

USINGS = ["using System.Globalization;", "using System.Text.RegularExpressions;", "using System.Numerics;", "using static System.Math;",
          "using System.Collections.Concurrent;", "using Ints§<t> = System.Collections.Generic.List<int>;", "using System.Diagnostics;",
          "using System.Text.Json; using System.Xml.Linq;", "// nothing but a comment"]

# Cells without variables, and with rarely used variables of the framework.
OTHERS = [
    'Console.WriteLine("said <i>"); <i> * <i>', '"shown <i>".Display(); HTML("<b><i></b>")', "", "1 + 1", "Console.Error.WriteLine(\"warned\");",
    "new { A = <i>, B = <s> }", "Enumerable.Range(0, 50).Select(n => n * <i>)", "new[] { <s>, <s> }", "null",
    "default(int?)", "await Task.FromResult(<s>)",
    'System.Text.Json.JsonSerializer.Serialize(new { A = <i> })', 'System.Xml.Linq.XElement.Parse("<a><b/></a>").Name.LocalName',
    "Environment.ProcessId > 0", 'for (var i = 0; i < 200; i++) Console.WriteLine($"line {i}");', "GC.Collect();",
]

LIBC = ('static class Native§ {{ [System.Runtime.InteropServices.DllImport("libc")] public static extern void abort();'
        ' [System.Runtime.InteropServices.DllImport("libc")] public static extern int raise(int signal);'
        ' [System.Runtime.InteropServices.DllImport("libc")] public static extern nint strlen(nint text);'
        ' [System.Runtime.InteropServices.DllImport("libc")] public static extern void _exit(int code); }} ')

# Cells that end their worker.
DEATHS = {
    "FailFast": ['{before} Environment.FailFast("no way on");', '{before} await Task.Run(() => Environment.FailFast(null)); await Task.Delay(-1);'],
    "stack overflow": ["{before} int Down§(int n) => Down§(n + 1) + 1; Down§(0)",
                       "{before} class <t>Endless {{ public override string ToString() => \"\" + this; }} new <t>Endless()"],
    "Exit": ["{before} Environment.Exit(3);", "{before} Environment.Exit(0);",
             "{before} try {{ throw new Exception(); }} finally {{ Environment.Exit(9); }}",
             '{before} Task.Run(() => Environment.Exit(4)); Thread.Sleep(-1);'],
    "native crash": [LIBC + "{before} Native§.abort();", LIBC + "{before} Native§.strlen(1);",
                     LIBC + "{before} Native§.raise(9); Thread.Sleep(-1);", LIBC + "{before} Native§._exit(7);",
                     LIBC + "{before} Native§.raise(15); Thread.Sleep(-1);",
                     "{before} System.Runtime.InteropServices.Marshal.WriteByte((nint)0x7000_0000_0000, 1);"],
    "throw on another thread": ['{before} new Thread(() => throw new TimeoutException("elsewhere")).Start(); Thread.Sleep(-1);',
                                '{before} ThreadPool.QueueUserWorkItem(_ => throw new Exception("on the pool")); Thread.Sleep(-1);',
                                '{before} async void Adrift§() {{ await Task.Yield(); throw new Exception("adrift"); }}'
                                ' await Task.Run(() => Adrift§()); await Task.Delay(-1);'],
}

# Running out of memory is an exception, so these cells are accepted.
OUT_OF_MEMORY = [
    "{before} {{ var hoard = new List<byte[]>(); while (true) hoard.Add(new byte[20_000_000]); }}",
    "{before} string <t>Long = null; _ = new string('x', 400_000_000); {after}",
    "{before} void Hoard§() {{ var all = new List<long[]>(); for (;;) all.Add(new long[1_000_000]); }} Hoard§(); {after}",
]

# Reports that the cell runs, and in which process.
READY = 'Console.WriteLine("ready " + Environment.ProcessId);'
ENDLESS = {
    "a loop": "while (true) {{ }}", "a sleep": "Thread.Sleep(-1);",
    "an await": "await Task.Delay(-1);", "a loop of awaits": "while (true) await Task.Delay(1);",
    "a wait": "new TaskCompletionSource().Task.Wait();", "a stubborn loop": "while (true) {{ try {{ Thread.Sleep(10); }} catch {{ }} }}",
    "an endless sequence": "Enumerable.Repeat(0, int.MaxValue).SelectMany(n => Enumerable.Repeat(n, int.MaxValue)).Count(n => n > 0)",
}
ENDLESS_OUTPUT = ['for (var i = 0; ; i++) Console.WriteLine($"line {{i}}");',
                  'for (var i = 0; ; i++) {{ $"shown {{i}}".Display(); Console.Write("."); }}',
                  'for (var i = 0; ; i++) {{ Console.Error.Write("e"); Console.WriteLine(new string(\'x\', 5000)); await Task.Yield(); }}']
KILL_SCOPES = ("all", "one")

# The proportion of interrupted cells whose worker is stopped (SIGSTOP), so that only its end can interrupt them.
FROZEN_SHARE = float(os.environ.get("CHAOS_FROZEN", 0.1))


@dataclasses.dataclass
class Variable:
    name: str
    kind: str


class Generator:
    """Generates the steps of one session."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.variables = []  # of accepted cells
        self.serial = 0
        self.steps = []
        self.before_last = None  # the variables before the last accepted cell; None if it cannot be undone

    def session(self):
        length = self.random.randint(8, 18)
        self.add(Step("cell", PROBE_CLASS, shows={"Probe": None}))
        self.declare()
        self.declare()
        makers = {
            self.declare: 24, self.mutate: 20, self.repeat: 6, self.link: 6, self.throw: 7, self.compile_error: 4, self.usings: 2,
            self.other: 5, self.redeclare: 4, self.die: 7, self.out_of_memory: 1, self.interrupt: 5,
            self.interrupt_racing: 3, self.kill_running: 5, self.kill_racing: 4, self.kill_idle: 6, self.recycle: 3,
            self.undo: 5}
        while len(self.steps) < length:
            self.random.choices(list(makers), list(makers.values()))[0]()
        self.steps.append(Step("probe"))
        return self.steps

    def add(self, step):
        self.steps.append(step)

    def disturb(self, step):
        """Adds a disturbance and, in most cases, a probe of all variables after it; otherwise the next cell meets its effects."""
        self.steps.append(step)
        if self.random.random() < 0.75:
            self.steps.append(Step("probe"))

    def accept(self, step, variables):
        self.before_last = list(self.variables)
        self.variables = variables

        # The kernel does not count a cell without text, and #!undo does not take it back.
        self.steps.append(step if step.code.strip() else dataclasses.replace(step, code="// nothing"))

    # Pieces of code

    def fill(self, template, name=""):
        """Replaces the literals and the name of the variable in a template."""
        code = template.replace("<v>", "§" + name)
        while "<t>" in code:
            code = code.replace("<t>", self.fresh("t"))
        code = re.sub("<i>", lambda _: str(self.random.choice((self.random.randint(2, 9), self.random.randint(10, 99)))), code)
        return re.sub("<s>", lambda _: self.random.choice(STRINGS), code)

    def fresh(self, start):
        self.serial += 1
        return f"§{start}{self.serial}"

    def declaration(self, name=None):
        """The code of a new variable, the variable, and the expressions that show it."""
        chosen = self.random.choice(list(KINDS))
        variable = Variable(name or self.fresh("v")[1:], chosen)
        code = self.fill(self.random.choice(KINDS[chosen].declarations), variable.name)
        return code, variable, self.shown(variable, code)

    def shown(self, variable, code):
        return {variable.name + suffix: expression and expression.replace("<v>", "§" + variable.name)
                for suffix, expression in KINDS[variable.kind].shows if re.search(r"§" + variable.name + suffix + r"\b", code)}

    def mutations(self, most):
        """Code that changes some of the variables."""
        chosen = self.random.sample(self.variables, min(len(self.variables), self.random.randint(1, most)))
        lines = []
        by_the_way = set()
        for variable in chosen:
            template = self.random.choice(KINDS[variable.kind].mutations)
            spoken = set(re.findall(r"\b(?:out var|is \{ \}) (\w+)", template))
            if spoken & by_the_way:
                continue
            by_the_way |= spoken
            lines.append(self.fill(template, variable.name))
        return lines

    def deeds(self):
        """Additional declarations and mutations of a cell, with the expressions that show the declared variables."""
        lines = self.mutations(2) if self.random.random() < 0.7 else []
        variables, shows = [], {}
        for _ in range(self.random.randint(0, 2)):
            code, variable, shown = self.declaration()
            lines.append(code)
            variables.append(variable)
            shows.update(shown)
        return "\n".join(lines), variables, shows

    # Cells

    def declare(self):
        lines, variables, shows = [], [], {}
        for _ in range(self.random.randint(1, 4)):
            code, variable, shown = self.declaration()
            lines.append(code)
            variables.append(variable)
            shows.update(shown)
        self.accept(Step("cell", "\n".join(lines), shows=shows), self.variables + variables)

    def mutate(self):
        lines = self.mutations(5)
        if self.random.random() < 0.3:
            lines.append(f'Console.WriteLine("mutated {self.serial}");')
        self.accept(Step("cell", "\n".join(lines)), self.variables)
        for _ in range(self.random.choice((0, 0, 1, 2))):
            self.repeat()

    def repeat(self):
        """Repeats a cell that declares nothing: directly after itself, or after another one that declares nothing."""
        cells = list(itertools.takewhile(lambda step: step.kind == "cell" and step.ends == RETURNED and not step.shows, reversed(self.steps)))
        if cells:
            self.accept(dataclasses.replace(self.random.choice(cells)), self.variables)

    def redeclare(self):
        """A variable of another kind under an existing name; closures keep using the old one."""
        old = self.random.choice(self.variables)
        code, variable, shows = self.declaration(old.name)
        left = [other for other in self.variables if other.name != old.name]
        self.accept(Step("cell", code, shows=shows), left + [variable])

    def link(self):
        """A variable derived from another one, or referring to the same object."""
        sources = [variable for variable in self.variables if variable.kind in ("list", "array", "set", "int", "string", "builder", "anonymous")]
        if not sources:
            return
        source = self.random.choice(sources)
        new = Variable(self.fresh("v")[1:], source.kind)
        if source.kind in ("list", "array", "set") and self.random.random() < 0.5:
            new.kind = "anonymous"
            code = f'var §{new.name} = §{source.name}.Select(n => new {{ n, Square = n * 2, Text = "" + n }}).ToList();'
        elif source.kind == "anonymous":
            code = f"var §{new.name} = §{source.name}.Select(row => row with {{ n = row.n + 1 }}).ToList();"
        else:
            code = f"var §{new.name} = §{source.name};"
        self.accept(Step("cell", code, shows=self.shown(new, code)), self.variables + [new])

    def throw(self):
        before, variables, shows = self.deeds()
        name = self.fresh("v")[1:]
        after = f"int §{name} = 5;"
        template = self.random.choice(THROWS).replace("Fail§", self.fresh("Fail")).replace("zero§", self.fresh("zero"))
        code = self.fill(template.replace("{before}", before).replace("{after}", after))
        shows.update({name: "§" + name})
        self.accept(Step("cell", code, THREW, shows), self.variables + variables)

    def compile_error(self):
        before, _, shows = self.deeds()
        code = self.fill(self.random.choice(COMPILE_ERRORS).format(before="{before}")).replace("{before}", before)
        self.add(Step("cell", code, COMPILE_ERROR, shows))

    def usings(self):
        code = self.fill(self.random.choice(USINGS).replace("Ints§", ""))
        self.accept(Step("cell", code), self.variables)

    def other(self):
        self.accept(Step("cell", self.fill(self.random.choice(OTHERS))), self.variables)

    # Disturbances

    def doomed(self, template):
        """The code of a cell that will not be accepted, whatever it declares and changes, and its declarations."""
        before, _, shows = self.deeds()
        if self.variables and self.random.random() < 0.3:
            name = self.random.choice(self.variables).name
            code, _, shadowing = self.declaration(name)
            if not re.search(r"§" + name + r"\b", before):
                before, shows = before + "\n" + code, {**shows, **shadowing}
        if self.random.random() < 0.5:
            before += '\nConsole.Write("last words");'
        code = self.fill(template.format(before="{before}", after="")).replace("{before}", before)
        for word in ("Down", "Native", "Adrift", "Hoard"):
            code = code.replace(word + "§", "§" + word)
        return code, shows

    def die(self):
        disturbance = self.random.choice(list(DEATHS))
        code, shows = self.doomed(self.random.choice(DEATHS[disturbance]))
        self.disturb(Step("cell", code, WORKER_LOST, shows, disturbance))

    def out_of_memory(self):
        before, variables, shows = self.deeds()
        template = self.random.choice(OUT_OF_MEMORY).format(before="{before}", after="")
        code = self.fill(template).replace("{before}", before).replace("Hoard§", self.fresh("Hoard"))
        self.accept(Step("cell", code, THREW, shows, "out of memory"), self.variables + variables)
        self.disturb(Step("kill", kills=((0, "all"),), disturbance="kill -9 behind an end of the memory"))

    def interrupt(self):
        """An interrupted cell changes no existing variables, because such changes would last only as long as its worker."""
        lines, shows = [], {}
        for _ in range(self.random.randint(0, 2)):
            code, _, shown = self.declaration()
            lines.append(code)
            shows.update(shown)
        how = self.random.choice(list(ENDLESS))
        lines += [READY, ENDLESS[how].format()]
        freeze = self.random.random() < FROZEN_SHARE
        self.disturb(Step("cell", "\n".join(lines), INTERRUPTED, shows, "interrupt of a frozen worker" if freeze else "interrupt", freeze=freeze))

    def interrupt_racing(self):
        """A cell interrupted at about the time at which it ends is accepted as a whole or not at all."""
        if self.steps[-1].kind != "probe":
            self.steps.append(Step("probe"))  # an interrupt during a replay abandons the rest of it
        lines, shows = [], {}
        for _ in range(self.random.randint(1, 2)):
            code, _, shown = self.declaration()
            lines.append(code)
            shows.update(shown)
        lines.append(self.random.choice(("Thread.Sleep(10);", "await Task.Delay(10);", "for (var i = 0; i < 3_000_000; i++) Math.Sqrt(i);")))
        self.steps.append(Step("cell", "\n".join(lines), RETURNED_OR_INTERRUPTED, shows, "interrupt around a cell's end",
                               interrupt_after=self.random.uniform(0, 0.06)))
        self.before_last = None

    def kill_running(self):
        if self.random.random() < 0.5:
            code, shows = self.doomed("{before} " + READY + " " + self.random.choice(list(ENDLESS.values())))
            disturbance = "kill -9 in a running cell"
        else:
            code, shows = self.doomed("{before} " + READY + " " + self.random.choice(ENDLESS_OUTPUT))
            disturbance = "kill -9 in the middle of output"
        self.disturb(Step("cell", code, WORKER_LOST, shows, disturbance, ((self.random.choice((0, 0.01)), self.random.choice(KILL_SCOPES)),)))

    def kill_racing(self):
        """A cell whose worker is killed at about the time at which it ends is accepted as a whole or not at all."""
        code, _, shows = self.declaration()
        changes = self.mutations(4)
        middle = len(changes) // 2
        code = "\n".join([*changes[:middle], "Thread.Sleep(10);", code, *changes[middle:]])
        self.disturb(Step("cell", code, RETURNED_OR_LOST, shows, "kill -9 around a cell's end", ((self.random.uniform(0, 0.05), "all"),)))
        self.before_last = None

    def kill_idle(self):
        """Kills between two cells; in some cases again while the fresh worker starts or replays."""
        kills = [(0, self.random.choice(KILL_SCOPES))]
        disturbance = "kill -9 between cells"
        if self.random.random() < 0.5:
            kills = [(0, "all")]
            for _ in range(self.random.randint(1, 2)):
                kills.append((self.random.choice(("start", self.random.uniform(0, 0.4))), "all"))
            disturbance = "kill -9 in a replay or a start"
        self.steps.append(Step("kill", kills=tuple(kills), disturbance=disturbance))
        if len(kills) > 1:
            self.steps.append(Step("probe"))

    def recycle(self):
        self.directive("recycle", "#!recycle")

    def undo(self):
        if self.before_last is None or len(self.before_last) < 2:
            return
        self.variables, self.before_last = self.before_last, None
        self.directive("undo", "#!undo")

    def directive(self, kind, code):
        kills, disturbance = (), code
        if self.random.random() < 0.3:
            kills, disturbance = ((self.random.uniform(0, 0.3), "all"),), f"kill -9 in {code}"
        self.disturb(Step(kind, disturbance=disturbance, kills=kills))


def session(seed):
    """The steps of the session with this seed."""
    return Generator(seed).session()
