using System.Runtime;
using System.Runtime.CompilerServices;

namespace JupyterKernel.Worker.Cells;

/// <summary>
/// Runs user code on the cell thread so that an interrupt can abort it and wake it from its waits. All other code on that thread is the
/// worker's own, and is neither aborted nor woken.
/// </summary>
/// <param name="uncaught">Decides whether the process survives an exception of a continuation.</param>
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

    /// <summary>Whether the cell thread runs user code.</summary>
    public bool IsRunning => phase != Phase.None;

    /// <summary>Runs a continuation. Its exception ends the process, as on any thread, unless the cell was replayed.</summary>
    public void Run(Continuation continuation) => Run(continuation.Cell, () => continuation.Callback(continuation.State));

    /// <summary>Runs user code. Cell thread.</summary>
    /// <param name="cell">The cell that the code belongs to; code of a stopped cell is not run.</param>
    /// <param name="code">The code.</param>
    /// <param name="onException">Receives the exception of the code; without it, an exception ends the process, unless the cell was
    /// replayed.</param>
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
            // Aborted, or woken from a wait.
        }
        catch (OperationCanceledException) when (onException is not null && cell.Cancellation.IsCancellationRequested)
        {
            // The code acted on its cancellation token before it was aborted.
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

    /// <summary>Wakes user code from its waits; has no effect while none runs. Any thread.</summary>
    public void Wake()
    {
        if (Interlocked.CompareExchange(ref phase, Phase.IsWoken, Phase.Runs) != Phase.Runs) return;
        Thread.Interrupt();
        phase = Phase.Runs;
    }

#pragma warning disable SYSLIB0046 // An abort can corrupt only the worker, which is disposable.
    /// <summary>Runs code on the current thread until it ends or the token aborts it.</summary>
    /// <param name="token">Not <see cref="CancellationToken.None"/>, with which this would never return.</param>
    public static void RunAbortable(Action code, CancellationToken token) => ControlledExecution.Run(code, token);
#pragma warning restore SYSLIB0046

    /// <summary>
    /// Runs code whose waits may be ended by <see cref="Wake"/>, and no other code: the runtime sleeps until an abort is done, and if it
    /// were woken from that, the abort would hit the code that follows.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoOptimization)] // If optimized, the finally block would have a copy that can be aborted.
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
            // The pending interrupt.
        }
    }
}
