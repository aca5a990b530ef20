using System.Diagnostics;
using JupyterKernel.Compilation;
using JupyterKernel.Hosting;
using JupyterKernel.Session;
using JupyterKernel.Settings;
using JupyterKernel.Link;

namespace JupyterKernel.Supervision;

/// <summary>
/// One worker from its start to its end: its process, its channel, and the cell it runs. Loop thread.
/// </summary>
internal sealed class SupervisedWorker : IDisposable
{
    /// <summary>How long an ended cell waits for the markers behind its native output.</summary>
    private static readonly TimeSpan PatienceForMarkers = TimeSpan.FromMilliseconds(300);

    /// <summary>How long an ended process's last output may take to arrive: among it may be the stack that tells the cause. A child may keep the pipe open.</summary>
    private static readonly TimeSpan PatienceForLastOutput = TimeSpan.FromSeconds(2);

    /// <summary>How many pieces of native output may wait for the loop thread; then nobody reads the pipe, and who writes to it waits.</summary>
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
    /// <param name="output">Takes what the worker's cells print and show.</param>
    /// <param name="process">A process that was just started, and that belongs to this from now on.</param>
    public SupervisedWorker(Loop loop, IWorkerEvents output, WorkerProcess process)
    {
        this.loop = loop;
        this.output = output;
        this.process = process;
        channel = new WorkerChannel(loop.Poller, process.Key, process.TellEndpoint, Receive);
        stdout = new NativeOutput(process.Stdout, process.MarkerToken, text => Native("stdout", text), cell => Marked(ref stdoutMarker, cell));
        stderr = new NativeOutput(process.Stderr, process.MarkerToken, text => Native("stderr", text), cell => Marked(ref stderrMarker, cell));
        _ = WatchExitAsync();
    }

    /// <summary>Completes when the worker has proved itself and can run cells; fails when it ends before.</summary>
    public Task Ready => ready.Task;

    /// <summary>Completes when the process has ended and all its output has been taken.</summary>
    public Task<CellOutcome.WorkerLost> Lost => lost.Task;

    /// <summary>Whether the process has ended, which <see cref="Lost"/> tells when its output has been taken too.</summary>
    public bool HasEnded => process.HasEnded;

    /// <summary>Why the kernel terminated the worker, for the user; null if it did not.</summary>
    public string? Termination { get; private set; }

    /// <summary>Whether a cell was sent and has not ended.</summary>
    public bool IsRunning => unanswered.Count > 0;

    /// <summary>Whether processes run that its cells started.</summary>
    public Task<bool> HasStartedAsync() => Task.Run(() => process.HasStarted);

    /// <summary>The process, as the system sees it.</summary>
    public ProcessUsage Usage => process.Usage;

    /// <summary>What the worker's runtime last said of its memory.</summary>
    public MemoryReport Memory { get; private set; } = new(0, 0, 0, 0);

    /// <summary>When the worker last sent anything.</summary>
    public DateTime LastHeard { get; private set; } = DateTime.UtcNow;

    /// <summary>How long before its own end a cell ended in it; null if the cell did not.</summary>
    public TimeSpan? EndedAfter(AcceptedCell cell) => cellEnds.TryGetValue(cell.Number, out var end) ? Stopwatch.GetElapsedTime(end, ended) : null;

    /// <summary>The comms that are open in it, and their targets; also those that a replay has opened again.</summary>
    public IReadOnlyDictionary<string, string> Comms => comms;

    /// <summary>Called when something that a cell left behind has thrown and the worker goes on.</summary>
    public Action<UncaughtException> Survived { get; set; } = _ => { };

    /// <summary>Whether output is dropped: that of a replay was shown already.</summary>
    public bool IsMuted { get; set; }

    /// <summary>Runs a cell to its end, or to the worker's.</summary>
    public async Task<CellOutcome> RunAsync(long number, CompiledCell cell, bool allowStdin, bool isKept)
    {
        var outcome = await SendAsync(number, Run(number, cell, allowStdin, isReplay: false, isKept, [], []));
        if (outcome is CellOutcome.WorkerLost lost) return lost.OwnerCell == 0 && lost.OwnerCode == cell.EntryType ? lost with { OwnerCell = number } : lost;
        await NativeOutputTakenAsync();
        return outcome;
    }

