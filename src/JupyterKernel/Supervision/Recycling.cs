using System.Globalization;
using JupyterKernel.Hosting;
using JupyterKernel.Session;
using JupyterKernel.Settings;
using JupyterKernel.Link;

namespace JupyterKernel.Supervision;

/// <summary>
/// Planned replacement of a worker that serves. The old one serves until a fresh one is up to date; only where memory is short, or a cell has another outcome
/// while the old one is there, it is ended first. Loop thread.
/// </summary>
/// <param name="judge">Judges the memory that a fresh worker uses; gives what to report about it.</param>
internal sealed class Recycling(
    NotebookSession session, WorkerSlot slot, CellGate gate, Recovery recovery, FreshWorkers freshWorkers, LateCrashes lateCrashes, IWorkerEvents events,
    Func<SupervisedWorker, Task<string?>> judge)
{
    /// <summary>A session whose cells took longer is not replayed merely because of their number.</summary>
    private static readonly TimeSpan MaxRoutineReplay = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan StateTimeout = TimeSpan.FromSeconds(60);

    /// <summary>The memory that must be free beside that of a second worker.</summary>
    private const long ReserveBytes = 256L * 1024 * 1024;

    private readonly KernelSettings settings = KernelSettings.Current;
    private CancellationTokenSource? cancellation;
    private Task running = Task.CompletedTask;
    private int cells;

    /// <summary>A cell has begun in the worker.</summary>
    public void CountCell() => cells++;

    /// <summary>The worker was replaced for another reason.</summary>
    public void Reset()
    {
        Cancel();
        cells = 0;
    }

    /// <summary>Keeps the old worker, if a fresh one is about to take its place.</summary>
    public void Cancel() => cancellation?.Cancel();

    /// <summary>Replaces the worker if as many cells have run in it as the settings say.</summary>
    public void AfterCell()
    {
        if (settings.RecycleAfterCells <= 0 || cells < settings.RecycleAfterCells) return;
        var replayTime = session.Accepted.Where(cell => cell.Policy == ReplayPolicy.Always).Aggregate(TimeSpan.Zero, (sum, cell) => sum + cell.Took);
        if (replayTime <= MaxRoutineReplay) Start(string.Create(CultureInfo.InvariantCulture, $"{cells} cells have run in it"));
        cells = 0;
    }

    /// <summary>Replaces the worker without anyone waiting for it.</summary>
    public async void Start(string cause)
    {
        try
        {
            await RunAsync(cause, CancellationToken.None);
        }
        catch (WorkerStartException failure)
        {
            Log.WarnOnce($"the worker was not recycled: {failure.Message}");
        }
    }

    /// <summary>Replaces the worker, or waits for the replacement that is under way.</summary>
    /// <param name="cause">Why, for the user; null if the user asked for it and gets an answer.</param>
    /// <param name="interruption">Cancelled to keep the old worker.</param>
    /// <exception cref="WorkerStartException">No worker could be had, or it was interrupted.</exception>
    public async Task RunAsync(string? cause, CancellationToken interruption)
    {
        if (running.IsCompleted) running = RunOnceAsync(cause);
        using var registration = interruption.Register(Cancel);
        await running;
    }

    private async Task RunOnceAsync(string? cause)
    {
        var began = DateTime.UtcNow;
        var old = await slot.Worker;
        using var cancellation = this.cancellation = new CancellationTokenSource();
        try
        {
            var problem = IsMemoryShort(old) ? "memory is short"
                : !settings.LeavesChildren && await old.HasStartedAsync() ? "processes that cells started would run twice"
                : await HandOverAsync(old, cancellation.Token);
            if (cancellation.IsCancellationRequested) throw new WorkerStartException("The worker was not recycled: it was interrupted.");
            if (problem is not null) await ReplaceFirstAsync(old, cancellation.Token);
            cells = 0;
            if (cause is not null || problem is not null)
            {
                events.Notice(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"The worker was recycled {(cause is null ? "as requested" : $"because {cause}")}; {Supervisor.Counted(session.Accepted.Count)} replayed in {(DateTime.UtcNow - began).TotalSeconds:0.0} s{(problem is null ? "" : $", after the old one had ended ({problem})")}."),
                    isLoss: false);
            }

            if (await judge(recovery.Latest!) is { } judgement) events.Notice(judgement, isLoss: true);
        }
        finally
        {
            if (this.cancellation == cancellation) this.cancellation = null;
        }
    }

    /// <summary>Lets the old worker serve until a fresh one can take its place.</summary>
    /// <returns>Why none can while the old one is there; null if one has.</returns>
    private async Task<string?> HandOverAsync(SupervisedWorker old, CancellationToken interruption)
    {
        var fresh = await freshWorkers.TakeAsync(interruption);
        fresh.Survived = lateCrashes.Survived;
        var handOver = new HandOver(session, old, fresh, gate);
        using var registration = interruption.Register(fresh.Dispose);
        try
        {
            if (!await handOver.PrepareAsync(interruption) || old.HasEnded)
            {
                fresh.Dispose();
                return handOver.Problem ?? "it had ended by itself";
            }

            slot.Put(fresh);
            recovery.Serve(fresh);
        }
        finally
        {
            gate.Open();
        }

        old.Dispose();
        if (handOver.HasCarried) recovery.ReportOpaque(handOver.Opaque);
        return null;
    }

    /// <summary>Ends the old worker, then brings a fresh one up; its variables are carried over where they are not too large.</summary>
    private async Task ReplaceFirstAsync(SupervisedWorker old, CancellationToken interruption)
    {
        gate.Close();
        try
        {
            while (gate.IsRunning) await gate.Idle;
            if (interruption.IsCancellationRequested || old.HasEnded) return;
            var values = await old.AskAsync<StateRead>(request => new ReadState(request, WithValues: true, HandOver.MostBytes, GivesWay: false), StateTimeout);
            old.Dispose();
            cancellation = null;
            slot.Start(recovery.StartAsync);
            slot.BeforeServing(fresh => recovery.SetAsync(fresh, values));
        }
        finally
        {
            gate.Open();
        }

        await slot.Worker;
    }

    private static bool IsMemoryShort(SupervisedWorker old) => ProcessUsage.AvailableBytes() < old.Usage.PrivateBytes + ReserveBytes;
}
