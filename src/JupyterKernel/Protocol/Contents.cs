using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Protocol;

// Every content of the protocol, in the order of the spec. Members are written in snake case.
// Base of the links: https://jupyter-client.readthedocs.io/en/stable/messaging.html

/// <summary>A reply that has nothing but its status. #request-reply</summary>
public record StatusReply(string Status)
{
    /// <summary>All went well, and there is nothing to add.</summary>
    public static readonly StatusReply Ok = new("ok");

    /// <summary>The request was not run, because one before it failed. #request-reply</summary>
    public static readonly StatusReply Aborted = new("aborted");
}

/// <summary>A reply to a request that failed. #request-reply</summary>
public sealed record ErrorReply(string Ename, string Evalue, IReadOnlyList<string> Traceback) : StatusReply("error");

/// <summary>#execute</summary>
public sealed record ExecuteRequest
{
    [JsonProperty(Required = Required.Always)]
    public required string Code { get; init; }
    /// <summary>Publish nothing but status, count nothing, keep nothing in the history.</summary>
    public bool Silent { get; init; }
    /// <summary>Null means: unless silent.</summary>
    public bool? StoreHistory { get; init; }
    /// <summary>Names to expressions, evaluated after the cell.</summary>
    public IReadOnlyDictionary<string, string>? UserExpressions { get; init; }
    public bool AllowStdin { get; init; } = true;
    public bool StopOnError { get; init; } = true;
}

/// <summary>#execution-results</summary>
public sealed record ExecuteReply(
    int ExecutionCount, JObject UserExpressions, IReadOnlyList<JObject> Payload) : StatusReply("ok");

/// <summary>#execution-results, of a cell that failed</summary>
public sealed record ExecuteErrorReply(
    int ExecutionCount, string Ename, string Evalue, IReadOnlyList<string> Traceback) : StatusReply("error");

/// <summary>#introspection</summary>
public sealed record InspectRequest
{
    [JsonProperty(Required = Required.Always)]
    public required string Code { get; init; }
    /// <summary>In Unicode code points.</summary>
    [JsonProperty(Required = Required.Always)]
    public required int CursorPos { get; init; }
    public int DetailLevel { get; init; }
}

/// <summary>#introspection</summary>
public sealed record InspectReply(bool Found, JObject Data, JObject Metadata) : StatusReply("ok");

/// <summary>#completion</summary>
public sealed record CompleteRequest
{
    [JsonProperty(Required = Required.Always)]
    public required string Code { get; init; }
    /// <summary>In Unicode code points; the end of the code where it is left out.</summary>
    public int? CursorPos { get; init; }
}

/// <summary>#completion</summary>
public sealed record CompleteReply(
    IReadOnlyList<string> Matches, int CursorStart, int CursorEnd, JObject Metadata) : StatusReply("ok");

/// <summary>#history</summary>
public sealed record HistoryRequest
{
    /// <summary>tail, range or search.</summary>
    [JsonProperty(Required = Required.Always)]
    public required string HistAccessType { get; init; }
    public bool Output { get; init; }
    public bool Raw { get; init; } = true;
    /// <summary>For range: a session's number, 0 for the present one, -1 for the one before it.</summary>
    public int Session { get; init; }
    public int? Start { get; init; }
    public int? Stop { get; init; }
    public int? N { get; init; }
    public string? Pattern { get; init; }
    public bool Unique { get; init; }
}

/// <summary>#history</summary>
/// <param name="History">(session, line number, input) or (session, line number, [input, output]).</param>
public sealed record HistoryReply(IReadOnlyList<JArray> History) : StatusReply("ok");

/// <summary>#code-completeness</summary>
public sealed record IsCompleteRequest
{
    [JsonProperty(Required = Required.Always)]
    public required string Code { get; init; }
}

/// <summary>#code-completeness</summary>
/// <param name="Status">complete, incomplete, invalid or unknown.</param>
/// <param name="Indent">What the next line starts with; only beside incomplete.</param>
public sealed record IsCompleteReply(
    string Status, [property: JsonProperty(NullValueHandling = NullValueHandling.Ignore)] string? Indent);

/// <summary>#comm-info</summary>
public sealed record CommInfoRequest
{
    public string? TargetName { get; init; }
}

/// <summary>#comm-info</summary>
public sealed record CommInfoReply(JObject Comms) : StatusReply("ok");

/// <summary>#kernel-info</summary>
public sealed record KernelInfoReply(
    string ProtocolVersion, string Implementation, string ImplementationVersion, LanguageInfo LanguageInfo,
    string Banner, bool Debugger, IReadOnlyList<HelpLink> HelpLinks, IReadOnlyList<string> SupportedFeatures) : StatusReply("ok");

/// <summary>#kernel-info</summary>
public sealed record LanguageInfo(
    string Name, string Version, string Mimetype, string FileExtension, string PygmentsLexer, JToken CodemirrorMode, string NbconvertExporter);

/// <summary>#kernel-info</summary>
public sealed record HelpLink(string Text, string Url);

/// <summary>#kernel-shutdown</summary>
public sealed record ShutdownRequest
{
    public bool Restart { get; init; }
}

/// <summary>#kernel-shutdown</summary>
public sealed record ShutdownReply(bool Restart) : StatusReply("ok");

/// <summary>#streams-stdout-stderr-etc</summary>
public sealed record Stream(string Name, string Text);

/// <summary>#code-inputs</summary>
public sealed record ExecuteInput(string Code, int ExecutionCount);

/// <summary>#execution-errors</summary>
public sealed record Error(string Ename, string Evalue, IReadOnlyList<string> Traceback);

/// <summary>#kernel-status</summary>
public sealed record Status(string ExecutionState)
{
    /// <summary>The kernel works on the parent's request.</summary>
    public static readonly Status Busy = new("busy");

    /// <summary>The parent's request is done, and all it published is out.</summary>
    public static readonly Status Idle = new("idle");

    /// <summary>Sent once, when the process starts.</summary>
    public static readonly Status Starting = new("starting");
}

/// <summary>#clear-output</summary>
public sealed record ClearOutput(bool Wait);

/// <summary>Welcomes a new subscription, so that a client knows when it misses nothing any more. JEP 65.</summary>
public sealed record IopubWelcome(string Subscription);

/// <summary>#messages-on-the-stdin-router-dealer-channel</summary>
public sealed record InputRequest(string Prompt, bool Password);

/// <summary>#messages-on-the-stdin-router-dealer-channel</summary>
public sealed record InputReply
{
    [JsonProperty(Required = Required.Always)]
    public required string Value { get; init; }
}

/// <summary>#opening-a-comm</summary>
public sealed record CommOpen
{
    [JsonProperty(Required = Required.Always)]
    public required string CommId { get; init; }
    [JsonProperty(Required = Required.Always)]
    public required string TargetName { get; init; }
    public JToken? Data { get; init; }
}

/// <summary>#comm-messages</summary>
public sealed record CommMessage
{
    [JsonProperty(Required = Required.Always)]
    public required string CommId { get; init; }
    public JToken? Data { get; init; }
}

/// <summary>#tearing-down-comms</summary>
public sealed record CommClose
{
    [JsonProperty(Required = Required.Always)]
    public required string CommId { get; init; }
    public JToken? Data { get; init; }
}

/// <summary>Not in the spec; ipykernel's usage_reply. Memory in bytes, processor time in percent of one core since the last request.</summary>
public sealed record UsageReply(string Hostname, int Pid, double KernelCpu, long KernelMemory, long WorkerMemory, int CpuCount);
