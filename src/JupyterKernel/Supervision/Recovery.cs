using JupyterKernel.Session;
using JupyterKernel.Link;

namespace JupyterKernel.Supervision;

/// <summary>
/// Brings fresh workers to the session's state by replaying the history. A cell that ends its worker in the replay again and again is taken out. Loop thread.
/// </summary>
internal sealed class Recovery(NotebookSession session, FreshWorkers freshWorkers, LateCrashes lateCrashes, IWorkerEvents events)
{
    /// <summary>The number of workers that may end in a cell's replay before the cell is taken out of the history.</summary>
    private const int MaxLosses = 2;

    /// <summary>The same where the workers were killed, which is rarely the cell's own doing.</summary>
    private const int MaxLossesFromOutside = 5;

    /// <summary>How many cells a replay sends ahead.</summary>
    private const int ReplayWindow = 64;

    private static readonly TimeSpan StateTimeout = TimeSpan.FromSeconds(60);

    private readonly HashSet<string> reportedOpaque = [];
    private bool stopped;

    /// <summary>The worker that is being brought to the session's state, or was last; null before the first.</summary>
    public SupervisedWorker? Latest { get; private set; }

    /// <summary>Brings a fresh worker to the session's state, and lets it serve.</summary>
    /// <param name="interruption">Ends the replay, and gives up the state that is not restored by then.</param>
    /// <exception cref="WorkerStartException">No worker could be had, or the user interrupted it.</exception>
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
            var end = await replay.CatchUpAsync(interruption);
            if (end == ReplayEnd.UpToDate || (end == ReplayEnd.Interrupted && !fresh.HasEnded))
            {
                if (end == ReplayEnd.Interrupted) GiveUpFrom(replay.Unfinished!);
                if (replay.Differing.Count > 0)
                    events.Notice($"Some cells had a different outcome when they were replayed: {string.Join("; ", replay.Differing)}.", isLoss: true);
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

            // With many cells sent ahead it is not certain which one ended the worker, and something else may have: only a cell that does it
            // repeatedly, alone, is taken out.
            if (window != 1) continue;
            losses = unfinished == suspect ? losses + 1 : 1;
            suspect = unfinished;
            if (losses == (lost.FromOutside ? MaxLossesFromOutside : MaxLosses))
            {
                session.Remove(unfinished);
                events.Notice(
                    $"{unfinished.Compiled.Name} ended its worker during the replay and was removed from the history. Missing now: {Names([unfinished])}. Correct the cell and run it again, or take back the last cell with #!undo.",
                    isLoss: true);
            }
        }
    }

    /// <summary>A worker with the session's state serves from now on.</summary>
    public async void Serve(SupervisedWorker fresh)
    {
        Latest = fresh;
        fresh.IsMuted = false;
        events.Serves(fresh);
        await fresh.Lost;
        events.Ended(fresh);
    }

    /// <summary>Sets the variables of a fresh worker to the values that were carried over.</summary>
    public async Task SetAsync(SupervisedWorker fresh, StateRead? values)
    {
        if (values is not { Problem: null }) return;
        await fresh.AskAsync<StateSet>(request => new SetState(request) { Payload = values.Payload }, StateTimeout);
        ReportOpaque(values.Opaque);
    }

    /// <summary>Reports variables that may differ, each once.</summary>
    public void ReportOpaque(IReadOnlyList<OpaqueVariable> opaque)
    {
        var unreported = opaque.Where(variable => reportedOpaque.Add($"{variable.Assembly} {variable.Name}")).ToList();
        if (unreported.Count > 0)
            events.Notice($"Re-created by replay and may differ (not plain data): {string.Join(", ", unreported.Select(variable => $"{variable.Name} ({variable.Reason})"))}.", isLoss: false);
    }

    /// <summary>Ends the worker for good.</summary>
    public void Stop()
    {
        stopped = true;
        Latest?.Dispose();
    }

    private void GiveUpFrom(AcceptedCell first)
    {
        var gone = session.TruncateFrom(first);
        events.Notice($"The replay was interrupted. Missing from the state now: {string.Join(", ", gone.Select(cell => cell.Compiled.Name))} ({Names(gone)}). Run these cells again.", isLoss: true);
    }

    private static string Names(IReadOnlyList<AcceptedCell> cells) =>
        string.Join(", ", cells.SelectMany(cell => cell.Compiled.DeclaredNames).Distinct().DefaultIfEmpty("no names"));
}
