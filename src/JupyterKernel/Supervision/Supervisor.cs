using System.Globalization;
using JupyterKernel.Compilation;
using JupyterKernel.Hosting;
using JupyterKernel.Session;

namespace JupyterKernel.Supervision;

/// <summary>
/// Keeps a worker for the session, and a spare one: replaces the worker when it is lost, and brings the fresh one to the
/// session's state by replaying the history of accepted cells. Restart intensity is OTP's: so many workers within a time,
/// and no more are started. Loop thread.
/// Source: https://www.erlang.org/doc/system/sup_princ.html#maximum-restart-intensity
/// </summary>
/// <param name="firstProcess">The first worker's process, started ahead of everything else.</param>
internal sealed class Supervisor(Loop loop, NotebookSession session, IWorkerOutput output, Task<WorkerProcess> firstProcess)
{
    /// <summary>How long an interrupted cell may take to end before its worker is terminated.</summary>
    private static readonly TimeSpan PatienceForInterrupt = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan PatienceForStart = TimeSpan.FromSeconds(30);

    /// <summary>A spare is started so long after a cell, when whatever the user does next is under way.</summary>
    private static readonly TimeSpan SpareDelay = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan IntensityPeriod = TimeSpan.FromMinutes(1);

    /// <summary>A replay that takes longer is announced.</summary>
    private static readonly TimeSpan LongReplay = TimeSpan.FromSeconds(2);

    /// <summary>So many processes in a row that do not get as far as to be ready, and no more are tried until a cell is run again.</summary>
    private const int MaxStarts = 3;

    /// <summary>A cell in whose replay so many workers ended is taken out of the history.</summary>
    private const int MaxSuspicions = 2;

    /// <summary>The same where the workers were killed: that is rarely the cell's own doing.</summary>
    private const int MaxSuspicionsFromOutside = 5;

    /// <summary>How many cells a replay sends ahead.</summary>
    private const int ReplayWindow = 64;

    private readonly SupervisionSettings settings = SupervisionSettings.Current;
    private readonly Queue<DateTime> restarts = new();
    private Task<SupervisedWorker>? worker;
    private SupervisedWorker? latest;
    private SupervisedWorker? spare;
    private Task<WorkerProcess>? nextProcess = firstProcess;
    private CancellationTokenSource? interrupt;
    private DateTime lastRun;
    private bool keepsSpare;
    private bool stopped;

    private bool IsInterrupted => interrupt?.IsCancellationRequested == true;

    /// <summary>What the worker uses; null while there is none.</summary>
    public ProcessUsage? WorkerUsage => latest?.Usage;

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
            using var registration = interruption.Token.Register(() => _ = InterruptAsync(current));
            var outcome = await current.RunAsync(number, cell, allowStdin);
            lastRun = DateTime.UtcNow;
            if (outcome is not CellOutcome.WorkerLost lost)
            {
                _ = KeepSpareAsync();
                return outcome;
            }

            Start();
            return interruption.IsCancellationRequested ? new CellOutcome.Interrupted() : lost with { Restored = session.Accepted.Count };
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

    /// <summary>Replaces the worker by a fresh one with the session's state.</summary>
    /// <exception cref="WorkerStartException">No worker could be had, or the user interrupted it.</exception>
    public async Task RecycleAsync()
    {
        using var interruption = interrupt = new CancellationTokenSource();
        try
        {
            restarts.Clear();
            (await CurrentAsync(interruption.Token)).Dispose();
            Start();
            await CurrentAsync(interruption.Token);
        }
        finally
        {
            interrupt = null;
        }
    }

    /// <summary>Ends the running cell; its outcome comes from <see cref="RunAsync"/>.</summary>
    public void Interrupt() => interrupt?.Cancel();

    /// <summary>Ends the workers for good.</summary>
    public void Stop()
    {
        stopped = true;
        latest?.Dispose();
        spare?.Dispose();
    }

