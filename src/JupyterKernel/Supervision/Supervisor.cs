using System.Globalization;
using JupyterKernel.Compilation;
using JupyterKernel.Hosting;
using JupyterKernel.Session;
using JupyterKernel.Link;

namespace JupyterKernel.Supervision;

/// <summary>
/// Keeps a worker for the session: runs code in it, and replaces it when it is lost, uses too much memory or the user requests a
/// replacement. Loop thread.
/// </summary>
internal sealed class Supervisor
{
    /// <summary>The timeout for an interrupted cell to end before its worker is terminated.</summary>
    private static readonly TimeSpan InterruptTimeout = TimeSpan.FromSeconds(2);

    /// <summary>The duration after which a running replay is announced.</summary>
    private static readonly TimeSpan LongReplay = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan StateTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan TooltipTimeout = TimeSpan.FromMilliseconds(200);

    private readonly Loop loop;
    private readonly NotebookSession session;
    private readonly IWorkerEvents events;
    private readonly WorkerSlot slot = new();
    private readonly CellGate gate = new();
    private readonly FreshWorkers freshWorkers;
    private readonly LateCrashes lateCrashes;
    private readonly Recovery recovery;
    private readonly Recycling recycling;
    private PendingRun? running;

    /// <param name="firstProcess">The first worker's process, started before everything else.</param>
    public Supervisor(Loop loop, NotebookSession session, IWorkerEvents events, Task<WorkerProcess> firstProcess)
    {
        this.loop = loop;
        this.session = session;
        this.events = events;
        freshWorkers = new FreshWorkers(loop, events, firstProcess);
        lateCrashes = new LateCrashes(session, text => events.Notice(text, isLoss: true));
        recovery = new Recovery(session, freshWorkers, lateCrashes, events);
        Watch = new WorkerWatch(() => slot.Serving) { OverCeiling = reason => running?.Interrupt(reason) };
        recycling = new Recycling(session, slot, gate, recovery, freshWorkers, lateCrashes, events, Watch.JudgeAsync);
        Watch.OverThreshold = recycling.Start;
    }

    /// <summary>The watch on the worker's memory and responsiveness.</summary>
    public WorkerWatch Watch { get; }

    /// <summary>The worker that serves or is being brought to the session's state; null before the first start.</summary>
    public SupervisedWorker? Current => recovery.Latest;

    /// <summary>Starts the first worker, before the first cell, and the watch.</summary>
    public void Start()
    {
        Replace();
        Watch.Start();
    }

    /// <summary>Begins a cell: everything up to <see cref="EndCell"/> counts as one cell, during which no hand-over happens.</summary>
    public Task BeginCellAsync(CancellationToken interruption) => gate.EnterAsync(interruption);

    /// <summary>Ends the cell begun by <see cref="BeginCellAsync"/>.</summary>
    public void EndCell() => gate.Leave();

    /// <summary>Runs a cell, or a block of one, in the session's worker; starts a worker if there is none.</summary>
    /// <param name="ended">
    /// Receives the outcome while the cell still counts as running, so that no hand-over or replay sees the cell's effects without its
    /// outcome; null for a cell without effects on later ones.
    /// </param>
    /// <param name="interruption">Cancelled to interrupt the cell.</param>
    public Task<CellOutcome> RunAsync(long number, CompiledCell cell, bool allowStdin, Func<CellOutcome, Task>? ended,
        CancellationToken interruption) =>
        InWorkerAsync(
            cell.Code,
            current =>
            {
                // Only after the worker's replay is it known which variables could not be restored.
                if (session.WhyUnusable(cell) is { } reason)
                {
                    return Task.FromResult<CellOutcome>(new CellOutcome.Refused("StateLost", reason));
                }
                recycling.CountCell();
                return current.RunAsync(number, cell, allowStdin, isKept: ended is not null);
            },
            ended,
            interruption);

    /// <summary>Handles a comm message, which runs user code but is not a cell.</summary>
    /// <param name="handle">Passes the message to the worker.</param>
    /// <param name="interruption">Cancelled to interrupt the handler.</param>
    public Task<CellOutcome> HandleAsync(Func<SupervisedWorker, Task<CellOutcome>> handle, CancellationToken interruption)
    {
        gate.Handled++;
        return InWorkerAsync("a comm's message", handle, ended: null, interruption);
    }

    /// <summary>Reads rows of a table for the front end; null if they are not available.</summary>
    public async Task<byte[]?> ReadTableAsync(byte[] query) =>
        slot.Serving is { } worker
            && await worker.AskAsync<TableRead>(request => new ReadTable(request) { Payload = [query] }, StateTimeout)
                is { Payload: [var answer] }
            ? answer
            : null;

