using System.Diagnostics;
using JupyterKernel.Compilation;
using JupyterKernel.Execution;
using JupyterKernel.Hosting;
using JupyterKernel.Settings;

namespace JupyterKernel.Kernel;

/// <summary>
/// Has the compiler and the completion practise while nobody asks for anything, so that the runtime compiles their code anew, and better: they take half
/// the time then. Whoever runs cell after cell, as nbconvert does, has no use for it; nor has a kernel that no cell was run in. Loop thread.
/// </summary>
internal sealed class IdleWarmUp : IDisposable
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(2.5);

    /// <summary>What completion practises in all. In two parts, with a pause between them: the runtime counts no calls before it has had one.</summary>
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

    /// <param name="compiling">What the compiler practises.</param>
    /// <param name="compilationThread">Where it does.</param>
    /// <param name="completing">Completes something; the number is another each time.</param>
    /// <param name="queue">Tells whether a cell runs, and how many have.</param>
    public IdleWarmUp(Loop loop, CompilerWarmUp compiling, CompilationThread compilationThread, Func<int, CancellationToken, Task> completing, ExecuteQueue queue)
    {
        (this.compiling, this.compilationThread, this.completing, this.queue) = (compiling, compilationThread, completing, queue);
        timer = new Timer(_ => loop.Post(() => _ = PractiseAsync()));
    }

    /// <summary>Something is asked for: whoever asks has the processor.</summary>
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
        if (queue.ExecutionCount == 0) return;
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
            if (!KernelSettings.Current.CompletionAhead) return;
            await CompleteAsync(Completing / 2, asked.Token);
            await CompleteAsync(Completing, asked.Token);
        }
        catch (OperationCanceledException)
        {
            // Somebody waits.
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
