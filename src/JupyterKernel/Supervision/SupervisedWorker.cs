using System.Diagnostics;
using JupyterKernel.Compilation;
using JupyterKernel.Hosting;
using JupyterKernel.Session;
using JupyterKernel.Settings;
using JupyterKernel.Link;

namespace JupyterKernel.Supervision;

/// <summary>A worker from its start to its end: its process, its channel and the cell it runs. Loop thread.</summary>
internal sealed class SupervisedWorker : IDisposable
{
    /// <summary>The time to wait for the markers that follow the native output of a finished cell.</summary>
    private static readonly TimeSpan MarkerTimeout = TimeSpan.FromMilliseconds(300);

    /// <summary>
    /// The time to wait for the last output of an ended process, which may be a stack trace; a child process may keep the pipe open.
    /// </summary>
    private static readonly TimeSpan LastOutputTimeout = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The maximum number of pieces of native output that wait for the loop thread; then the pipe is not read and its writers block.
    /// </summary>
    private const int MaxNativePieces = 16;

    private readonly Loop loop;
    private readonly IWorkerEvents output;
    private readonly SemaphoreSlim nativePieces = new(MaxNativePieces);
    private readonly WorkerProcess process;
    private readonly WorkerChannel channel;
    private readonly NativeOutput stdout;
    private readonly NativeOutput stderr;
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<CellOutcome.WorkerLost> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<long, TaskCompletionSource<CellOutcome>> unanswered = [];
    private readonly Dictionary<long, TaskCompletionSource<WorkerMessage?>> requests = [];
    private readonly Dictionary<string, string> comms = [];
    private readonly Dictionary<long, long> cellEnds = [];
    private bool leavesChildren;
    private long lastRequest;
    private long ended;
    private UncaughtException? lastException;
    private TaskCompletionSource? markers;
    private long latestCell;
    private long stdoutMarker;
    private long stderrMarker;

    /// <param name="loop">The loop, on whose thread this is called.</param>
    /// <param name="output">Receives the output of the worker's cells.</param>
    /// <param name="process">A process that was just started; this object owns it.</param>
    public SupervisedWorker(Loop loop, IWorkerEvents output, WorkerProcess process)
    {
        this.loop = loop;
        this.output = output;
        this.process = process;
        channel = new WorkerChannel(loop.Poller, process.Key, process.TellEndpoint, Receive);
        stdout =
            new NativeOutput(process.Stdout, process.MarkerToken, text => Native("stdout", text), cell => Marked(ref stdoutMarker, cell));
        stderr =
            new NativeOutput(process.Stderr, process.MarkerToken, text => Native("stderr", text), cell => Marked(ref stderrMarker, cell));
        _ = WatchExitAsync();
    }

    /// <summary>The process id.</summary>
    public int Id => process.Id;

    /// <summary>Completes when the worker has authenticated and can run cells; faults if the worker ends before that.</summary>
    public Task Ready => ready.Task;

    /// <summary>Completes when the process has ended and all its output has been received.</summary>
    public Task<CellOutcome.WorkerLost> Lost => lost.Task;

    /// <summary>Whether the process has ended; <see cref="Lost"/> also waits for its output.</summary>
    public bool HasEnded => process.HasEnded;

    /// <summary>The reason, for the user, why the kernel terminated the worker; null if it did not.</summary>
    public string? Termination { get; private set; }

    /// <summary>Whether any cell that was sent has not ended.</summary>
    public bool IsRunning => unanswered.Count > 0;

    /// <summary>Whether any processes started by the worker's cells are running.</summary>
    public Task<bool> HasStartedAsync() => Task.Run(() => process.HasStarted);

    /// <summary>The resource usage of the process, as reported by the system.</summary>
    public ProcessUsage Usage => process.Usage;

    /// <summary>The latest memory report of the worker's runtime.</summary>
    public MemoryReport Memory { get; private set; } = new(0, 0, 0, 0);

    /// <summary>The time of the latest message from the worker.</summary>
    public DateTime LastHeard { get; private set; } = DateTime.UtcNow;

    /// <summary>The time from the end of a cell to the end of the worker; null if the cell did not end in this worker.</summary>
    public TimeSpan? EndedAfter(AcceptedCell cell) =>
        cellEnds.TryGetValue(cell.Number, out var end) ? Stopwatch.GetElapsedTime(end, ended) : null;

