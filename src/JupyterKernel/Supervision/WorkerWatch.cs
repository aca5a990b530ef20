using System.Diagnostics;
using System.Globalization;
using JupyterKernel.Settings;
using JupyterKernel.Link;

namespace JupyterKernel.Supervision;

/// <summary>
/// Watches a worker's memory (as reported by its runtime and by the system) and whether the worker responds, twice a second and
/// after cells. Loop thread.
/// </summary>
/// <param name="current">Returns the serving worker; null if there is none.</param>
internal sealed class WorkerWatch(Func<SupervisedWorker?> current)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// The minimum interval between two measurements after cells, so that they take at most a fiftieth of a short cell's time.
    /// </summary>
    private static readonly TimeSpan BetweenCells = TimeSpan.FromMilliseconds(20);

    /// <summary>The fraction of the threshold (as a divisor) by which memory must grow before another collection is worthwhile.</summary>
    private const int GrowthDivisor = 8;

    private readonly KernelSettings settings = KernelSettings.Current;
    private SupervisedWorker? watched;
    private DateTime heard;
    private TimeSpan silence;
    private long usedAfterCollection;
    private bool stopped;
    private long looked;

    /// <summary>
    /// Called when the worker uses more memory than the threshold even after a garbage collection; never while a cell runs.
    /// </summary>
    public Action<string> OverThreshold { get; set; } = _ => { };

    /// <summary>Called when the worker's private memory exceeds the ceiling by more than 256 MB while a cell runs.</summary>
    public Action<string> OverCeiling { get; set; } = _ => { };

    /// <summary>The present threshold: the setting or, if higher, the raised value.</summary>
    public long ThresholdBytes => Math.Max(settings.MemoryThresholdBytes, RaisedBytes);

    /// <summary>The threshold as raised for this session; 0 if it was not raised.</summary>
    public long RaisedBytes { get; private set; }

    /// <summary>Watches until <see cref="Stop"/>.</summary>
    public async void Start()
    {
        while (!stopped)
        {
            await Task.Delay(Interval);
            if (stopped || current() is not { } worker) continue;
            if (worker != watched) worker.Watch(Interval);

            // Counted in intervals, because the clock also advances while the machine sleeps.
            silence = worker == watched && worker.LastHeard == heard ? silence + Interval : TimeSpan.Zero;
            (watched, heard) = (worker, worker.LastHeard);
            if (silence >= settings.PingTime && !settings.DebugWorker)
            {
                worker.Terminate(string.Create(CultureInfo.InvariantCulture,
                    $"The worker did not respond for {settings.PingTime.TotalSeconds:0} s (it was stopped or swapped out, or its runtime "
                    + $"hung), so the kernel terminated it."));
                continue;
            }

            Look(worker);
        }
    }

    /// <summary>Ends the watch.</summary>
    public void Stop() => stopped = true;

    /// <summary>Whether the memory should be measured after a cell, because the last measurement is not too recent.</summary>
    public bool IsDue => Stopwatch.GetElapsedTime(looked) > BetweenCells;

    /// <summary>Measures the memory of a worker.</summary>
    public void Look(SupervisedWorker worker)
    {
        looked = Stopwatch.GetTimestamp();
        var usage = worker.Usage;
        if (usage.PrivateBytes > settings.MemoryCeilingBytes + CeilingSlackBytes && worker.IsRunning)
            OverCeiling(
                $"The worker used {Size.Format(usage.PrivateBytes)} of memory, more than its ceiling of "
                + $"{Size.Format(settings.MemoryCeilingBytes)}.");
        else if (!worker.IsRunning && Used(worker, usage) is var used && used > ThresholdBytes
            && used > usedAfterCollection + ThresholdBytes / GrowthDivisor)
            _ = CollectAsync(worker);
    }

    /// <summary>
    /// Judges the memory use of a fresh worker after a recycle. If it exceeds the threshold too, the variables themselves are that large,
    /// and the threshold is raised.
    /// </summary>
    /// <returns>The notice for the user; null if there is none.</returns>
    public async Task<string?> JudgeAsync(SupervisedWorker fresh)
    {
        usedAfterCollection = 0;
        if (Used(fresh, fresh.Usage) <= ThresholdBytes) return null;
        await CollectedAsync(fresh);
        var used = Used(fresh, fresh.Usage);
        if (used <= ThresholdBytes) return null;
        RaisedBytes = used + used / 2;
        var sizes = await fresh.AskAsync<VariablesMeasured>(request => new MeasureVariables(request, 5), TimeSpan.FromSeconds(10));
        var largest = string.Join(", ", sizes?.Largest.Select(size => $"{size.Name} ({Size.Format(size.Bytes)})") ?? []);
        return $"Even in a fresh worker the session uses {Size.Format(used)} of memory, so the memory threshold was raised to "
            + $"{Size.Format(RaisedBytes)}.{(largest.Length > 0 ? $" Largest variables: {largest}." : "")}";
    }

    private static long CeilingSlackBytes => 256L * 1024 * 1024;

    private static long Used(SupervisedWorker worker, ProcessUsage usage) => Math.Max(usage.PrivateBytes, worker.Memory.CommittedBytes);

    private static Task<MemoryReport?> CollectedAsync(SupervisedWorker worker) =>
        worker.AskAsync<MemoryReport>(request => new CollectGarbage(request), TimeSpan.FromSeconds(30));

    private async Task CollectAsync(SupervisedWorker worker)
    {
        var before = Used(worker, worker.Usage);
        usedAfterCollection = long.MaxValue / 2;
        await CollectedAsync(worker);
        var used = usedAfterCollection = Used(worker, worker.Usage);
        if (used > ThresholdBytes && !worker.HasEnded)
            OverThreshold(
                $"it used {Size.Format(before)} of memory ({Size.Format(used)} after a garbage collection), more than the threshold of "
                + $"{Size.Format(ThresholdBytes)}");
    }
}
