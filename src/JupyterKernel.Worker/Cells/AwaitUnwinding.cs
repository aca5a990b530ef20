using System.Diagnostics;
using System.Reflection;
using JupyterKernel.Worker.Console;
using JupyterKernel.Worker.State;

namespace JupyterKernel.Worker.Cells;

/// <summary>
/// Unwinds an interrupted cell that awaits. Such a cell has no code on the stack that could be aborted; so its awaits are ended with an
/// exception, which makes its <c>finally</c> and <c>using</c> blocks run. Cell thread.
/// </summary>
internal sealed class AwaitUnwinding(CellQueue queue, UserCode userCode, ConsoleCapture console, CellLoadContext assemblies)
{
    /// <summary>The time for the <c>finally</c> blocks, after which they are aborted.</summary>
    private static readonly TimeSpan TotalTimeout = TimeSpan.FromMilliseconds(600);

    /// <summary>The time for awaits inside the <c>finally</c> blocks, after which they are ended too.</summary>
    private static readonly TimeSpan AwaitTimeout = TimeSpan.FromMilliseconds(400);

    /// <summary>The time to look for an await that can be ended; the cell may be at none for a moment, or yield repeatedly.</summary>
    private static readonly TimeSpan SearchTimeout = TimeSpan.FromMilliseconds(50);

    /// <summary>The delay before an abort, so that the code to be aborted has begun.</summary>
    private static readonly TimeSpan AbortDelay = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Unwinds a cell. If the cell catches the exception, or awaits nothing that can be ended, it is aborted.
    /// Afterwards none of its code runs.
    /// </summary>
    public void Unwind(Task code, CellContext cell)
    {
        console.Renew();
        var awaits = new PendingAwaits(
            () => [.. cell.Submitted.Code, code],
            (machine, context) => assemblies.IsOfCell(machine) && (context is null || console.CellOf(context) == cell.Number));
        var stop = cell.BeginUnwinding();
        using var hurry = new ManualResetEventSlim();
        new Thread(
            () =>
            {
                if (hurry.Wait(TotalTimeout)) Thread.Sleep(AbortDelay);
                stop.Cancel();
            },
            256 * 1024) { IsBackground = true, Name = "abort" }.Start();
        try
        {
            var clock = Stopwatch.StartNew();
            var hasResumed = false;
            while (!code.IsCompleted && !cell.IsStopped)
            {
                if (hasResumed && awaits.HasCaught)
                {
                    hurry.Set();
                    foreach (var resume in awaits.End(null)) userCode.Run(cell, resume);
                }
                else if (!hasResumed || clock.Elapsed > AwaitTimeout)
                {
                    foreach (var resume in awaits.End(new OperationCanceledException("The cell was interrupted.", cell.Cancellation.Token)))
                    {
                        hasResumed = true;
                        userCode.Run(cell, resume);
                    }

                    if (!hasResumed && clock.Elapsed > SearchTimeout) hurry.Set();
                }

                if (queue.TakeSoon(code) is { } continuation) userCode.Run(continuation);
            }
        }
        catch (Exception unknown) when (unknown is MemberAccessException or TargetInvocationException or ArgumentException
            or InvalidCastException or InvalidOperationException or NotSupportedException or NullReferenceException)
        {
            // The fields of this runtime differ from those expected, so the blocks do not run.
        }

        hurry.Set();
        stop.Cancel();
    }
}
