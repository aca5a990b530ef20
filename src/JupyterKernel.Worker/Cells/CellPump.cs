namespace JupyterKernel.Worker.Cells;

/// <summary>Runs the continuations of cells while a cell awaits, as a message loop does. Cell thread.</summary>
internal sealed class CellPump(CellQueue queue, UserCode userCode, AwaitUnwinding unwinding)
{
    /// <summary>Runs continuations until a task has completed.</summary>
    /// <returns>False if the cell was stopped before.</returns>
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
    /// Runs continuations until a cell's code has ended, and then continues in the execution context in which it ended: the continuation of
    /// an <c>await</c> runs in the method's own context, and the thread undoes its changes. The awaits of an interrupted cell are unwound.
    /// </summary>
    /// <returns>False if the cell was interrupted before.</returns>
    public bool PumpToEnd(Task code, CellContext cell)
    {
        if (code.IsCompleted) return true;
        LetFlow();
        Task<ExecutionContext?> end;

        // A continuation runs in the context of its creation, unless that does not flow: then in that of the code's last step.
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

    /// <summary>Undoes a <see cref="ExecutionContext.SuppressFlow"/> of user code.</summary>
    public static void LetFlow()
    {
        if (ExecutionContext.IsFlowSuppressed()) ExecutionContext.RestoreFlow();
    }
}
