using System.Diagnostics;
using JupyterKernel.Compilation;
using JupyterKernel.Hosting;
using JupyterKernel.Settings;

namespace JupyterKernel.Kernel;

/// <summary>
/// Has the compiler and the completion practise while nobody asks for anything, so that the runtime compiles their code anew, and better: they take half
/// the time then. Whoever runs cell after cell, as nbconvert does, has no use for it; nor has a kernel that no cell was run in. Loop thread.
/// </summary>
/// <param name="compiling">What the compiler practises.</param>
/// <param name="compilationThread">Where it does.</param>
/// <param name="completing">Completes something; the number is another each time.</param>
/// <param name="executeQueue">Tells whether a cell runs, and how many have.</param>
internal sealed class IdlePractice(Practice compiling, CompilationThread compilationThread, Func<int, CancellationToken, Task> completing, ExecuteQueue executeQueue)
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(2.5);

    /// <summary>What completion practises in all. In two parts, with a pause between them: the runtime counts no calls before it has had one.</summary>
    private static readonly TimeSpan Completing = TimeSpan.FromSeconds(0.4);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(0.3);

    private CancellationTokenSource? idle;
    private TimeSpan completed;
    private int round;

    /// <summary>Something is asked for: whoever asks has the processor.</summary>
    public void Active()
    {
        idle?.Cancel();
        _ = PractiseAsync((idle = new()).Token);
    }

    private async Task PractiseAsync(CancellationToken asked)
    {
        do
        {
            // Most requests come within that time, and are not worth an exception each.
            await Task.Delay(Idle, asked).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            if (asked.IsCancellationRequested) return;
        }
        while (executeQueue.Running is not null);

        try
        {
            compiling.Allow(executeQueue.CellsRun);
            while (!compiling.IsOver) await compilationThread.RunAsync(() => compiling.Once(asked), asked);
            if (executeQueue.CellsRun == 0 || !KernelSettings.Current.CompletionAhead) return;
            await CompleteAsync(Completing / 2, asked);
            await CompleteAsync(Completing, asked);
        }
        catch (OperationCanceledException)
        {
            // Somebody waits.
        }
        catch (Exception bug)
        {
            Log.Bug(bug);
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
