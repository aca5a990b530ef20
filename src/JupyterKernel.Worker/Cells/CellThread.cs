using System.Reflection;
using System.Runtime;
using System.Runtime.CompilerServices;
using JupyterKernel.Display;
using JupyterKernel.Link;
using JupyterKernel.Worker.Console;
using JupyterKernel.Worker.State;

namespace JupyterKernel.Worker.Cells;

/// <summary>
/// The thread that runs cells and what follows their awaits, so that all of it can be interrupted. User code runs only
/// inside <see cref="RunUserCode"/>; waiting between two pieces of it is this class's own, and is never aborted.
/// </summary>
internal sealed class CellThread
{
    /// <summary>How long a cell that looked at its cancellation token may take to act on it.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(250);

    /// <summary>So many continuations run before a cell that waits: what a cell set going should be done, but may go on for ever.</summary>
    private const int ContinuationsAhead = 1000;

    /// <summary>
    /// How long disposing of an interrupted cell's variables may take, and how long it is tried to end it then. Together with the rest of an
    /// interrupt less than the kernel waits for its end.
    /// </summary>
    private static readonly TimeSpan DisposalTime = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan DisposalAbortTime = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// How long the <c>finally</c> blocks of an interrupted cell that awaits may take before they are aborted, and how long what they await themselves may.
    /// </summary>
    private static readonly TimeSpan UnwindingTime = TimeSpan.FromMilliseconds(600);
    private static readonly TimeSpan UnwindingAwaitTime = TimeSpan.FromMilliseconds(400);

    /// <summary>How long an await is looked for that can be ended: the cell may be at none for a moment, or yield again and again.</summary>
    private static readonly TimeSpan UnwindingSearchTime = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan BlockedCheckInterval = TimeSpan.FromMilliseconds(10);

    private readonly ConsoleCapture console;
    private readonly NativeStreams native;
    private readonly UncaughtExceptions uncaught;
    private readonly CellLoadContext assemblies = new();
    private readonly SessionState state;
    private readonly SubmittedCode submitted;
    private readonly IdleCollection idle = new();
    private Thread thread;
    private readonly Timer blockedCheck;

    /// <summary>Whether the thread runs user code, and may be woken from what it waits for there.</summary>
    private enum UserCode
    {
        None,
        Runs,
        IsWoken,
    }

    private readonly object gate = new();
    private readonly Queue<(CellContext Cell, SendOrPostCallback Callback, object? State)> continuations = new();
    private readonly Queue<Work> waiting = new();
    private int waitingCells;
    private CellContext? running;
    private volatile UserCode userCode;
    private bool isSpent;

    /// <summary>What flows from cell to cell: cultures, <see cref="AsyncLocal{T}"/> values, the current activity. Null before the first cell.</summary>
    private ExecutionContext? flow;

    // Slot 0 is for a host object, which cells here have none of; Roslyn numbers submissions from 1.
    private object?[] submissions = new object?[64];
    private int started;
    private Task loading = Task.CompletedTask;

    public CellThread(ConsoleCapture console, NativeStreams native, UncaughtExceptions uncaught)
    {
        this.console = console;
        this.native = native;
        this.uncaught = uncaught;
        submitted = new SubmittedCode(console);
        state = new SessionState(assemblies, () => submissions.OfType<object>());
        blockedCheck = new Timer(_ => RescueFromBlockedThread());

        // The runtime has its timers' thread before any cell can be aborted: an abort that hits the process's first timer as that thread is being
        // started leaves it without its list, and ends the process.
        blockedCheck.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        StartThread();
    }

    /// <summary>The calls in cells that show tuples with names.</summary>
    public DisplayCalls DisplayCalls { get; } = new();

    /// <summary>The running cell's token; asking for it gives the cell time to act on it before it is aborted.</summary>
    public CancellationToken CancellationToken => Volatile.Read(ref running)?.SeenToken() ?? CancellationToken.None;

    /// <summary>Runs a cell once those before it have ended: in a replay the kernel sends many ahead.</summary>
    public void Start(RunCell cell)
    {
        if (cell.IsReplay) uncaught.Replays(cell);
        Enqueue(new(new CellContext(this, cell.Cell, cell, cell.IsReplay ? LoadAhead(cell) : null), null));
    }

