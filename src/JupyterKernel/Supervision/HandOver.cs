using JupyterKernel.Session;
using JupyterKernel.Link;

namespace JupyterKernel.Supervision;

/// <summary>
/// Brings a fresh worker to the state of the serving one: replays the history, compares the variables of both workers, and carries
/// over those that differ (random numbers, times, contents of changed files). Cells that run meanwhile run in the old worker and join
/// the replay. Loop thread.
/// </summary>
/// <param name="gate">The gate of the cells; it may be left closed, whether the hand-over succeeds or fails.</param>
internal sealed class HandOver(NotebookSession session, SupervisedWorker old, SupervisedWorker fresh, CellGate gate)
{
    /// <summary>The maximum size of the carried-over values, in bytes.</summary>
    public const long MaxBytes = 256L * 1024 * 1024;

    /// <summary>The number of cells sent ahead; small, because a cell of the user competes with them for the processor.</summary>
    private const int ReplayWindow = 8;

    /// <summary>
    /// The number of comparisons that a new cell may stop; after that, cells wait, because they may arrive faster than large
    /// variables can be compared.
    /// </summary>
    private const int YieldingComparisons = 5;

    private const int MaxComparisons = 10;

    private static readonly TimeSpan StateTimeout = TimeSpan.FromSeconds(60);

    /// <summary>The reason why the fresh worker cannot replace the old one; null if it can.</summary>
    public string? Problem { get; private set; }

    /// <summary>Whether values had to be carried over.</summary>
    public bool HasCarried { get; private set; }

    /// <summary>The variables that are not plain data and were therefore neither compared nor carried over.</summary>
    public IReadOnlyList<OpaqueVariable> Opaque { get; private set; } = [];

    /// <summary>Brings the fresh worker up to date.</summary>
    /// <returns>Whether it can replace the old worker. The caller must do that before it awaits anything.</returns>
    public async Task<bool> PrepareAsync(CancellationToken cancellation)
    {
        var replay = new Replay(session, fresh, ReplayWindow, gate, confirm: null);
        for (var comparison = 0; comparison < MaxComparisons; comparison++)
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

    /// <summary>
    /// Returns whether both workers hold the same values, and carries over values that differ; stops when a cell arrives.
    /// </summary>
    private async Task<bool> CompareAsync()
    {
        var ours = old.AskAsync<StateRead>(request => new ReadState(request, WithValues: false, MaxBytes, GivesWay: true), StateTimeout);
        var theirs =
            fresh.AskAsync<StateRead>(request => new ReadState(request, WithValues: false, MaxBytes, GivesWay: true), StateTimeout);
        if (await ours is not { Fingerprint: { } wanted } state || await theirs is not { } found) return false;
        Opaque = state.Opaque;
        if (wanted == found.Fingerprint) return true;

        var values =
            await old.AskAsync<StateRead>(request => new ReadState(request, WithValues: true, MaxBytes, GivesWay: true), StateTimeout);
        if (values is null or { Problem: not null })
        {
            // If no cell ran in between, the values are too large to carry over.
            if (!gate.IsRunning) Problem = values?.Problem ?? "the worker did not respond";
            return false;
        }

        var set = await fresh.AskAsync<StateSet>(request => new SetState(request) { Payload = values.Payload }, StateTimeout);
        if (set is null or { Problem: not null }) Problem = set?.Problem ?? "the fresh worker did not respond";

        // One more comparison confirms the result. It is the last: some collections enumerate in a different order in every process.
        var isSecond = HasCarried;
        HasCarried = true;
        return isSecond && Problem is null;
    }
}
