namespace JupyterKernel.Worker.Cells;

/// <summary>Runs the continuations of cells while a cell awaits, like a message loop. Cell thread.</summary>
internal sealed class CellPump(CellQueue queue, UserCode userCode, AwaitUnwinding unwinding)
{
    /// <summary>Runs continuations until a task has completed.</summary>
    /// <returns>False if the cell was stopped first.</returns>
    public bool PumpUntil(Task task, CellContext cell)
    {
        if (!task.IsCompleted)
        {
            task.ContinueWith(
                static (_, queue) => ((CellQueue)queue!).Wake(), queue, CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        while (true)
        {
            if (queue.Take(task, cell, out var isCompleted) is not { } continuation) return isCompleted;
            userCode.Run(continuation);
        }
    }

    /// <summary>
    /// Runs continuations until a cell's code has ended, then restores the execution context in which it ended; the runtime itself undoes
    /// the changes of each continuation. The awaits of an interrupted cell are unwound.
    /// </summary>
    /// <returns>False if the cell was interrupted first.</returns>
    public bool PumpToEnd(Task code, CellContext cell)
    {
        if (code.IsCompleted) return true;
        LetFlow();
        Task<ExecutionContext?> end;

        // With the flow suppressed, this continuation runs in the context of the code's last step instead of the present one.
        using (ExecutionContext.SuppressFlow())
        {
            end = code.ContinueWith(
                static _ => ExecutionContext.Capture(), CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        var hasEnded = PumpUntil(end, cell);
        if (!hasEnded) unwinding.Unwind(code, cell);
        if (end is { IsCompletedSuccessfully: true, Result: { } context }) ExecutionContext.Restore(context);
        return hasEnded;
    }

    /// <summary>Undoes a <see cref="ExecutionContext.SuppressFlow"/> by user code.</summary>
    public static void LetFlow()
    {
        if (ExecutionContext.IsFlowSuppressed()) ExecutionContext.RestoreFlow();
    }
}