    /// <summary>The comms open in the worker, each with its target; includes those reopened by a replay.</summary>
    public IReadOnlyDictionary<string, string> Comms => comms;

    /// <summary>Called when code that a cell left running has thrown and the worker continues.</summary>
    public Action<UncaughtException> Survived { get; set; } = _ => { };

    /// <summary>Whether output is discarded, as in a replay, whose output was already shown.</summary>
    public bool IsMuted { get; set; }

    /// <summary>Runs a cell until it ends or the worker is lost.</summary>
    public async Task<CellOutcome> RunAsync(long number, CompiledCell cell, bool allowStdin, bool isKept)
    {
        var outcome = await SendAsync(number, Run(number, cell, allowStdin, isReplay: false, isKept, [], []));
        if (outcome is CellOutcome.WorkerLost lost)
        {
            return lost.OwnerCell == 0 && lost.OwnerCode == cell.EntryType ? lost with { OwnerCell = number } : lost;
        }
        await NativeOutputTakenAsync();
        return outcome;
    }

    /// <summary>Runs user code that is not a cell until it ends or the worker is lost.</summary>
    public async Task<CellOutcome> HandleAsync(long number, WorkerMessage message)
    {
        if (message is CommArrived { Type: "comm_open" } opened) comms[opened.Comm] = opened.Target;
        if (message is CommArrived { Type: "comm_close" } closed) comms.Remove(closed.Comm);
        var outcome = await SendAsync(number, message);
        if (outcome is not CellOutcome.WorkerLost) await NativeOutputTakenAsync();
        return outcome;
    }

    /// <summary>Replays an accepted cell; several can be sent ahead, and they run in order.</summary>
    /// <param name="submitted">The code that the cell submitted when it first ran.</param>
    public Task<CellOutcome> ReplayAsync(AcceptedCell cell, IReadOnlyList<AcceptedCell> submitted) =>
        SendAsync(cell.Number, Run(cell.Number, cell.Compiled, allowStdin: false, isReplay: true, isKept: true, cell.Answers, submitted));

    /// <summary>Runs code submitted by the running cell as part of that cell.</summary>
    public void Run(long submission, CompiledCell cell) =>
        channel.Send(new RunSubmitted(submission, Submitted(cell)) { Payload = Images(cell) });

    /// <summary>Restores all variables to their values after an accepted cell, without running it.</summary>
    public Task<CellOutcome> RestoreAsync(AcceptedCell cell) =>
        SendAsync(cell.Number, new RestoreCell(cell.Number, cell.Compiled.EntryType, Files(cell.Compiled))
    {
        Payload = [.. Images(cell.Compiled), cell.Values],
    });

    /// <summary>Sets variables after all cells sent so far have run.</summary>
    public void Set(byte[] values) => channel.Send(new SetState(++lastRequest) { Payload = [values] });

    /// <summary>Releases the values of variables after all cells sent so far have run.</summary>
    public void Forget(IReadOnlyList<CellVariable> variables)
    {
        if (variables.Count > 0) channel.Send(new ForgetVariables(variables));
    }

    /// <summary>Hides the declarations of cells from later code.</summary>
    public void Drop(IReadOnlyList<AcceptedCell> cells) => channel.Send(new DropCells([.. cells.Select(cell => cell.Compiled.EntryType)]));

    /// <summary>Asks the worker to report its memory use at an interval.</summary>
    public void Watch(TimeSpan interval) => channel.Send(new ReportMemory(interval));

    /// <summary>Sends a request that is not a cell.</summary>
    /// <param name="request">Creates the message from the request's number.</param>
    /// <param name="timeout">The time to wait for the answer.</param>
    /// <returns>The answer; null if the worker is lost or does not answer in time.</returns>
    public async Task<T?> AskAsync<T>(Func<long, WorkerMessage> request, TimeSpan timeout)
        where T : WorkerMessage, IAnswer
    {
        if (lost.Task.IsCompleted) return null;
        var number = ++lastRequest;
        var answer = requests[number] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        channel.Send(request(number));
        await Task.WhenAny(answer.Task, Task.Delay(timeout));
        requests.Remove(number);
        return answer.Task.IsCompleted ? (T?)await answer.Task : null;
    }

