using System.Diagnostics;
using System.Globalization;
using System.Text;
using JupyterKernel.Compilation;
using JupyterKernel.Hosting;
using JupyterKernel.Magics;
using JupyterKernel.Notebooks;
using JupyterKernel.Protocol;
using JupyterKernel.Session;
using JupyterKernel.Supervision;
using JupyterKernel.Link;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Kernel;

/// <summary>
/// The way of an execute_request: it waits for its turn, is run, and answered; meanwhile its output is published. What comm handlers are told waits here
/// as well. Loop thread.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute
/// </summary>
internal sealed class ExecuteQueue : IWorkerOutput
{
    /// <summary>What comm handlers changed is kept so long after one has run, or when a cell comes.</summary>
    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(1);

    /// <summary>A client that sends cells ahead has sent them all once nothing has come from it for this time.</summary>
    private static readonly TimeSpan BurstPause = TimeSpan.FromMilliseconds(100);

    /// <summary>The time that a client has to send a second cell behind one that fails at once.</summary>
    private static readonly TimeSpan BurstStart = TimeSpan.FromMilliseconds(10);

    /// <summary>The longest delay of a failure's reply for a client that keeps sending.</summary>
    private static readonly TimeSpan MaxBurst = TimeSpan.FromSeconds(2);

    private readonly JupyterSockets sockets;
    private readonly NotebookSession session;
    private readonly HistoryStore history;
    private readonly Supervisor supervisor;
    private readonly CellOutputs outputs;
    private readonly UserQuestions questions;
    private readonly CellRunner runner;
    private readonly Queue<Waiting> waiting = new();
    private MagicCell? magicCell;
    private ValueStore? values;
    private int executionCount;
    private bool hasUnkeptChanges;
    private long changedAt = Stopwatch.GetTimestamp();

    public ExecuteQueue(Loop loop, JupyterSockets sockets, NotebookSession session, HistoryStore history, Task<WorkerProcess> firstWorker)
    {
        (this.sockets, this.session, this.history) = (sockets, session, history);
        supervisor = new Supervisor(loop, session, this, firstWorker);
        outputs = new CellOutputs(sockets);
        questions = new UserQuestions(sockets, outputs);
        runner = new CellRunner(sockets, session, supervisor, outputs, questions);
        Comms = new Comms(sockets, supervisor, Enqueue, session);
    }

    /// <summary>The comms of the session's code, whose messages wait here for their turn.</summary>
    public Comms Comms { get; }

    /// <summary>The request that is being executed.</summary>
    public Request? Running => outputs.Running;

    /// <summary>How many cells have run, but for those that are not counted.</summary>
    public int CellsRun => executionCount;

    /// <summary>For how long no cell has begun or ended.</summary>
    public TimeSpan CalmFor => Stopwatch.GetElapsedTime(changedAt);

    /// <summary>What the worker uses; null while there is none.</summary>
    public ProcessUsage? WorkerUsage => supervisor.Current?.Usage;

    /// <summary>What a variable holds, in a line; null where that cannot be told at once, or not without running code.</summary>
    public Task<string?> ReadVariableAsync(string name) => session.Accepted.LastOrDefault(cell => cell.Compiled.Variables.Contains(name)) is { } declarer
        ? supervisor.ReadVariableAsync(new CellVariable(declarer.Compiled.AssemblyName, name))
        : Task.FromResult<string?>(null);

    /// <summary>Starts the first worker ahead of the first cell.</summary>
    public void Start() => supervisor.Start();

    /// <summary>Ends the worker for good.</summary>
    public void Stop() => runner.Stop();

    /// <summary>Takes a request into the queue.</summary>
    /// <exception cref="MalformedMessageException">The content is not an execute_request's.</exception>
    public void Add(Request request)
    {
        var content = WireFormat.FromJson<ExecuteRequest>(request.Message.Content);
        Enqueue(new(request with { Message = request.Message.WithoutContent() }, content with { Language = LanguageIn(request.Message.Metadata) }, null));
    }

    /// <summary>Ends the running cell and aborts the queue behind it; nothing if no cell runs.</summary>
    public void Interrupt()
    {
        magicCell?.Interrupt();
        runner.Interrupt();
    }

    /// <summary>Hands an input_reply to the cell that asked.</summary>
    public void Answer(Message message) => questions.Answer(message);

