namespace JupyterKernel.Supervision;

/// <summary>
/// Ensures that no cell runs while the worker is replaced: cells wait while the gate is closed, and a hand-over waits until the running
/// cell has ended. Loop thread.
/// </summary>
internal sealed class CellGate
{
    private TaskCompletionSource? running;
    private TaskCompletionSource? closed;

    /// <summary>
    /// Whether a cell is running; everything between <see cref="EnterAsync"/> and <see cref="Leave"/> counts as one cell.
    /// </summary>
    public bool IsRunning => running is not null;

    /// <summary>Completes when no cell runs.</summary>
    public Task Idle => running?.Task ?? Task.CompletedTask;

    /// <summary>The number of comm messages handled so far; each may have changed variables.</summary>
    public long Handled { get; set; }

    /// <summary>Waits until the gate is open, then begins a cell.</summary>
    /// <param name="interruption">Ends the wait and lets the cell in, which then ends as interrupted.</param>
    public async Task EnterAsync(CancellationToken interruption)
    {
        if (closed is { } opened) await Task.WhenAny(opened.Task, Task.Delay(Timeout.Infinite, interruption));
        running = new();
    }

    /// <summary>Ends the cell, after its last block.</summary>
    public void Leave()
    {
        running?.SetResult();
        running = null;
    }

    /// <summary>Closes the gate: new cells wait.</summary>
    public void Close() => closed ??= new();

    /// <summary>Opens the gate: waiting cells run.</summary>
    public void Open()
    {
        closed?.SetResult();
        closed = null;
    }
}
