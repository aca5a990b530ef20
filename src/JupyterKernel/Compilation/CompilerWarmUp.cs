using System.Diagnostics;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Compilation;

/// <summary>
/// Compiles sample cells while the kernel is idle, so that the runtime tiers up the compiler's hot code. Without this, the first class of a
/// session takes half a second. Compilation thread, except for the count of the user's cells.
/// </summary>
/// <param name="compiler">The compiler to warm up.</param>
internal sealed class CompilerWarmUp(CellCompiler compiler)
{
    /// <summary>
    /// The time budget before the first cell, where the warm-up gains most. The budget grows with each further cell, because
    /// optimized code takes memory.
    /// </summary>
    private static readonly TimeSpan AtFirst = TimeSpan.FromSeconds(0.8);
    private static readonly TimeSpan PerCell = TimeSpan.FromSeconds(0.2);
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(3);

    /// <summary>Sample cells as in typical notebooks.</summary>
    private static readonly string[] Cells =
    [
        "1+1",
        "var number = 1; var text = $\"{number} and {number + 1:N2}\"; number += 1; text",
        """
        public class Account : IComparable<Account>
        {
            private readonly List<decimal> entries = new();
            public required string Owner { get; init; }
            public decimal Balance => entries.Sum();
            public event Action<decimal>? Changed;
            public void Deposit(decimal amount)
            {
                if (amount <= 0) throw new ArgumentOutOfRangeException(nameof(amount));
                entries.Add(amount);
                Changed?.Invoke(amount);
            }

            public int CompareTo(Account? other) => Balance.CompareTo(other?.Balance ?? 0);
            public override string ToString() => $"{Owner}: {Balance:N2}";
        }
        """,
        "record Point(double X, double Y); double Distance(Point a, Point b) => Math.Sqrt(Math.Pow(a.X - b.X, 2) + Math.Pow(a.Y - b.Y, "
            + "2)); Distance(new(0, 0), new Point(1, 1) with { X = 2 })",
        "var words = \"the quick brown fox\".Split(' '); words.Where(word => word.Length > 3).GroupBy(word => word.Length).OrderBy(group "
            + "=> group.Key).ToDictionary(group => group.Key, group => group.Count())",
        "var list = new List<int> { 3, 1, 2 }; for (var i = 0; i < list.Count; i++) list[i] *= 2; foreach (var item in list) { if (item "
            + "% 2 == 0) Console.WriteLine(item); else continue; }",
        "var pairs = from n in Enumerable.Range(1, 10) where n % 2 == 0 select new { n, Square = n * n }; string Kind(object value) => "
            + "value switch { int n when n > 5 => \"large\", int => \"small\", string { Length: > 0 } s => s, null => \"none\", _ => "
            + "\"other\" }; Kind(3)",
        "async Task<int> Twice(int n) { await Task.Delay(0); return n * 2; } var (a, b) = (await Twice(1), 2); try { a /= b; } catch "
            + "(DivideByZeroException error) { Console.WriteLine(error.Message); } finally { b = 0; } a",
    ];

    private CSharpCompilation? previous;
    private TimeSpan spent;
    private TimeSpan allowed;
    private int round;

    /// <summary>Whether the time budget is spent.</summary>
    public bool IsOver => spent >= allowed;

    /// <summary>Sets the time budget by the number of cells that the user has run (at least 1).</summary>
    public void Allow(int cells) => allowed = TimeSpan.FromTicks(Math.Min(MaxTime.Ticks, (AtFirst + (PerCell * (cells - 1))).Ticks));

    /// <summary>Compiles one more sample cell and discards it.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled, because a request is waiting.</exception>
    public bool Once(CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        try
        {
            previous ??= compiler.CreateSubmission("var practice = 1;", compiler.Root);
            return compiler.Compile(Cells[round++ % Cells.Length], "CompilerWarmUp", previous, cancellation).Cell is not null;
        }
        finally
        {
            spent += clock.Elapsed;

            if (IsOver)
            {
                previous = null;

                // From now on the kernel's memory may be measured, so the garbage of the first warm-up is collected.
                if (spent < AtFirst * 2) GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            }
        }
    }
}