    private async Task<SupervisedWorker> CurrentAsync(CancellationToken interruption)
    {
        // While nothing ran, the worker may have been lost: killed from outside, or by a thread that a cell left behind.
        if (worker is { IsCompletedSuccessfully: true } && await worker is { HasEnded: true, Lost: var lost })
        {
            output.Notice($"The worker ended while no cell ran. {(await lost).Cause} {Counted(session.Accepted.Count)} executed again in a fresh one.");
            worker = null;
        }

        if (worker is null or { IsFaulted: true }) Start();
        if (worker!.IsCompleted) return await worker;

        // It is starting or replaying, and either may take for ever.
        using var registration = interruption.Register(() =>
        {
            if (latest is { IsRunning: true } replaying) _ = InterruptAsync(replaying);
            else latest?.Terminate();
        });
        if (await Task.WhenAny(worker, Task.Delay(LongReplay, interruption)) != worker && !interruption.IsCancellationRequested && session.Accepted.Count > 0)
            output.Notice($"{Counted(session.Accepted.Count)} being executed again in a fresh worker. An interrupt ends that, and loses the state of what is left to do.");
        return await worker;
    }

    private async Task<SupervisedWorker> StartAsync()
    {
        AcceptedCell? suspect = null;
        var suspicions = 0;
        for (var window = ReplayWindow; ; window = 1)
        {
            latest = await FreshAsync();
            if (await ReplayAsync(latest, window) is not { } unfinished) return latest;
            if (IsInterrupted)
            {
                GiveUpFrom(unfinished);
                throw new WorkerStartException("Interrupted while the session was replayed.");
            }

            // With many cells sent ahead it is not certain which one ended the worker, and anything else may have: only
            // who does it again and again, alone, is taken out.
            if (window != 1) continue;
            suspicions = unfinished == suspect ? suspicions + 1 : 1;
            suspect = unfinished;
            if (suspicions == ((await latest.Lost).FromOutside ? MaxSuspicionsFromOutside : MaxSuspicions))
            {
                session.Remove(unfinished);
                output.Notice($"{unfinished.Compiled.Name} ended its worker when it was executed again, and is taken out of the history; gone with it: {Names([unfinished])}.");
            }

        }
    }

    /// <summary>Executes the accepted cells again.</summary>
    /// <returns>The cell that had not ended when the worker did; null if all have.</returns>
    private async Task<AcceptedCell?> ReplayAsync(SupervisedWorker fresh, int window)
    {
        if (session.Accepted.Count == 0) return null;
        fresh.IsMuted = true;
        var sent = 0;
        var ahead = new Queue<(AcceptedCell Cell, Task<CellOutcome> Outcome)>();
        var differing = new List<string>();
        while (true)
        {
            while (sent < session.Accepted.Count && ahead.Count < window && !IsInterrupted)
            {
                var cell = session.Accepted[sent++];
                ahead.Enqueue((cell, fresh.ReplayAsync(cell)));
            }

            if (!ahead.TryDequeue(out var first)) break;
            switch (await first.Outcome)
            {
                case CellOutcome.WorkerLost:
                    return first.Cell;
                case CellOutcome.Interrupted:
                    GiveUpFrom(first.Cell);
                    foreach (var (_, dropped) in ahead) await dropped;
                    ahead.Clear();
                    sent = session.Accepted.Count;
                    break;
                case CellOutcome.Threw threw when !first.Cell.Threw:
                    differing.Add($"{first.Cell.Compiled.Name} threw {threw.Exception.TypeName}: {threw.Exception.Message}");
                    break;
                case CellOutcome.Returned when first.Cell.Threw:
                    differing.Add($"{first.Cell.Compiled.Name} threw no exception");
                    break;
            }
        }

        if (sent < session.Accepted.Count) GiveUpFrom(session.Accepted[sent]);
        await fresh.NativeOutputTakenAsync();
        fresh.IsMuted = false;
        if (differing.Count > 0) output.Notice($"Executed again in a fresh worker, some cells ended otherwise than before: {string.Join("; ", differing)}.");
        return null;
    }

