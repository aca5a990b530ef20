using System.Runtime.ExceptionServices;
using JupyterKernel.Compilation;
using JupyterKernel.Hosting;
using JupyterKernel.Intelligence;
using JupyterKernel.Magics;
using JupyterKernel.Notebooks;
using JupyterKernel.Packages;
using JupyterKernel.Protocol;
using JupyterKernel.Session;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Kernel;

/// <summary>
/// Who handles which request: one table. Every request is bracketed by busy and idle; only cells and comm messages that run code wait
/// for each other, all else is answered at once, also while a cell runs. Loop thread.
/// </summary>
internal sealed class Dispatcher
{
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(10);

    /// <summary>What is asked of completion most: what there is, and what something has.</summary>
    private static readonly string[] Typical = ["Console.Wr", "var text = \"\"; text.", "Stopw"];

    private readonly JupyterSockets sockets;
    private readonly ExecuteQueue executeQueue;
    private readonly NotebookSession session;
    private readonly LanguageService language;
    private readonly Completion completion = new(new PackageNames(Environment.CurrentDirectory));
    private readonly Inspection inspection = new(new DocumentationFiles(DotnetSdk.FindReferencePack));
    private readonly HistoryStore history;
    private readonly Action shutdown;
    private readonly UsageMeter usage = new();
    private readonly LateSubscribers lateSubscribers = new();
    private readonly Dictionary<string, Func<Request, Task<object?>>> handlers;

    // The latest question of each kind of each client; the ones before it have no use for an answer any more.
    private readonly Dictionary<(string Client, string Type), CancellationTokenSource> asked = [];

    /// <param name="connection">Reported to clients that ask for the ports.</param>
    /// <param name="shutdown">Ends the kernel's process.</param>
    public Dispatcher(
        ConnectionFile connection, JupyterSockets sockets, ExecuteQueue executeQueue, NotebookSession session, LanguageService language, HistoryStore history, Action shutdown)
    {
        (this.sockets, this.executeQueue, this.session, this.language, this.history, this.shutdown) =
            (sockets, executeQueue, session, language, history, shutdown);
        handlers = new()
        {
            ["kernel_info_request"] = _ => Answer(KernelInfo.Reply),
            ["connect_request"] = _ => Answer(new ConnectReply(
                connection.ShellPort, connection.IopubPort, connection.StdinPort, connection.HeartbeatPort, connection.ControlPort)),
            ["complete_request"] = CompleteAsync,
            ["inspect_request"] = InspectAsync,
            ["is_complete_request"] = IsCompleteAsync,
            ["history_request"] = HistoryAsync,
            ["comm_info_request"] = request => Answer(executeQueue.Comms.Info(WireFormat.FromJson<CommInfoRequest>(request.Message.Content))),
            ["comm_open"] = executeQueue.Comms.HandleAsync,
            ["comm_msg"] = executeQueue.Comms.HandleAsync,
            ["comm_close"] = executeQueue.Comms.HandleAsync,
            ["interrupt_request"] = Interrupt,
            ["usage_request"] = _ => Answer(usage.Measure(executeQueue.WorkerUsage)),
            ["shutdown_request"] = Shutdown,
        };
    }

    /// <summary>Handles a request.</summary>
    public void Handle(Request request)
    {
        try
        {
            if (request.Type is "execute_request" or "comm_open" or "comm_msg" or "comm_close" && TryQueue(request)) return;
        }
        catch (Exception refused)
        {
            // Reported between busy and idle, like what goes wrong in any other request.
            _ = HandleAsync(request, refused);
            return;
        }

        _ = HandleAsync(request);
    }

    private bool TryQueue(Request request)
    {
        if (request.Type != "execute_request") return executeQueue.Comms.TryEnqueue(request);
        executeQueue.Add(request);
        return true;
    }

    private async Task HandleAsync(Request request, Exception? refused = null)
    {
        sockets.Publish("status", request, WireFormat.ToJson(Status.Busy));
        try
        {
            if (refused is not null) ExceptionDispatchInfo.Throw(refused);
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
            if (IsAnswered(request)) sockets.Reply(request, WireFormat.ToJson(new ErrorReply("MalformedRequest", malformed.Message, [malformed.Message])));
        }
        catch (Exception bug)
        {
            Log.Bug(bug);
            var error = ErrorReply.OfBug(bug);
            if (request.Type == "execute_request" || !IsAnswered(request)) sockets.Publish("error", request, WireFormat.ToJson(new Error(error.Ename, error.Evalue, error.Traceback)));
            if (IsAnswered(request)) sockets.Reply(request, WireFormat.ToJson(error));
        }

        lateSubscribers.Answered(request);
        PublishIdle([request]);
    }

    /// <summary>Comm messages have no reply. Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#custom-messages</summary>
    private static bool IsAnswered(Request request) => request.Type is not ("comm_open" or "comm_msg" or "comm_close");

    /// <summary>Publishes what a new subscriber may have missed: that its kernel_info_request is done, and that a cell is running.</summary>
    public void Inform() => PublishIdle(lateSubscribers.Unaware());

    private void PublishIdle(IEnumerable<Request> requests)
    {
        foreach (var request in requests) sockets.Publish("status", request, WireFormat.ToJson(Status.Idle));

        // Front ends show the last status whatever its parent; while a cell runs that must not be idle.
        if (executeQueue.Running is { } running) sockets.Publish("status", running, WireFormat.ToJson(Status.Busy));
    }

    /// <summary>
    /// Completes ahead of the first question, also with what is not imported: front ends wait a second for an answer, and to read all names takes as long.
    /// Takes a second of a processor.
    /// </summary>
    public async Task WarmAsync()
    {
        foreach (var code in Typical) await CompleteForNobodyAsync(code, CancellationToken.None);
    }