    /// <summary>Handles a comm's message once the cells before it have ended, as a piece of user code that can be interrupted like a cell.</summary>
    public void Start(CommArrived message) => Enqueue(new(new CellContext(this, message.Cell, message, null), null));

    /// <summary>Reads a table's rows likewise, since the rows' own code may run.</summary>
    public void Start(ReadTableInTurn query) => Enqueue(new(new CellContext(this, query.Cell, query, null), null));

    /// <summary>Does something with the state that the cells sent before have left.</summary>
    public void Start(WorkerMessage request) => Enqueue(new(null, request));

    /// <summary>
    /// Ends a cell, or the one that runs of those behind it: by its token, and if that is not enough by aborting its thread.
    /// What waits is dropped. The kernel sends no cell of the user's behind an unanswered one, so none is hit by mistake.
    /// </summary>
    public void Interrupt(long number)
    {
        lock (gate)
        {
            if ((running ?? waiting.Select(work => work.Cell).FirstOrDefault(cell => cell is not null)) is not { } cell || cell.Number < number) return;
            var all = waiting.ToList();
            var dropped = new List<long>();
            waiting.Clear();
            waitingCells = 0;
            foreach (var work in all)
            {
                if (work.Cell is { } later && later != cell) dropped.Add(later.Number);
                else if (work.Request is RestoreCell restore) dropped.Add(restore.Cell);
                else Enqueue(work);
            }

            new Thread(
                () =>
                {
                    Interrupt(cell);
                    foreach (var number in dropped) console.PostInOrder(new CellInterrupted(number));
                },
                256 * 1024) { IsBackground = true, Name = "interrupt" }.Start();
        }
    }

    /// <summary>Hands the kernel's answer to code that a cell submitted.</summary>
    public void Answer(long submission, WorkerMessage answer) => submitted.Answer(submission, answer);

    /// <summary>
    /// Has code run behind the running cell while that goes on: on this thread, when the cell awaits or waits. It is part of the cell, which does not
    /// end before it.
    /// </summary>
    public Task<SubmittedResult> SubmitAsync(string code) => AbortSafe.Run((this, code), static submission =>
    {
        var (thread, code) = submission;
        if (thread.running is not { } cell || cell.Number != thread.console.CurrentCell)
            return Task.FromResult(new SubmittedResult(null, "The cell that submits this code has ended: it must await what it submits."));
        var result = cell.Submitted.Add();
        var flow = ExecutionContext.Capture();
        if (cell.Request is RunCell { IsReplay: true })
        {
            if (cell.Submitted.TakeRecorded() is { } recorded && recorded.Cell.Code == code) thread.Run(cell, flow, recorded.Cell, recorded.Payload, result);
            else result.SetResult(new(null, "The cell was executed again and submits other code than at first, which is not run."));
            return result.Task;
        }

        thread.submitted.Ask(cell.Number, code, answer =>
        {
            if (answer is RunSubmitted run) thread.Run(cell, flow, run.Cell, run.Payload, result);
            else result.SetResult(new(null, ((RefuseSubmitted)answer).Problem));
        });
        return result.Task;
    });

    /// <summary>Has something done when the running cell has ended, before its end is told.</summary>
    public void AtCellEnd(Action action) => AbortSafe.Run((this, action), static end =>
    {
        lock (end.Item1.gate) end.Item1.running?.AtEnd.Add(end.action);
    });

    /// <summary>What a variable of the session holds.</summary>
    public bool TryGetVariable(string name, out object? value)
    {
        var found = Values.Variable.Of(submissions.OfType<object>(), []).LastOrDefault(variable => variable.Submission is not null && variable.Name == name);
        value = found?.Value;
        return found is not null;
    }

