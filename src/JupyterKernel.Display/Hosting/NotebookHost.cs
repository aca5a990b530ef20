namespace JupyterKernel.Display.Hosting;

/// <summary>Holds the host of this process, which is null if the assembly is used in an ordinary program.</summary>
internal static class NotebookHost
{
    internal static INotebookHost? Current { get; set; }

    /// <summary>Cancelled when the running cell is interrupted; never cancelled without a host.</summary>
    internal static CancellationToken Interruption => Current?.CancellationToken ?? CancellationToken.None;

    /// <summary>
    /// Whether an exception that passed through user code is the interruption of the cell, which must be rethrown, and not a
    /// fault of the displayed value.
    /// </summary>
    internal static bool IsInterruption(Exception exception) => exception switch
    {
        ThreadInterruptedException or ThreadAbortException => true,
        OperationCanceledException => Current is { CancellationToken.IsCancellationRequested: true },
        _ => false,
    };
}
