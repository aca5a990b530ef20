using JupyterKernel.Display;
using JupyterKernel.Display.Hosting;
using JupyterKernel.Display.Progress;
using JupyterKernel.Display.Tables;
using JupyterKernel.Link;
using JupyterKernel.Worker.Console;
using JupyterKernel.Worker.State;

namespace JupyterKernel.Worker.Cells;

/// <summary>
/// The thread that runs cells one after another, the continuations of their awaits, and requests about the resulting state. It is replaced
/// after an interrupt. User code runs only inside <see cref="UserCode.Run(CellContext, Action, Action{Exception})"/>; waiting between two
/// pieces of user code is never aborted.
/// </summary>
internal sealed class CellThread
{
    private const int StackBytes = 16 * 1024 * 1024;

    private readonly ConsoleCapture console;
    private readonly NativeStreams native;
    private readonly UncaughtExceptions uncaught;
    private readonly CellLoadContext assemblies = new();
    private readonly SessionState state;
    private readonly UserCode userCode;
    private readonly CellExecution execution;
    private readonly CellInterrupt interrupt;

    public CellThread(ConsoleCapture console, NativeStreams native, UncaughtExceptions uncaught)
    {
        this.console = console;
        this.native = native;
        this.uncaught = uncaught;
        var thread = CreateThread();
        userCode = new UserCode(uncaught, thread);
        Queue = new CellQueue(userCode);
        var pump = new CellPump(Queue, userCode, new AwaitUnwinding(Queue, userCode, console, assemblies));
        var disposal = new Disposal(pump, userCode, console, Submissions);
        Submitted = new SubmittedCode(console, Queue, assemblies, Submissions, disposal);
        execution = new CellExecution(console, userCode, pump, disposal, assemblies, Submissions, DisplayCalls);
        interrupt = new CellInterrupt(Queue, userCode, console, () => (userCode.Thread = CreateThread()).Start());
        state = new SessionState(assemblies, Submissions);
        thread.Start();
    }

    /// <summary>The queued cells and the running cell.</summary>
    public CellQueue Queue { get; }

    /// <summary>Handles the code that cells submit.</summary>
    public SubmittedCode Submitted { get; }

    /// <summary>The objects that hold the session's variables.</summary>
    public Submissions Submissions { get; } = new();

    /// <summary>The display calls in cells whose values contain tuples with named items.</summary>
    public DisplayCalls DisplayCalls { get; } = new();

    /// <summary>Queues a cell; in a replay the kernel sends several ahead.</summary>
    public void Start(RunCell cell)
    {
        if (cell.IsReplay) uncaught.Replays(cell);
        Enqueue(cell.Cell, cell, cell.IsReplay ? execution.LoadAhead(cell) : null);
    }

    /// <summary>Queues a comm message. Its handler is user code and can be interrupted like a cell.</summary>
    public void Start(CommArrived message) => Enqueue(message.Cell, message);

    /// <summary>Queues a query for table rows, because it may run user code.</summary>
    public void Start(ReadTableInTurn query) => Enqueue(query.Cell, query);

    /// <summary>Queues a request about the state after the cells sent before it.</summary>
    public void Start(WorkerMessage request) => Queue.Enqueue(new(null, request));

    /// <summary>Interrupts a cell; see <see cref="CellInterrupt.Begin"/>.</summary>
    public void Interrupt(long number) => interrupt.Begin(number);

    /// <summary>Loads the code that the first cell will need, ahead of time.</summary>
    public static void Warm()
    {
        Formatter.Format(1).DataJson();
        using var never = new CancellationTokenSource();
        UserCode.RunAbortable(() => { }, never.Token);
    }

    private Thread CreateThread() => new(Loop, StackBytes) { IsBackground = true, Name = "cell" };

    private void Enqueue(long number, WorkerMessage request, Task<Type>? loaded = null) =>
        Queue.Enqueue(new(new CellContext(Queue, number, request, loaded), null));

    private void Loop()
    {
        UncaughtExceptions.Need();
        while (true)
        {
            if (Queue.Take(out var continuation) is not { } work)
            {
                userCode.Run(continuation);
            }
            else if (work.Cell is { } cell)
            {
                if (!RunToEnd(cell)) return;
            }
            else if (Handle(work.Request!) is { } answer)
            {
                console.PostInOrder(answer);
            }
        }
    }

    /// <summary>Executes a cell and reports its outcome.</summary>
    /// <returns>False if this thread was aborted and must not run any more code.</returns>
    private bool RunToEnd(CellContext cell)
    {
        var answer = execution.RunToEnd(cell);
        if (cell.IsInterrupted)
        {
            CellInterrupt.AwaitSoundRuntime();
            ProgressScreen.StopLoopsOf(Environment.CurrentManagedThreadId);
        }

        if (cell.Request is RunCell ended && (cell.IsInterrupted || !ended.IsKept))
        {
            Submissions.Drop(ended.EntryType);
            foreach (var entryType in cell.Submitted.EntryTypes) Submissions.Drop(entryType);
        }

        var (isSpent, isLast) = Queue.End(cell);
        if (isLast) native.MarkEnd(cell.Number);
        console.PostInOrder(answer);
        return !isSpent;
    }

    private WorkerMessage? Handle(WorkerMessage request)
    {
        switch (request)
        {
            case RestoreCell restore:
                return Restore(restore);
            case ForgetVariables forget:
                state.Forget(forget);
                return null;
            case DropCells dropped:
                foreach (var entryType in dropped.EntryTypes) Submissions.Drop(entryType);
                return null;
            case CollectGarbage collect:
                VirtualTables.LetGo();
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                return MemoryReports.Now(collect.Request);
            case ReadState read:
                return state.Read(read, () => read.GivesWay && Queue.HasWaitingCells);
            case ReadVariable read:
                return state.Tell(read);
            case SetState set:
                return state.Set(set);
            case MeasureVariables measure:
                return state.Measure(measure, () => Queue.HasWaitingCells);
            default:
                throw new InvalidOperationException($"No cell thread handles {request.GetType().Name}.");
        }
    }

    private WorkerMessage Restore(RestoreCell cell)
    {
        try
        {
            Submissions.MakeRoom();
            Submissions.Create(assemblies.LoadSubmission(cell.EntryType, cell.Files, [.. cell.Payload.SkipLast(1)]));
            if (cell.Payload[^1].Length > 0) state.SetValues(cell.Payload[^1]);
            return new CellReturned(cell.Cell, 0);
        }
        catch (Exception problem)
        {
            return new CellThrew(cell.Cell, ExceptionReports.Of(problem), 0);
        }
    }
}
