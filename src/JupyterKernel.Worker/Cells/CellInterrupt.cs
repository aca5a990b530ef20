using JupyterKernel.Link;
using JupyterKernel.Worker.Console;

namespace JupyterKernel.Worker.Cells;

/// <summary>
/// Interrupts cells: by the cancellation token first, then by aborting the cell thread, which is woken from its waits until the cell has
/// ended. A cell that does not end is left to the kernel, which terminates the worker after two seconds.
/// </summary>
/// <param name="startThread">Starts another cell thread in place of a spent one.</param>
internal sealed class CellInterrupt(CellQueue queue, UserCode userCode, ConsoleCapture console, Action startThread)
{
    private const int StackBytes = 256 * 1024;

    /// <summary>The time that a cell which uses its cancellation token has to act on it.</summary>
    private static readonly TimeSpan TokenTimeout = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan WakeInterval = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// Interrupts a cell, or the one that runs of those after it, and drops the queued ones. The kernel sends no cell of the user's after
    /// an unanswered one, so no other cell is hit by mistake. Channel thread.
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

        // Cancel blocks until the abort is under way, so it has its own thread. A blocked thread is woken repeatedly, since a cell may
        // swallow the exception that wakes it.
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
    /// Waits until the runtime has shown that its timers and threads still work. An abort can have hit it while it took the lock of a list
    /// of timers, which then stays taken, or while it requested a pool thread, which then never arrives; without these, no message of the
    /// kernel is received. In that case this never returns, the cell does not end, and the kernel replaces the worker, as for every cell
    /// that an interrupt does not end. Cell thread.
    /// </summary>
    public static void AwaitSoundRuntime()
    {
        // Not on this thread, which may own the locks.
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