    /// <summary>Completes what nobody has written, another text for each number.</summary>
    public Task PractiseAsync(int number, CancellationToken cancellation) => CompleteForNobodyAsync($"// {number}\n{Typical[number % Typical.Length]}", cancellation);

    private Task CompleteForNobodyAsync(string code, CancellationToken cancellation)
    {
        var accepted = Declared;
        return Task.Run(async () =>
        {
            var content = WireFormat.FromJson<CompleteRequest>(new JObject { ["code"] = code, ["cursor_pos"] = code.Length });
            var found = await completion.CompleteAsync(language.Open(content.Code, accepted, cancellation), code.Length, RecentNames.None, cancellation);
            WireFormat.ToJson(Reply(content.Code, found));
        }, cancellation);
    }

    /// <summary>What the accepted cells declare.</summary>
    private CellDeclarations[] Declared => [.. session.Accepted.Select(cell => cell.Compiled.Declarations)];

    private static Task<object?> Answer(object? content) => Task.FromResult(content);

    private async Task<object?> CompleteAsync(Request request)
    {
        var content = WireFormat.FromJson<CompleteRequest>(request.Message.Content);
        var index = CodePoints.ToIndex(content.Code, content.CursorPos ?? int.MaxValue);
        CompiledCell[] accepted = [.. session.Accepted.Select(cell => cell.Compiled)];
        var magics = Magics;
        var found = MagicCompletion.Complete(content.Code, index, magics) ?? await AskAsync(
            request,
            cancellation => completion.CompleteAsync(
                language.Open(OnlyCSharp(content.Code, magics), [.. accepted.Select(cell => cell.Declarations)], cancellation), index,
                RecentNames.In([.. accepted.TakeLast(RecentNames.MostCells - 1).Select(cell => cell.Code), content.Code]), cancellation),
            new CompletionList([], index, index));
        session.Offer(found.Items.Where(item => item.Namespace is not null).Select(item => KeyValuePair.Create(item.Text, item.Namespace!)));
        return Reply(content.Code, found);
    }

    private static CompleteReply Reply(string code, CompletionList found)
    {
        var (start, end) = (CodePoints.FromIndex(code, found.Start), CodePoints.FromIndex(code, found.End));
        return new CompleteReply(found.Matches, start, end, found.Metadata(start, end));
    }

    private async Task<object?> InspectAsync(Request request)
    {
        var content = WireFormat.FromJson<InspectRequest>(request.Message.Content);
        var index = CodePoints.ToIndex(content.Code, content.CursorPos);
        var (accepted, magics) = (Declared, Magics);
        var found = await AskAsync(
            request, cancellation => inspection.InspectAsync(language.Open(OnlyCSharp(content.Code, magics), accepted, cancellation), index, content.DetailLevel, cancellation), null);
        if (found is { Variable: { } variable } && await executeQueue.ReadVariableAsync(variable) is { } value) found = found.WithValue(value);
        return found is null
            ? new InspectReply(false, [], [])
            : new InspectReply(true, new JObject { ["text/plain"] = found.Plain, ["text/html"] = found.Html, ["text/markdown"] = found.Markdown }, []);
    }

    private async Task<object?> IsCompleteAsync(Request request)
    {
        var content = WireFormat.FromJson<IsCompleteRequest>(request.Message.Content);
        var magics = Magics;
        var judged = await AskAsync(
            request, cancellation => Task.FromResult(CellBlocks.MayHave(content.Code) ? JudgeBlocks(content.Code, magics, cancellation) : Completeness.Judge(content.Code, cancellation)), new Completeness("unknown"));
        return new IsCompleteReply(judged.Status, judged.Indent);
    }

    private MagicSet Magics => new(session.Magics);

    private static string OnlyCSharp(string code, MagicSet magics) => CellBlocks.MayHave(code) ? CellBlocks.OnlyCSharp(code, magics.Find) : code;

    /// <summary>The last block counts. The text of a magic ends with a blank line; nothing else could tell its end.</summary>
    private static Completeness JudgeBlocks(string code, MagicSet magics, CancellationToken cancellation) => CellBlocks.Of(code, magics.Find, CellLanguage.CSharp) switch
    {
        [.., { Magic: null } csharp] => Completeness.Judge(csharp.Text, cancellation),
        [.., { Magic: { } magic }] when magics.Find(magic) is { TakesText: true } && !code.AsSpan(code.AsSpan().TrimEnd().Length).Contains('\n') => new("incomplete", ""),
        _ => new("complete"),
    };

    /// <summary>
    /// Asks Roslyn, on the pool. Some texts keep it busy for ever, and whoever types on has no use for the answer to what stood there before: then the
    /// answer is that there is none.
    /// </summary>
    private async Task<T> AskAsync<T>(Request request, Func<CancellationToken, Task<T>> question, T noAnswer)
    {
        var kind = (request.Client, request.Type);
        if (asked.TryGetValue(kind, out var stale)) await stale.CancelAsync();
        using var asking = new CancellationTokenSource(AnswerDeadline);
        asked[kind] = asking;
        try
        {
            return await Task.Run(() => question(asking.Token), asking.Token).WaitAsync(asking.Token);
        }
        catch (OperationCanceledException)
        {
            return noAnswer;
        }
        finally
        {
            if (asked.GetValueOrDefault(kind) == asking) asked.Remove(kind);
        }
    }

    private async Task<object?> HistoryAsync(Request request)
    {
        var content = WireFormat.FromJson<HistoryRequest>(request.Message.Content);
        var entries = await history.QueryAsync(content);
        return new HistoryReply([.. entries.Select(entry => new JArray(
            entry.Session, entry.Line, content.Output ? new JArray(entry.Input, entry.Output!) : JValue.CreateString(entry.Input)))]);
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