    /// <summary>Makes the code on the way of a cell ready before the first one comes.</summary>
    public static void Warm()
    {
        Formatter.Format(1).DataJson();
        using var never = new CancellationTokenSource();
        RunAbortable(() => { }, never.Token);
    }

    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(thread))]
    private void StartThread()
    {
        thread = new Thread(Loop, 16 * 1024 * 1024) { IsBackground = true, Name = "cell" };
        thread.Start();
    }

    private void Enqueue(Work work)
    {
        lock (gate)
        {
            waiting.Enqueue(work);
            if (work.Cell is not null) waitingCells++;
            Monitor.PulseAll(gate);
        }
    }

    private void Loop()
    {
        UncaughtExceptions.Need();
        var continued = 0;
        while (true)
        {
            (CellContext Cell, SendOrPostCallback Callback, object? State) continuation = default;
            Work? work = null;
            lock (gate)
            {
                while (waiting.Count == 0 && continuations.Count == 0)
                {
                    if (!Monitor.Wait(gate, idle.Patience)) idle.Collect();
                }

                if (waiting.Count > 0 && (continuations.Count == 0 || continued >= ContinuationsAhead)) work = waiting.Dequeue();
                else continuation = continuations.Dequeue();
                continued = work is null ? continued + 1 : 0;
                if (work?.Cell is not null) waitingCells--;
                running = work?.Cell;
            }

            if (work is null)
            {
                RunUserCode(continuation.Cell!, () => continuation.Callback!(continuation.State));
                continue;
            }

            if (work.Cell is not { } cell)
            {
                if (Handle(work.Request!) is { } done) console.PostInOrder(done);
                continue;
            }

            var answer = cell.Request is RunCell run ? RunToEnd(cell, run) : HandleToEnd(cell);
            if (cell.IsInterrupted)
            {
                AwaitSoundRuntime();
                ProgressScreen.StopLoopsOf(Environment.CurrentManagedThreadId);
            }

            if (cell.Request is RunCell ended && (cell.IsInterrupted || !ended.IsKept))
            {
                Drop(ended.EntryType);
                foreach (var entryType in cell.Submitted.EntryTypes) Drop(entryType);
            }

            bool spent, isLast;
            lock (gate)
            {
                running = null;
                isLast = waiting.Count == 0;

                // On Unix an abort leaves the thread with the runtime's signal blocked: it could not be aborted again, nor
                // stopped for a garbage collection while it loops, nor could any thread that it starts. So it runs no more.
                isSpent = spent = cell.IsInterrupted;
            }

            if (isLast) native.MarkEnd(cell.Number);
            console.PostInOrder(answer);
            if (spent) return;
        }
    }

    private WorkerMessage RunToEnd(CellContext cell, RunCell request)
    {
        Enter(cell);
        console.Input.Begin(request.AllowStdin, request.Answers);
        var allocatedBefore = GC.GetTotalAllocatedBytes();
        Task<object?>? run = null;
        WorkerMessage? answer = null;
        MakeRoom();
        if (request.DisplayedNames is { } displayed) DisplayCalls.Add(displayed);
        RunUserCode(cell, () => run = Submission.Begin(cell.Loaded?.GetAwaiter().GetResult() ?? Load(request), request.EntryMethod, submissions), Threw);
        if (answer is null && run is not null && PumpToEnd(run, cell))
        {
            if (run.IsCompletedSuccessfully)
            {
                RunUserCode(
                    cell,
                    () =>
                    {
                        // In a replay the result is formatted as well, because that may run code: a lazy sequence's.
                        var bundle = run.Result is null or IOnScreen ? null : Formatter.Format(run.Result, TupleNames.Parse(request.ResultNames));
                        if (request.IsReplay) bundle = null;
                        answer = new CellReturned(cell.Number, Allocated()) { Payload = bundle is null ? [] : [bundle.DataJson(), bundle.MetadataJson()] };
                    },
                    Threw);
            }
            else if (!cell.IsInterrupted)
            {
                RunUserCode(cell, () => run.GetAwaiter().GetResult(), Threw);
            }
        }

        // What it has submitted and not waited for is part of it.
        var disposed = new Stack<DisposedVariable>(request.Disposed);
        if (answer is not null && PumpUntil(cell.Submitted.Ended, cell))
        {
            Dispose(cell, disposed, Threw);
            foreach (var action in cell.AtEnd) RunUserCode(cell, action, Threw);

            // Later cells refer to what was submitted at first, and is not now.
            while (request.IsReplay && cell.Submitted.TakeRecorded() is { } missing)
            {
                MakeRoom();
                RunUserCode(cell, () => Submission.Create(assemblies.LoadSubmission(missing.Cell.EntryType, missing.Cell.Files, missing.Payload), submissions), Threw);
            }
        }

        if (request.IsKept) KeepFlow();
        if (cell.IsInterrupted) DisposeApart(cell, disposed);
        return cell.IsInterrupted ? new CellInterrupted(cell.Number) : answer ?? new CellInterrupted(cell.Number);

        void Threw(Exception exception) => answer = new CellThrew(cell.Number, ExceptionReports.Of(exception), Allocated());

        long Allocated() => GC.GetTotalAllocatedBytes() - allocatedBefore;
    }

    /// <summary>Runs what is no cell, but code of the user's all the same.</summary>
    private WorkerMessage HandleToEnd(CellContext context)
    {
        Enter(context);
        console.Input.Begin(allowed: false, []);
        WorkerMessage? answer = null;
        Task? handling = null;
        RunUserCode(
            context,
            () =>
            {
                switch (context.Request)
                {
                    case CommArrived comm:
                        handling = Comm.ReceiveAsync(comm.Type, comm.Comm, comm.Target, CommMessage.Of(comm.Payload[0], comm.Payload[1], [.. comm.Payload.Skip(2)]));
                        break;
                    case ReadTableInTurn read:
                        answer = new CellReturned(context.Number, 0) { Payload = [VirtualTables.Answer(read.Payload[0]), "{}"u8.ToArray()] };
                        break;
                }
            },
            Threw);
        if (answer is null && handling is not null && PumpToEnd(handling, context))
        {
            RunUserCode(
                context,
                () =>
                {
                    handling.GetAwaiter().GetResult();
                    answer = new CellReturned(context.Number, 0);
                },
                Threw);
        }

        return answer ?? new CellInterrupted(context.Number);

        void Threw(Exception exception) => answer = new CellThrew(context.Number, ExceptionReports.Of(exception), 0);
    }

    /// <summary>
    /// Disposes of what the cell declared with <c>using</c>, the last one first. After its result was formatted, which may
    /// still read from it.
    /// </summary>
    private void Dispose(CellContext cell, Stack<DisposedVariable> variables, Action<Exception> threw)
    {
        while (!cell.IsInterrupted && variables.TryPop(out var variable))
        {
            Task? disposal = null;
            RunUserCode(cell, () => disposal = DisposeOf(variable, cell), threw);
            if (disposal is not null && PumpUntil(disposal, cell)) RunUserCode(cell, () => disposal.GetAwaiter().GetResult(), threw);
        }
    }

    /// <summary>
    /// Disposes of what an interrupted cell has left, on another thread: this one is spent. What takes too long is aborted like a cell, and
    /// left alone where that does not help.
    /// </summary>
    private void DisposeApart(CellContext cell, Stack<DisposedVariable> variables)
    {
        if (variables.Count == 0) return;
        console.Renew();
        string? current = null;
        var limit = new CancellationTokenSource();
        var disposing = new Thread(DisposeAll) { IsBackground = true, Name = "disposal" };
        disposing.Start();
        if (disposing.Join(DisposalTime)) return;
        new Thread(limit.Cancel, 256 * 1024) { IsBackground = true, Name = "abort" }.Start();
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); clock.Elapsed < DisposalAbortTime && !disposing.Join(5);)
        {
            if (limit.IsCancellationRequested) disposing.Interrupt();
        }

        console.Renew();
        System.Console.Error.WriteLine($"{current} is not disposed of: that took longer than {DisposalTime.TotalMilliseconds} ms.");

        void DisposeAll()
        {
            try
            {
                while (!limit.IsCancellationRequested && variables.TryPop(out var variable))
                {
                    current = variable.Name;
                    try
                    {
                        RunAbortable(() => DisposeOf(variable, cell)?.GetAwaiter().GetResult(), limit.Token);
                    }
                    catch (Exception problem) when (!limit.IsCancellationRequested)
                    {
                        System.Console.Error.WriteLine($"{current} is not disposed of: {ExceptionReports.Of(problem).Message}");
                    }
                }
            }
            catch (Exception) when (limit.IsCancellationRequested)
            {
                // Aborted, or woken from a wait.
            }
        }
    }

    private Task? DisposeOf(DisposedVariable variable, CellContext cell)
    {
        var value = ValueOf(((RunCell)cell.Request).EntryType, variable.Name);
        if (value is IAsyncDisposable awaited && (variable.Awaits || value is not IDisposable)) return awaited.DisposeAsync().AsTask();
        (value as IDisposable)?.Dispose();
        return null;
    }

    private object? SubmissionOf(string entryType) => Array.FindLast(submissions, submission => submission?.GetType().FullName == entryType);

    private object? ValueOf(string entryType, string variable) => SubmissionOf(entryType) is { } submission
        ? submission.GetType().GetField(variable, BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)?.GetValue(submission)
        : null;

    /// <summary>Nothing that comes later sees the cell's variables.</summary>
    private void Drop(string entryType)
    {
        var slot = Array.FindLastIndex(submissions, submission => submission?.GetType().FullName == entryType);
        if (slot >= 0) submissions[slot] = null;
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
                foreach (var entryType in dropped.EntryTypes) Drop(entryType);
                return null;
            case CollectGarbage collect:
                VirtualTables.LetGo();
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                return MemoryReports.Now(collect.Request);
            case ReadState read:
                return state.Read(read, () => read.GivesWay && Volatile.Read(ref waitingCells) > 0);
            case ReadVariable read:
                return state.Tell(read);
            case SetState set:
                return state.Set(set);
            case MeasureVariables measure:
                return state.Measure(measure, () => Volatile.Read(ref waitingCells) > 0);
            default:
                throw new InvalidOperationException($"No cell thread handles {request.GetType().Name}.");
        }
    }

    private WorkerMessage Restore(RestoreCell cell)
    {
        try
        {
            MakeRoom();
            Submission.Create(assemblies.LoadSubmission(cell.EntryType, cell.Files, [.. cell.Payload.SkipLast(1)]), submissions);
            if (cell.Payload[^1].Length > 0) state.SetValues(cell.Payload[^1]);
            return new CellReturned(cell.Cell, 0);
        }
        catch (Exception problem)
        {
            return new CellThrew(cell.Cell, ExceptionReports.Of(problem), 0);
        }
    }

    /// <summary>A number that a cell did not keep is used again, so there are never more submissions than cells.</summary>
    private void MakeRoom()
    {
        if (++started + 1 >= submissions.Length) Array.Resize(ref submissions, submissions.Length * 2);
    }

    /// <summary>In a replay another thread loads, one after the other, what this one runs: each has half of the work.</summary>
    private Task<Type> LoadAhead(RunCell cell)
    {
        var next = loading.ContinueWith(_ => Load(cell), TaskScheduler.Default);
        loading = next;
        return next;
    }

    private Type Load(RunCell cell) => assemblies.LoadSubmission(cell.EntryType, cell.Files, cell.Submitted.Count == 0 ? cell.Payload : [.. cell.Payload.Take(SubmittedCode.OfCell.OwnParts(cell))]);

    /// <summary>Runs what a cell has submitted, in the flow of the code that submitted it: as for any async method it calls, changes to that end with it.</summary>
    private void Run(CellContext cell, ExecutionContext? flow, SubmittedCell code, IReadOnlyList<byte[]> payload, TaskCompletionSource<SubmittedResult> result) => Post(
        cell,
        _ =>
        {
            if (flow is null) _ = RunAsync(cell, code, payload, result);
            else ExecutionContext.Run(flow, _ => _ = RunAsync(cell, code, payload, result), null);
        },
        null);

    private async Task RunAsync(CellContext cell, SubmittedCell code, IReadOnlyList<byte[]> payload, TaskCompletionSource<SubmittedResult> result)
    {
        try
        {
            MakeRoom();
            cell.Submitted.Add(code.EntryType);
            var running = Submission.Begin(assemblies.LoadSubmission(code.EntryType, code.Files, payload), code.EntryMethod, submissions);
            cell.Submitted.Add(running);
            var value = await running;
            foreach (var variable in code.Disposed.Reverse())
            {
                var disposable = ValueOf(code.EntryType, variable.Name);
                if (disposable is IAsyncDisposable awaited && (variable.Awaits || disposable is not IDisposable)) await awaited.DisposeAsync();
                else (disposable as IDisposable)?.Dispose();
            }

            result.SetResult(new(value, null));
        }
        catch (Exception exception) when (!cell.IsInterrupted)
        {
            result.SetResult(new(null, $"{TypeNames.Of(exception.GetType())}: {exception.Message}"));
        }
    }

    /// <summary>Runs continuations until the task is done. False if the cell was interrupted before.</summary>
    private bool PumpUntil(Task task, CellContext cell)
    {
        if (!task.IsCompleted)
        {
            task.ContinueWith(
                static (_, thread) => ((CellThread)thread!).Wake(), this, CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        while (true)
        {
            (CellContext Cell, SendOrPostCallback Callback, object? State) continuation;
            lock (gate)
            {
                while (!task.IsCompleted && !cell.IsStopped && continuations.Count == 0) Monitor.Wait(gate);
                if (task.IsCompleted) return true;
                if (cell.IsStopped) return false;
                continuation = continuations.Dequeue();
            }

            RunUserCode(continuation.Cell, () => continuation.Callback(continuation.State));
        }
    }

    /// <summary>This thread works for a cell, in the flow of those before it.</summary>
    private void Enter(CellContext cell)
    {
        if (flow is not null) ExecutionContext.Restore(flow);
        console.Enter(cell.Number);
        ProgressScreen.LeaveAll();
    }

    /// <summary>
    /// Runs continuations until a cell's code has ended, and then goes on in the context in which it did: what comes after an <c>await</c> runs in
    /// the method's own, and what it does to that is undone on the thread.
    /// </summary>
    private bool PumpToEnd(Task code, CellContext cell)
    {
        if (code.IsCompleted) return true;
        LetFlow();
        Task<ExecutionContext?> end;

        // A continuation runs in the context of where it was made, unless that does not flow: then it runs in that of the code's last step.
        using (ExecutionContext.SuppressFlow())
        {
            end = code.ContinueWith(
                static _ => ExecutionContext.Capture(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        var hasEnded = PumpUntil(end, cell);
        if (!hasEnded) Unwind(code, cell);
        if (end is { IsCompletedSuccessfully: true, Result: { } context }) ExecutionContext.Restore(context);
        return hasEnded;
    }

    /// <summary>
    /// Has the <c>finally</c> and <c>using</c> blocks run that an interrupted cell is in, which awaits and so cannot be aborted: its awaits end with an
    /// exception. A cell that catches that, or awaits nothing that can be ended, is aborted; afterwards nothing of it runs any more.
    /// </summary>
    private void Unwind(Task code, CellContext cell)
    {
        console.Renew();
        var awaits = new PendingAwaits(() => [.. cell.Submitted.Code, code], (machine, context) => assemblies.IsOfCell(machine) && (context is null || console.CellOf(context) == cell.Number));
        var stop = cell.BeginUnwinding();
        using var hurry = new ManualResetEventSlim();
        new Thread(
            () =>
            {
                // Once it hurries what is to be aborted runs in a moment.
                if (hurry.Wait(UnwindingTime)) Thread.Sleep(10);
                stop.Cancel();
            },
            256 * 1024) { IsBackground = true, Name = "abort" }.Start();
        try
        {
            var begun = System.Diagnostics.Stopwatch.StartNew();
            var hasResumed = false;
            while (!code.IsCompleted && !cell.IsStopped)
            {
                if (hasResumed && awaits.HasCaught)
                {
                    hurry.Set();
                    foreach (var resume in awaits.End(null)) RunUserCode(cell, resume);
                }
                else if (!hasResumed || begun.Elapsed > UnwindingAwaitTime)
                {
                    foreach (var resume in awaits.End(new OperationCanceledException("The cell was interrupted.", cell.Cancellation.Token)))
                    {
                        hasResumed = true;
                        RunUserCode(cell, resume);
                    }

                    if (!hasResumed && begun.Elapsed > UnwindingSearchTime) hurry.Set();
                }

                (CellContext Cell, SendOrPostCallback Callback, object? State) continuation;
                lock (gate)
                {
                    if (continuations.Count == 0 && !code.IsCompleted) Monitor.Wait(gate, BlockedCheckInterval);
                    if (!continuations.TryDequeue(out continuation)) continue;
                }

                RunUserCode(continuation.Cell, () => continuation.Callback(continuation.State));
            }
        }
        catch (Exception unknown) when (unknown is MemberAccessException or TargetInvocationException or ArgumentException or InvalidCastException
            or InvalidOperationException or NotSupportedException or NullReferenceException)
        {
            // A runtime whose fields are others: then these blocks do not run.
        }

        hurry.Set();
        stop.Cancel();
    }

    private void KeepFlow()
    {
        LetFlow();
        flow = ExecutionContext.Capture();
    }

    private static void LetFlow()
    {
        if (ExecutionContext.IsFlowSuppressed()) ExecutionContext.RestoreFlow();
    }

    /// <summary>The one place where user code runs, and can be aborted.</summary>
    /// <param name="cell">The cell it belongs to; nothing of an interrupted cell is run any more.</param>
    /// <param name="code">What to run.</param>
    /// <param name="onException">Told what the code throws; without it, that ends the process, as on any thread, unless the cell was replayed.</param>
    private void RunUserCode(CellContext cell, Action code, Action<Exception>? onException = null)
    {
        if (cell.IsStopped) return;
        try
        {
            SynchronizationContext.SetSynchronizationContext(cell);
            RunAbortable(() => RunWakeable(cell, code), cell.StopToken);
        }
        catch (Exception) when (cell.IsInterrupted)
        {
            // Aborted, or woken from a wait.
        }
        catch (OperationCanceledException) when (onException is not null && cell.Cancellation.IsCancellationRequested)
        {
            // It acted on its cancellation token before it was aborted.
            cell.Abort.Cancel();
        }
        catch (Exception exception) when (onException is not null)
        {
            onException(exception);
        }
        catch (Exception exception) when (uncaught.IsSurvived(exception, cell.Number))
        {
            // Reported.
        }
    }

    /// <summary>
    /// Runs code whose waits may be ended by <see cref="WakeUserCode"/>, and nothing but that code: the runtime waits by
    /// sleeping until an abort is done with, and woken from that it would let the abort hit what comes after.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoOptimization)] // Optimized, the finally block would have a copy that can be aborted.
    private void RunWakeable(CellContext cell, Action code)
    {
        try
        {
            userCode = UserCode.Runs;
            code();
        }
        finally
        {
            while (Interlocked.CompareExchange(ref userCode, UserCode.None, UserCode.Runs) == UserCode.IsWoken) Thread.Yield();
            if (cell.IsStopped) ForgetPendingInterrupt();
        }
    }

    private void WakeUserCode()
    {
        if (Interlocked.CompareExchange(ref userCode, UserCode.IsWoken, UserCode.Runs) != UserCode.Runs) return;
        thread.Interrupt();
        userCode = UserCode.Runs;
    }

#pragma warning disable SYSLIB0046 // An abort corrupts no more than the worker, which is disposable.
    // It never returns if the token is CancellationToken.None.
    private static void RunAbortable(Action code, CancellationToken token) => ControlledExecution.Run(code, token);
#pragma warning restore SYSLIB0046

    private static void ForgetPendingInterrupt()
    {
        try
        {
            Thread.Sleep(0);
        }
        catch (ThreadInterruptedException)
        {
            // That was it.
        }
    }

    private void Interrupt(CellContext cell)
    {
        var begin = DateTime.UtcNow;
        _ = cell.Cancellation.CancelAsync();
        while (cell.TokenSeen && DateTime.UtcNow - begin < Grace)
        {
            Thread.Sleep(5);
            if (HasEnded()) break;
        }

        // Cancelling waits until the abort is under way, so it has a thread of its own. A blocked thread is woken again
        // and again, since a cell may swallow the exception that wakes it.
        new Thread(cell.Abort.Cancel, 256 * 1024) { IsBackground = true, Name = "abort" }.Start();
        while (!HasEnded())
        {
            Wake();
            if (cell.IsStopped) WakeUserCode();
            Thread.Sleep(5);
        }

        lock (gate)
        {
            if (!isSpent) return;
            isSpent = false;
            console.Renew();
            StartThread();
        }

        bool HasEnded()
        {
            lock (gate) return running != cell && !waiting.Any(work => work.Cell == cell);
        }
    }

    /// <summary>
    /// Waits until the runtime has shown that it goes on. An abort can have hit it as it took the lock of a list of timers, which then stays taken, or as it
    /// asked for a thread of the pool, which then never comes; and without these, no message of the kernel is received. If so, this never returns, the cell
    /// has not ended, and the kernel does what it does about every cell that an interrupt does not end: it replaces the worker, and nothing is lost.
    /// </summary>
    private static void AwaitSoundRuntime()
    {
        // Not on this thread, which the locks may belong to.
        var probe = new Thread(
            () =>
            {
                _ = Timer.ActiveCount;
                var fired = new ManualResetEventSlim(); // not disposed of: it may still be being set
                using var timer = new Timer(_ => fired.Set(), null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
                fired.Wait();
            },
            256 * 1024) { IsBackground = true, Name = "probe" };
        probe.Start();
        probe.Join();
    }

    private void Wake() => AbortSafe.Run(gate, static gate =>
    {
        lock (gate) Monitor.PulseAll(gate);
    });

    private void Post(CellContext cell, SendOrPostCallback callback, object? state) => AbortSafe.Run((cell, callback, state), continuation =>
    {
        lock (gate)
        {
            continuations.Enqueue(continuation);
            if (userCode != UserCode.None) blockedCheck.Change(TimeSpan.Zero, BlockedCheckInterval);
            Monitor.PulseAll(gate);
        }
    });

    /// <summary>
    /// A cell that blocks on a task (<c>.Result</c>, <c>Wait()</c>) whose continuation waits for this very thread would
    /// wait for ever; so while the thread blocks, continuations run on the pool.
    /// </summary>
    private void RescueFromBlockedThread()
    {
        lock (gate)
        {
            // In this order: the thread waits for this very lock once its piece of user code has ended, and cannot begin another one meanwhile.
            var isBlocked = (thread.ThreadState & ThreadState.WaitSleepJoin) != 0;
            Interlocked.MemoryBarrier();
            if (userCode == UserCode.None || continuations.Count == 0)
            {
                blockedCheck.Change(Timeout.Infinite, Timeout.Infinite);
                return;
            }

            if (!isBlocked) return;
            while (continuations.TryDequeue(out var continuation)) new PoolContext(continuation.Cell).Post(continuation.Callback, continuation.State);
        }
    }

    /// <summary>The synchronization context of a cell's code that runs on the pool, since the cell thread blocks: nothing of an interrupted cell is run any more.</summary>
    private sealed class PoolContext(CellContext cell) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => ThreadPool.UnsafeQueueUserWorkItem(
            _ =>
            {
                if (cell.IsStopped) return;
                SetSynchronizationContext(this);
                d(state);
            },
            null);

        public override SynchronizationContext CreateCopy() => this;
    }

    /// <summary>What waits for the thread: a cell, or a request that is none.</summary>
    private sealed record Work(CellContext? Cell, WorkerMessage? Request);

    /// <summary>
    /// A cell from its start until nothing of it runs any more, and the synchronization context of its code: what follows
    /// an await comes back to the cell thread, and is dropped once the cell was interrupted.
    /// </summary>
    /// <param name="request">A <see cref="RunCell"/>, or what is handled like one.</param>
    private sealed class CellContext(CellThread owner, long number, WorkerMessage request, Task<Type>? loaded) : SynchronizationContext
    {
        private CancellationTokenSource? unwinding;

        public WorkerMessage Request => request;

        /// <summary>The submission's class, where it is loaded ahead.</summary>
        public Task<Type>? Loaded => loaded;

        public long Number => number;

        /// <summary>What it has submitted while it ran.</summary>
        public SubmittedCode.OfCell Submitted { get; } = new(request as RunCell);

        /// <summary>What is to be done when it has ended.</summary>
        public List<Action> AtEnd { get; } = [];

        public CancellationTokenSource Cancellation { get; } = new();

        public CancellationTokenSource Abort { get; } = new();

        public bool TokenSeen { get; private set; }

        public bool IsInterrupted => Abort.IsCancellationRequested;

        /// <summary>Whether nothing of it may run any more: it is interrupted, and so are the blocks that run then.</summary>
        public bool IsStopped => StopToken.IsCancellationRequested;

        /// <summary>Aborts what of it runs.</summary>
        public CancellationToken StopToken => (Volatile.Read(ref unwinding) ?? Abort).Token;

        /// <summary>What is left to do in an interrupted cell runs from here on, until the source is cancelled.</summary>
        public CancellationTokenSource BeginUnwinding()
        {
            var stop = new CancellationTokenSource();
            Volatile.Write(ref unwinding, stop);
            return stop;
        }

        public CancellationToken SeenToken()
        {
            TokenSeen = true;
            return Cancellation.Token;
        }

        public override void Post(SendOrPostCallback d, object? state) => owner.Post(this, d, state);

        public override void Send(SendOrPostCallback d, object? state)
        {
            if (Thread.CurrentThread == owner.thread)
            {
                d(state);
                return;
            }

            using var done = new ManualResetEventSlim();
            Post(
                _ =>
                {
                    try
                    {
                        d(state);
                    }
                    finally
                    {
                        done.Set();
                    }
                },
                null);
            done.Wait();
        }

        public override SynchronizationContext CreateCopy() => this;
    }
}