    /// <summary>Reads the values of all variables and lists those that are not plain data; null if the worker does not answer.</summary>
    public async Task<StateRead?> ReadStateAsync(long maxBytes) =>
        slot.Serving is { } worker
            ? await worker.AskAsync<StateRead>(request => new ReadState(request, WithValues: true, maxBytes, GivesWay: false), StateTimeout)
            : null;

    /// <summary>Reads a variable's value as one line of text; null if it cannot be read immediately and without running code.</summary>
    public async Task<string?> ReadVariableAsync(CellVariable variable) =>
        !gate.IsRunning && slot.Serving is { } worker
            ? (await worker.AskAsync<VariableRead>(request => new ReadVariable(request, variable), TooltipTimeout))?.Text : null;

    /// <summary>Lists the variables that hold the most memory.</summary>
    public async Task<IReadOnlyList<VariableSize>> LargestVariablesAsync(int count) =>
        slot.Serving is { } worker
            && await worker.AskAsync<VariablesMeasured>(request => new MeasureVariables(request, count), StateTimeout) is { } measured
            ? measured.Largest : [];

    /// <summary>Releases the old values of variables that an accepted cell redeclares.</summary>
    public void Forget(AcceptedCell cell) => slot.Serving?.Forget(cell.Replaced);

    /// <summary>Drops the declarations of cells that the worker has executed but the history no longer contains.</summary>
    public void Drop(IReadOnlyList<AcceptedCell> cells) => slot.Serving?.Drop(cells);

    /// <summary>Resets the restart intensity because the user asks for a worker.</summary>
    public void Forgive() => freshWorkers.Forgive();

    /// <summary>Replaces the worker with a fresh one that has the session's state; see <see cref="Recycling"/>.</summary>
    /// <param name="cause">The reason reported to the user; null if the user asked for it and receives a reply.</param>
    /// <param name="interruption">Cancels the replacement; the old worker is kept.</param>
    /// <exception cref="WorkerStartException">No worker could be started, or the start was interrupted.</exception>
    public async Task RecycleAsync(string? cause, CancellationToken interruption)
    {
        if (slot.State is WorkerSlotState.Starting or WorkerSlotState.Serving)
        {
            await recycling.RunAsync(cause, interruption);
            return;
        }

        if (slot.State == WorkerSlotState.Ended) await ReportEndAsync();
        Replace();
        await slot.Worker;
    }

    /// <summary>Keeps the old worker; cancels a planned replacement in progress.</summary>
    public void CancelRecycling() => recycling.Cancel();

    /// <summary>Replaces the worker with a fresh one that has executed exactly the accepted cells.</summary>
    /// <param name="keepsValues">Whether variables that are plain data keep their present values.</param>
    /// <param name="interruption">Ends the replay.</param>
    /// <exception cref="WorkerStartException">No worker could be started, or the user interrupted the start.</exception>
    public async Task RebuildAsync(bool keepsValues, CancellationToken interruption)
    {
        recycling.Cancel();
        var values = keepsValues ? await ReadStateAsync(HandOver.MaxBytes) : null;
        await EndAsync();
        freshWorkers.Forgive();
        Replace();
        if (keepsValues) slot.BeforeServing(fresh => recovery.SetAsync(fresh, values));
        using var run = running = new PendingRun(interruption);
        try
        {
            await ReadyAsync(run.Interruption);
        }
        finally
        {
            running = null;
        }
    }

    /// <summary>Ends the workers permanently.</summary>
    public void Stop()
    {
        recycling.Cancel();
        Watch.Stop();
        recovery.Stop();
        freshWorkers.Stop();
    }

    /// <summary>Formats the beginning of a sentence: "1 cell is" or "5 cells are".</summary>
    private static string Counted(int cells) =>
        cells == 1 ? "1 cell is" : string.Create(CultureInfo.InvariantCulture, $"{cells} cells are");

