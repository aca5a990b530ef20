using JupyterKernel.Compilation;
using JupyterKernel.Session;
using JupyterKernel.Settings;
using JupyterKernel.Supervision;
using JupyterKernel.Link;

namespace JupyterKernel.Execution;

/// <summary>
/// Adds cells to the history. The blocks of a cell with magics are added one by one, and are committed or rolled
/// back together. Loop thread.
/// </summary>
internal sealed class Commits(NotebookSession session, Supervisor supervisor, Notices notices)
{
    /// <summary>The limit for the recorded values of all variables after an interrupted cell or a comm handler, in bytes.</summary>
    private const long MaxChangesBytes = 32 * 1024 * 1024;

    /// <summary>The limit for the recorded values of all cells that are not replayed, in bytes.</summary>
    private const long MaxRecordedBytes = 1024L * 1024 * 1024;

    private readonly Dictionary<long, IReadOnlyList<CellVariable>> uncommitted = [];

    /// <summary>Whether the worker may have loaded packages or assemblies for a cell that was not accepted.</summary>
    public bool HasStrayAssets { get; set; }

    /// <summary>Adds a cell, or a block of one, to the history, with the values of the variables if it is not to be replayed.</summary>
    /// <param name="isBlock">
    /// Whether this is a block, which is rolled back if a later block of the cell is interrupted or loses its worker.
    /// </param>
    public async Task AcceptAsync(AcceptedCell cell, bool isBlock)
    {
        HasStrayAssets = false;
        if (cell.Policy != ReplayPolicy.Always)
        {
            var room = MaxRecordedBytes - session.Accepted.Sum(accepted => accepted.Values.LongLength);
            var state = await supervisor.ReadStateAsync(Math.Min(HandOver.MaxBytes, room));
            cell = cell.With(state);
            if (cell.Values.Length == 0)
            {
                notices.Add(
                    $"The variables of {cell.Compiled.Name} could not be saved ({state?.Problem ?? "the worker was lost"}). The cell is "
                    + "not replayed, so they have no value in a fresh worker.",
                    isLoss: true);
            }
        }

        session.Accept(cell);

        // While the whole cell can still be rolled back, earlier variables must keep their values.
        if (isBlock) (uncommitted[cell.Number], cell.Replaced) = (cell.Replaced, []);
        else supervisor.Forget(cell);
    }

    /// <summary>Adds the code that a cell submitted while it ran.</summary>
    public void AcceptSubmitted(IReadOnlyList<AcceptedCell> submitted)
    {
        foreach (var cell in submitted)
        {
            session.Accept(cell);
            supervisor.Forget(cell);
        }
    }

    /// <summary>Commits the blocks of a cell: releases the old values of the variables that they redeclare.</summary>
    /// <param name="whole">The number of the cell's first block.</param>
    public void Commit(long whole)
    {
        for (var last = session.Accepted.Count - 1; last >= 0 && session.Accepted[last] is { } block && block.Whole == whole; last--)
        {
            if (!uncommitted.Remove(block.Number, out var replaced)) continue;
            block.Replaced = replaced;
            supervisor.Forget(block);
        }

        uncommitted.Clear();
    }

    /// <summary>Rolls back all blocks of a cell that was interrupted or lost its worker: such a cell is not accepted.</summary>
    /// <param name="whole">The number of the cell's first block.</param>
    /// <returns>Whether there were any blocks.</returns>
    public bool RollBack(long whole)
    {
        if (session.Accepted.Count == 0 || session.Accepted[^1].Whole != whole) return false;
        var gone = session.TruncateFrom(session.BeginOfLastCell());
        HasStrayAssets |= gone.Any(block => block.Compiled.Assets != CellAssets.None);
        supervisor.Drop(gone);
        _ = KeepChangesAsync();
        return true;
    }

    /// <summary>
    /// Records the present values of the variables with the last accepted cell, because an interrupted cell or a comm handler changed them,
    /// which a replay does not repeat. The worker reads them before the next cell runs.
    /// </summary>
    public async Task KeepChangesAsync()
    {
        if (session.Accepted is not [.., var last]) return;
        if (await supervisor.ReadStateAsync(MaxChangesBytes) is { Problem: null, Payload: [var values] }) last.ChangedLater = values;
    }
}
