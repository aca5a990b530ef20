namespace JupyterKernel.Display.Hosting;

/// <summary>The host of this process; null where the assembly is used in an ordinary program.</summary>
internal static class NotebookHost
{
    internal static INotebookHost? Current { get; set; }

    /// <summary>Cancelled when the running cell is interrupted; never cancelled without a host.</summary>
    internal static CancellationToken Interruption => Current?.CancellationToken ?? CancellationToken.None;

    /// <summary>
    /// Whether an exception that passed through a user's code is the interruption of the cell, and so must
    /// reach the cell, rather than a fault of the value that is being shown.
    /// </summary>
    internal static bool IsInterruption(Exception exception) => exception switch
    {
        ThreadInterruptedException or ThreadAbortException => true,
        OperationCanceledException => Current is { CancellationToken.IsCancellationRequested: true },
        _ => false,
    };
}
