using JupyterKernel.Display.Hosting;

namespace JupyterKernel.Display.Progress;

/// <summary>The phase of a progress bar.</summary>
internal enum ProgressPhase
{
    Running,
    Done,
    Stopped,
}

/// <summary>The visible state of a progress bar at a given time.</summary>
/// <param name="Label">The text before the bar: one line, or empty.</param>
/// <param name="Depth">The number of bars in which this one is nested.</param>
/// <param name="Done">The number of items done, or the fraction.</param>
/// <param name="Total">The total; NaN if unknown.</param>
/// <param name="IsFraction">Whether fractions are reported (0.25 of 1); otherwise numbers (25 of 100).</param>
/// <param name="Elapsed">The time since the bar began, until it ended.</param>
/// <param name="PerSecond">The recent rate while the bar runs, later the average rate; NaN if unknown.</param>
/// <param name="Left">The estimated remaining time; null if unknown.</param>
/// <param name="Phase">The phase.</param>
internal readonly record struct ProgressState(
    string Label,
    int Depth,
    double Done,
    double Total,
    bool IsFraction,
    TimeSpan Elapsed,
    double PerSecond,
    TimeSpan? Left,
    ProgressPhase Phase)
{
    /// <summary>The fraction done, between 0 and 1; NaN if unknown.</summary>
    internal double Fraction => Total == 0 ? 1 : Done / Total;
}

/// <summary>
/// The numbers of a progress bar. The counting code writes <see cref="Done"/> and <see cref="Label"/>; all other members are used under the
/// lock of <see cref="ProgressScreen"/>.
/// </summary>
internal sealed class ProgressRow(object owner, ProgressRow? parent, ProgressDisplay display, string label, double total, bool isLoop,
    TimeProvider time)
{
    // For the rate: the time constant, and the minimum weight of everything before the last item.
    private const double MemorySeconds = 10;
    private const double MinMemory = 0.7;

    private readonly long began = time.GetTimestamp();
    private readonly WeakReference owner = new(owner);
    private CancellationTokenRegistration interruption;
    private long ended;
    private double finalDone;
    private long lastChange = time.GetTimestamp();
    private double lastDone;
    private double weightedDone;
    private double weightedSeconds;

    /// <summary>The amount done. Reads and writes of a double are atomic.</summary>
    internal double Done;

    internal string Label { get; set; } = label;

    /// <summary>The thread on which the loop began; 0 for a bar that is not of a loop.</summary>
    internal int LoopThread { get; } = isLoop ? Environment.CurrentManagedThreadId : 0;

    /// <summary>The total; NaN if unknown.</summary>
    internal double Total { get; private set; } = total;

    internal bool IsFraction { get; private set; }

    internal ProgressPhase Phase { get; private set; }

    internal ProgressDisplay Display => display;

    internal ProgressRow? Parent => parent;

    /// <summary>The bars nested in this one, including ended bars, whose places later bars take.</summary>
    internal List<ProgressRow> Inner { get; private set; } = [];

    /// <summary>The phase if the counting code ends now. Without a total, a bar that is not of a loop is then done.</summary>
    internal ProgressPhase LeftAs => isLoop || Done < Total ? ProgressPhase.Stopped : ProgressPhase.Done;

    /// <summary>Whether the bar was drawn after it reached the total.</summary>
    internal bool WasReached { get; set; }

    internal bool IsRunning => Phase == ProgressPhase.Running;

    /// <summary>Whether the handle or the enumerator was garbage-collected.</summary>
    internal bool IsAbandoned => !owner.IsAlive;

    /// <summary>
    /// Whether the clock pauses until the next report, because a handle that is never disposed of must not be drawn indefinitely.
    /// </summary>
    internal bool IsResting => !isLoop && (Done == Total || time.GetElapsedTime(lastChange).TotalSeconds > 60);

    internal void CountFractions()
    {
        IsFraction = true;
        Total = 1;
    }

    /// <summary>
    /// Ends the bar when the cell is interrupted, even if nothing is disposed of. There is time for this, because a cell that has requested
    /// its cancellation token gets 250 ms to react to an interrupt.
    /// </summary>
    internal void StopWhenInterrupted() => interruption = NotebookHost.Interruption.UnsafeRegister(
        static row => ProgressScreen.End((ProgressRow)row!, ((ProgressRow)row!).LeftAs), this);

    /// <summary>Adds a nested bar, in place of an ended one if there is one.</summary>
    internal void Add(ProgressRow inner)
    {
        var place = Inner.FindIndex(row => !row.IsRunning);
        if (place < 0)
        {
            Inner.Add(inner);
            return;
        }
        inner.Inner = Inner[place].Inner;
        Inner[place] = inner;
    }

    internal void End(ProgressPhase phase)
    {
        // Not Dispose, which would wait for the callback, while the callback waits for the lock.
        interruption.Unregister();
        if (ended == 0) ended = time.GetTimestamp();
        finalDone = Volatile.Read(ref Done);
        Phase = phase;
    }

    /// <summary>Returns the current visible state.</summary>
    internal ProgressState Look()
    {
        var done = IsRunning ? Volatile.Read(ref Done) : finalDone;
        var isReached = IsRunning && !isLoop && done == Total;
        if (!IsRunning || isReached)
        {
            if (ended == 0) ended = time.GetTimestamp();
            var elapsed = time.GetElapsedTime(began, ended);
            var seconds = elapsed.TotalSeconds;
            return State(done, elapsed, seconds > 0 ? done / seconds : double.NaN, null, isReached ? ProgressPhase.Done : Phase);
        }

        ended = 0;
        var now = time.GetTimestamp();
        if (done != lastDone) Sample(done, now);
        var perSecond = weightedSeconds > 0 && weightedDone > 0 ? weightedDone / weightedSeconds : double.NaN;
        return State(done, time.GetElapsedTime(began, now), perSecond, Left(done, perSecond, now), ProgressPhase.Running);
    }

    private void Sample(double done, long now)
    {
        var seconds = time.GetElapsedTime(lastChange, now).TotalSeconds;
        if (done < lastDone)
        {
            weightedDone = weightedSeconds = 0;
        }
        else
        {
            var memory = Math.Max(MinMemory, Math.Exp(-seconds / MemorySeconds));
            weightedDone = memory * weightedDone + done - lastDone;
            weightedSeconds = memory * weightedSeconds + seconds;
        }
        (lastDone, lastChange) = (done, now);
    }

    private TimeSpan? Left(double done, double perSecond, long now)
    {
        var left = Total - done;
        if (!(left >= 0) || !(perSecond > 0)) return null;

        // While an item is processed, the remaining time decreases, but not below the time for the items that follow.
        var others = left - Math.Min(IsFraction ? left : 1, left);
        var seconds = Math.Max(others / perSecond, left / perSecond - time.GetElapsedTime(lastChange, now).TotalSeconds);
        return seconds < TimeSpan.FromDays(999).TotalSeconds ? TimeSpan.FromSeconds(seconds) : null;
    }

    private ProgressState State(double done, TimeSpan elapsed, double perSecond, TimeSpan? left, ProgressPhase phase)
    {
        var depth = 0;
        for (var outer = parent; outer is not null; outer = outer.Parent) depth++;
        return new(ProgressText.Clean(Label), depth, done, done > Total ? double.NaN : Total, IsFraction, elapsed, perSecond, left, phase);
    }
}
