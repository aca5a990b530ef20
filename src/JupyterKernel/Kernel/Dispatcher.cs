using JupyterKernel.Compilation;
using JupyterKernel.Hosting;
using JupyterKernel.Intelligence;
using JupyterKernel.Protocol;
using JupyterKernel.Session;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Kernel;

/// <summary>
/// Who handles which request: one table. Every request is bracketed by busy and idle; only cells wait for each other,
/// all else is answered at once, also while a cell runs. Loop thread.
/// </summary>
internal sealed class Dispatcher
{
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(10);

    private readonly JupyterSockets sockets;
    private readonly ExecuteQueue executeQueue;
    private readonly NotebookSession session;
    private readonly CellCompiler compiler;
    private readonly HistoryStore history;
    private readonly Action shutdown;
    private readonly UsageMeter usage = new();
    private readonly Dictionary<string, Func<Request, Task<object?>>> handlers;

    /// <param name="shutdown">Ends the kernel's process.</param>
    public Dispatcher(
        JupyterSockets sockets, ExecuteQueue executeQueue, NotebookSession session, CellCompiler compiler, HistoryStore history, Action shutdown)
    {
        (this.sockets, this.executeQueue, this.session, this.compiler, this.history, this.shutdown) =
            (sockets, executeQueue, session, compiler, history, shutdown);
        handlers = new()
        {
            ["kernel_info_request"] = _ => Answer(KernelInfo.Reply),
            ["complete_request"] = CompleteAsync,
            ["inspect_request"] = InspectAsync,
            ["is_complete_request"] = IsCompleteAsync,
            ["history_request"] = HistoryAsync,
            ["comm_info_request"] = _ => Answer(new CommInfoReply([])),
            ["comm_open"] = RefuseComm,
            ["comm_msg"] = _ => Answer(null),
            ["comm_close"] = _ => Answer(null),
            ["interrupt_request"] = Interrupt,
            ["usage_request"] = _ => Answer(usage.Measure(executeQueue.WorkerUsage)),
            ["shutdown_request"] = Shutdown,
        };
    }

    /// <summary>Handles a request.</summary>
    public void Handle(Request request)
    {
        if (request.Type == "execute_request" && TryQueue(request)) return;
        _ = HandleAsync(request);
    }

    private bool TryQueue(Request request)
    {
        try
        {
            executeQueue.Add(request);
            return true;
        }
        catch (MalformedMessageException)
        {
            // Answered as every other malformed request is.
            return false;
        }
    }

    private async Task HandleAsync(Request request)
    {
        sockets.Publish("status", request, WireFormat.ToJson(Status.Busy));
        try
        {
            if (request.Type == "execute_request") WireFormat.FromJson<ExecuteRequest>(request.Message.Content);
            if (handlers.TryGetValue(request.Type, out var handler))
            {
                if (await handler(request) is { } content) sockets.Reply(request, WireFormat.ToJson(content));
            }
            else
            {
                Log.WarnOnce($"no handler for messages of type {(request.Type.Length > 100 ? request.Type[..100] + "…" : request.Type)}");
            }
        }
        catch (MalformedMessageException malformed)
        {
            Log.WarnOnce($"a malformed {request.Type}: {malformed.Message}");

            // Comm messages are no requests, so nobody waits for a reply.
            if (!request.Type.StartsWith("comm_", StringComparison.Ordinal) || request.Type == "comm_info_request") sockets.Reply(request, WireFormat.ToJson(new ErrorReply("MalformedRequest", malformed.Message, [malformed.Message])));
        }
        catch (Exception bug)
        {
            Log.Bug(bug);
            sockets.Reply(request, WireFormat.ToJson(new ErrorReply("KernelBug", bug.Message, [bug.ToString()])));
        }

        sockets.Publish("status", request, WireFormat.ToJson(Status.Idle));

        // Front ends show the last status whatever its parent; while a cell runs that must not be idle.
        if (executeQueue.Running is { } running) sockets.Publish("status", running, WireFormat.ToJson(Status.Busy));
    }

    private static Task<object?> Answer(object? content) => Task.FromResult(content);

    private async Task<object?> CompleteAsync(Request request)
    {
        var content = WireFormat.FromJson<CompleteRequest>(request.Message.Content);
        var index = CodePoints.ToIndex(content.Code, content.CursorPos ?? int.MaxValue);
        var last = session.Last;
        var found = await AskAsync(
            cancellation => Completion.Complete(content.Code, index, code => compiler.CreateSubmission(code, last()), cancellation),
            new CompletionList([], index, index));
        var (start, end) = (CodePoints.FromIndex(content.Code, found.Start), CodePoints.FromIndex(content.Code, found.End));
        return new CompleteReply(found.Matches, start, end, found.Metadata(start, end));
    }

    private async Task<object?> InspectAsync(Request request)
    {
        var content = WireFormat.FromJson<InspectRequest>(request.Message.Content);
        var index = CodePoints.ToIndex(content.Code, content.CursorPos);
        var last = session.Last;
        var found = await AskAsync(
            cancellation => Inspection.Inspect(content.Code, index, content.DetailLevel, code => compiler.CreateSubmission(code, last()), cancellation),
            null);
        return found is null
            ? new InspectReply(false, [], [])
            : new InspectReply(true, new JObject { ["text/plain"] = found.Plain, ["text/markdown"] = found.Markdown }, []);
    }

    private static async Task<object?> IsCompleteAsync(Request request)
    {
        var content = WireFormat.FromJson<IsCompleteRequest>(request.Message.Content);
        var judged = await AskAsync(cancellation => Completeness.Judge(content.Code, cancellation), new Completeness("unknown"));
        return new IsCompleteReply(judged.Status, judged.Indent);
    }

    /// <summary>Asks Roslyn, on the pool. Some texts keep it busy for ever: then the answer is that there is none.</summary>
    private static async Task<T> AskAsync<T>(Func<CancellationToken, T> question, T noAnswer)
    {
        using var deadline = new CancellationTokenSource(AnswerDeadline);
        try
        {
            return await Task.Run(() => question(deadline.Token), deadline.Token).WaitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            return noAnswer;
        }
    }

    private async Task<object?> HistoryAsync(Request request)
    {
        var content = WireFormat.FromJson<HistoryRequest>(request.Message.Content);
        var entries = await history.QueryAsync(content);
        return new HistoryReply([.. entries.Select(entry => new JArray(
            entry.Session, entry.Line, content.Output ? new JArray(entry.Input, entry.Output!) : JValue.CreateString(entry.Input)))]);
    }

    /// <summary>No code here listens to comms yet, so every target is unknown. #opening-a-comm: such a comm is closed at once.</summary>
    private Task<object?> RefuseComm(Request request)
    {
        var comm = WireFormat.FromJson<CommOpen>(request.Message.Content);
        sockets.Publish("comm_close", request, WireFormat.ToJson(new CommClose { CommId = comm.CommId, Data = new JObject() }));
        return Answer(null);
    }

    private Task<object?> Interrupt(Request request)
    {
        executeQueue.Interrupt();
        return Answer(StatusReply.Ok);
    }

    private Task<object?> Shutdown(Request request)
    {
        var reply = new ShutdownReply(WireFormat.FromJson<ShutdownRequest>(request.Message.Content).Restart);
        sockets.Publish("shutdown_reply", request, WireFormat.ToJson(reply));
        shutdown();
        return Answer(reply);
    }
}