    /// <summary>Completes when the latest cell's native output has been received.</summary>
    public async Task NativeOutputTakenAsync()
    {
        if (IsMarked) return;
        markers = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await Task.WhenAny(markers.Task, Task.Delay(MarkerTimeout));
    }

    /// <summary>Asks the worker to end the running cell and to discard the cells sent ahead.</summary>
    /// <returns>Completes when the cell has ended.</returns>
    public Task InterruptAsync()
    {
        if (unanswered.Count == 0) return Task.CompletedTask;
        var oldest = unanswered.Keys.Min();
        channel.Send(new InterruptCell(oldest));
        return unanswered[oldest].Task;
    }

    /// <summary>Passes the user's answer to the cell that asked.</summary>
    public void Answer(WorkerMessage answer) => channel.Send(answer);

    /// <summary>Terminates the process immediately.</summary>
    /// <param name="cause">The reason for the user; the exit code only shows that the process was terminated.</param>
    public void Terminate(string cause)
    {
        if (!HasEnded) Termination ??= cause;
        process.Terminate();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!HasEnded) Termination ??= "The kernel terminated the worker because it was no longer needed.";
        channel.Dispose();
        process.Dispose();
    }

    private static byte[][] Images(CompiledCell cell) =>
        cell.Library is { Emitted: var library } ? [library.Assembly, library.Symbols, cell.Emitted.Assembly, cell.Emitted.Symbols]
            : [cell.Emitted.Assembly, cell.Emitted.Symbols];

    private static LoadableFiles? Files(CompiledCell cell) =>
        cell.AssemblyPaths.Count == 0 && cell.Assets == CellAssets.None ? null
            : new(cell.AssemblyPaths, cell.Assets.Assemblies, cell.Assets.NativeLibraries);

    private static RunCell Run(long number, CompiledCell cell, bool allowStdin, bool isReplay, bool isKept, IReadOnlyList<string> answers,
        IReadOnlyList<AcceptedCell> submitted) =>
        new(number, cell.EntryType, cell.EntryMethod, Files(cell), allowStdin, isReplay, isKept, answers)
        {
            Payload = submitted.Count == 0 ? Images(cell) : [.. Images(cell), .. submitted.SelectMany(part => Images(part.Compiled))],
            Disposed = Disposed(cell),
            ResultNames = cell.ResultNames,
            DisplayedNames = cell.DisplayedNames.Count == 0 ? null
                : [.. cell.DisplayedNames.Select(shown => new DisplayedNames(shown.Source, shown.Line, shown.Column, shown.Names))],
            Submitted = [.. submitted.Select(part => Submitted(part.Compiled))],
        };

    private static SubmittedCell Submitted(CompiledCell cell) =>
        new(cell.Code, cell.EntryType, cell.EntryMethod, Files(cell), Disposed(cell), Images(cell).Length);

    private static IReadOnlyList<DisposedVariable> Disposed(CompiledCell cell) =>
        [.. cell.Disposed.Select(variable => new DisposedVariable(variable.Name, variable.Awaits))];

    private void Receive(WorkerMessage message)
    {
        LastHeard = DateTime.UtcNow;
        switch (message)
        {
            case IAnswer answer:
                if (message is MemoryReport memory) Memory = memory;
                if (requests.TryGetValue(answer.Request, out var asked)) asked.TrySetResult(message);
                break;
            case Link.Ready { Version: var version } when version != WorkerPrograms.Version:
                ready.TrySetException(new InvalidOperationException(
                    $"The program in {WorkerPrograms.Directory} has version {version}, and the kernel {WorkerPrograms.Version}. Install "
                    + "the kernel again."));
                break;
            case Link.Ready:
                ready.TrySetResult();
                break;
            case CellReturned returned:
                EndCell(returned.Cell,
                    (returned.Payload is [var data, var metadata] ? new CellOutcome.Returned(data, metadata)
                        : new CellOutcome.Returned(null, null)) with
                    {
                        AllocatedBytes = returned.Allocated, HasObeyed = returned.HasObeyed,
                    });
                break;
            case CellThrew threw:
                EndCell(threw.Cell, new CellOutcome.Threw(threw.Exception)
                {
                    AllocatedBytes = threw.Allocated, HasObeyed = threw.HasObeyed,
                });
                break;
            case CellInterrupted interrupted:
                EndCell(interrupted.Cell, new CellOutcome.Interrupted());
                break;
            case UncaughtException { EndsWorker: true } uncaught:
                lastException = uncaught;
                break;
            case UncaughtException uncaught:
                Survived(uncaught);
                break;
            case CommTarget target:
                output.CommTarget(target.Name);
                break;
            default:
                if (message is CommOutput comm) Track(comm);
                if (!IsMuted) output.Output(message, this);
                break;
        }
    }

    private void Track(CommOutput comm)
    {
        if (comm.Type == "comm_open") comms[comm.Comm] = comm.Target;
        if (comm.Type == "comm_close") comms.Remove(comm.Comm);
    }

    private bool IsMarked => MarkedCell >= latestCell;

    private long MarkedCell => Math.Min(Volatile.Read(ref stdoutMarker), Volatile.Read(ref stderrMarker));

    private async Task<CellOutcome> SendAsync(long number, WorkerMessage message)
    {
        if (lost.Task.IsCompleted) return await lost.Task;
        if (KernelSettings.Current.LeavesChildren != leavesChildren) channel.Send(new LeaveChildren(leavesChildren = !leavesChildren));
        var ended = unanswered[latestCell = number] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        channel.Send(message);
        return await ended.Task;
    }

    private void EndCell(long cell, CellOutcome outcome)
    {
        if (!unanswered.Remove(cell, out var answer)) return;
        cellEnds[cell] = Stopwatch.GetTimestamp();
        answer.TrySetResult(outcome);
    }

    private void Native(string name, string text)
    {
        nativePieces.Wait();
        loop.Post(() =>
        {
            nativePieces.Release();
            if (!IsMuted) output.NativeOutput(latestCell, name, text);
        });
    }

    private void Marked(ref long marker, long cell)
    {
        // Whichever of the two streams reads its marker last completes the wait.
        Interlocked.Exchange(ref marker, cell);
        if (MarkedCell < cell) return;
        loop.Post(() =>
        {
            if (IsMarked) markers?.TrySetResult();
        });
    }

    private async Task WatchExitAsync()
    {
        var id = process.Id;
        var exitCode = await process.Exited;
        ended = Stopwatch.GetTimestamp();
        Log.Workers?.Write($"{id} ended with exit code {exitCode}");

        // Messages sent before the end may not have arrived yet.
        await Task.WhenAny(Task.WhenAll(stdout.Ended, stderr.Ended), Task.Delay(LastOutputTimeout));
        await Task.Delay(10);
        channel.ReceiveAll();
        channel.Dispose();
        var cause = Termination is { } terminated ? new CellOutcome.WorkerLost(terminated, []) { ByKernel = true }
            : ExitCause.Of(
                exitCode, stderr.CrashReport.Length == 0 && ExitCause.IsCrash(exitCode) ? stderr.ReleasedReport : stderr.CrashReport);
        if (lastException is { } uncaught)
        {
            cause = cause with { OwnerCell = uncaught.Cell, OwnerCode = uncaught.Assembly ?? cause.OwnerCode };
        }
        ready.TrySetException(new InvalidOperationException(cause.Cause));
        lost.TrySetResult(cause);
        foreach (var request in requests.Values) request.TrySetResult(null);
        foreach (var cell in unanswered.Values) cell.TrySetResult(cause);
        unanswered.Clear();
        process.Dispose();
    }
}

/// <summary>Receives the events of a worker. Loop thread.</summary>
internal interface IWorkerEvents
{
    /// <summary>Receives a stream, a display, a clear_output, an input request or a comm message.</summary>
    void Output(WorkerMessage message, SupervisedWorker from);

    /// <summary>Reports that user code has registered a comm target, including in a replay.</summary>
    void CommTarget(string name);

    /// <summary>Reports that a worker with the session's state now serves.</summary>
    void Serves(SupervisedWorker worker);

    /// <summary>Reports that a serving worker has ended.</summary>
    void Ended(SupervisedWorker worker);

    /// <summary>Receives text written directly to file descriptors 1 and 2 of the process.</summary>
    void NativeOutput(long cell, string name, string text);

    /// <summary>Notifies the user about the session's state.</summary>
    /// <param name="isLoss">Whether state may differ from before; such notices are always shown.</param>
    void Notice(string text, bool isLoss);

    /// <summary>Asks the user to confirm, if a cell is running whose client supports input requests.</summary>
    Task<bool> ConfirmAsync(string question);
}
