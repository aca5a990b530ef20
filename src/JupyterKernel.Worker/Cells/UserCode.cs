using System.Runtime;
using System.Runtime.CompilerServices;

namespace JupyterKernel.Worker.Cells;

/// <summary>
/// Runs user code on the cell thread so that an interrupt can abort it and wake it from waits. All other code on that thread belongs to the
/// worker, and is neither aborted nor woken.
/// </summary>
/// <param name="uncaught">Decides whether the process continues after an exception of a continuation.</param>
/// <param name="thread">The cell thread.</param>
internal sealed class UserCode(UncaughtExceptions uncaught, Thread thread)
{
    private volatile Phase phase;

    private enum Phase
    {
        None,
        Runs,
        IsWoken,
    }

    /// <summary>The cell thread, which is replaced after an abort.</summary>
    public Thread Thread { get; set; } = thread;

    /// <summary>Whether the cell thread is running user code.</summary>
    public bool IsRunning => phase != Phase.None;

    /// <summary>Runs a continuation. An exception ends the process, as on any thread, unless the cell was replayed.</summary>
    public void Run(Continuation continuation) => Run(continuation.Cell, () => continuation.Callback(continuation.State));

    /// <summary>Runs user code. Cell thread.</summary>
    /// <param name="cell">The cell that the code belongs to; code of a stopped cell is not run.</param>
    /// <param name="code">The code.</param>
    /// <param name="onException">
    /// Receives an exception of the code; if null, an exception ends the process, unless the cell was replayed.
    /// </param>
    public void Run(CellContext cell, Action code, Action<Exception>? onException = null)
    {
        if (cell.IsStopped) return;
        try
        {
            SynchronizationContext.SetSynchronizationContext(cell);
            RunAbortable(() => RunWakeable(cell, code), cell.StopToken);
        }
        catch (Exception) when (cell.IsInterrupted)
        {
            // The code was aborted or woken from a wait.
        }
        catch (OperationCanceledException) when (onException is not null && cell.Cancellation.IsCancellationRequested)
        {
            // The code reacted to its cancellation token before it was aborted.
            cell.Abort.Cancel();
        }
        catch (Exception exception) when (onException is not null)
        {
            onException(exception);
        }
        catch (Exception exception) when (uncaught.IsSurvived(exception, cell.Number))
        {
            // The exception has been reported.
        }
    }

    /// <summary>Wakes running user code from a wait. Any thread.</summary>
    public void Wake()
    {
        if (Interlocked.CompareExchange(ref phase, Phase.IsWoken, Phase.Runs) != Phase.Runs) return;
        Thread.Interrupt();
        phase = Phase.Runs;
    }

#pragma warning disable SYSLIB0046 // An abort can corrupt only the worker, which is disposable.
    /// <summary>Runs code on the current thread until it ends or the token aborts it.</summary>
    /// <param name="token">Must be cancellable: with <see cref="CancellationToken.None"/> this method would never return.</param>
    public static void RunAbortable(Action code, CancellationToken token) => ControlledExecution.Run(code, token);
#pragma warning restore SYSLIB0046

    /// <summary>
    /// Runs code whose waits can be ended by <see cref="Wake"/>. No other code may be woken: during an abort the runtime sleeps, and if it
    /// were woken, the abort would hit the code that follows.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoOptimization)] // Optimized, the finally block would get a copy that can be aborted.
    private void RunWakeable(CellContext cell, Action code)
    {
        try
        {
            phase = Phase.Runs;
            code();
        }
        finally
        {
            while (Interlocked.CompareExchange(ref phase, Phase.None, Phase.Runs) == Phase.IsWoken) Thread.Yield();
            if (cell.IsStopped) ForgetPendingInterrupt();
        }
    }

    private static void ForgetPendingInterrupt()
    {
        try
        {
            Thread.Sleep(0);
        }
        catch (ThreadInterruptedException)
        {
            // This was the pending interrupt.
        }
    }
}
