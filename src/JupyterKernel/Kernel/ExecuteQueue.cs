using System.Diagnostics;
using System.Globalization;
using System.Text;
using JupyterKernel.Compilation;
using JupyterKernel.Display;
using JupyterKernel.Hosting;
using JupyterKernel.Magics;
using JupyterKernel.Notebooks;
using JupyterKernel.Packages;
using JupyterKernel.Protocol;
using JupyterKernel.Session;
using JupyterKernel.Settings;
using JupyterKernel.Supervision;
using JupyterKernel.WorkerProtocol;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Kernel;

/// <summary>
/// The way of an execute_request: it waits for its turn, is compiled in this process, run in the worker, and answered;
/// meanwhile its output is published. Loop thread.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute
/// </summary>
internal sealed class ExecuteQueue : IWorkerOutput
{
    /// <summary>What an interrupted cell changed is remembered up to this size of all variables.</summary>
    private const long MostInterruptedBytes = 32 * 1024 * 1024;

    /// <summary>What comm handlers changed is kept so long after one has run, or when a cell comes.</summary>
    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(1);

    /// <summary>How much is kept in all of what cells left behind that are not executed again.</summary>
    private const long MostRecordedBytes = 1024L * 1024 * 1024;

    private readonly JupyterSockets sockets;
    private readonly NotebookSession session;
    private readonly HistoryStore history;
    private readonly Supervisor supervisor;
    private readonly PackageInstaller installer;
    private readonly CodeSubmissions submissions;
    private readonly Queue<Waiting> waiting = new();
    private readonly Queue<(string Text, bool IsLoss)> notices = new();

    // Threads may outlive their cell and print: their output belongs to the request that ran it.
    private readonly HashSet<string> shownWarnings = [];
    private readonly Dictionary<long, (Request Request, bool Silent)> requestOfCell = [];
    private readonly Dictionary<long, (Request Request, Action<string> Answer)> questions = [];
    private readonly Queue<(string Question, TaskCompletionSource<bool> Answer)> confirmations = new();
    private readonly List<string> answers = [];
    private readonly Dictionary<long, IReadOnlyList<CellVariable>> unsettled = [];
    private long latestCell;
    private bool runningAnswers;
    private bool hasStrayAssets;
    private bool hasUnkeptChanges;
    private long lastConfirmation;
    private (string? Session, DateTimeOffset? SentBefore) aborting;
    private CancellationTokenSource? compilation;
    private MagicCell? magicCell;
    private ValueStore? values;
    private int executionCount;
    private string addedUsings = "";
    private long changedAt = Stopwatch.GetTimestamp();

    public ExecuteQueue(Loop loop, JupyterSockets sockets, NotebookSession session, HistoryStore history, Task<WorkerProcess> firstWorker)
    {
        this.sockets = sockets;
        this.session = session;
        this.history = history;
        supervisor = new Supervisor(loop, session, this, firstWorker);
        installer = new PackageInstaller(sockets, session);
        submissions = new CodeSubmissions(session, installer);
        Comms = new Comms(sockets, supervisor, Enqueue, session);
    }

    /// <summary>The comms of the session's code, whose messages wait here for their turn.</summary>
    public Comms Comms { get; }

    /// <summary>The request that is being executed.</summary>
    public Request? Running { get; private set; }

    /// <summary>For how long no cell has begun or ended.</summary>
    public TimeSpan CalmFor => Stopwatch.GetElapsedTime(changedAt);

    /// <summary>What <c>#!value</c> has stored.</summary>
    public ValueStore Values => values ??= new();

    /// <summary>The history.</summary>
    public NotebookSession Session => session;

    /// <summary>The workers.</summary>
    public Supervisor Supervisor => supervisor;

    /// <summary>What the worker uses; null while there is none.</summary>
    public ProcessUsage? WorkerUsage => supervisor.Current?.Usage;

