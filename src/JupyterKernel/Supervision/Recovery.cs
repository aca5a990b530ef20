using System.Diagnostics;
using JupyterKernel.Hosting;
using JupyterKernel.Link;
using JupyterKernel.Session;

namespace JupyterKernel.Supervision;

/// <summary>
/// Brings fresh workers to the session's state by replaying the history, and removes from it a cell that repeatedly ends its worker in
/// the replay. Loop thread.
/// </summary>
internal sealed class Recovery(NotebookSession session, FreshWorkers freshWorkers, LateCrashes lateCrashes, IWorkerEvents events)
{
    /// <summary>The number of workers lost while a cell is replayed, after which the cell is removed from the history.</summary>
    private const int MaxLosses = 2;

    /// <summary>The same limit for workers terminated from outside, which is rarely caused by the cell.</summary>
    private const int MaxLossesFromOutside = 5;

    /// <summary>The maximum number of cells that a replay has sent and the worker has not yet answered.</summary>
    private const int ReplayWindow = 64;

    private static readonly TimeSpan StateTimeout = TimeSpan.FromSeconds(60);

    private readonly HashSet<string> reportedOpaque = [];
    private bool stopped;

    /// <summary>The worker that serves or is being brought to the session's state; null before the first start.</summary>
    public SupervisedWorker? Latest { get; private set; }

    /// <summary>Brings a fresh worker to the session's state and lets it serve.</summary>
    /// <param name="interruption">Ends the replay; the state that is not yet restored is given up.</param>
    /// <exception cref="WorkerStartException">No worker could be started, or the user interrupted the start.</exception>
    public async Task<SupervisedWorker> StartAsync(CancellationToken interruption)
    {
        AcceptedCell? suspect = null;
        var losses = 0;
        for (var window = ReplayWindow; ; window = 1)
        {
            var fresh = Latest = await freshWorkers.TakeAsync(interruption);
            fresh.Survived = lateCrashes.Survived;
            if (stopped) fresh.Dispose();
            var replay = new Replay(session, fresh, window, gate: null, events.ConfirmAsync);
            var began = Stopwatch.GetTimestamp();
            var end = await replay.CatchUpAsync(interruption);
            var took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            Log.Workers?.Write($"{fresh.Id} replayed the history of {session.Accepted.Count}: {end}, {took:0} ms");
            if (end == ReplayEnd.UpToDate || (end == ReplayEnd.Interrupted && !fresh.HasEnded))
            {
                if (end == ReplayEnd.Interrupted) GiveUpFrom(replay.Unfinished!);
                if (replay.Differing.Count > 0)
                    events.Notice(
                        $"Some cells had a different outcome when they were replayed: "
                            + $"{string.Join("; ", replay.Differing).TrimEnd('.')}.",
                        isLoss: true);
                Serve(fresh);
                return fresh;
            }

            var unfinished = replay.Unfinished!;
            if (interruption.IsCancellationRequested)
            {
                GiveUpFrom(unfinished);
                throw new WorkerStartException("Interrupted while the session was replayed.");
            }

            freshWorkers.CountLoss();
            var lost = await fresh.Lost;
            if (session.FindOwner(lost.OwnerCell, lost.OwnerCode) is { } owner && owner != unfinished)
            {
                lateCrashes.Count(owner, lost);
                continue;
            }

            // With several cells sent ahead it is uncertain which one ended the worker, and the cause may be something else. So a cell is
            // removed only if it ends several workers when sent alone.
            if (window != 1) continue;
            losses = unfinished == suspect ? losses + 1 : 1;
            suspect = unfinished;
            if (losses == (lost.FromOutside ? MaxLossesFromOutside : MaxLosses))
            {
                session.Remove(unfinished);
                events.Notice(
                    $"{unfinished.Compiled.Name} ended its worker during the replay and was removed from the history"
                        + $"{Declared([unfinished])}. Correct the cell and run it again.",
                    isLoss: true);
            }
        }
    }

    /// <summary>Lets a worker with the session's state serve.</summary>
    public async void Serve(SupervisedWorker fresh)
    {
        Latest = fresh;
        fresh.IsMuted = false;
        Log.Workers?.Write($"{fresh.Id} serves");
        events.Serves(fresh);
        await fresh.Lost;
        events.Ended(fresh);
    }

    /// <summary>Sets the variables of a fresh worker to the carried-over values.</summary>
    public async Task SetAsync(SupervisedWorker fresh, StateRead? values)
    {
        if (values is not { Problem: null })
        {
            if (session.Accepted.Count > 0)
                events.Notice(
                    $"The variables could not be carried over ({values?.Problem ?? "the worker did not respond"}). They have the values "
                    + "that the replay computed.",
                    isLoss: true);
            return;
        }

        await fresh.AskAsync<StateSet>(request => new SetState(request) { Payload = values.Payload }, StateTimeout);
        ReportOpaque(values.Opaque);
    }

    /// <summary>Reports the variables that may differ after the replacement, each only once.</summary>
    public void ReportOpaque(IReadOnlyList<OpaqueVariable> opaque)
    {
        var unreported = opaque.Where(variable => reportedOpaque.Add($"{variable.Assembly} {variable.Name}")).ToList();
        if (unreported.Count > 0)
            events.Notice(
                $"Re-created by replay and may differ (not plain data): "
                + $"{string.Join(", ", unreported.Select(variable => $"{variable.Name} ({variable.Reason})"))}.", isLoss: false);
    }

    /// <summary>Ends the worker permanently.</summary>
    public void Stop()
    {
        stopped = true;
        Latest?.Dispose();
    }

    private void GiveUpFrom(AcceptedCell first)
    {
        var gone = session.TruncateFrom(first);
        events.Notice(
            $"The replay was interrupted. {(gone.Count == 1 ? "This cell was" : "These cells were")} removed from the history: "
            + $"{string.Join(", ", gone.Select(cell => cell.Compiled.Name))}{Declared(gone)}. "
            + $"Run {(gone.Count == 1 ? "it" : "them")} again.",
            isLoss: true);
    }

    private static string Declared(IReadOnlyList<AcceptedCell> cells)
    {
        var names = string.Join(", ", cells.SelectMany(cell => cell.Compiled.DeclaredNames).Distinct());
        return names.Length > 0 ? $" (no longer declared: {names})" : "";
    }
}
