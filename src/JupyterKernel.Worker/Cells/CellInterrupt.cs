using JupyterKernel.Link;
using JupyterKernel.Worker.Console;

namespace JupyterKernel.Worker.Cells;

/// <summary>
/// Interrupts cells: first with the cancellation token, then by aborting the cell thread, which is woken from its waits until the cell has
/// ended. If the cell does not end, the kernel terminates the worker after 2 s.
/// </summary>
/// <param name="startThread">Starts a new cell thread in place of one that was aborted.</param>
internal sealed class CellInterrupt(CellQueue queue, UserCode userCode, ConsoleCapture console, Action startThread)
{
    private const int StackBytes = 256 * 1024;

    /// <summary>The time that a cell with a cancellation token has to react to it.</summary>
    private static readonly TimeSpan TokenTimeout = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan WakeInterval = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// Interrupts the given cell or, if it has ended, a later cell that runs; drops the queued cells. No other cell is hit by mistake,
    /// because the kernel sends no cell of the user while another is unanswered. Channel thread.
    /// </summary>
    public void Begin(long number)
    {
        if (queue.DropAfter(number) is not { } interrupted) return;
        new Thread(
            () =>
            {
                End(interrupted.Cell);
                foreach (var dropped in interrupted.Dropped) console.PostInOrder(new CellInterrupted(dropped));
            },
            StackBytes) { IsBackground = true, Name = "interrupt" }.Start();
    }

    private void End(CellContext cell)
    {
        var begin = DateTime.UtcNow;
        _ = cell.Cancellation.CancelAsync();
        while (cell.TokenSeen && DateTime.UtcNow - begin < TokenTimeout)
        {
            Thread.Sleep(WakeInterval);
            if (queue.HasEnded(cell)) break;
        }

        // Cancel blocks until the abort is under way, so it runs on its own thread. A blocked thread is woken repeatedly, because a cell
        // may swallow the exception that wakes it.
        new Thread(cell.Abort.Cancel, StackBytes) { IsBackground = true, Name = "abort" }.Start();
        while (!queue.HasEnded(cell))
        {
            queue.Wake();
            if (cell.IsStopped) userCode.Wake();
            Thread.Sleep(WakeInterval);
        }

        queue.ReplaceSpentThread(() =>
        {
            console.Renew();
            startThread();
        });
    }

    /// <summary>
    /// Waits until the runtime's timers and thread pool are known to work. An abort may leave the lock of a timer list held, or a requested
    /// pool thread may never start; the worker then could not receive the kernel's messages. In that case this method never returns, so the
    /// cell does not end, and the kernel terminates the worker. Cell thread.
    /// </summary>
    public static void AwaitSoundRuntime()
    {
        // Not on this thread, which may hold the locks.
        var probe = new Thread(
            () =>
            {
                _ = Timer.ActiveCount;
                var fired = new ManualResetEventSlim(); // not disposed of: another thread may still set it
                using var timer = new Timer(_ => fired.Set(), null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
                fired.Wait();
            },
            StackBytes) { IsBackground = true, Name = "probe" };
        probe.Start();
        probe.Join();
    }
}
