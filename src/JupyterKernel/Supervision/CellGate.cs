namespace JupyterKernel.Supervision;

/// <summary>
/// Keeps cells and the replacement of the worker apart: cells wait while the gate is closed, and a hand-over waits until the running cell
/// ends. Loop thread.
/// </summary>
internal sealed class CellGate
{
    private TaskCompletionSource? running;
    private TaskCompletionSource? closed;

    /// <summary>Whether a cell runs; everything between <see cref="EnterAsync"/> and <see cref="Leave"/> counts as one cell.</summary>
    public bool IsRunning => running is not null;

    /// <summary>Completes when no cell runs.</summary>
    public Task Idle => running?.Task ?? Task.CompletedTask;

    /// <summary>The number of comm messages handled so far; each may have changed variables.</summary>
    public long Handled { get; set; }

    /// <summary>Begins a cell as soon as the gate is open.</summary>
    /// <param name="interruption">Ends the wait and lets the cell in, which then ends as interrupted.</param>
    public async Task EnterAsync(CancellationToken interruption)
    {
        if (closed is { } opened) await Task.WhenAny(opened.Task, Task.Delay(Timeout.Infinite, interruption));
        running = new();
    }

    /// <summary>Ends the cell with all its blocks.</summary>
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
