using JupyterKernel.Display;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Formatting;
using JupyterKernel.Display.Hosting;
using JupyterKernel.Display.Progress;
using JupyterKernel.Display.Tables;
using JupyterKernel.Link;
using JupyterKernel.Worker.Console;
using JupyterKernel.Worker.State;

namespace JupyterKernel.Worker.Cells;

/// <summary>
/// Executes a cell, or another request that runs user code: runs the code and the continuations of its awaits, formats the result and
/// disposes of variables. Cell thread.
/// </summary>
internal sealed class CellExecution(
    ConsoleCapture console,
    UserCode userCode,
    CellPump pump,
    Disposal disposal,
    CellLoadContext assemblies,
    Submissions submissions,
    DisplayCalls displayCalls)
{
    /// <summary>
    /// The execution context that flows from cell to cell: cultures, <see cref="AsyncLocal{T}"/> values, the current activity.
    /// Null before the first cell.
    /// </summary>
    private ExecutionContext? flow;

    private Task loading = Task.CompletedTask;

    /// <summary>Runs a cell to its end, or handles another request.</summary>
    /// <returns>The answer for the kernel.</returns>
    public WorkerMessage RunToEnd(CellContext cell) => cell.Request is RunCell run ? RunToEnd(cell, run) : HandleToEnd(cell);

    /// <summary>
    /// Loads the class of a replayed cell on the pool, one class after another, while the cell thread runs earlier cells, so that the work
    /// is divided between two threads. Channel thread.
    /// </summary>
    public Task<Type> LoadAhead(RunCell cell)
    {
        var next = loading.ContinueWith(_ => Load(cell), TaskScheduler.Default);
        loading = next;
        return next;
    }

    private Type Load(RunCell cell) => assemblies.LoadSubmission(
        cell.EntryType, cell.Files, cell.Submitted.Count == 0 ? cell.Payload : [.. cell.Payload.Take(SubmittedCode.OfCell.OwnParts(cell))]);

    private WorkerMessage RunToEnd(CellContext cell, RunCell request)
    {
        Enter(cell);
        console.Input.Begin(request.AllowStdin, request.Answers);
        var allocatedBefore = GC.GetTotalAllocatedBytes();
        Task<object?>? run = null;
        WorkerMessage? answer = null;
        submissions.MakeRoom();
        if (request.DisplayedNames is { } displayed) displayCalls.Add(displayed);
        userCode.Run(
            cell,
            () => run = submissions.Begin(cell.Loaded?.GetAwaiter().GetResult() ?? Load(request), request.EntryMethod),
            Threw);
        if (answer is null && run is not null && pump.PumpToEnd(run, cell))
        {
            if (run.IsCompletedSuccessfully)
            {
                userCode.Run(
                    cell,
                    () =>
                    {
                        // In a replay, the result is formatted too, because formatting may run code, for example that of a lazy sequence.
                        var bundle = run.Result is null or IOnScreen
                            ? null
                            : Formatter.Format(run.Result, TupleNames.Parse(request.ResultNames));
                        if (request.IsReplay) bundle = null;
                        answer = new CellReturned(cell.Number, Allocated())
                        {
                            Payload = bundle is null ? [] : [bundle.DataJson(), bundle.MetadataJson()],
                        };
                    },
                    Threw);
            }
            else if (!cell.IsInterrupted)
            {
                userCode.Run(cell, () => run.GetAwaiter().GetResult(), Threw);
            }
        }

        // Code that the cell submitted but did not await is part of the cell.
        var disposed = new Stack<DisposedVariable>(request.Disposed);
        if (answer is not null && pump.PumpUntil(cell.Submitted.Ended, cell))
        {
            disposal.Dispose(cell, request.EntryType, disposed, Threw);
            foreach (var action in cell.AtEnd) userCode.Run(cell, action, Threw);

            // Later cells refer to the code submitted in the first run, even if it is not submitted again.
            while (request.IsReplay && cell.Submitted.TakeRecorded() is { } missing)
            {
                submissions.MakeRoom();
                userCode.Run(
                    cell,
                    () => submissions.Create(assemblies.LoadSubmission(missing.Cell.EntryType, missing.Cell.Files, missing.Payload)),
                    Threw);
            }
        }

        if (request.IsKept) KeepFlow();
        if (cell.IsInterrupted) disposal.DisposeApart(request.EntryType, disposed);
        return answer switch
        {
            null => new CellInterrupted(cell.Number),
            _ when cell.IsInterrupted => new CellInterrupted(cell.Number),
            CellReturned returned => returned with { HasObeyed = cell.HasObeyed },
            CellThrew threw => threw with { HasObeyed = cell.HasObeyed },
            _ => answer,
        };

        void Threw(Exception exception) => answer = new CellThrew(cell.Number, ExceptionReports.Of(exception), Allocated());

        long Allocated() => GC.GetTotalAllocatedBytes() - allocatedBefore;
    }

    /// <summary>Handles a request that runs user code but is not a cell: a comm message or a query for table rows.</summary>
    private WorkerMessage HandleToEnd(CellContext context)
    {
        Enter(context);
        console.Input.Begin(allowed: false, []);
        WorkerMessage? answer = null;
        Task? handling = null;
        userCode.Run(
            context,
            () =>
            {
                switch (context.Request)
                {
                    case CommArrived comm:
                        handling = Comm.ReceiveAsync(
                            comm.Type, comm.Comm, comm.Target, CommMessage.Of(comm.Payload[0], comm.Payload[1], [.. comm.Payload.Skip(2)]));
                        break;
                    case ReadTableInTurn read:
                        answer = new CellReturned(context.Number, 0)
                        {
                            Payload = [VirtualTables.Answer(read.Payload[0]), "{}"u8.ToArray()],
                        };
                        break;
                }
            },
            Threw);
        if (answer is null && handling is not null && pump.PumpToEnd(handling, context))
        {
            userCode.Run(
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

    /// <summary>Prepares the cell thread for a cell, with the execution context of the previous cells.</summary>
    private void Enter(CellContext cell)
    {
        if (flow is not null) ExecutionContext.Restore(flow);
        console.Enter(cell.Number);
        ProgressScreen.LeaveAll();
    }

    private void KeepFlow()
    {
        CellPump.LetFlow();
        flow = ExecutionContext.Capture();
    }
}
