using JupyterKernel.Display.Hosting;

namespace JupyterKernel.Display.Progress;

/// <summary>What a bar has come to.</summary>
internal enum ProgressPhase
{
    Running,
    Done,
    Stopped,
}

/// <summary>What there is to see of a bar at one time.</summary>
/// <param name="Label">One line, or empty.</param>
/// <param name="Depth">How many bars it is nested in.</param>
/// <param name="Done">A number of items, or a fraction.</param>
/// <param name="Total">NaN where it is unknown.</param>
/// <param name="IsFraction">Whether it is 0.25 of 1 rather than 25 of 100.</param>
/// <param name="Elapsed">Since the bar began, until it ended.</param>
/// <param name="PerSecond">While it runs as of late, afterwards on the whole; NaN where it is unknown.</param>
/// <param name="Left">How long it may still take; null where that is unknown.</param>
/// <param name="Phase">What it has come to.</param>
internal readonly record struct ProgressState(
    string Label, int Depth, double Done, double Total, bool IsFraction, TimeSpan Elapsed, double PerSecond, TimeSpan? Left, ProgressPhase Phase)
{
    /// <summary>Between 0 and 1; NaN where it is unknown.</summary>
    internal double Fraction => Total == 0 ? 1 : Done / Total;
}

/// <summary>
/// A bar's numbers. Those who count write <see cref="Done"/> and <see cref="Label"/>; everything else belongs to
/// <see cref="ProgressScreen"/> and is read and written under its lock.
/// </summary>
internal sealed class ProgressRow(object owner, ProgressRow? parent, ProgressDisplay display, string label, double total, bool isLoop, TimeProvider time)
{
    // Of the rate: how far back it looks, and how much of it at least is older than the latest item.
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

    /// <summary>How far it is; doubles are read and written whole.</summary>
    internal double Done;

    internal string Label { get; set; } = label;

    /// <summary>The thread on which the loop began; 0 of a handle.</summary>
    internal int LoopThread { get; } = isLoop ? Environment.CurrentManagedThreadId : 0;

    /// <summary>NaN where it is unknown.</summary>
    internal double Total { get; private set; } = total;

    internal bool IsFraction { get; private set; }

    internal ProgressPhase Phase { get; private set; }

    internal ProgressDisplay Display => display;

    internal ProgressRow? Parent => parent;

    /// <summary>The bars nested in it; of those that have ended only as many as are needed to keep the place of the next.</summary>
    internal List<ProgressRow> Inner { get; private set; } = [];

    /// <summary>What it comes to if whoever counts goes away now. Without a total, a handle is done whenever it is disposed of.</summary>
    internal ProgressPhase LeftAs => isLoop || Done < Total ? ProgressPhase.Stopped : ProgressPhase.Done;

    /// <summary>Whether the total was reached before, and drawn.</summary>
    internal bool WasReached { get; set; }

    internal bool IsRunning => Phase == ProgressPhase.Running;

    /// <summary>Whether nobody has the handle or the enumerator any more.</summary>
    internal bool IsAbandoned => !owner.IsAlive;

    /// <summary>Whether its clock stands until something is reported: a handle that nobody disposes of must not tick for ever.</summary>
    internal bool IsResting => !isLoop && (Done == Total || time.GetElapsedTime(lastChange).TotalSeconds > 60);

    internal void CountFractions()
    {
        IsFraction = true;
        Total = 1;
    }

    /// <summary>
    /// The cell's end shows the bar as stopped also where nothing is disposed of. Asking for the token gives the cell 250 ms to act
    /// on an interrupt, within which this happens.
    /// </summary>
    internal void StopWhenInterrupted() => interruption = NotebookHost.Interruption.UnsafeRegister(
        static row => ProgressScreen.End((ProgressRow)row!, ((ProgressRow)row!).LeftAs), this);

    /// <summary>Takes an inner bar in, in the place of one that has ended if there is one.</summary>
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
        // Not Dispose, which would wait for the callback, which waits for the lock.
        interruption.Unregister();
        if (ended == 0) ended = time.GetTimestamp();
        finalDone = Volatile.Read(ref Done);
        Phase = phase;
    }

    /// <summary>What there is to see now.</summary>
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

        // While an item takes its time, what is left goes down, but never below what the others will take.
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
