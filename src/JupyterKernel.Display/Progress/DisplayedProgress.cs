using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Progress;

namespace JupyterKernel.Display;

/// <summary>
/// A progress bar for code that reports its progress. The bar is done when the total is reached. If it is disposed of or interrupted
/// earlier, it stops there. Later reports are ignored. Any thread.
/// </summary>
/// <remarks>
/// <para>With a total, every report is a number out of that total. Without one, <c>Report(double)</c> takes a fraction between 0 and 1, and
/// whole numbers are only counted. The most recent report applies, even if it is lower.</para>
/// <para>The bar is drawn up to ten times a second. Its clock pauses when nothing has been reported for a minute.</para>
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
        if (total is { } given && !(given >= 0 && double.IsFinite(given)))
            throw new ArgumentOutOfRangeException(nameof(total), given, "The total must be a finite number of at least 0.");
        row = ProgressScreen.Begin(this, label, total ?? double.NaN, isLoop: false);
        row.StopWhenInterrupted();
    }

    /// <summary>The text before the bar.</summary>
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

    /// <summary>The progress: a number out of the total, or a fraction if fractions are reported.</summary>
    public double Value => row.Done;

    /// <summary>Sets the progress: a number out of the total or, without a total, a fraction between 0 and 1. NaN is ignored.</summary>
    /// <example><c>bar.Report(0.25);</c></example>
    public void Report(double value)
    {
        if (double.IsNaN(value) || !row.IsRunning) return;
        if (double.IsNaN(row.Total)) row.CountFractions();
        Set(row.IsFraction ? Math.Clamp(value, 0, 1) : value);
    }

    /// <summary>Sets the number of items done.</summary>
    /// <example><c>bar.Report(5);</c></example>
    public void Report(int value) => Set(value);

    /// <summary>Sets the amount done, for example in bytes.</summary>
    public void Report(long value) => Set(value);

    /// <summary>Adds to the amount done.</summary>
    /// <example><c>bar.Increment();</c></example>
    public void Increment(double amount = 1)
    {
        if (!row.IsRunning) return;
        double before;
        do before = Volatile.Read(ref row.Done);
        while (Interlocked.CompareExchange(ref row.Done, before + amount, before) != before);
        ProgressScreen.Wake(row);
    }

    /// <summary>Ends the bar and shows its last state.</summary>
    public void Dispose() => ProgressScreen.End(row, row.LeftAs);

    /// <summary>The current state of the bar.</summary>
    public MimeBundle ToMimeBundle() => ProgressScreen.Picture(row);

    /// <summary>The current state of the bar as text.</summary>
    public override string ToString() => ToMimeBundle().ToString();

    private void Set(double value)
    {
        if (!row.IsRunning) return;
        Interlocked.Exchange(ref row.Done, value);
        ProgressScreen.Wake(row);
    }
}
