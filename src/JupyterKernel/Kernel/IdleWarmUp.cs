using System.Diagnostics;
using JupyterKernel.Compilation;
using JupyterKernel.Execution;
using JupyterKernel.Hosting;
using JupyterKernel.Settings;

namespace JupyterKernel.Kernel;

/// <summary>
/// Warms up the compiler and the completion while no request arrives, so that the runtime tiers up their code, which halves the time they
/// take. It does nothing for a client that runs cell after cell, as nbconvert does, nor before the first cell. Loop thread.
/// </summary>
internal sealed class IdleWarmUp : IDisposable
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(2.5);

    /// <summary>
    /// The total time of the completion's warm-up, in two parts with a pause between them: the runtime counts no calls before a pause.
    /// </summary>
    private static readonly TimeSpan Completing = TimeSpan.FromSeconds(0.4);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(0.3);

    private readonly CompilerWarmUp compiling;
    private readonly CompilationThread compilationThread;
    private readonly Func<int, CancellationToken, Task> completing;
    private readonly ExecuteQueue queue;
    private readonly Timer timer;
    private CancellationTokenSource? practising;
    private TimeSpan completed;
    private int round;

    /// <param name="compiling">The compiler's warm-up.</param>
    /// <param name="compilationThread">The thread on which it runs.</param>
    /// <param name="completing">Completes a typical text; the number differs each time.</param>
    /// <param name="queue">The queue, which shows whether a cell runs and how many have run.</param>
    public IdleWarmUp(Loop loop, CompilerWarmUp compiling, CompilationThread compilationThread,
        Func<int, CancellationToken, Task> completing, ExecuteQueue queue)
    {
        (this.compiling, this.compilationThread, this.completing, this.queue) = (compiling, compilationThread, completing, queue);
        timer = new Timer(_ => loop.Post(() => _ = PractiseAsync()));
    }

    /// <summary>Reports a request, which takes priority over the warm-up.</summary>
    public void Active()
    {
        practising?.Cancel();
        Wait();
    }

    /// <inheritdoc/>
    public void Dispose() => timer.Dispose();

    private void Wait() => timer.Change(Idle, Timeout.InfiniteTimeSpan);

    private async Task PractiseAsync()
    {
        if (queue.ExecutionCount == 0 || !KernelSettings.Current.WarmUp) return;
        if (queue.Running is not null || practising is not null)
        {
            Wait();
            return;
        }

        using var asked = practising = new();
        try
        {
            compiling.Allow(queue.ExecutionCount);
            while (!compiling.IsOver) await compilationThread.RunAsync(() => compiling.Once(asked.Token), asked.Token);
            await CompleteAsync(Completing / 2, asked.Token);
            await CompleteAsync(Completing, asked.Token);
        }
        catch (OperationCanceledException)
        {
            // A request is waiting.
        }
        catch (Exception bug)
        {
            Log.Bug(bug);
        }
        finally
        {
            practising = null;
        }
    }

    private async Task CompleteAsync(TimeSpan until, CancellationToken asked)
    {
        if (completed >= until) return;
        await Task.Delay(Pause, asked);
        while (completed < until)
        {
            asked.ThrowIfCancellationRequested();
            var clock = Stopwatch.StartNew();
            await completing(round++, asked);
            completed += clock.Elapsed;
        }
    }
}
