using System.Globalization;
using System.Text;
using JupyterKernel.Compilation;
using JupyterKernel.Display;
using JupyterKernel.Display.Formatting;
using JupyterKernel.Hosting;
using JupyterKernel.Magics;
using JupyterKernel.NotebookFiles;
using JupyterKernel.Protocol;
using JupyterKernel.Session;
using JupyterKernel.Sockets;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Execution;

/// <summary>
/// An execute_request while it runs: publishes everything from busy to idle, sends the reply, and routes the outputs of
/// the blocks. Loop thread.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute
/// </summary>
internal sealed class RunningCell : RunningRequest
{
    private readonly SessionServices services;
    private readonly ExecuteRequest content;
    private readonly int executionCount;
    private readonly Func<Task> abortFollowing;
    private readonly CellPart whole;
    private MagicCell? magicCell;
    private long latestBlock;

    /// <param name="executionCount">The execution count of the cell.</param>
    /// <param name="abortFollowing">Aborts the cells that were sent after this one, because this one failed.</param>
    public RunningCell(SessionServices services, Request request, ExecuteRequest content, int executionCount, Func<Task> abortFollowing)
        : base(request)
    {
        (this.services, this.content, this.executionCount, this.abortFollowing) = (services, content, executionCount, abortFollowing);
        var number = services.Session.NextNumber();
        var name = FormattableString.Invariant(IsCounted(content)
            ? $"Cell [{executionCount}]"
            : (FormattableString)$"Cell [{executionCount}]·{number}");
        whole = new CellPart(number, content.Code, name) { AllowStdin = content.AllowStdin };
    }

    /// <summary>Whether the client requested a silent execution.</summary>
    public bool IsSilent => content.Silent;

    /// <inheritdoc/>
    public override bool AllowsQuestions => content.AllowStdin;

    /// <inheritdoc/>
    public override IList<string>? Answers => Block?.Answers;

    /// <summary>The block that runs in the worker, or the last one that did; null before the first.</summary>
    public RunningBlock? Block { get; set; }

    private bool IsEmpty => string.IsNullOrWhiteSpace(content.Code);

    /// <summary>Whether a request increments the execution count.</summary>
    public static bool IsCounted(ExecuteRequest content) =>
        !content.Silent && content.StoreHistory != false && !string.IsNullOrWhiteSpace(content.Code);

    /// <inheritdoc/>
    public override async Task RunAsync()
    {
        var started = DateTime.UtcNow;
        BeginBlock(whole.Number);
        if (!IsEmpty && (CellBlocks.MayHave(content.Code) || content.Language is not null))
        {
            magicCell = new MagicCell(services, this, content, whole);
        }

        // A C# cell is compiled on another thread while busy is published; a cell that needs no compilation starts at once.
        var block = IsEmpty || magicCell is not null ? null : new RunningBlock(services, this, whole);
        var running = block?.RunAsync();
        Publish("status", Status.Busy);
        if (!IsSilent) Publish("execute_input", new ExecuteInput(content.Code, executionCount));
        if (!IsSilent) services.Notices.Begin(this);
        if (IsCounted(content)) services.History.Add(executionCount, content.Code);
        var outcome = IsEmpty ? new CellOutcome.Returned(null, null) : await (running ?? magicCell!.RunAsync());
        if (outcome is CellOutcome.Threw threw) services.Session.LastException = threw.Exception;

        var metadata = new JObject
        {
            ["started"] = started.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture), ["dependencies_met"] = true,
        };
        if (Traceback.Of(outcome, SourceLine) is { } error)
        {
            // In a notebook with a cell in an unsupported language, the next cell still runs.
            var aborts = outcome is not CellOutcome.Refused { Name: CellLanguage.NotSupported }
                && (content.StopOnError || outcome is CellOutcome.Interrupted);
            if (aborts) await abortFollowing();
            if (!IsSilent) Publish("error", new Error(error.Ename, error.Evalue, error.Lines));
            metadata["status"] = "error";
            magicCell?.ShowTimes();
            Reply(new ExecuteErrorReply(executionCount, error.Ename, error.Evalue, error.Lines), metadata);
        }
        else
        {
            if (outcome is CellOutcome.Returned { Data: { } data, Metadata: { } bundleMetadata } && !IsSilent)
            {
                ShowResult(data, bundleMetadata);
            }
            magicCell?.ShowTimes();
            var expressions = await EvaluateAsync(content.UserExpressions);
            metadata["status"] = "ok";
            Reply(new ExecuteReply(executionCount, expressions, Payload(block?.AddedUsings ?? "")), metadata);
        }

