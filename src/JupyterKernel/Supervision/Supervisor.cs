using System.Globalization;
using JupyterKernel.Compilation;
using JupyterKernel.Hosting;
using JupyterKernel.Session;
using JupyterKernel.Settings;
using JupyterKernel.Link;

namespace JupyterKernel.Supervision;

/// <summary>
/// Keeps a worker for the session: runs cells in it, replaces it when it is lost or has grown too large, and brings the fresh
/// one to the session's state. Loop thread.
/// </summary>
internal sealed class Supervisor
{
    /// <summary>How long an interrupted cell may take to end before its worker is terminated.</summary>
    private static readonly TimeSpan PatienceForInterrupt = TimeSpan.FromSeconds(2);

    /// <summary>A replay that takes longer is announced.</summary>
    private static readonly TimeSpan LongReplay = TimeSpan.FromSeconds(2);

    /// <summary>A session whose cells took longer is not executed again merely because of their number.</summary>
    private static readonly TimeSpan LongestRoutineReplay = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan PatienceForState = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PatienceForTooltip = TimeSpan.FromMilliseconds(200);

    /// <summary>A cell in whose replay so many workers ended is taken out of the history.</summary>
    private const int MaxSuspicions = 2;

    /// <summary>The same where the workers were killed: that is rarely the cell's own doing.</summary>
    private const int MaxSuspicionsFromOutside = 5;

    /// <summary>How many cells a replay sends ahead.</summary>
    private const int ReplayWindow = 64;

    private readonly Loop loop;
    private readonly NotebookSession session;
    private readonly IWorkerOutput output;
    private readonly FreshWorkers freshWorkers;
    private readonly LateCrashes lateCrashes;
    private readonly KernelSettings settings = KernelSettings.Current;
    private readonly HashSet<string> namedOpaque = [];
    private Task<SupervisedWorker>? worker;
    private SupervisedWorker? latest;
    private CancellationTokenSource? interrupt;
    private CancellationTokenSource? recycling;
    private CancellationTokenSource starting = new();
    private Task recycled = Task.CompletedTask;
    private TaskCompletionSource? cellEnded;
    private TaskCompletionSource? held;
    private int cellsSinceRecycle;
    private long handled;
    private string? reasonOfInterrupt;
    private string? running;
    private bool stopped;

    /// <param name="firstProcess">The first worker's process, started ahead of everything else.</param>
    public Supervisor(Loop loop, NotebookSession session, IWorkerOutput output, Task<WorkerProcess> firstProcess)
    {
        this.loop = loop;
        this.session = session;
        this.output = output;
        freshWorkers = new FreshWorkers(loop, output, firstProcess);
        lateCrashes = new LateCrashes(session, text => output.Notice(text, isLoss: true));
        Watch = new WorkerWatch(() => worker is { IsCompletedSuccessfully: true, Result: var current } ? current : null)
        {
            OverThreshold = RecycleUnasked,
            OverCeiling = why =>
            {
                reasonOfInterrupt = why;
                Interrupt();
            },
        };
    }

    /// <summary>Watches the worker.</summary>
    public WorkerWatch Watch { get; }

    /// <summary>The worker that serves; null while there is none.</summary>
    public SupervisedWorker? Current => latest;

    /// <summary>Starts the worker ahead of the first cell.</summary>
    public void Start()
    {
        Replace();
        Watch.Start();
    }

    /// <summary>Has what runs from here to <see cref="EndCell"/> count as one cell: no hand-over comes in between.</summary>
    public async Task BeginCellAsync(CancellationToken interruption)
    {
        if (held is { } hold) await Task.WhenAny(hold.Task, Task.Delay(Timeout.Infinite, interruption));
        cellEnded = new();
    }

    /// <summary>See <see cref="BeginCellAsync"/>.</summary>
    public void EndCell()
    {
        cellEnded?.SetResult();
        cellEnded = null;
    }

    /// <summary>Runs a cell, or a block of one, in the session's worker, or in a fresh one with the session's state.</summary>
    /// <param name="ended">
    /// Takes the outcome while the cell still counts as running, so that no hand-over sees its effects without it, and no replay begins before;
    /// null for a cell that leaves nothing to later ones.
    /// </param>
    public Task<CellOutcome> RunAsync(long number, CompiledCell cell, bool allowStdin, Func<CellOutcome, Task>? ended) =>
        InWorkerAsync(
            current =>
            {
                // Only when the worker is there is it known which variables its replay could not set.
                if (session.WhyUnusable(cell) is { } reason) return Task.FromResult<CellOutcome>(new CellOutcome.Refused("StateLost", reason));
                cellsSinceRecycle++;
                running = cell.Code;
                return current.RunAsync(number, cell, allowStdin, isKept: ended is not null);
            },
            ended);

