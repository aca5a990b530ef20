using System.Globalization;
using JupyterKernel.Hosting;
using JupyterKernel.Session;
using JupyterKernel.Settings;
using JupyterKernel.Link;

namespace JupyterKernel.Supervision;

/// <summary>
/// Performs the planned replacement of the serving worker. Usually the old worker serves until the fresh one is up to date. It is ended
/// first if memory is short, if cells have started processes, or if the hand-over fails. Loop thread.
/// </summary>
/// <param name="judge">Judges the memory use of a fresh worker; returns a notice for the user or null.</param>
internal sealed class Recycling(
    NotebookSession session, WorkerSlot slot, CellGate gate, Recovery recovery, FreshWorkers freshWorkers, LateCrashes lateCrashes,
    IWorkerEvents events,
    Func<SupervisedWorker, Task<string?>> judge)
{
    /// <summary>The maximum replay time for a replacement whose only reason is the number of cells.</summary>
    private static readonly TimeSpan MaxRoutineReplay = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan StateTimeout = TimeSpan.FromSeconds(60);

    /// <summary>The memory that must be free in addition to what a second worker needs.</summary>
    private const long ReserveBytes = 256L * 1024 * 1024;

    private readonly KernelSettings settings = KernelSettings.Current;
    private CancellationTokenSource? cancellation;
    private Task running = Task.CompletedTask;
    private int cells;

    /// <summary>Counts a cell that has begun in the worker.</summary>
    public void CountCell() => cells++;

    /// <summary>Restarts the count of cells, because the worker was replaced for another reason.</summary>
    public void Reset()
    {
        Cancel();
        cells = 0;
    }

    /// <summary>Keeps the old worker; cancels a replacement in progress.</summary>
    public void Cancel() => cancellation?.Cancel();

    /// <summary>Replaces the worker if it has run as many cells as the settings allow.</summary>
    public void AfterCell()
    {
        if (settings.RecycleAfterCells <= 0 || cells < settings.RecycleAfterCells) return;
        var replayTime = session.Accepted.Where(cell => cell.Policy == ReplayPolicy.Always)
            .Aggregate(TimeSpan.Zero, (sum, cell) => sum + cell.Took);
        if (replayTime <= MaxRoutineReplay) Start(string.Create(CultureInfo.InvariantCulture, $"{cells} cells have run in it"));
        cells = 0;
    }

    /// <summary>Starts the replacement of the worker without waiting for it.</summary>
    public async void Start(string cause)
    {
        try
        {
            await RunAsync(cause, CancellationToken.None);
        }
        catch (WorkerStartException failure)
        {
            Log.WarnOnce(failure.Message);
        }
    }

    /// <summary>Replaces the worker, or waits for a replacement in progress.</summary>
    /// <param name="cause">The reason reported to the user; null if the user asked for it and receives a reply.</param>
    /// <param name="interruption">Cancels the replacement; the old worker is kept.</param>
    /// <exception cref="WorkerStartException">No worker could be started, or the start was interrupted.</exception>
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
            var problem = IsMemoryShort(old) ? "not enough free memory for two workers"
                : !settings.LeavesChildren && await old.HasStartedAsync() ? "processes that cells started would run twice"
                : await HandOverAsync(old, cancellation.Token);
            if (cancellation.IsCancellationRequested)
                throw new WorkerStartException("The worker was not recycled, because the recycling was interrupted.");
            if (problem is not null) await ReplaceFirstAsync(old, cancellation.Token);
            cells = 0;
            if (cause is not null || problem is not null)
            {
                var late = problem is null ? ""
                    : $" The fresh worker was started only after the old one had ended: {problem.TrimEnd('.')}.";
                events.Notice(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"The worker was recycled {(cause is null ? "as requested" : $"because {cause}")}; "
                            + $"{session.Accepted.Count} {(session.Accepted.Count == 1 ? "cell was" : "cells were")} replayed in "
                            + $"{(DateTime.UtcNow - began).TotalSeconds:0.0} s.{late}"),
                    isLoss: false);
            }

            if (await judge(recovery.Latest!) is { } judgement) events.Notice(judgement, isLoss: true);
        }
        finally
        {
            if (this.cancellation == cancellation) this.cancellation = null;
        }
    }

    /// <summary>Lets the old worker serve until a fresh one can replace it.</summary>
    /// <returns>The reason why no worker can replace it while it exists; null if one has.</returns>
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
                return handOver.Problem ?? "it had already ended by itself";
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

    /// <summary>Ends the old worker, then starts a fresh one; variables are carried over if they are not too large.</summary>
    private async Task ReplaceFirstAsync(SupervisedWorker old, CancellationToken interruption)
    {
        gate.Close();
        try
        {
            while (gate.IsRunning) await gate.Idle;
            if (interruption.IsCancellationRequested || old.HasEnded) return;
            var values = await old.AskAsync<StateRead>(
                request => new ReadState(request, WithValues: true, HandOver.MaxBytes, GivesWay: false), StateTimeout);
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