    /// <inheritdoc/>
    public void Output(WorkerMessage message, SupervisedWorker from)
    {
        switch (message)
        {
            case StreamOutput stream:
                outputs.Stream(stream.Cell, stream.Name, stream.Payload[0]);
                break;
            case DisplayOutput display:
                outputs.Display(display);
                break;
            case Link.ClearOutput clear:
                outputs.Clear(clear);
                break;
            case CodeSubmitted submitted:
                runner.Submit(submitted, from);
                break;
            case CommOutput comm:
                Comms.Output(comm, outputs.RequestOf(comm.Cell));
                break;
            case MagicRegistered registered:
                runner.Register(registered);
                break;
            case InputQuestion question:
                questions.Ask(question, from);
                break;
        }
    }

    /// <inheritdoc/>
    public void NativeOutput(long cell, string name, string text) => outputs.Stream(cell, name, text);

    /// <inheritdoc/>
    public void CommTarget(string name) => Comms.Listen(name);

    /// <inheritdoc/>
    public void Serves(SupervisedWorker worker) => Comms.Serves(worker);

    /// <inheritdoc/>
    public void Ended(SupervisedWorker worker) => Comms.Ended(worker);

    /// <inheritdoc/>
    public void Notice(string text, bool isLoss) => outputs.Notice(text, isLoss);

    /// <inheritdoc/>
    public Task<bool> ConfirmAsync(string question) => questions.ConfirmAsync(question);

    private void Enqueue(Request request, bool isBracketed, Func<long, Task<CellOutcome>> handle) =>
        Enqueue(new(request with { Message = request.Message.WithoutContent() }, null, handle) { IsBracketed = isBracketed });

    private void Enqueue(Waiting next)
    {
        waiting.Enqueue(next);
        if (Running is null) _ = WorkOffAsync();
    }