    /// <summary>Has something handled that is no cell but runs code of the user's: a comm's message.</summary>
    /// <param name="handle">Hands it to the worker.</param>
    public Task<CellOutcome> HandleAsync(Func<SupervisedWorker, Task<CellOutcome>> handle)
    {
        handled++;
        running = "a comm's message";
        return InWorkerAsync(handle, ended: null);
    }

    /// <summary>Rows of a table, as an answer for the front end; null where they cannot be had at once.</summary>
    public async Task<byte[]?> ReadTableAsync(byte[] query) =>
        worker is { IsCompletedSuccessfully: true, Result: { HasEnded: false } current }
            && await current.AskAsync<TableRead>(request => new ReadTable(request) { Payload = [query] }, PatienceForState) is { Payload: [var answer] }
            ? answer
            : null;

    /// <summary>What all variables hold now, and which are not plain data; null if that cannot be had.</summary>
    public async Task<StateRead?> ReadStateAsync(long mostBytes) =>
        worker is { IsCompletedSuccessfully: true, Result: { HasEnded: false } current }
            ? await current.AskAsync<StateRead>(request => new ReadState(request, WithValues: true, mostBytes, GivesWay: false), PatienceForState)
            : null;

    /// <summary>What a variable holds now, in a line; null where that cannot be told at once and without running code.</summary>
    public async Task<string?> ReadVariableAsync(CellVariable variable) =>
        cellEnded is null && worker is { IsCompletedSuccessfully: true, Result: { HasEnded: false } current }
            ? (await current.AskAsync<VariableRead>(request => new ReadVariable(request, variable), PatienceForTooltip))?.Text
            : null;

    /// <summary>
    /// Replaces the worker by a fresh one with the session's state. The old one serves until the fresh one is up to date;
    /// only where memory is short, or a cell ends otherwise while the old one is there, it is ended first.
    /// </summary>
    /// <param name="cause">Why, for the user; null if the user asked for it and is told by the answer.</param>
    /// <exception cref="WorkerStartException">No worker could be had, or the user interrupted it.</exception>
    public Task RecycleAsync(string? cause) => recycled.IsCompleted ? recycled = RecycleOnceAsync(cause) : recycled;

    /// <summary>Replaces the worker by a fresh one in which exactly the accepted cells have been executed.</summary>
    /// <param name="keepsValues">Whether plain data is set to what it is now.</param>
    /// <exception cref="WorkerStartException">No worker could be had, or the user interrupted it.</exception>
    public async Task RebuildAsync(bool keepsValues = false)
    {
        recycling?.Cancel();
        var values = keepsValues ? await ReadStateAsync(HandOver.MostBytes) : null;
        await EndAsync(worker);
        freshWorkers.Forgive();
        Replace();
        if (keepsValues && values is not { Problem: null } && session.Accepted.Count > 0)
            output.Notice($"What the variables held cannot be carried over ({values?.Problem ?? "there was no worker"}), so all of it comes from executing the cells again.", isLoss: true);
        if (values is not null) worker = SetAsync(worker!, values);
        using var interruption = interrupt = new CancellationTokenSource();
        try
        {
            await CurrentAsync(interruption.Token);
        }
        finally
        {
            interrupt = null;
        }
    }

    /// <summary>A cell was accepted: variables that it declares anew let go of what they held.</summary>
    public void Forget(AcceptedCell cell)
    {
        if (worker is { IsCompletedSuccessfully: true, Result: { HasEnded: false } current }) current.Forget(cell.Replaced);
    }

    /// <summary>Cells were given up that the worker has executed: it lets go of what they declared.</summary>
    public void Drop(IReadOnlyList<AcceptedCell> cells)
    {
        if (worker is { IsCompletedSuccessfully: true, Result: { HasEnded: false } current }) current.Drop(cells);
    }

    /// <summary>The variables that hold the most memory.</summary>
    public async Task<IReadOnlyList<VariableSize>> LargestVariablesAsync(int count) =>
        worker is { IsCompletedSuccessfully: true, Result: { HasEnded: false } current }
            && await current.AskAsync<VariablesMeasured>(request => new MeasureVariables(request, count), PatienceForState) is { } measured
            ? measured.Largest
            : [];

    /// <summary>A user's word for a fresh worker lifts the restart intensity.</summary>
    public void Forgive() => freshWorkers.Forgive();