    /// <summary>What a variable holds, in a line; null where that cannot be told at once, or not without running code.</summary>
    public Task<string?> ReadVariableAsync(string name) => session.Accepted.LastOrDefault(cell => cell.Compiled.Variables.Contains(name)) is { } declarer
        ? supervisor.ReadVariableAsync(new CellVariable(declarer.Compiled.AssemblyName, name))
        : Task.FromResult<string?>(null);

    /// <summary>Starts the first worker ahead of the first cell.</summary>
    public void Start() => supervisor.Start();

    /// <summary>Ends the worker for good.</summary>
    public void Stop()
    {
        compilation?.Cancel();
        supervisor.Stop();
    }

    /// <summary>Takes a request into the queue.</summary>
    /// <exception cref="MalformedMessageException">The content is not an execute_request's.</exception>
    public void Add(Request request)
    {
        var content = WireFormat.FromJson<ExecuteRequest>(request.Message.Content);
        if (request.Message.Header.Session == aborting.Session && SentAt(request) < aborting.SentBefore)
        {
            Abort(request);
            return;
        }

        Enqueue(new(request with { Message = request.Message.WithoutContent() }, content with { Language = LanguageIn(request.Message.Metadata) }, null));
    }

    /// <summary>Ends the running cell and aborts the queue behind it; nothing if no cell runs.</summary>
    public void Interrupt()
    {
        compilation?.Cancel();
        magicCell?.Interrupt();
        supervisor.Interrupt();
    }

