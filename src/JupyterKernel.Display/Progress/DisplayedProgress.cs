using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Progress;

namespace JupyterKernel.Display;

/// <summary>
/// A bar that shows how far a piece of work is, for code that reports it. Any thread. It is done when the total is reached or it
/// is disposed of; disposed of or interrupted earlier, it stays where it was. What is reported after that is ignored.
/// </summary>
/// <remarks>
/// <para>With a total, every report is a number out of that total. Without one, <c>Report(double)</c> takes a fraction between 0 and 1,
/// and whole numbers are counted towards an unknown end. The latest report counts, also where it goes back.</para>
/// <para>The bar is drawn anew ten times a second while it changes. Its clock rests when nothing was reported for a minute.</para>
/// </remarks>
/// <example><code>
/// using var bar = ProgressBar("Reading", total: lines.Length);
/// Parallel.ForEach(lines, line => { Read(line); bar.Increment(); });
/// </code></example>
public sealed class DisplayedProgress : IProgress<double>, IProgress<int>, IProgress<long>, IDisplayable, IDisposable, IOnScreen
{
    private readonly ProgressRow row;

    internal DisplayedProgress(string label, double? total)
    {
        if (total is { } given && !(given >= 0 && double.IsFinite(given))) throw new ArgumentOutOfRangeException(nameof(total), given, "A total is 0 or more.");
        row = ProgressScreen.Begin(this, label, total ?? double.NaN, isLoop: false);
        row.StopWhenInterrupted();
    }

    /// <summary>What stands before the bar.</summary>
    /// <example><c>bar.Label = $"Reading {file.Name}";</c></example>
    public string Label
    {
        get => row.Label;
        set
        {
            if (!row.IsRunning) return;
            row.Label = value ?? "";
            ProgressScreen.Wake(row);
        }
    }

    /// <summary>How far it is: a number out of the total, or a fraction where fractions are reported.</summary>
    public double Value => row.Done;

    /// <summary>Sets how far it is: a number out of the total, or without a total a fraction between 0 and 1. NaN changes nothing.</summary>
    /// <example><c>bar.Report(0.25);</c></example>
    public void Report(double value)
    {
        if (double.IsNaN(value) || !row.IsRunning) return;
        if (double.IsNaN(row.Total)) row.CountFractions();
        Set(row.IsFraction ? Math.Clamp(value, 0, 1) : value);
    }

    /// <summary>Sets how many are done.</summary>
    /// <example><c>bar.Report(5);</c></example>
    public void Report(int value) => Set(value);

    /// <summary>Sets how many are done, for example bytes.</summary>
    public void Report(long value) => Set(value);

    /// <summary>So many more are done.</summary>
    /// <example><c>bar.Increment();</c></example>
    public void Increment(double amount = 1)
    {
        if (!row.IsRunning) return;
        double before;
        do before = Volatile.Read(ref row.Done);
        while (Interlocked.CompareExchange(ref row.Done, before + amount, before) != before);
        ProgressScreen.Wake(row);
    }

    /// <summary>Shows the last state, for good.</summary>
    public void Dispose() => ProgressScreen.End(row, row.LeftAs);

    /// <summary>What the bar shows now.</summary>
    public MimeBundle ToMimeBundle() => ProgressScreen.Picture(row);

    /// <summary>What the bar shows now, as text.</summary>
    public override string ToString() => ToMimeBundle().ToString();

    private void Set(double value)
    {
        if (!row.IsRunning) return;
        Interlocked.Exchange(ref row.Done, value);
        ProgressScreen.Wake(row);
    }
}