    private void GiveUpFrom(AcceptedCell first)
    {
        var gone = session.TruncateFrom(first);
        output.Notice($"The replay was interrupted. Missing from the state now: {string.Join(", ", gone.Select(cell => cell.Compiled.Name))} ({Names(gone)}). Run these cells again.");
    }

    /// <summary>A worker without any state that is ready: the spare, or a new one.</summary>
    private async Task<SupervisedWorker> FreshAsync()
    {
        HoldIntensity();
        if (spare is { Lost.IsCompleted: false } promoted)
        {
            spare = null;
            latest = promoted;
            if (await IsReadyAsync(promoted)) return promoted;
        }

        for (var start = 1; ; start++)
        {
            string problem;
            try
            {
                // Starting a process takes milliseconds, so it happens off the loop.
                var process = await (nextProcess ?? Task.Run(WorkerProcess.Start));
                latest = new SupervisedWorker(loop, output, process);
                if (stopped) latest.Dispose();
                if (await IsReadyAsync(latest)) return latest;
                problem = latest.Ready.Exception?.InnerException?.Message ?? "It did not answer.";
            }
            catch (System.ComponentModel.Win32Exception refused)
            {
                problem = refused.Message;
            }
            finally
            {
                nextProcess = null;
            }

            if (IsInterrupted) throw new WorkerStartException("Interrupted while a worker was starting.");
            if (start == MaxStarts)
                throw new WorkerStartException($"No worker could be started: {problem} The history is kept: run a cell to try again, or restart the kernel.");
        }
    }

    /// <summary>Waits until a worker is ready; disposes it if it never will be.</summary>
    private static async Task<bool> IsReadyAsync(SupervisedWorker fresh)
    {
        await Task.WhenAny(fresh.Ready, Task.Delay(PatienceForStart));
        if (fresh.Ready.IsCompletedSuccessfully) return true;
        fresh.Dispose();
        return false;
    }

    private void HoldIntensity()
    {
        var now = DateTime.UtcNow;
        while (restarts.TryPeek(out var oldest) && now - oldest > IntensityPeriod) restarts.Dequeue();
        if (restarts.Count > settings.MaxRestarts)
        {
            throw new WorkerStartException(string.Create(CultureInfo.InvariantCulture,
                $"{restarts.Count} workers have ended within a minute, so no more are started for now. The history of {session.Accepted.Count} cells is kept: see to what ends them, then run #!recycle, or wait a minute and run a cell."));
        }

        restarts.Enqueue(now);
    }

    private async Task KeepSpareAsync()
    {
        if (keepsSpare || settings.SpareTime == TimeSpan.Zero) return;
        keepsSpare = true;
        await Task.Delay(SpareDelay);
        try
        {
            if (spare is null or { Lost.IsCompleted: true } && !stopped)
            {
                var fresh = new SupervisedWorker(loop, output, await Task.Run(WorkerProcess.Start));
                if (stopped) fresh.Dispose();
                else spare = fresh;
                await IsReadyAsync(fresh);
            }

            while (DateTime.UtcNow - lastRun is var idle && idle < settings.SpareTime && spare is { Lost.IsCompleted: false } && !stopped)
                await Task.WhenAny(spare.Lost, Task.Delay(settings.SpareTime - idle));
            if (DateTime.UtcNow - lastRun >= settings.SpareTime)
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

    private static async Task InterruptAsync(SupervisedWorker current)
    {
        var ended = current.InterruptAsync();
        if (await Task.WhenAny(ended, Task.Delay(PatienceForInterrupt)) != ended) current.Terminate();
    }

    private static string Counted(int cells) => cells == 1 ? "1 cell is" : string.Create(CultureInfo.InvariantCulture, $"{cells} cells are");

    private static string Names(IReadOnlyList<AcceptedCell> cells) =>
        string.Join(", ", cells.SelectMany(cell => cell.Compiled.DeclaredNames).Distinct().DefaultIfEmpty("no names"));
}

/// <summary>No worker could be had; the message says why and what to do.</summary>
internal sealed class WorkerStartException(string message) : Exception(message);
