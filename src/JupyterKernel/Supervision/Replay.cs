using JupyterKernel.Session;
using JupyterKernel.Link;
using JupyterKernel.Settings;


namespace JupyterKernel.Supervision;

/// <summary>The result of a replay.</summary>
internal enum ReplayEnd
{
    /// <summary>Every accepted cell has been executed or restored.</summary>
    UpToDate,

    /// <summary>The worker was lost at <see cref="Replay.Unfinished"/>.</summary>
    WorkerLost,

    /// <summary>The user interrupted the replay at <see cref="Replay.Unfinished"/>.</summary>
    Interrupted,
}

/// <summary>
/// Brings a fresh worker to the session's state: sends it the emitted assemblies of the accepted cells in the order in which they ran.
/// Nothing is compiled, and the worker is muted until it serves. Loop thread.
/// </summary>
/// <param name="session">The history, which may grow during the replay.</param>
/// <param name="worker">A worker without state.</param>
/// <param name="window">The number of cells sent ahead.</param>
/// <param name="gate">The gate of the serving worker, whose cells have priority; null if no worker serves.</param>
/// <param name="confirm">Asks the user whether to run a cell with <c>#!replay ask</c>; null if such cells are not run.</param>
internal sealed class Replay(NotebookSession session, SupervisedWorker worker, int window, CellGate? gate,
    Func<string, Task<bool>>? confirm)
{
    private static readonly TimeSpan StateTimeout = TimeSpan.FromSeconds(60);

    private readonly List<string> differing = [];
    private AcceptedCell? lastSent;

    /// <summary>The first cell that did not finish.</summary>
    public AcceptedCell? Unfinished { get; private set; }

    /// <summary>The cells whose outcome differs from that of their first run, each with the difference.</summary>
    public IReadOnlyList<string> Differing => differing;

    /// <summary>Whether the worker has the whole history.</summary>
    public bool IsUpToDate => session.Accepted.Count == 0 || ReferenceEquals(session.Accepted[^1], lastSent);

    /// <summary>Replays the accepted cells that the worker has not received yet.</summary>
    /// <param name="interruption">The user's interrupt; the caller also interrupts the worker.</param>
    public async Task<ReplayEnd> CatchUpAsync(CancellationToken interruption)
    {
        if (IsUpToDate) return ReplayEnd.UpToDate;
        worker.IsMuted = true;
        var next = lastSent is null ? 0 : IndexBehind(lastSent);
        var ahead = new Queue<(AcceptedCell Cell, Task<CellOutcome> Outcome)>();
        while (true)
        {
            while (next < session.Accepted.Count && ahead.Count < window && !interruption.IsCancellationRequested)
            {
                if (gate is not null) await gate.Idle;
                var cell = session.Accepted[next++];
                AcceptedCell[] submitted = [.. session.Accepted.Skip(next).TakeWhile(later => later.SubmittedBy == cell.Number)];
                next += submitted.Length;
                lastSent = submitted.Length > 0 ? submitted[^1] : cell;
                ahead.Enqueue((cell, await SendAsync(cell, submitted)));
                worker.Forget([.. cell.Replaced, .. submitted.SelectMany(part => part.Replaced)]);
                if (lastSent.ChangedLater.Length > 0) worker.Set(lastSent.ChangedLater);
            }

            if (!ahead.TryDequeue(out var first)) break;
            switch (await first.Outcome)
            {
                case CellOutcome.WorkerLost:
                    Unfinished = first.Cell;
                    return ReplayEnd.WorkerLost;
                case CellOutcome.Interrupted:
                    Unfinished = first.Cell;
                    foreach (var (_, dropped) in ahead) await dropped;
                    await worker.NativeOutputTakenAsync();
                    return ReplayEnd.Interrupted;
                case CellOutcome.Threw threw when !first.Cell.Threw || first.Cell.Policy != ReplayPolicy.Always:
                    differing.Add($"{first.Cell.Compiled.Name} threw {threw.Exception.TypeName}: {threw.Exception.Message}");
                    break;
                case CellOutcome.Returned when first.Cell.Threw && first.Cell.Policy == ReplayPolicy.Always:
                    differing.Add($"{first.Cell.Compiled.Name} did not throw the exception of its first run");
                    break;
            }
        }

        if (next < session.Accepted.Count) Unfinished = session.Accepted[next];
        await worker.NativeOutputTakenAsync();
        return Unfinished is null ? ReplayEnd.UpToDate : ReplayEnd.Interrupted;
    }

    private async Task<Task<CellOutcome>> SendAsync(AcceptedCell cell, AcceptedCell[] submitted)
    {
        if (cell.Policy == ReplayPolicy.Always)
        {
            var outcome = worker.ReplayAsync(cell, submitted);
            if (cell.IsSuspect) _ = KeepStateAsync(cell);
            return outcome;
        }

        if (cell.Policy == ReplayPolicy.Ask && confirm is not null
            && await confirm($"Replay {cell.Compiled.Name}? Its replay policy is ask. (y/n)"))
        {
            return worker.ReplayAsync(cell, submitted);
        }
        session.MarkUncarried(cell);
        return worker.RestoreAsync(cell);
    }

    /// <summary>
    /// Reads the state after a cell that may have to be set aside, before the code that it left running ends this worker too.
    /// </summary>
    private async Task KeepStateAsync(AcceptedCell cell)
    {
        if (await worker.AskAsync<StateRead>(request => new ReadState(request, WithValues: true, HandOver.MaxBytes, GivesWay: false),
            StateTimeout) is { Problem: null } state)
        {
            cell.StateAfter = state;
        }
    }

    private int IndexBehind(AcceptedCell cell)
    {
        for (var i = session.Accepted.Count - 1; i >= 0; i--)
        {
            if (ReferenceEquals(session.Accepted[i], cell)) return i + 1;
        }

        return 0;
    }
}