    /// <summary>Ends the running cell; its outcome comes from <see cref="RunAsync"/>.</summary>
    public void Interrupt()
    {
        if (interrupt is null) recycling?.Cancel();
        interrupt?.Cancel();
    }

    /// <summary>Ends the workers for good.</summary>
    public void Stop()
    {
        stopped = true;
        recycling?.Cancel();
        Watch.Stop();
        latest?.Dispose();
        freshWorkers.Stop();
    }

    private async Task<CellOutcome> InWorkerAsync(Func<SupervisedWorker, Task<CellOutcome>> run, Func<CellOutcome, Task>? ended)
    {
        using var interruption = interrupt = new CancellationTokenSource();
        var isWhole = cellEnded is null;
        if (isWhole) await BeginCellAsync(interruption.Token);
        try
        {
            var current = await CurrentAsync(interruption.Token);
            if (interruption.IsCancellationRequested) return Interrupted();
            using var registration = interruption.Token.Register(() => _ = InterruptAsync(current));
            var outcome = await run(current);

            // A cell may end just as its worker is given up: that worker is gone all the same.
            if (current.Termination is not null) outcome = await current.Lost;
            if (outcome is not CellOutcome.WorkerLost lost)
            {
                if (ended is not null) await ended(outcome);
                freshWorkers.KeepSpare();
                if (Watch.IsDue) loop.Post(() => Watch.Look(current));
                if (cellsSinceRecycle >= settings.RecycleAfterCells && settings.RecycleAfterCells > 0) RecycleAfterCells();
                return outcome is CellOutcome.Interrupted ? Interrupted() : outcome;
            }

            freshWorkers.CountLoss();
            if (ended is not null) await ended(lost);
            if (!interruption.IsCancellationRequested) lost = lateCrashes.Blame(lost, current, running);
            Replace();
            return interruption.IsCancellationRequested ? Interrupted(current.Termination) : lost with { Restored = session.Accepted.Count };
        }
        catch (WorkerStartException failure)
        {
            return interruption.IsCancellationRequested ? Interrupted() : new CellOutcome.WorkerLost(failure.Message, []);
        }
        finally
        {
            interrupt = null;
            reasonOfInterrupt = null;
            if (isWhole) EndCell();
        }
    }

    /// <param name="termination">Why the worker was terminated as well; null if it was not.</param>
    private CellOutcome.Interrupted Interrupted(string? termination = null) =>
        new(termination is null ? reasonOfInterrupt : $"{reasonOfInterrupt ?? "The cell was interrupted."} {termination} {Counted(session.Accepted.Count)} replayed in a fresh one.");

    private void Replace()
    {
        recycling?.Cancel();
        cellsSinceRecycle = 0;
        starting = new();
        worker = StartAsync(starting.Token);
    }

    private static async Task EndAsync(Task<SupervisedWorker>? task)
    {
        try
        {
            if (task is not null) (await task).Dispose();
        }
        catch (WorkerStartException)
        {
            // There is none to end.
        }
    }

    private async Task<SupervisedWorker> CurrentAsync(CancellationToken interruption)
    {
        // While nothing ran, the worker may have been lost: killed from outside, or by a thread that a cell left behind.
        if (worker is { IsCompletedSuccessfully: true } && await worker is { HasEnded: true } ended)
        {
            await TellEndAsync(ended);
        }

        var wasStarting = worker is { IsCompleted: false };
        if (worker is null or { IsFaulted: true }) Replace();
        if (worker!.IsCompleted) return await worker;

        // It is starting or replaying, and either may take for ever.
        using var registration = interruption.Register(() =>
        {
            starting.Cancel();
            if (latest is { IsRunning: true } replaying) _ = InterruptAsync(replaying);
        });
        if (await Task.WhenAny(worker, Task.Delay(LongReplay, interruption)) != worker && !interruption.IsCancellationRequested && session.Accepted.Count > 0)
            output.Notice($"{Counted(session.Accepted.Count)} being executed again in a fresh worker. An interrupt ends that, and loses the state of what is left to do.", isLoss: false);
        try
        {
            return await worker;
        }
        catch (WorkerStartException) when (wasStarting && !interruption.IsCancellationRequested)
        {
            // Its attempts were used up before this cell came, which is a new one.
            return await CurrentAsync(interruption);
        }
    }

