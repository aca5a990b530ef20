namespace JupyterKernel.Supervision;

/// <summary>
/// Keeps cells and the replacement of the worker apart: while the gate is closed cells wait, and a hand-over waits for the end of the running cell. Loop thread.
/// </summary>
internal sealed class CellGate
{
    private TaskCompletionSource? running;
    private TaskCompletionSource? closed;

    /// <summary>Whether a cell runs: all that runs between <see cref="EnterAsync"/> and <see cref="Leave"/> counts as one.</summary>
    public bool IsRunning => running is not null;

    /// <summary>Completes when no cell runs.</summary>
    public Task Idle => running?.Task ?? Task.CompletedTask;

    /// <summary>How many comm messages were handled, each of which may have changed variables.</summary>
    public long Handled { get; set; }

    /// <summary>A cell begins, once the gate is open.</summary>
    /// <param name="interruption">Ends the wait, and lets the cell in: it ends as interrupted.</param>
    public async Task EnterAsync(CancellationToken interruption)
    {
        if (closed is { } opened) await Task.WhenAny(opened.Task, Task.Delay(Timeout.Infinite, interruption));
        running = new();
    }

    /// <summary>The cell has ended, with all its blocks.</summary>
    public void Leave()
    {
        running?.SetResult();
        running = null;
    }

    /// <summary>Makes cells that come wait.</summary>
    public void Close() => closed ??= new();

    /// <summary>Lets the cells that wait run.</summary>
    public void Open()
    {
        closed?.SetResult();
        closed = null;
    }
}
