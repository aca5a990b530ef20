using System.Diagnostics;
using System.Globalization;
using JupyterKernel.Hosting;
using JupyterKernel.Settings;

namespace JupyterKernel.Supervision;

/// <summary>
/// Where workers come from that have no state yet: a spare one that stands ready, or a process that is started. Restart
/// intensity is OTP's: so many within a time, and no more are started. Loop thread.
/// Source: https://www.erlang.org/doc/system/sup_princ.html#maximum-restart-intensity
/// </summary>
/// <param name="firstProcess">The first worker's process, started ahead of everything else.</param>
internal sealed class FreshWorkers(Loop loop, IWorkerEvents output, Task<WorkerProcess> firstProcess)
{
    private static readonly TimeSpan PatienceForStart = TimeSpan.FromSeconds(30);

    /// <summary>A spare is started so long after a cell, when whatever the user does next is under way.</summary>
    private static readonly TimeSpan SpareDelay = TimeSpan.FromSeconds(1);

    /// <summary>The time for which a spare is kept may be set anew: it is looked at so often.</summary>
    private static readonly TimeSpan SpareLook = TimeSpan.FromSeconds(10);

    /// <summary>So many processes in a row that do not get as far as to be ready, and no more are tried until a cell is run again.</summary>
    private const int MaxStarts = 3;

    private readonly KernelSettings settings = KernelSettings.Current;
    private readonly Queue<long> losses = new();
    private Task<WorkerProcess>? nextProcess = firstProcess;
    private SupervisedWorker? spare;
    private SupervisedWorker? starting;
    private long lastUse;
    private bool keepsSpare;
    private bool stopped;

    /// <summary>A worker was lost, which counts towards the restart intensity.</summary>
    public void CountLoss()
    {
        losses.Enqueue(Stopwatch.GetTimestamp());
    }

    /// <summary>Forgets the losses so far: the user asks for a worker.</summary>
    public void Forgive() => losses.Clear();

    /// <summary>A worker that is ready: the spare, or a new one.</summary>
    /// <param name="interruption">Ends the attempt.</param>
    /// <exception cref="WorkerStartException">None could be had, or too many were lost of late.</exception>
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
                problem = fresh.Ready.Exception?.InnerException?.Message ?? "It did not answer.";
            }
            catch (System.ComponentModel.Win32Exception refused)
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
                throw new WorkerStartException($"No worker could be started: {problem} The history is kept: run a cell to try again, or restart the kernel.");
        }
    }

    /// <summary>A cell has run: in a while a spare worker stands ready, and goes when nothing runs for long.</summary>
    public void KeepSpare()
    {
        lastUse = Stopwatch.GetTimestamp();
        if (!keepsSpare && settings.SpareTime > TimeSpan.Zero) _ = KeepSpareAsync();
    }

    /// <summary>Ends what is here for good.</summary>
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
        catch (System.ComponentModel.Win32Exception)
        {
            // No spare then: a worker is started when one is needed, and says what is wrong.
        }
        finally
        {
            keepsSpare = false;
        }
    }

    /// <summary>Waits until a worker is ready; disposes it if it never will be.</summary>
    private static async Task<bool> IsReadyAsync(SupervisedWorker fresh, CancellationToken interruption)
    {
        await Task.WhenAny(fresh.Ready, Task.Delay(PatienceForStart, interruption));
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
                $"{losses.Count} workers have ended within {settings.RestartPeriod.TotalSeconds:0} s, so no more are started for now. The history is kept. Find out what ends them (#!undo takes the last cell back), then run #!recycle, or wait and run a cell."));
        }
    }
}

/// <summary>No worker could be had; the message says why and what to do.</summary>
internal sealed class WorkerStartException(string message) : Exception(message);
