using JupyterKernel.Compilation;
using JupyterKernel.Hosting;
using JupyterKernel.Session;
using JupyterKernel.WorkerProtocol;

namespace JupyterKernel.Supervision;

/// <summary>
/// Keeps a worker for the session: starts it, replaces it when it is lost, and brings a fresh one to the session's state
/// by replaying the history of accepted cells. Loop thread.
/// </summary>
/// <param name="firstProcess">The first worker's process, started ahead of everything else.</param>
internal sealed class Supervisor(Loop loop, NotebookSession session, IWorkerOutput output, Task<WorkerProcess> firstProcess)
{
    /// <summary>How long an interrupted cell may take to end before its worker is terminated.</summary>
    private static readonly TimeSpan PatienceForInterrupt = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan PatienceForStart = TimeSpan.FromSeconds(30);

    /// <summary>So many workers in a row that do not get as far as to run a cell, and no more are tried until a cell is run again.</summary>
    private const int MaxStarts = 3;

    private Task<SupervisedWorker>? worker;
    private SupervisedWorker? latest;
    private Task<WorkerProcess>? nextProcess = firstProcess;
    private CancellationTokenSource? interrupt;
    private bool stopped;

    /// <summary>Starts the worker ahead of the first cell.</summary>
    public void Start() => worker = StartAsync();

    /// <summary>Runs a cell in the session's worker, or in a fresh one with the session's state.</summary>
    public async Task<CellOutcome> RunAsync(long number, CompiledCell cell, bool allowStdin)
    {
        using var interruption = interrupt = new CancellationTokenSource();
        try
        {
            var current = await CurrentAsync(interruption.Token);
            if (interruption.IsCancellationRequested) return new CellOutcome.Interrupted();
            using var registration = interruption.Token.Register(() => _ = InterruptAsync(current, number));
            var outcome = await current.RunAsync(number, cell, allowStdin);
            if (outcome is not CellOutcome.WorkerLost) return outcome;
            Start();
            return interruption.IsCancellationRequested ? new CellOutcome.Interrupted() : outcome;
        }
        catch (WorkerStartException failure)
        {
            return interruption.IsCancellationRequested ? new CellOutcome.Interrupted() : new CellOutcome.WorkerLost(failure.Message, []);
        }
        finally
        {
            interrupt = null;
        }
    }

    /// <summary>Ends the running cell; its outcome comes from <see cref="RunAsync"/>.</summary>
    public void Interrupt() => interrupt?.Cancel();

    /// <summary>Ends the worker for good.</summary>
    public void Stop()
    {
        stopped = true;
        latest?.Dispose();
    }

    private async Task<SupervisedWorker> CurrentAsync(CancellationToken interruption)
    {
        // While nothing ran, the worker may have been lost: killed from outside, or by a thread that a cell left behind.
        if (worker is { IsCompletedSuccessfully: true } && (await worker).Lost.IsCompleted) worker = null;
        if (worker is null or { IsFaulted: true }) Start();
        using var registration = interruption.Register(() =>
        {
            // It is not ready, so it is starting or replaying; either may take for ever.
            latest?.Terminate();
        });
        return await worker!;
    }

    private async Task<SupervisedWorker> StartAsync()
    {
        for (var start = 1; ; start++)
        {
            try
            {
                // Starting a process takes milliseconds, so it happens off the loop.
                var process = await (nextProcess ?? Task.Run(WorkerProcess.Start));
                nextProcess = null;
                latest = new SupervisedWorker(loop, output, process);
                if (stopped) latest.Dispose();
                await latest.Ready.WaitAsync(PatienceForStart);
                break;
            }
            catch (Exception failure) when (failure is InvalidOperationException or TimeoutException or System.ComponentModel.Win32Exception)
            {
                nextProcess = null;
                latest?.Dispose();
                if (interrupt?.IsCancellationRequested == true) throw new WorkerStartException("Interrupted while a worker was starting.");
                if (start == MaxStarts)
                    throw new WorkerStartException($"No worker could be started: {failure.Message} The history is kept: run a cell to try again, or restart the kernel.");
            }
        }

        await ReplayAsync(latest);
        return latest;
    }

    private async Task ReplayAsync(SupervisedWorker fresh)
    {
        fresh.IsMuted = true;
        for (var i = 0; i < session.Accepted.Count; i++)
        {
            var (number, cell) = session.Accepted[i];
            var outcome = await fresh.RunAsync(number, cell, allowStdin: false);
            if (outcome.IsAccepted) continue;
            if (interrupt?.IsCancellationRequested == true) throw new WorkerStartException("Interrupted while the session was replayed.");
            var missing = string.Join(", ", session.Accepted.Skip(i).Select(accepted => accepted.Compiled.Name));
            session.Truncate(i);
            output.NativeOutput(0, "stderr", $"The state of {missing} is lost: {cell.Name} ended its worker when it was run again. Run these cells anew.\n");
            if (outcome is CellOutcome.WorkerLost) throw new WorkerStartException("The session could not be replayed.");
        }

        fresh.IsMuted = false;
    }

    private static async Task InterruptAsync(SupervisedWorker current, long number)
    {
        current.Interrupt();
        await Task.WhenAny(current.Lost, Task.Delay(PatienceForInterrupt));
        if (current.RunningCell == number) current.Terminate();
    }
}

/// <summary>No worker could be had; the message says why and what to do.</summary>
internal sealed class WorkerStartException(string message) : Exception(message);
