using System.Diagnostics;
using System.Globalization;
using JupyterKernel.Hosting;
using JupyterKernel.Settings;

namespace JupyterKernel.Supervision;

/// <summary>
/// Supplies workers without state: the spare worker if one is ready, otherwise a new process. After too many losses within the restart
/// period (OTP's restart intensity) no more are started. Loop thread.
/// Source: https://www.erlang.org/doc/system/sup_princ.html#maximum-restart-intensity
/// </summary>
/// <param name="firstProcess">The first worker's process, started before everything else.</param>
internal sealed class FreshWorkers(Loop loop, IWorkerEvents output, Task<WorkerProcess> firstProcess)
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The delay from the end of a cell to the start of a spare worker, so that the start does not slow down the user's next action.
    /// </summary>
    private static readonly TimeSpan SpareDelay = TimeSpan.FromSeconds(1);

    /// <summary>The interval at which the setting for the spare worker is read; it may change at any time.</summary>
    private static readonly TimeSpan SpareLook = TimeSpan.FromSeconds(10);

    /// <summary>The number of consecutive failed starts after which none is tried until the next cell.</summary>
    private const int MaxStarts = 3;

    private readonly KernelSettings settings = KernelSettings.Current;
    private readonly Queue<long> losses = new();
    private Task<WorkerProcess>? nextProcess = firstProcess;
    private SupervisedWorker? spare;
    private SupervisedWorker? starting;
    private long lastUse;
    private bool keepsSpare;
    private bool stopped;

    /// <summary>Counts a lost worker for the restart intensity.</summary>
    public void CountLoss()
    {
        losses.Enqueue(Stopwatch.GetTimestamp());
    }

    /// <summary>Forgets the losses so far, because the user asks for a worker.</summary>
    public void Forgive() => losses.Clear();

    /// <summary>Returns a worker that is ready: the spare worker or a new one.</summary>
    /// <param name="interruption">Cancels the attempt.</param>
    /// <exception cref="WorkerStartException">No worker could be started, or too many were lost recently.</exception>
    public async Task<SupervisedWorker> TakeAsync(CancellationToken interruption)
    {
        HoldIntensity();
        lastUse = Stopwatch.GetTimestamp();
        if (spare is { HasEnded: false } promoted)
        {
            spare = null;
            if (await IsReadyAsync(promoted, interruption)) return promoted;
        }

        for (var start = 1; ; start++)
        {
            string problem;
            try
            {
                // Starting a process takes milliseconds, so it happens off the loop.
                var process = await (nextProcess ?? Task.Run(WorkerProcess.Start, interruption));
                starting = new SupervisedWorker(loop, output, process);
                if (stopped) starting.Dispose();
                var fresh = starting;
                if (await IsReadyAsync(fresh, interruption)) return fresh;
                problem = fresh.Ready.Exception?.InnerException?.Message ?? "The new process did not respond.";
            }
            catch (Exception refused) when (refused is System.ComponentModel.Win32Exception or FileNotFoundException)
            {
                problem = refused.Message;
            }
            catch (OperationCanceledException)
            {
                problem = "It was interrupted.";
            }
            finally
            {
                nextProcess = null;
                starting = null;
            }

            if (interruption.IsCancellationRequested) throw new WorkerStartException("Interrupted while a worker was starting.");
            if (start == MaxStarts)
                throw new WorkerStartException(
                    $"No worker could be started: {problem.TrimEnd('.')}. The history is kept. Run a cell to try again, or restart the "
                    + "kernel.");
        }
    }

    /// <summary>Called after a cell: starts a spare worker after a delay, and ends it when no cell has run for a while.</summary>
    public void KeepSpare()
    {
        lastUse = Stopwatch.GetTimestamp();
        if (!keepsSpare && settings.SpareTime > TimeSpan.Zero) _ = KeepSpareAsync();
    }

    /// <summary>Ends the spare worker and starts no more.</summary>
    public void Stop()
    {
        stopped = true;
        spare?.Dispose();
        starting?.Dispose();
    }

    private async Task KeepSpareAsync()
    {
        keepsSpare = true;
        await Task.Delay(SpareDelay);
        try
        {
            if (spare is null or { HasEnded: true } && !stopped)
            {
                var fresh = new SupervisedWorker(loop, output, await Task.Run(WorkerProcess.Start));
                if (stopped) fresh.Dispose();
                else spare = fresh;
                await IsReadyAsync(fresh, CancellationToken.None);
            }

            while (Stopwatch.GetElapsedTime(lastUse) is var idle && idle < settings.SpareTime && spare is { HasEnded: false } && !stopped)
            {
                var rest = settings.SpareTime - idle;
                await Task.WhenAny(spare.Lost, Task.Delay(rest < SpareLook ? rest : SpareLook));
            }

            if (Stopwatch.GetElapsedTime(lastUse) >= settings.SpareTime)
            {
                spare?.Dispose();
                spare = null;
            }
        }
        catch (Exception refused) when (refused is System.ComponentModel.Win32Exception or FileNotFoundException)
        {
            // There is no spare worker then; the next start reports the error.
        }
        finally
        {
            keepsSpare = false;
        }
    }

    /// <summary>Waits until a worker is ready, and disposes it if it fails to start.</summary>
    private static async Task<bool> IsReadyAsync(SupervisedWorker fresh, CancellationToken interruption)
    {
        var timeout = KernelSettings.Current.DebugWorker ? Timeout.InfiniteTimeSpan : StartTimeout;
        await Task.WhenAny(fresh.Ready, Task.Delay(timeout, interruption));
        if (fresh.Ready.IsCompletedSuccessfully) return true;
        fresh.Dispose();
        return false;
    }

    private void HoldIntensity()
    {
        while (losses.TryPeek(out var oldest) && Stopwatch.GetElapsedTime(oldest) > settings.RestartPeriod) losses.Dequeue();
        if (losses.Count > settings.MaxRestarts)
        {
            throw new WorkerStartException(string.Create(CultureInfo.InvariantCulture,
                $"{losses.Count} workers have ended within {settings.RestartPeriod.TotalSeconds:0} s, so no more are started for now. The "
                    + $"history is kept. Find out what is crashing them (#!undo removes the last cell), then run #!recycle, or wait and "
                    + $"run a cell."));
        }
    }
}

/// <summary>No worker could be started; the message states the reason and what to do.</summary>
internal sealed class WorkerStartException(string message) : Exception(message);