    private async Task WorkOffAsync()
    {
        while (waiting.TryDequeue(out var next))
        {
            outputs.Begin(next.Request);
            changedAt = Stopwatch.GetTimestamp();
            IReadOnlyList<Request> aborted = [];
            try
            {
                if (next.Cell is { } cell) aborted = await ExecuteAsync(next.Request, cell);
                else await HandleAsync(next, next.Handle!);
            }
            catch (Exception bug)
            {
                Log.Bug(bug);
                var error = ErrorReply.OfBug(bug);
                if (next.Cell?.Silent != true) sockets.Publish("error", next.Request, WireFormat.ToJson(new Error(error.Ename, error.Evalue, error.Traceback)));
                if (next.Cell is not null)
                {
                    aborted = TakeWaitingCells();
                    magicCell = null;
                    questions.End();
                    sockets.Reply(next.Request, WireFormat.ToJson(new ExecuteErrorReply(executionCount, error.Ename, error.Evalue, error.Traceback)));
                }

                if (!next.IsBracketed) sockets.Publish("status", next.Request, WireFormat.ToJson(Status.Idle));
            }

            foreach (var request in aborted) Abort(request);

            outputs.End();
            changedAt = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>Has a comm's message handled. What comes of it belongs to the message, and a fault ends nothing but the handler.</summary>
    private async Task HandleAsync(Waiting next, Func<long, Task<CellOutcome>> handle)
    {
        var request = next.Request;
        if (!next.IsBracketed) sockets.Publish("status", request, WireFormat.ToJson(Status.Busy));
        var number = session.NextNumber();
        outputs.Add(number, request, silent: false);
        var outcome = await handle(number);
        if (outcome is CellOutcome.Interrupted { Why: null }) outcome = new CellOutcome.Interrupted("The handler of a comm's message was interrupted.");
        if (Traceback.Of(outcome, session.SourceLine) is { } error) sockets.Publish("error", request, WireFormat.ToJson(new Error(error.Ename, error.Evalue, error.Lines)));
        if (!next.IsBracketed) sockets.Publish("status", request, WireFormat.ToJson(Status.Idle));

        outputs.Remove(number);
        if (!hasUnkeptChanges) _ = KeepChangesSoonAsync();
        hasUnkeptChanges = true;
    }

    private async Task KeepChangesSoonAsync()
    {
        await Task.Delay(QuietTime);
        if (Running is null) KeepChanges();
        else if (hasUnkeptChanges) await KeepChangesSoonAsync();
    }

    /// <summary>What comm handlers changed in variables is kept beside the cells: no cell would bring it back.</summary>
    private void KeepChanges()
    {
        if (hasUnkeptChanges) runner.RememberChanges();
        hasUnkeptChanges = false;
    }

    /// <summary>Runs and answers a cell. Returns the requests that are aborted because it failed.</summary>
    private async Task<IReadOnlyList<Request>> ExecuteAsync(Request request, ExecuteRequest content)
    {
        var started = DateTime.UtcNow;
        var isEmpty = string.IsNullOrWhiteSpace(content.Code);
        var counts = !content.Silent && content.StoreHistory != false && !isEmpty;
        if (counts) executionCount++;

        KeepChanges();
        var number = session.NextNumber();
        outputs.BeginCell(number, content.Silent, content.AllowStdin);
        questions.Begin();
        var name = FormattableString.Invariant(counts ? $"Cell [{executionCount}]" : (FormattableString)$"Cell [{executionCount}]·{number}");
        var cell = new CellPart(number, content.Code, name) { AllowStdin = content.AllowStdin };
        magicCell = !isEmpty && (CellBlocks.MayHave(content.Code) || content.Language is not null) ? new MagicCell(runner, outputs, questions, values ??= new(), content, cell) : null;

        // A cell of C# is compiled, by another thread, while everybody is told that it begins; or runs already, if it needs no compiling.
        var running = isEmpty || magicCell is not null ? null : runner.RunAsync(cell);
        sockets.Publish("status", request, WireFormat.ToJson(Status.Busy));
        if (!content.Silent) sockets.Publish("execute_input", request, WireFormat.ToJson(new ExecuteInput(content.Code, executionCount)));
        outputs.Announced();
        if (counts) history.Add(executionCount, content.Code);
        var outcome = isEmpty ? new CellOutcome.Returned(null, null) : await (running ?? magicCell!.RunAsync());
        questions.End();
        if (outcome is CellOutcome.Threw threw) session.LastException = threw.Exception;

        var metadata = new JObject { ["started"] = started.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture), ["dependencies_met"] = true };
        var error = Traceback.Of(outcome, (cell, line) => cell == name ? NotebookSession.LineOf(content.Code, line) : session.SourceLine(cell, line));
        IReadOnlyList<Request> aborted = [];
        if (error is not null)
        {
            // A notebook that has a cell in another language goes on with the next one.
            var stops = outcome is not CellOutcome.Refused { Name: CellLanguage.NotSupported } && (content.StopOnError || outcome is CellOutcome.Interrupted);
            if (stops)
            {
                await EndOfBurstAsync(request);
                aborted = TakeWaitingCells();
            }

            if (!content.Silent) sockets.Publish("error", request, WireFormat.ToJson(new Error(error.Ename, error.Evalue, error.Lines)));
            metadata["status"] = "error";
            magicCell?.ShowTimes();
            sockets.Reply(request, WireFormat.ToJson(new ExecuteErrorReply(executionCount, error.Ename, error.Evalue, error.Lines)), WireFormat.ToJson(metadata));
        }
        else
        {
            if (outcome is CellOutcome.Returned { Data: { } data, Metadata: { } bundleMetadata } && !content.Silent)
            {
                outputs.Result(data, bundleMetadata, executionCount);
                if (counts && PlainText(data) is { } text) history.AddOutput(executionCount, text);
            }

            magicCell?.ShowTimes();
            var addedUsings = isEmpty ? "" : runner.AddedUsings;
            var expressions = await EvaluateAsync(content.UserExpressions);
            metadata["status"] = "ok";
            sockets.Reply(request, WireFormat.ToJson(new ExecuteReply(executionCount, expressions, Payload(request, content.Code, addedUsings))), WireFormat.ToJson(metadata));
        }

        magicCell = null;
        sockets.Publish("status", request, WireFormat.ToJson(Status.Idle));
        return aborted;
    }

    /// <summary>
    /// Where a using was added, a notebook gets it into its cell, so that it runs elsewhere too. A console, whose inputs have no ids, would take it for
    /// the next input; and in a cell with magics the top may be no C#. #payloads-deprecated
    /// </summary>
    private IReadOnlyList<JObject> Payload(Request request, string code, string addedUsings) => addedUsings.Length > 0 && magicCell is null && request.CellId is not null
        ? [new JObject { ["source"] = "set_next_input", ["text"] = OfferedUsings.AddTo(code, addedUsings), ["replace"] = true }]
        : [];

    /// <summary>
    /// The language that a cell's metadata name, which some front ends send along; null for C#.
    /// Source: https://github.com/dotnet/interactive/blob/main/docs/kernels-overview.md
    /// </summary>
    private static string? LanguageIn(JObject metadata) =>
        metadata.Count > 0 && Cell.LanguageIn(metadata) is { } language && CellLanguage.Find(language) != CellLanguage.CSharp ? language : null;

    /// <summary>Evaluates user_expressions: each is a cell of its own that leaves nothing behind.</summary>
    private async Task<JObject> EvaluateAsync(IReadOnlyDictionary<string, string>? expressions)
    {
        var values = new JObject();
        foreach (var (key, expression) in expressions ?? new Dictionary<string, string>())
        {
            CellOutcome outcome;
            ErrorReply? error;
            try
            {
                outcome = await runner.EvaluateAsync(expression ?? "", $"user expression {key}");
                error = Traceback.Of(outcome, session.SourceLine) is { } failure ? new(failure.Ename, failure.Evalue, failure.Lines) : null;
            }
            catch (Exception bug)
            {
                // The cell has returned, and its other expressions have their values.
                Log.Bug(bug);
                outcome = new CellOutcome.Returned(null, null);
                error = ErrorReply.OfBug(bug);
            }

            values[key] = error is not null
                ? JObject.Parse(Encoding.UTF8.GetString(WireFormat.ToJson(error)))
                : new JObject
                {
                    ["status"] = "ok",
                    ["data"] = outcome is CellOutcome.Returned { Data: { } data } ? JObject.Parse(Encoding.UTF8.GetString(data)) : new JObject(),
                    ["metadata"] = outcome is CellOutcome.Returned { Metadata: { } metadata } ? JObject.Parse(Encoding.UTF8.GetString(metadata)) : new JObject(),
                };
        }

        return values;
    }

    /// <summary>
    /// Waits until a client has sent all the cells that it sends ahead. What comes before a failure is published was sent without
    /// knowledge of it, and no clock has to be trusted. A client that sends one cell at a time waits up to <see cref="BurstStart"/>.
    /// </summary>
    private async Task EndOfBurstAsync(Request failed)
    {
        var (began, client) = (Stopwatch.GetTimestamp(), failed.Client);
        while (Stopwatch.GetElapsedTime(began) < MaxBurst)
        {
            var last = waiting.LastOrDefault(next => next.Cell is not null && next.Request.Client == client)?.Request;
            var left = (last is null ? BurstStart : BurstPause) - Stopwatch.GetElapsedTime((last ?? failed).ReceivedAt);
            if (left <= TimeSpan.Zero) return;
            await Task.Delay(left);
        }
    }

    /// <summary>Takes the cells that have been received, whoever sent them, out of the queue.</summary>
    private List<Request> TakeWaitingCells()
    {
        sockets.ReceiveRequests();
        List<Request> cells = [.. waiting.Where(next => next.Cell is not null).Select(next => next.Request)];
        Waiting[] others = [.. waiting.Where(next => next.Cell is null)];
        waiting.Clear();
        foreach (var other in others) waiting.Enqueue(other);
        return cells;
    }

    private void Abort(Request request)
    {
        sockets.Publish("status", request, WireFormat.ToJson(Status.Busy));
        sockets.Reply(request, WireFormat.ToJson(StatusReply.Aborted), WireFormat.ToJson(new JObject { ["status"] = "aborted" }));
        sockets.Publish("status", request, WireFormat.ToJson(Status.Idle));
    }

    private static string? PlainText(byte[] data)
    {
        const int LongestKept = 100_000;
        return data.Length > LongestKept ? null : (string?)JObject.Parse(Encoding.UTF8.GetString(data))["text/plain"];
    }

    /// <summary>A cell that waits for its turn, or what is to be done for a comm's message.</summary>
    private sealed record Waiting(Request Request, ExecuteRequest? Cell, Func<long, Task<CellOutcome>>? Handle)
    {
        /// <summary>Whether somebody else says busy and idle.</summary>
        public bool IsBracketed { get; init; }
    }
}