    private async Task<CellOutcome> InWorkerAsync(
        string code, Func<SupervisedWorker, Task<CellOutcome>> execute, Func<CellOutcome, Task>? ended, CancellationToken interruption)
    {
        using var run = running = new PendingRun(interruption);
        var isWhole = !gate.IsRunning;
        if (isWhole) await gate.EnterAsync(run.Interruption);
        try
        {
            var worker = await ReadyAsync(run.Interruption);
            if (run.IsInterrupted) return Interrupted(run);
            using var registration = run.Interruption.Register(() => _ = InterruptAsync(worker));
            var outcome = await execute(worker);

            // A cell may end just when its worker is terminated; the worker still counts as lost.
            if (worker.Termination is not null) outcome = await worker.Lost;
            if (outcome is not CellOutcome.WorkerLost lost)
            {
                if (ended is not null) await ended(outcome);
                freshWorkers.KeepSpare();
                if (Watch.IsDue) loop.Post(() => Watch.Look(worker));
                recycling.AfterCell();
                return outcome is CellOutcome.Interrupted ? Interrupted(run) : outcome;
            }

            freshWorkers.CountLoss();
            if (ended is not null) await ended(lost);
            if (!run.IsInterrupted) lost = lateCrashes.Blame(lost, worker, code);
            Replace();
            return run.IsInterrupted ? Interrupted(run, worker.Termination) : lost with { Restored = session.Accepted.Count };
        }
        catch (WorkerStartException failure)
        {
            return run.IsInterrupted ? Interrupted(run) : new CellOutcome.WorkerLost(failure.Message, []);
        }
        finally
        {
            running = null;
            if (isWhole) gate.Leave();
        }
    }

    /// <param name="termination">The reason why the worker was also terminated; null if it was not.</param>
    private CellOutcome.Interrupted Interrupted(PendingRun run, string? termination = null) =>
        new(termination is null ? run.Reason
            : $"{run.Reason ?? "The code was interrupted."} {termination} {BeingReplayed}");

    private void Replace()
    {
        recycling.Reset();
        slot.Start(recovery.StartAsync);
    }

    private async Task EndAsync()
    {
        try
        {
            if (slot.State != WorkerSlotState.Empty) (await slot.Worker).Dispose();
        }
        catch (WorkerStartException)
        {
            // There is no worker to terminate.
        }
    }

    /// <summary>Returns the worker as soon as it has the session's state.</summary>
    private async Task<SupervisedWorker> ReadyAsync(CancellationToken interruption)
    {
        // The worker may have ended while no cell ran: terminated from outside, or by a thread that a cell left running.
        if (slot.State == WorkerSlotState.Ended) await ReportEndAsync();
        var wasStarting = slot.State == WorkerSlotState.Starting;
        if (slot.State is WorkerSlotState.Empty or WorkerSlotState.Failed) Replace();
        if (slot.Worker.IsCompleted) return await slot.Worker;

        // The start and the replay have no time limit.
        var starting = slot.Worker;
        using var registration = interruption.Register(() =>
        {
            slot.CancelStart();
            if (recovery.Latest is { IsRunning: true } replaying) _ = InterruptAsync(replaying);
        });
        if (await Task.WhenAny(starting, Task.Delay(LongReplay, interruption)) != starting && !interruption.IsCancellationRequested
            && session.Accepted.Count > 0)
        {
            events.Notice(
                $"{Counted(session.Accepted.Count)} being replayed in a fresh worker. Interrupt to stop the replay; the remaining cells "
                    + "are then removed from the history.",
                isLoss: false);
        }

        try
        {
            return await slot.Worker;
        }
        catch (WorkerStartException) when (wasStarting && !interruption.IsCancellationRequested)
        {
            // The failed attempts were made for earlier cells; this cell may try again.
            return await ReadyAsync(interruption);
        }
    }

    private string BeingReplayed => session.Accepted.Count == 0 ? "A fresh worker is started."
        : $"{Counted(session.Accepted.Count)} being replayed in a fresh worker.";

    /// <summary>Reports that the worker was lost while no cell ran.</summary>
    private async Task ReportEndAsync()
    {
        var ended = slot.TakeEnded();
        freshWorkers.CountLoss();
        var lost = lateCrashes.Blame(await ended.Lost, ended, running: null);
        events.Notice(
            $"The worker ended while no cell was running. {lost.Cause} {BeingReplayed}"
            + (session.Accepted.Count > 0 ? " #!undo removes the last cell." : ""),
            isLoss: true);
    }

    private static async Task InterruptAsync(SupervisedWorker worker)
    {
        var ended = worker.InterruptAsync();
        await Task.WhenAny(ended, Task.Delay(InterruptTimeout));
        if (!ended.IsCompleted)
            worker.Terminate(string.Create(CultureInfo.InvariantCulture,
                $"The code did not end within {InterruptTimeout.TotalSeconds:0} s, so the kernel terminated its worker."));
    }

    /// <summary>Code that runs in the worker or waits for one.</summary>
    private sealed class PendingRun(CancellationToken interruption) : IDisposable
    {
        private readonly CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(interruption);

        public CancellationToken Interruption => source.Token;

        public bool IsInterrupted => source.IsCancellationRequested;

        /// <summary>The reason why the kernel interrupted the code; null if the user did.</summary>
        public string? Reason { get; private set; }

        public void Interrupt(string reason)
        {
            Reason = reason;
            source.Cancel();
        }

        public void Dispose() => source.Dispose();
    }
}