    /// <summary>Hands an input_reply to the cell that asked.</summary>
    public void Answer(Message message)
    {
        var asked = questions.FirstOrDefault(question => question.Value.Request.Message.Identities
            .Zip(message.Identities).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second)));
        if (asked.Value.Answer is null) return;
        string value;
        try
        {
            value = WireFormat.FromJson<InputReply>(message.Content).Value;
        }
        catch (MalformedMessageException malformed)
        {
            Log.WarnOnce($"a malformed input_reply: {malformed.Message}");
            return;
        }

        questions.Remove(asked.Key);
        asked.Value.Answer(value);
    }

    /// <inheritdoc/>
    public void Output(WorkerMessage message, SupervisedWorker from)
    {
        switch (message)
        {
            case StreamOutput stream:
                PublishStream(stream.Cell, stream.Name, stream.Payload[0]);
                break;
            case DisplayOutput display when RequestOf(display.Cell) is { Silent: false, Request: var parent }:
                sockets.Publish(display.Update ? "update_display_data" : "display_data", parent, display.Payload[0]);
                break;
            case WorkerProtocol.ClearOutput clear when RequestOf(clear.Cell) is { Silent: false, Request: var parent }:
                sockets.Publish("clear_output", parent, WireFormat.ToJson(new Protocol.ClearOutput(clear.Wait)));
                break;
            case CodeSubmitted submitted:
                submissions.Add(submitted, from, RequestOf(submitted.Cell) is { Silent: false, Request: { } shown } ? shown : null);
                break;
            case CommOutput comm:
                Comms.Output(comm, RequestOf(comm.Cell).Request);
                break;
            case InputQuestion question when RequestOf(question.Cell).Request is { } parent:
                questions[question.Question] = (parent, text =>
                {
                    answers.Add(text);
                    from.Answer(new InputAnswer(question.Question, text, null));
                });
                if (sockets.AskInput(parent, new InputRequest(question.Prompt, question.Password))) break;
                questions.Remove(question.Question);
                from.Answer(new InputAnswer(question.Question, null, "The client that ran this cell has no stdin channel, so it cannot be asked."));
                break;
        }
    }

    /// <inheritdoc/>
    public void NativeOutput(long cell, string name, string text) =>
        PublishStream(cell, name, Encoding.UTF8.GetBytes(Newtonsoft.Json.JsonConvert.ToString(text)));

    /// <inheritdoc/>
    public void CommTarget(string name) => Comms.Listen(name);

    /// <inheritdoc/>
    public void Serves(SupervisedWorker worker) => Comms.Serves(worker);

    /// <inheritdoc/>
    public void Ended(SupervisedWorker worker) => Comms.Ended(worker);

    /// <inheritdoc/>
    public void Notice(string text, bool isLoss)
    {
        notices.Enqueue((text, isLoss));
        ShowNotices();
    }

    /// <inheritdoc/>
    public Task<bool> ConfirmAsync(string question)
    {
        var answer = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        confirmations.Enqueue((question, answer));
        Confirm();
        return answer.Task;
    }

    /// <summary>Front ends drop what comes for a cell that has ended, so what there is to say waits for the next one.</summary>
    private void ShowNotices()
    {
        if (Running is null || RequestOf(latestCell) is not { Silent: false, Request: { } latest } || latest != Running) return;
        while (notices.TryDequeue(out var notice))
        {
            if (notice.IsLoss || ShowsNotices) NativeOutput(latestCell, "stderr", notice.Text + "\n");
        }
    }

    private bool ShowsNotices => KernelSettings.Current.Notices switch { "on" => true, "off" => false, _ => runningAnswers };

    /// <summary>Asks what there is to ask, once a cell runs; a client that answers nothing means no.</summary>
    private void Confirm()
    {
        if (Running is not { } running) return;
        while (confirmations.TryDequeue(out var confirmation))
        {
            var id = --lastConfirmation;
            questions[id] = (running, text => confirmation.Answer.TrySetResult(text.Trim().StartsWith('y') || text.Trim().StartsWith('Y')));
            if (runningAnswers && sockets.AskInput(running, new InputRequest(confirmation.Question + " ", Password: false))) continue;
            questions.Remove(id);
            confirmation.Answer.TrySetResult(false);
        }
    }

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
            Running = next.Request;
            changedAt = Stopwatch.GetTimestamp();
            DateTime? failedAt = null;
            try
            {
                if (next.Cell is { } cell) failedAt = await ExecuteAsync(next.Request, cell);
                else await HandleAsync(next, next.Handle!);
            }
            catch (Exception bug)
            {
                Log.Bug(bug);
                if (next.Cell is not null)
                {
                    failedAt = DateTime.UtcNow;
                    sockets.Reply(next.Request, WireFormat.ToJson(new ExecuteErrorReply(executionCount, "KernelBug", bug.Message, [bug.ToString()])));
                }

                sockets.Publish("status", next.Request, WireFormat.ToJson(Status.Idle));
            }

            if (failedAt is { } time) AbortWaiting(next.Request, time);

            // Not earlier: whoever waits for the cell needs the processor more.
            if (next.Cell is not null) session.PrepareNext();
            Running = null;
            changedAt = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>Has a comm's message handled. What comes of it belongs to the message, and a fault ends nothing but the handler.</summary>
    private async Task HandleAsync(Waiting next, Func<long, Task<CellOutcome>> handle)
    {
        var request = next.Request;
        if (!next.IsBracketed) sockets.Publish("status", request, WireFormat.ToJson(Status.Busy));
        var number = session.NextNumber();
        requestOfCell[number] = (request, Silent: false);
        runningAnswers = false;
        var outcome = await handle(number);
        if (outcome is CellOutcome.Interrupted { Why: null }) outcome = new CellOutcome.Interrupted("The handler of a comm's message was interrupted.");
        if (Traceback.Of(outcome, session.SourceLine) is { } error) sockets.Publish("error", request, WireFormat.ToJson(new Error(error.Ename, error.Evalue, error.Lines)));
        if (!next.IsBracketed) sockets.Publish("status", request, WireFormat.ToJson(Status.Idle));

        // What a thread of the handler's prints later goes where the latest cell's output goes.
        requestOfCell.Remove(number);
        if (!hasUnkeptChanges) _ = KeepChangesSoonAsync();
        hasUnkeptChanges = true;
    }

    private async Task KeepChangesSoonAsync()
    {
        await Task.Delay(QuietTime);
        if (Running is null) KeepChanges();
        else if (hasUnkeptChanges) await KeepChangesSoonAsync();
    }

    /// <summary>What comm handlers changed in variables is kept beside the cells, as what an interrupted cell changed is: no cell would bring it back.</summary>
    private void KeepChanges()
    {
        if (hasUnkeptChanges && session.Accepted.Count > 0) _ = RememberChangesAsync(session.Accepted[^1]);
        hasUnkeptChanges = false;
    }

    /// <summary>When the cell failed, if the queue behind it is to be aborted; it is a time before anybody was told.</summary>
    private async Task<DateTime?> ExecuteAsync(Request request, ExecuteRequest content)
    {
        var started = DateTime.UtcNow;
        sockets.Publish("status", request, WireFormat.ToJson(Status.Busy));
        var isEmpty = string.IsNullOrWhiteSpace(content.Code);
        var counts = !content.Silent && content.StoreHistory != false && !isEmpty;
        if (counts) executionCount++;
        if (!content.Silent) sockets.Publish("execute_input", request, WireFormat.ToJson(new ExecuteInput(content.Code, executionCount)));
        if (counts) history.Add(executionCount, content.Code);

        KeepChanges();
        var number = latestCell = session.NextNumber();
        requestOfCell[number] = (request, content.Silent);
        runningAnswers = content.AllowStdin;
        addedUsings = "";
        answers.Clear();
        ShowNotices();
        Confirm();
        var name = FormattableString.Invariant(counts ? $"Cell [{executionCount}]" : (FormattableString)$"Cell [{executionCount}]·{number}");
        var cell = new CellPart(number, content.Code, name) { AllowStdin = content.AllowStdin };
        magicCell = !isEmpty && (CellBlocks.MayHave(content.Code) || content.Language is not null) ? new MagicCell(this, content, cell) : null;
        var outcome = isEmpty ? new CellOutcome.Returned(null, null) : magicCell is not null ? await magicCell.RunAsync() : await RunAsync(cell);
        var ended = DateTime.UtcNow;
        questions.Clear();
        if (outcome is CellOutcome.Threw threw) session.LastException = threw.Exception;

        var metadata = new JObject { ["started"] = started.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture), ["dependencies_met"] = true };
        var error = Traceback.Of(outcome, (cell, line) => cell == name ? NotebookSession.LineOf(content.Code, line) : session.SourceLine(cell, line));
        if (error is not null)
        {
            if (!content.Silent) sockets.Publish("error", request, WireFormat.ToJson(new Error(error.Ename, error.Evalue, error.Lines)));
            metadata["status"] = "error";
            magicCell?.ShowTimes();
            sockets.Reply(request, WireFormat.ToJson(new ExecuteErrorReply(executionCount, error.Ename, error.Evalue, error.Lines)), WireFormat.ToJson(metadata));
        }
        else
        {
            if (outcome is CellOutcome.Returned { Data: { } data, Metadata: { } bundleMetadata } && !content.Silent)
            {
                sockets.Publish("execute_result", request, ResultContent(data, bundleMetadata));
                if (counts && PlainText(data) is { } text) history.AddOutput(executionCount, text);
            }

            magicCell?.ShowTimes();
            var expressions = await EvaluateAsync(content.UserExpressions, request);
            metadata["status"] = "ok";
            sockets.Reply(request, WireFormat.ToJson(new ExecuteReply(executionCount, expressions, Payload(request, content.Code))), WireFormat.ToJson(metadata));
        }

        magicCell = null;
        sockets.Publish("status", request, WireFormat.ToJson(Status.Idle));

        // A notebook that has a cell in another language goes on with the next one.
        var stops = outcome is not CellOutcome.Refused { Name: CellLanguage.NotSupported } && (content.StopOnError || outcome is CellOutcome.Interrupted);
        return error is not null && stops ? ended : null;
    }

    /// <summary>
    /// Where a using was added, a notebook gets it into its cell, so that it runs elsewhere too. A console, whose inputs have no ids, would take it for
    /// the next input; and in a cell with magics the top may be no C#. #payloads-deprecated
    /// </summary>
    private IReadOnlyList<JObject> Payload(Request request, string code) => addedUsings.Length > 0 && magicCell is null && request.CellId is not null
        ? [new JObject { ["source"] = "set_next_input", ["text"] = OfferedUsings.AddTo(code, addedUsings), ["replace"] = true }]
        : [];

    /// <summary>Compiles and runs a cell, or a block of one.</summary>
    public async Task<CellOutcome> RunAsync(CellPart part)
    {
        SessionPackages packages;
        using (compilation = new CancellationTokenSource())
        {
            try
            {
                (packages, var failed) = await installer.InstallAsync(
                    part.Code, part.Directory, RequestOf(part.Number) is { Silent: false, Request: { } request } ? request : null, session.Packages, compilation.Token);
                if (failed is not null) return failed;
            }
            catch (OperationCanceledException)
            {
                return new CellOutcome.Interrupted();
            }
            finally
            {
                compilation = null;
            }
        }

        if (part.IsKept)
        {
            (packages, var interrupted) = await LoadExtensionsAsync(part.Number, packages);
            if (interrupted is not null) return interrupted;
        }

        return await RunAsync(part, packages);
    }

    /// <summary>Runs what newly referenced packages want run, each as a cell of the history. What fails is a warning.</summary>
    /// <returns>The packages that there are now, and the interruption, if there was one.</returns>
    private async Task<(SessionPackages Packages, CellOutcome? Interrupted)> LoadExtensionsAsync(long number, SessionPackages packages)
    {
        if (packages == session.Packages) return (packages, null);
        var known = session.Packages.Resolved.Extensions.Select(extension => extension.Package).ToHashSet();
        foreach (var (name, code) in packages.Resolved.Extensions.Where(extension => !known.Contains(extension.Package)).SelectMany(extension => extension.Cells(Warn)))
        {
            var own = session.NextNumber();
            var (request, silent) = requestOfCell[own] = requestOfCell[number];
            (packages, var failure) = await installer.InstallAsync(code, null, silent ? null : request, packages, CancellationToken.None);
            var outcome = failure ?? await RunAsync(new CellPart(own, code, name) { Replay = ReplayPolicy.Always, LoadedFor = number }, packages);
            if (outcome is CellOutcome.Interrupted) return (packages, outcome);
            if (Traceback.Of(outcome, session.SourceLine) is { } error) Warn($"The {name} failed, and the cell goes on without it. {error.Ename}: {error.Evalue}");
        }

        return (packages, null);

        void Warn(string text) => NativeOutput(number, "stderr", text + "\n");
    }

    private async Task<CellOutcome> RunAsync(CellPart part, SessionPackages packages)
    {
        var number = part.Number;
        CompilationOutcome compiled;
        RebuiltHistory? rebuilt;
        using (compilation = new CancellationTokenSource())
        {
            try
            {
                (compiled, rebuilt) = await session.CompileAsync(part.Code, part.Name, KernelSettings.Current.Language, packages, compilation.Token);

                // The compiler may have been done already when the interrupt came.
                if (compilation.IsCancellationRequested) return new CellOutcome.Interrupted();
            }
            catch (OperationCanceledException)
            {
                return new CellOutcome.Interrupted();
            }
            catch (PackageException unusable)
            {
                return new CellOutcome.Refused("PackageError", unusable.Message);
            }
            finally
            {
                compilation = null;
            }
        }

        if (compiled.Cell is not { } cell) return new CellOutcome.DidNotCompile(compiled.Errors);
        if (session.WhyUnusable(cell) is { } reason) return new CellOutcome.Refused("StateLost", reason);

        ShowRemarks(cell);
        addedUsings = cell.AddedUsings;
        if (rebuilt is not null && await RebuildAsync(rebuilt) is { } failure) return failure;
        if (cell.Assets != CellAssets.None)
        {
            // What a cell that was not accepted has loaded may be of another version.
            if (hasStrayAssets && rebuilt is null && await ReplaceWorkerAsync(keepsValues: true) is { } refusal) return refusal;
            hasStrayAssets = true;
        }

        var began = DateTime.UtcNow;
        var policy = part.Replay ?? KernelSettings.Current.Replay;
        submissions.Begin(part, cell, packages, policy);
        var end = await supervisor.RunAsync(number, cell, part.AllowStdin, part.IsKept ? EndedAsync : null);
        submissions.End();
        return end;

        async Task EndedAsync(CellOutcome outcome)
        {
            if (outcome.IsAccepted)
            {
                hasStrayAssets = false;
                await KeepAsync(new(number, cell, outcome is CellOutcome.Threw, DateTime.UtcNow - began, policy)
                {
                    Answers = [.. answers],
                    Packages = packages,
                    LoadedFor = part.LoadedFor,
                    AllocatedBytes = outcome.AllocatedBytes,
                    Whole = part.Whole,
                });
                foreach (var submitted in submissions.End())
                {
                    session.Accept(submitted);
                    supervisor.Forget(submitted);
                }
            }
            else
            {
                if (!TakeBack(part.Whole) && outcome is CellOutcome.Interrupted && session.Accepted.Count > 0) _ = RememberChangesAsync(session.Accepted[^1]);
            }
        }
    }

    /// <summary>Numbers a block of the running cell that is not its first.</summary>
    public long NextBlock()
    {
        var number = session.NextNumber();
        requestOfCell[number] = requestOfCell[latestCell];
        latestCell = number;
        answers.Clear();
        return number;
    }

    /// <summary>Takes back the blocks of a cell that was interrupted or lost its worker: what does not end by itself is not accepted, none of it.</summary>
    /// <param name="whole">The number of its first block.</param>
    /// <returns>Whether there were any.</returns>
    public bool TakeBack(long whole)
    {
        if (session.Accepted.Count == 0 || session.Accepted[^1].Whole != whole) return false;
        var gone = session.TruncateFrom(session.BeginOfLastCell());
        hasStrayAssets |= gone.Any(block => block.Compiled.Assets != CellAssets.None);
        supervisor.Drop(gone);
        if (session.Accepted.Count > 0) _ = RememberChangesAsync(session.Accepted[^1]);
        return true;
    }

    /// <summary>The blocks of a cell are accepted for good: variables that they declare anew let go of their old values.</summary>
    /// <param name="whole">The number of its first block.</param>
    public void Settle(long whole)
    {
        foreach (var block in session.Accepted.Where(cell => cell.Whole == whole))
        {
            if (!unsettled.Remove(block.Number, out var replaced)) continue;
            block.Replaced = replaced;
            supervisor.Forget(block);
        }

        unsettled.Clear();
    }

    /// <summary>Asks the user, for the running cell.</summary>
    /// <returns>The answer; null if the client takes no questions.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<string?> AskAsync(string prompt, bool password, CancellationToken cancellation)
    {
        if (!runningAnswers) return null;
        var id = --lastConfirmation;
        var answer = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = cancellation.Register(() => answer.TrySetCanceled(cancellation));
        questions[id] = (Running!, text => answer.TrySetResult(text));
        if (!sockets.AskInput(Running!, new InputRequest(prompt, password))) answer.TrySetResult(null);
        try
        {
            return await answer.Task;
        }
        finally
        {
            questions.Remove(id);
        }
    }

    /// <summary>Shows something among the running cell's outputs.</summary>
    public void Show(MimeBundle bundle)
    {
        if (RequestOf(latestCell) is { Silent: false, Request: { } request }) sockets.Publish("display_data", request, bundle.DisplayJson(null));
    }

    /// <summary>Shows a block's result that is not the cell's.</summary>
    public void Show(byte[] data, byte[] metadata)
    {
        if (RequestOf(latestCell) is { Silent: false, Request: { } request })
            sockets.Publish("display_data", request, Join("{\"data\":"u8, data, ",\"metadata\":"u8, metadata, ",\"transient\":"u8, "{}"u8.ToArray(), "}"u8));
    }

    /// <summary>Writes a line to the running cell's stderr.</summary>
    public void Warn(string line) => NativeOutput(latestCell, "stderr", line + "\n");

    /// <summary>Shows what the compiler thinks doubtful, each once in a session, and what it has added; in small print.</summary>
    private void ShowRemarks(CompiledCell cell)
    {
        if ((cell.Warnings.Count == 0 && cell.AddedUsings.Length == 0) || !ShowsNotices || RequestOf(latestCell) is not { Silent: false, Request: { } request }) return;
        var lines = cell.Warnings.Where(warning => shownWarnings.Add(warning.Id + warning.GetMessage(CultureInfo.InvariantCulture))).Select(CompileErrorText.Warning).ToList();
        if (cell.AddedUsings.Length > 0) lines.Insert(0, $"Added: {cell.AddedUsings}");
        if (lines.Count == 0) return;
        var html = $"<div style=\"font-size: smaller; opacity: 0.7\">{string.Join("<br>", lines.Select(System.Net.WebUtility.HtmlEncode))}</div>";
        sockets.Publish("display_data", request, WireFormat.ToJson(new JObject
        {
            ["data"] = new JObject { ["text/plain"] = string.Join('\n', lines), ["text/html"] = html },
            ["metadata"] = new JObject(),
            ["transient"] = new JObject(),
        }));
    }

    /// <summary>Brings a history that was compiled anew into a fresh worker.</summary>
    /// <returns>Why there is none.</returns>
    private async Task<CellOutcome?> RebuildAsync(RebuiltHistory rebuilt)
    {
        session.Adopt(rebuilt);
        if (await ReplaceWorkerAsync(rebuilt.KeepsValues) is { } failure) return failure;
        var lost = rebuilt.Lost.Count > 0
            ? $" Not executed, since they do not compile any more: {string.Join(", ", rebuilt.Lost.Select(cell => cell.Compiled.Name + (cell.Compiled.DeclaredNames.Count > 0 ? $" ({string.Join(", ", cell.Compiled.DeclaredNames)})" : "")))}. Run them again."
            : "";
        Notice($"{rebuilt.Cause}: {(rebuilt.Again == 1 ? "one earlier cell was" : $"{rebuilt.Again} earlier cells were")} compiled again, and all are executed again in a fresh worker.{lost}", isLoss: rebuilt.Lost.Count > 0);
        return null;
    }

    private async Task<CellOutcome?> ReplaceWorkerAsync(bool keepsValues)
    {
        try
        {
            await supervisor.RebuildAsync(keepsValues);
            return null;
        }
        catch (WorkerStartException failure)
        {
            return new CellOutcome.WorkerLost(failure.Message, []);
        }
    }

    /// <summary>What an interrupted cell changed stays. It is read before the next cell runs, and nobody waits for it here.</summary>
    private async Task RememberChangesAsync(AcceptedCell last)
    {
        if (await supervisor.ReadStateAsync(MostInterruptedBytes) is { Problem: null, Payload: [var values] }) last.ChangedLater = values;
    }

    /// <summary>
    /// The language that a cell's metadata name, which some front ends send along; null for C#.
    /// Source: https://github.com/dotnet/interactive/blob/main/docs/kernels-overview.md
    /// </summary>
    private static string? LanguageIn(JObject metadata) =>
        metadata.Count > 0 && Cell.LanguageIn(metadata) is { } language && CellLanguage.Find(language) != CellLanguage.CSharp ? language : null;

    /// <summary>Takes a cell into the history; one that is not to be executed again with what it left behind.</summary>
    private async Task KeepAsync(AcceptedCell cell)
    {
        if (cell.Policy != ReplayPolicy.Always)
        {
            var room = MostRecordedBytes - session.Accepted.Sum(accepted => accepted.Values.LongLength);
            var state = await supervisor.ReadStateAsync(Math.Min(HandOver.MostBytes, room));
            if (state is { Problem: null, Payload: [var values] })
            {
                cell = cell with { Values = values, Uncarried = [.. state.Opaque.Where(variable => variable.Assembly == cell.Compiled.AssemblyName).Select(variable => variable.Name)] };
            }
            else
            {
                cell = cell with { Uncarried = cell.Compiled.Variables };
                Notice($"What {cell.Compiled.Name} has left behind cannot be kept ({state?.Problem ?? "the worker is lost"}), and the cell is not executed again: in a fresh worker its variables will be unset.", isLoss: true);
            }
        }

        session.Accept(cell);

        // As long as the whole cell may be taken back, earlier variables must hold what they held.
        if (magicCell is not null) (unsettled[cell.Number], cell.Replaced) = (cell.Replaced, []);
        else supervisor.Forget(cell);
    }

    /// <summary>Evaluates user_expressions: each is a cell of its own that leaves nothing behind.</summary>
    private async Task<JObject> EvaluateAsync(IReadOnlyDictionary<string, string>? expressions, Request request)
    {
        var values = new JObject();
        foreach (var (key, expression) in expressions ?? new Dictionary<string, string>())
        {
            var number = session.NextNumber();
            requestOfCell[number] = (request, Silent: true);
            var outcome = await RunAsync(new CellPart(number, expression ?? "", $"user expression {key}") { IsKept = false });
            var error = Traceback.Of(outcome, session.SourceLine);
            values[key] = error is not null
                ? JObject.Parse(Encoding.UTF8.GetString(WireFormat.ToJson(new ErrorReply(error.Ename, error.Evalue, error.Lines))))
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
    /// Aborts what was sent behind a failed cell: what waits already, and what is still on its way. A client's own clock
    /// tells whether it sent a request before it could know of the failure.
    /// </summary>
    private void AbortWaiting(Request failed, DateTime failedAt)
    {
        aborting = (failed.Message.Header.Session, SentAt(failed) + (failedAt - failed.ReceivedAt));
        for (var left = waiting.Count; left > 0; left--)
        {
            var next = waiting.Dequeue();
            if (next.Cell is null) waiting.Enqueue(next);
            else Abort(next.Request);
        }
    }

    private void Abort(Request request)
    {
        sockets.Publish("status", request, WireFormat.ToJson(Status.Busy));
        sockets.Reply(request, WireFormat.ToJson(StatusReply.Aborted), WireFormat.ToJson(new JObject { ["status"] = "aborted" }));
        sockets.Publish("status", request, WireFormat.ToJson(Status.Idle));
    }

    /// <summary>When the client made a request, by the client's clock; null if it does not say, or nothing sensible.</summary>
    private static DateTimeOffset? SentAt(Request request) =>
        DateTimeOffset.TryParse(request.Message.Header.Date, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
        && date < DateTimeOffset.MaxValue.AddYears(-1) ? date : null;

    private (Request? Request, bool Silent) RequestOf(long cell) =>
        requestOfCell.TryGetValue(cell, out var known) ? known
        : requestOfCell.TryGetValue(latestCell, out known) ? known
        : (null, false);

    private void PublishStream(long cell, string name, byte[] textLiteral)
    {
        if (RequestOf(cell) is { Silent: false, Request: { } parent })
            sockets.Publish("stream", parent, [.. "{\"name\":\""u8, .. Encoding.ASCII.GetBytes(name), .. "\",\"text\":"u8, .. textLiteral, .. "}"u8]);
    }

    private byte[] ResultContent(byte[] data, byte[] metadata) =>
        Join("{\"data\":"u8, data, ",\"metadata\":"u8, metadata, ",\"execution_count\":"u8, Encoding.ASCII.GetBytes(executionCount.ToString(CultureInfo.InvariantCulture)), "}"u8);

    /// <summary>One array of the parts: output may be large, so it is copied once and never parsed.</summary>
    private static byte[] Join(ReadOnlySpan<byte> a, byte[] b, ReadOnlySpan<byte> c, byte[] d, ReadOnlySpan<byte> e, byte[] f, ReadOnlySpan<byte> g)
    {
        var joined = new byte[a.Length + b.Length + c.Length + d.Length + e.Length + f.Length + g.Length];
        var rest = joined.AsSpan();
        Append(a, ref rest);
        Append(b, ref rest);
        Append(c, ref rest);
        Append(d, ref rest);
        Append(e, ref rest);
        Append(f, ref rest);
        Append(g, ref rest);
        return joined;

        static void Append(ReadOnlySpan<byte> part, ref Span<byte> rest)
        {
            part.CopyTo(rest);
            rest = rest[part.Length..];
        }
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