    /// <summary>Has something handled that is no cell, but runs code of the user's all the same: to its end, or to the worker's.</summary>
    public async Task<CellOutcome> HandleAsync(long number, WorkerMessage message)
    {
        if (message is CommArrived { Type: "comm_open" } opened) comms[opened.Comm] = opened.Target;
        if (message is CommArrived { Type: "comm_close" } closed) comms.Remove(closed.Comm);
        var outcome = await SendAsync(number, message);
        if (outcome is not CellOutcome.WorkerLost) await NativeOutputTakenAsync();
        return outcome;
    }

    /// <summary>Runs an accepted cell again. Many may be sent ahead; they run one after the other.</summary>
    /// <param name="submitted">What it submitted when it ran first.</param>
    public Task<CellOutcome> ReplayAsync(AcceptedCell cell, IReadOnlyList<AcceptedCell> submitted) =>
        SendAsync(cell.Number, Run(cell.Number, cell.Compiled, allowStdin: false, isReplay: true, isKept: true, cell.Answers, submitted));

    /// <summary>Runs what the running cell has submitted, as part of it.</summary>
    public void Run(long submission, CompiledCell cell) => channel.Send(new RunSubmitted(submission, Submitted(cell)) { Payload = Images(cell) });

    /// <summary>Brings an accepted cell's variables, and all others, to what they were after it, without running it.</summary>
    public Task<CellOutcome> RestoreAsync(AcceptedCell cell) => SendAsync(cell.Number, new RestoreCell(cell.Number, cell.Compiled.EntryType, Files(cell.Compiled))
    {
        Payload = [.. Images(cell.Compiled), cell.Values],
    });

    /// <summary>Sets variables, behind the cells sent before.</summary>
    public void Set(byte[] values) => channel.Send(new SetState(++lastRequest) { Payload = [values] });

    /// <summary>Lets go of what variables hold, behind the cells sent before.</summary>
    public void Forget(IReadOnlyList<CellVariable> variables)
    {
        if (variables.Count > 0) channel.Send(new ForgetVariables(variables));
    }

    /// <summary>Has nothing that comes later see what cells declared.</summary>
    public void Drop(IReadOnlyList<AcceptedCell> cells) => channel.Send(new DropCells([.. cells.Select(cell => cell.Compiled.EntryType)]));

    /// <summary>Has the worker report its memory so often.</summary>
    public void Watch(TimeSpan interval) => channel.Send(new ReportMemory(interval));

    /// <summary>Asks something that is no cell.</summary>
    /// <param name="request">Makes the message of the request's number.</param>
    /// <param name="patience">How long to wait.</param>
    /// <returns>The answer; null if the worker is lost or does not answer in time.</returns>
    public async Task<T?> AskAsync<T>(Func<long, WorkerMessage> request, TimeSpan patience)
        where T : WorkerMessage, IAnswer
    {
        if (lost.Task.IsCompleted) return null;
        var number = ++lastRequest;
        var answer = requests[number] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        channel.Send(request(number));
        await Task.WhenAny(answer.Task, Task.Delay(patience));
        requests.Remove(number);
        return answer.Task.IsCompleted ? (T?)await answer.Task : null;
    }

    /// <summary>Completes when what the latest cell wrote to the native streams has been taken.</summary>
    public async Task NativeOutputTakenAsync()
    {
        if (IsMarked) return;
        markers = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await Task.WhenAny(markers.Task, Task.Delay(PatienceForMarkers));
    }

    /// <summary>Asks the worker to end the cell it runs, and to drop those sent ahead.</summary>
    /// <returns>Completes when that cell has ended.</returns>
    public Task InterruptAsync()
    {
        if (unanswered.Count == 0) return Task.CompletedTask;
        var oldest = unanswered.Keys.Min();
        channel.Send(new InterruptCell(oldest));
        return unanswered[oldest].Task;
    }

    /// <summary>Hands an answer to the cell that asked.</summary>
    public void Answer(WorkerMessage answer) => channel.Send(answer);

    /// <summary>Ends the process at once.</summary>
    /// <param name="cause">Why, for the user: the system says of it what it says of every process that was killed.</param>
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
        cell.Library is { Image: var library } ? [library.Assembly, library.Symbols, cell.Image.Assembly, cell.Image.Symbols] : [cell.Image.Assembly, cell.Image.Symbols];

    private static LoadableFiles? Files(CompiledCell cell) =>
        cell.AssemblyPaths.Count == 0 && cell.Assets == CellAssets.None ? null : new(cell.AssemblyPaths, cell.Assets.Assemblies, cell.Assets.NativeLibraries);