    /// <summary>Tells that the worker has ended while no cell ran.</summary>
    private async Task TellEndAsync(SupervisedWorker ended)
    {
        worker = null;
        freshWorkers.CountLoss();
        var lost = lateCrashes.Blame(await ended.Lost, ended, running: null);
        output.Notice($"The worker ended while no cell ran. {lost.Cause} {Counted(session.Accepted.Count)} executed again in a fresh one; #!undo takes the last one back.", isLoss: true);
    }

    private async Task<SupervisedWorker> StartAsync(CancellationToken interruption)
    {
        AcceptedCell? suspect = null;
        var suspicions = 0;
        for (var window = ReplayWindow; ; window = 1)
        {
            latest = await freshWorkers.TakeAsync(interruption);
            latest.Survived = lateCrashes.Survived;
            if (stopped) latest.Dispose();
            var replay = new Replay(session, latest, window, whenIdle: null, output.ConfirmAsync);
            var end = await replay.CatchUpAsync(interruption);
            if (end == ReplayEnd.UpToDate || (end == ReplayEnd.Interrupted && !latest.HasEnded))
            {
                if (end == ReplayEnd.Interrupted) GiveUpFrom(replay.Unfinished!);
                if (replay.Differing.Count > 0) output.Notice($"Executed again in a fresh worker, some cells ended otherwise than before: {string.Join("; ", replay.Differing)}.", isLoss: true);
                Serve(latest);
                return latest;
            }

            var unfinished = replay.Unfinished!;
            if (interruption.IsCancellationRequested)
            {
                GiveUpFrom(unfinished);
                throw new WorkerStartException("Interrupted while the session was replayed.");
            }

            freshWorkers.CountLoss();
            var lost = await latest.Lost;
            if (session.FindOwner(lost.OwnerCell, lost.OwnerCode) is { } owner && owner != unfinished)
            {
                lateCrashes.Count(owner, lost);
                continue;
            }

            // With many cells sent ahead it is not certain which one ended the worker, and anything else may have: only
            // who does it again and again, alone, is taken out.
            if (window != 1) continue;
            suspicions = unfinished == suspect ? suspicions + 1 : 1;
            suspect = unfinished;
            if (suspicions == (lost.FromOutside ? MaxSuspicionsFromOutside : MaxSuspicions))
            {
                session.Remove(unfinished);
                output.Notice($"{unfinished.Compiled.Name} ended its worker when it was executed again, and is taken out of the history; gone with it: {Names([unfinished])}. Correct it and run it again, or take the last cell back with #!undo.", isLoss: true);
            }
        }
    }

    private void GiveUpFrom(AcceptedCell first)
    {
        var gone = session.TruncateFrom(first);
        output.Notice($"The replay was interrupted. Missing from the state now: {string.Join(", ", gone.Select(cell => cell.Compiled.Name))} ({Names(gone)}). Run these cells again.", isLoss: true);
    }

    /// <summary>Many cells have run: that alone is no reason to execute for minutes again.</summary>
    private void RecycleAfterCells()
    {
        var replayTime = session.Accepted.Where(cell => cell.Policy == ReplayPolicy.Always).Aggregate(TimeSpan.Zero, (sum, cell) => sum + cell.Took);
        if (replayTime <= LongestRoutineReplay) RecycleUnasked(string.Create(CultureInfo.InvariantCulture, $"{cellsSinceRecycle} cells have run in it"));
        cellsSinceRecycle = 0;
    }

    private async void RecycleUnasked(string cause)
    {
        try
        {
            await RecycleAsync(cause);
        }
        catch (WorkerStartException failure)
        {
            Log.WarnOnce($"the worker was not recycled: {failure.Message}");
        }
    }

    private async Task RecycleOnceAsync(string? cause)
    {
        if (worker is null or { IsFaulted: true } || (worker.IsCompletedSuccessfully && worker.Result.HasEnded))
        {
            if (worker is { IsCompletedSuccessfully: true, Result: var ended }) await TellEndAsync(ended);
            if (worker is null or { IsFaulted: true }) Replace();
            await worker!;
            return;
        }

        var began = DateTime.UtcNow;
        var old = await worker;
        using var cancellation = recycling = new CancellationTokenSource();
        try
        {
            var problem = IsMemoryShort(old) ? "memory is short"
                : !settings.LeavesChildren && await old.HasStartedAsync() ? "processes that cells started would run twice"
                : await HandOverAsync(old, cancellation.Token);
            if (cancellation.IsCancellationRequested) throw new WorkerStartException("The worker was not replaced: that was interrupted.");
            if (problem is not null) await ReplaceFirstAsync(old, cancellation.Token);
            cellsSinceRecycle = 0;
            if (cause is not null || problem is not null) output.Notice(string.Create(CultureInfo.InvariantCulture,
                $"The worker was replaced: {cause ?? "you asked for it"}. {Counted(session.Accepted.Count)} executed again in {(DateTime.UtcNow - began).TotalSeconds:0.0} s{(problem is null ? "" : $", after the old one was ended ({problem})")}."), isLoss: false);
            if (await Watch.JudgeAsync(latest!) is { } judgement) output.Notice(judgement, isLoss: true);
        }
        finally
        {
            if (recycling == cancellation) recycling = null;
        }
    }