        Publish("status", Status.Idle);
    }

    /// <inheritdoc/>
    public override async Task FailAsync(ErrorReply error)
    {
        if (!IsSilent) Publish("error", new Error(error.Ename, error.Evalue, error.Traceback));
        await abortFollowing();
        Reply(new ExecuteErrorReply(executionCount, error.Ename, error.Evalue, error.Traceback), null);
        Publish("status", Status.Idle);
    }

    /// <summary>Begins a block; its outputs and those of the kernel belong to the cell.</summary>
    public void BeginBlock(long number)
    {
        services.Outputs.AddCell(number, Request, IsSilent);
        latestBlock = number;
    }

    /// <summary>Shows a bundle among the cell's outputs.</summary>
    public void Show(MimeBundle bundle) => services.Outputs.Display(latestBlock, bundle);

    /// <summary>Shows the result of a block as a display, because only the last block's result is the cell's result.</summary>
    public void Show(byte[] data, byte[] metadata)
    {
        if (!IsSilent)
        {
            services.Sockets.Publish("display_data", Request,
                [.. "{\"data\":"u8, .. data, .. ",\"metadata\":"u8, .. metadata, .. ",\"transient\":{}}"u8]);
        }
    }

    /// <summary>Writes a line to the cell's stderr.</summary>
    public void Warn(string line) => services.Outputs.Stream(latestBlock, "stderr", line + "\n");

    /// <summary>Shows lines in small print, if notices are shown.</summary>
    /// <param name="remarks">The lines; enumerated only if they are shown.</param>
    public void Remark(IEnumerable<string> remarks)
    {
        if (IsSilent || !Notices.AreShownIn(this)) return;
        var lines = remarks.ToList();
        if (lines.Count > 0) Show(MimeBundle.Html(NoteHtml.Small(lines), string.Join('\n', lines)));
    }

    /// <summary>Sends an input request to the client and waits for the answer.</summary>
    /// <returns>The answer; null if the client cannot be asked.</returns>
    /// <exception cref="OperationCanceledException">The cell was interrupted.</exception>
    public async Task<string?> AskAsync(string prompt, bool password) =>
        AllowsQuestions ? await services.Questions.AskAsync(Request, new InputRequest(prompt, password), Interruption) : null;

    private void ShowResult(byte[] data, byte[] metadata)
    {
        const int MaxRecordedBytes = 100_000;
        var count = Encoding.ASCII.GetBytes(executionCount.ToString(CultureInfo.InvariantCulture));
        services.Sockets.Publish(
            "execute_result", Request,
            [.. "{\"data\":"u8, .. data, .. ",\"metadata\":"u8, .. metadata, .. ",\"execution_count\":"u8, .. count, .. "}"u8]);
        if (IsCounted(content) && data.Length <= MaxRecordedBytes
            && (string?)JObject.Parse(Encoding.UTF8.GetString(data))["text/plain"] is { } text)
            services.History.AddOutput(executionCount, text);
    }

    /// <summary>Evaluates user_expressions, each as a cell of its own without effects on later cells.</summary>
    private async Task<JObject> EvaluateAsync(IReadOnlyDictionary<string, string>? expressions)
    {
        var values = new JObject();
        foreach (var (key, expression) in expressions ?? new Dictionary<string, string>())
        {
            try
            {
                var number = services.Session.NextNumber();
                services.Outputs.Add(number, Request, silent: true);
                var outcome = await new RunningBlock(services, this,
                    new CellPart(number, expression ?? "", $"user expression {key}") { IsKept = false }).RunAsync();
                values[key] = Traceback.Of(outcome, SourceLine) is { } error ? Json(new ErrorReply(error.Ename, error.Evalue, error.Lines))
                    : Value(outcome as CellOutcome.Returned);
            }
            catch (Exception bug)
            {
                // The cell has returned and its other expressions have been evaluated, so the request must not fail as a whole.
                Log.Bug(bug);
                values[key] = Json(ErrorReply.OfBug(bug));
            }
        }

        return values;

        static JObject Value(CellOutcome.Returned? returned) => new()
        {
            ["status"] = "ok",
            ["data"] = returned?.Data is { } data ? JObject.Parse(Encoding.UTF8.GetString(data)) : new JObject(),
            ["metadata"] = returned?.Metadata is { } metadata ? JObject.Parse(Encoding.UTF8.GetString(metadata)) : new JObject(),
        };

        static JObject Json(ErrorReply error) => JObject.Parse(Encoding.UTF8.GetString(WireFormat.ToJson(error)));
    }

    /// <summary>
    /// Returns a payload that adds using directives to the cell in the notebook, so that the cell also runs elsewhere. Not for a
    /// console, whose inputs have no ids: it would use the payload as the next input. Not for a cell with magics: its first lines
    /// may be in another language.
    /// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#payloads-deprecated
    /// </summary>
    private IReadOnlyList<JObject> Payload(string addedUsings) => addedUsings.Length > 0 && Request.CellId is not null
        ? [new JObject { ["source"] = "set_next_input", ["text"] = OfferedUsings.AddTo(content.Code, addedUsings), ["replace"] = true }]
        : [];

    private string? SourceLine(string cell, int line) =>
        cell == whole.Name ? NotebookSession.LineOf(content.Code, line) : services.Session.SourceLine(cell, line);

    private void Publish(string type, object message) => services.Sockets.Publish(type, Request, WireFormat.ToJson(message));

    private void Reply(object message, JObject? metadata) =>
        services.Sockets.Reply(Request, WireFormat.ToJson(message), metadata is null ? null : WireFormat.ToJson(metadata));
}