    private static RunCell Run(long number, CompiledCell cell, bool allowStdin, bool isReplay, bool isKept, IReadOnlyList<string> answers, IReadOnlyList<AcceptedCell> submitted) =>
        new(number, cell.EntryType, cell.EntryMethod, Files(cell), allowStdin, isReplay, isKept, answers)
        {
            Payload = submitted.Count == 0 ? Images(cell) : [.. Images(cell), .. submitted.SelectMany(part => Images(part.Compiled))],
            Disposed = Disposed(cell),
            ResultNames = cell.ResultNames,
            DisplayedNames = cell.DisplayedNames.Count == 0 ? null : [.. cell.DisplayedNames.Select(shown => new DisplayedNames(shown.Source, shown.Line, shown.Column, shown.Names))],
            Submitted = [.. submitted.Select(part => Submitted(part.Compiled))],
        };

    private static SubmittedCell Submitted(CompiledCell cell) => new(cell.Code, cell.EntryType, cell.EntryMethod, Files(cell), Disposed(cell), Images(cell).Length);

    private static IReadOnlyList<DisposedVariable> Disposed(CompiledCell cell) => [.. cell.Disposed.Select(variable => new DisposedVariable(variable.Name, variable.Awaits))];

    private void Receive(WorkerMessage message)
    {
        LastHeard = DateTime.UtcNow;
        switch (message)
        {
            case IAnswer answer:
                if (message is MemoryReport memory) Memory = memory;
                if (requests.TryGetValue(answer.Request, out var asked)) asked.TrySetResult(message);
                break;
            case Link.Ready:
                ready.TrySetResult();
                break;
            case CellReturned returned:
                EndCell(returned.Cell, (returned.Payload is [var data, var metadata] ? new CellOutcome.Returned(data, metadata) : new CellOutcome.Returned(null, null)) with { AllocatedBytes = returned.Allocated });
                break;
            case CellThrew threw:
                EndCell(threw.Cell, new CellOutcome.Threw(threw.Exception) { AllocatedBytes = threw.Allocated });
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
        // The later one of the two is heard: whichever sees the other's.
        Interlocked.Exchange(ref marker, cell);
        if (MarkedCell < cell) return;
        loop.Post(() =>
        {
            if (IsMarked) markers?.TrySetResult();
        });
    }

    private async Task WatchExitAsync()
    {
        var exitCode = await process.Exited;
        ended = Stopwatch.GetTimestamp();

        // What it sent before its end is still on its way.
        await Task.WhenAny(Task.WhenAll(stdout.Ended, stderr.Ended), Task.Delay(PatienceForLastOutput));
        await Task.Delay(10);
        channel.ReceiveAll();
        channel.Dispose();
        var cause = Termination is { } terminated ? new CellOutcome.WorkerLost(terminated, []) { ByKernel = true } : ExitCause.Of(exitCode, stderr.CrashReport);
        if (lastException is { } uncaught) cause = cause with { OwnerCell = uncaught.Cell, OwnerCode = uncaught.Assembly ?? cause.OwnerCode };
        ready.TrySetException(new InvalidOperationException(cause.Cause));
        lost.TrySetResult(cause);
        foreach (var request in requests.Values) request.TrySetResult(null);
        foreach (var cell in unanswered.Values) cell.TrySetResult(cause);
        unanswered.Clear();
        process.Dispose();
    }
}

/// <summary>Where a worker's output goes. Loop thread.</summary>
internal interface IWorkerEvents
{
    /// <summary>Takes a stream, a display, a clearing, a question or a comm's message.</summary>
    void Output(WorkerMessage message, SupervisedWorker from);

    /// <summary>Learns that code listens to a comm target; also in a replay.</summary>
    void CommTarget(string name);

    /// <summary>Learns that a worker serves from now on, with the session's state.</summary>
    void Serves(SupervisedWorker worker);

    /// <summary>Learns that a worker which served has ended.</summary>
    void Ended(SupervisedWorker worker);

    /// <summary>Takes what was written to the process's own file descriptors.</summary>
    void NativeOutput(long cell, string name, string text);

    /// <summary>Tells the user what became of the session's state.</summary>
    /// <param name="isLoss">Whether something may not be as it was, which is told in any case.</param>
    void Notice(string text, bool isLoss);

    /// <summary>Asks the user, when a cell runs whose client answers questions.</summary>
    Task<bool> ConfirmAsync(string question);
}
