using JupyterKernel.Session;
using JupyterKernel.Link;

namespace JupyterKernel.Supervision;

/// <summary>
/// Brings a fresh worker to the state of one that goes on serving: replays the history, compares what the variables of both
/// hold, and carries over what differs (random numbers, times, files that have changed). Cells that run meanwhile run in the
/// old worker and join the replay. Loop thread.
/// </summary>
/// <param name="gate">It may be closed when the hand-over is prepared or given up.</param>
internal sealed class HandOver(NotebookSession session, SupervisedWorker old, SupervisedWorker fresh, CellGate gate)
{
    /// <summary>More than this is not carried over.</summary>
    public const long MostBytes = 256L * 1024 * 1024;

    /// <summary>Few cells are sent ahead: a cell of the user's waits for the processor until they have run.</summary>
    private const int ReplayWindow = 8;

    /// <summary>So many comparisons give way to cells; where cells come faster than large variables are compared, they have to wait.</summary>
    private const int YieldingComparisons = 5;

    private const int MostComparisons = 10;

    private static readonly TimeSpan PatienceForState = TimeSpan.FromSeconds(60);

    /// <summary>Why the fresh worker cannot take the old one's place; null if it can.</summary>
    public string? Problem { get; private set; }

    /// <summary>Whether values had to be carried over.</summary>
    public bool HasCarried { get; private set; }

    /// <summary>The variables that are not plain data, and so were neither compared nor carried.</summary>
    public IReadOnlyList<OpaqueVariable> Opaque { get; private set; } = [];

    /// <summary>Brings the fresh worker up to date.</summary>
    /// <returns>Whether it can take the old one's place, at once and before anything else happens.</returns>
    public async Task<bool> PrepareAsync(CancellationToken cancellation)
    {
        var replay = new Replay(session, fresh, ReplayWindow, gate, confirm: null);
        for (var comparison = 0; comparison < MostComparisons; comparison++)
        {
            var end = await replay.CatchUpAsync(cancellation);
            if (cancellation.IsCancellationRequested) return false;
            if (end != ReplayEnd.UpToDate) Problem = $"{replay.Unfinished!.Compiled.Name} ended the fresh worker";
            else if (replay.Differing.Count > 0) Problem = replay.Differing[0];
            if (Problem is not null) return false;

            if (comparison >= YieldingComparisons) gate.Close();
            await gate.Idle;
            if (!replay.IsUpToDate) continue;
            var before = gate.Handled;
            if (await CompareAsync() && !gate.IsRunning && replay.IsUpToDate && gate.Handled == before) return true;
            if (cancellation.IsCancellationRequested || Problem is not null) return false;
        }

        Problem = "its variables kept changing";
        return false;
    }

    /// <summary>Whether both workers hold the same now. Where the old one gets a cell to run, it breaks off.</summary>
    private async Task<bool> CompareAsync()
    {
        var ours = old.AskAsync<StateRead>(request => new ReadState(request, WithValues: false, MostBytes, GivesWay: true), PatienceForState);
        var theirs = fresh.AskAsync<StateRead>(request => new ReadState(request, WithValues: false, MostBytes, GivesWay: true), PatienceForState);
        if (await ours is not { Fingerprint: { } wanted } state || await theirs is not { } found) return false;
        Opaque = state.Opaque;
        if (wanted == found.Fingerprint) return true;

        var values = await old.AskAsync<StateRead>(request => new ReadState(request, WithValues: true, MostBytes, GivesWay: true), PatienceForState);
        if (values is null or { Problem: not null })
        {
            // Unless a cell came in between, it is too much to carry.
            if (!gate.IsRunning) Problem = values?.Problem ?? "the worker did not answer";
            return false;
        }

        var set = await fresh.AskAsync<StateSet>(request => new SetState(request) { Payload = values.Payload }, PatienceForState);
        if (set is null or { Problem: not null }) Problem = set?.Problem ?? "the fresh worker did not answer";

        // Once more, to be sure; but the order in which some collections enumerate differs in every process.
        var isSecond = HasCarried;
        HasCarried = true;
        return isSecond && Problem is null;
    }
}