    /// <summary>Lets the old worker serve until a fresh one can take its place.</summary>
    /// <returns>Why none can while the old one is there; null if one has.</returns>
    private async Task<string?> HandOverAsync(SupervisedWorker old, CancellationToken cancellation)
    {
        var fresh = await freshWorkers.TakeAsync(cancellation);
        fresh.Survived = lateCrashes.Survived;
        var handOver = new HandOver(session, old, fresh, () => cellEnded?.Task ?? Task.CompletedTask, () => held ??= new(), () => handled);
        using var registration = cancellation.Register(fresh.Dispose);
        try
        {
            if (!await handOver.PrepareAsync(cancellation) || old.HasEnded)
            {
                fresh.Dispose();
                return handOver.Problem ?? "it had ended by itself";
            }

            latest = fresh;
            worker = Task.FromResult(fresh);
            Serve(fresh);
        }
        finally
        {
            LetCellsRun();
        }

        old.Dispose();
        if (handOver.HasCarried) TellOpaque(handOver.Opaque);
        return null;
    }

    /// <summary>Ends the old worker, then brings a fresh one up; its variables are carried over where they are not too large.</summary>
    private async Task ReplaceFirstAsync(SupervisedWorker old, CancellationToken cancellation)
    {
        held ??= new();
        try
        {
            while (cellEnded is { } running) await running.Task;
            if (cancellation.IsCancellationRequested || old.HasEnded) return;
            var values = await old.AskAsync<StateRead>(request => new ReadState(request, WithValues: true, HandOver.MostBytes, GivesWay: false), PatienceForState);
            old.Dispose();
            recycling = null;
            Replace();
            worker = SetAsync(worker!, values);
        }
        finally
        {
            LetCellsRun();
        }

        await worker;
    }

    private async Task<SupervisedWorker> SetAsync(Task<SupervisedWorker> replaying, StateRead? values)
    {
        var fresh = await replaying;
        if (values is { Problem: null })
        {
            await fresh.AskAsync<StateSet>(request => new SetState(request) { Payload = values.Payload }, PatienceForState);
            TellOpaque(values.Opaque);
        }

        return fresh;
    }

    private async void Serve(SupervisedWorker fresh)
    {
        fresh.IsMuted = false;
        output.Serves(fresh);
        await fresh.Lost;
        output.Ended(fresh);
    }

    private void LetCellsRun()
    {
        held?.SetResult();
        held = null;
    }

    /// <summary>Says once of each variable that it may differ.</summary>
    private void TellOpaque(IReadOnlyList<OpaqueVariable> opaque)
    {
        var named = opaque.Where(variable => namedOpaque.Add($"{variable.Assembly} {variable.Name}")).ToList();
        if (named.Count > 0) output.Notice($"Not plain data, so executed again and perhaps not as before: {string.Join(", ", named.Select(variable => $"{variable.Name} ({variable.Reason})"))}.", isLoss: false);
    }

    private static bool IsMemoryShort(SupervisedWorker old)
    {
        const long Reserve = 256L * 1024 * 1024;
        return ProcessUsage.AvailableBytes() < old.Usage.PrivateBytes + Reserve;
    }

    private static async Task InterruptAsync(SupervisedWorker current)
    {
        var ended = current.InterruptAsync();
        await Task.WhenAny(ended, Task.Delay(PatienceForInterrupt));
        if (!ended.IsCompleted) current.Terminate(string.Create(CultureInfo.InvariantCulture, $"It did not end within {PatienceForInterrupt.TotalSeconds:0} s, so the kernel terminated its worker."));
    }

    private static string Counted(int cells) => cells == 1 ? "1 cell is" : string.Create(CultureInfo.InvariantCulture, $"{cells} cells are");

    private static string Names(IReadOnlyList<AcceptedCell> cells) =>
        string.Join(", ", cells.SelectMany(cell => cell.Compiled.DeclaredNames).Distinct().DefaultIfEmpty("no names"));
}
