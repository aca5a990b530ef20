using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Protocol;

// The contents of all messages, in the order of the specification; the members are in snake case. Base of the links:
// https://jupyter-client.readthedocs.io/en/stable/messaging.html

/// <summary>A reply that contains only a status. Spec: #request-reply</summary>
public record StatusReply(string Status)
{
    /// <summary>The request succeeded; the reply has no other content.</summary>
    public static readonly StatusReply Ok = new("ok");

    /// <summary>The request was not run, because an earlier one failed. Spec: #request-reply</summary>
    public static readonly StatusReply Aborted = new("aborted");
}

/// <summary>A reply to a request that failed. Spec: #request-reply</summary>
public sealed record ErrorReply(string Ename, string Evalue, IReadOnlyList<string> Traceback) : StatusReply("error")
{
    /// <summary>Creates the reply to a request in which the kernel itself threw an unexpected exception.</summary>
    public static ErrorReply OfBug(Exception bug) => new("KernelBug", bug.Message, [bug.ToString()]);
}

/// <summary>The content of execute_request. Spec: #execute</summary>
public sealed record ExecuteRequest
{
    public required string Code { get; init; }
    /// <summary>Whether only status messages are published, the execution count is unchanged and the cell is not stored.</summary>
    public bool Silent { get; init; }
    /// <summary>Whether to store the cell in the input history; null means true, unless the execution is silent.</summary>
    public bool? StoreHistory { get; init; }
    /// <summary>Expressions to evaluate after the cell, by name.</summary>
    public IReadOnlyDictionary<string, string>? UserExpressions { get; init; }
    public bool AllowStdin { get; init; } = true;
    public bool StopOnError { get; init; } = true;
    /// <summary>The language in the message's metadata; null for C#.</summary>
    public string? Language { get; init; }

    /// <summary>Reads the request from a JSON object.</summary>
    /// <exception cref="JsonException">A member is missing or of the wrong type; the message names it.</exception>
    internal static ExecuteRequest Of(JObject json) => new()
    {
        Code = json.Required("code", token => (string?)token),
        Silent = json.Optional("silent", token => (bool)token, false),
        StoreHistory = json.Optional("store_history", token => (bool?)token, null),
        UserExpressions = json.Optional("user_expressions", Expressions, null),
        AllowStdin = json.Optional("allow_stdin", token => (bool)token, true),
        StopOnError = json.Optional("stop_on_error", token => (bool)token, true),
    };

    private static Dictionary<string, string>? Expressions(JToken token)
    {
        if (token.Type == JTokenType.Null) return null;
        var expressions = new Dictionary<string, string>();
        foreach (var member in ((JObject)token).Properties())
        {
            expressions[member.Name] = WrittenByHand.Fit($"user_expressions.{member.Name}", member.Value, value => (string?)value) ?? "";
        }
        return expressions;
    }
}

/// <summary>The content of execute_reply. Spec: #execution-results</summary>
public sealed record ExecuteReply(
    int ExecutionCount, JObject UserExpressions, IReadOnlyList<JObject> Payload) : StatusReply("ok"), IWritesItself
{
    void IWritesItself.Write(JsonTextWriter json)
    {
        json.WriteStartObject();
        json.WritePropertyName("execution_count");
        json.WriteValue(ExecutionCount);
        json.WritePropertyName("user_expressions");
        UserExpressions.WriteTo(json);
        json.WritePropertyName("payload");
        json.WriteStartArray();
        foreach (var part in Payload) part.WriteTo(json);
        json.WriteEndArray();
        json.WriteMember("status", Status);
        json.WriteEndObject();
    }
}

/// <summary>The content of execute_reply for a failed cell. Spec: #execution-results</summary>
public sealed record ExecuteErrorReply(
    int ExecutionCount, string Ename, string Evalue, IReadOnlyList<string> Traceback) : StatusReply("error");

/// <summary>The content of inspect_request. Spec: #introspection</summary>
public sealed record InspectRequest
{
    [JsonProperty(Required = Required.Always)]
    public required string Code { get; init; }
    /// <summary>The cursor position in Unicode code points.</summary>
    [JsonProperty(Required = Required.Always)]
    public required int CursorPos { get; init; }
    public int DetailLevel { get; init; }
}

/// <summary>The content of inspect_reply. Spec: #introspection</summary>
public sealed record InspectReply(bool Found, JObject Data, JObject Metadata) : StatusReply("ok");

/// <summary>The content of complete_request. Spec: #completion</summary>
public sealed record CompleteRequest
{
    [JsonProperty(Required = Required.Always)]
    public required string Code { get; init; }
    /// <summary>The cursor position in Unicode code points; null for the end of the code.</summary>
    public int? CursorPos { get; init; }
}

/// <summary>The content of complete_reply. Spec: #completion</summary>
public sealed record CompleteReply(
    IReadOnlyList<string> Matches, int CursorStart, int CursorEnd, JObject Metadata) : StatusReply("ok");

/// <summary>The content of history_request. Spec: #history</summary>
public sealed record HistoryRequest
{
    /// <summary>The access type: tail, range or search.</summary>
    [JsonProperty(Required = Required.Always)]
    public required string HistAccessType { get; init; }
    public bool Output { get; init; }
    public bool Raw { get; init; } = true;
    /// <summary>The session number for a range: 0 for the present session, -1 for the previous one.</summary>
    public int Session { get; init; }
    public int? Start { get; init; }
    public int? Stop { get; init; }
    public int? N { get; init; }
    public string? Pattern { get; init; }
    public bool Unique { get; init; }
}

/// <summary>The content of history_reply. Spec: #history</summary>
/// <param name="History">Entries of the form (session, line number, input) or (session, line number, [input, output]).</param>
public sealed record HistoryReply(IReadOnlyList<JArray> History) : StatusReply("ok");

/// <summary>The content of is_complete_request. Spec: #code-completeness</summary>
public sealed record IsCompleteRequest
{
    [JsonProperty(Required = Required.Always)]
    public required string Code { get; init; }
}

/// <summary>The content of is_complete_reply. Spec: #code-completeness</summary>
/// <param name="Status">complete, incomplete, invalid or unknown.</param>
/// <param name="Indent">The indentation of the next line; only for the status incomplete.</param>
public sealed record IsCompleteReply(
    string Status, [property: JsonProperty(NullValueHandling = NullValueHandling.Ignore)] string? Indent);

/// <summary>The content of comm_info_request. Spec: #comm-info</summary>
public sealed record CommInfoRequest
{
    public string? TargetName { get; init; }
}

/// <summary>The content of comm_info_reply. Spec: #comm-info</summary>
public sealed record CommInfoReply(JObject Comms) : StatusReply("ok");

/// <summary>The content of kernel_info_reply. Spec: #kernel-info</summary>
public sealed record KernelInfoReply(
    string ProtocolVersion, string Implementation, string ImplementationVersion, LanguageInfo LanguageInfo,
    string Banner, bool Debugger, IReadOnlyList<HelpLink> HelpLinks, IReadOnlyList<string> SupportedFeatures)
    : StatusReply("ok"), IWritesItself
{
    void IWritesItself.Write(JsonTextWriter json)
    {
        json.WriteStartObject();
        json.WriteMember("protocol_version", ProtocolVersion);
        json.WriteMember("implementation", Implementation);
        json.WriteMember("implementation_version", ImplementationVersion);
        json.WritePropertyName("language_info");
        json.WriteStartObject();
        json.WriteMember("name", LanguageInfo.Name);
        json.WriteMember("version", LanguageInfo.Version);
        json.WriteMember("mimetype", LanguageInfo.Mimetype);
        json.WriteMember("file_extension", LanguageInfo.FileExtension);
        json.WriteMember("pygments_lexer", LanguageInfo.PygmentsLexer);
        json.WritePropertyName("codemirror_mode");
        LanguageInfo.CodemirrorMode.WriteTo(json);
        json.WriteMember("nbconvert_exporter", LanguageInfo.NbconvertExporter);
        json.WriteEndObject();
        json.WriteMember("banner", Banner);
        json.WritePropertyName("debugger");
        json.WriteValue(Debugger);
        json.WritePropertyName("help_links");
        json.WriteStartArray();
        foreach (var link in HelpLinks)
        {
            json.WriteStartObject();
            json.WriteMember("text", link.Text);
            json.WriteMember("url", link.Url);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WritePropertyName("supported_features");
        json.WriteStartArray();
        foreach (var feature in SupportedFeatures) json.WriteValue(feature);
        json.WriteEndArray();
        json.WriteMember("status", Status);
        json.WriteEndObject();
    }
}

/// <summary>The language_info of a kernel_info_reply. Spec: #kernel-info</summary>
public sealed record LanguageInfo(
    string Name, string Version, string Mimetype, string FileExtension, string PygmentsLexer, JToken CodemirrorMode,
    string NbconvertExporter);

/// <summary>A help link of a kernel_info_reply. Spec: #kernel-info</summary>
public sealed record HelpLink(string Text, string Url);

/// <summary>The content of connect_reply. Spec: #connect</summary>
public sealed record ConnectReply(int ShellPort, int IopubPort, int StdinPort, int HbPort, int ControlPort) : StatusReply("ok");

/// <summary>The content of shutdown_request. Spec: #kernel-shutdown</summary>
public sealed record ShutdownRequest
{
    public bool Restart { get; init; }
}

/// <summary>The content of shutdown_reply. Spec: #kernel-shutdown</summary>
public sealed record ShutdownReply(bool Restart) : StatusReply("ok");

/// <summary>The content of stream. Spec: #streams-stdout-stderr-etc</summary>
public sealed record Stream(string Name, string Text);

/// <summary>The content of execute_input. Spec: #code-inputs</summary>
public sealed record ExecuteInput(string Code, int ExecutionCount) : IWritesItself
{
    void IWritesItself.Write(JsonTextWriter json)
    {
        json.WriteStartObject();
        json.WriteMember("code", Code);
        json.WritePropertyName("execution_count");
        json.WriteValue(ExecutionCount);
        json.WriteEndObject();
    }
}

/// <summary>The content of error. Spec: #execution-errors</summary>
public sealed record Error(string Ename, string Evalue, IReadOnlyList<string> Traceback);

/// <summary>The content of status. Spec: #kernel-status</summary>
public sealed record Status(string ExecutionState) : IWritesItself
{
    void IWritesItself.Write(JsonTextWriter json)
    {
        json.WriteStartObject();
        json.WriteMember("execution_state", ExecutionState);
        json.WriteEndObject();
    }

    /// <summary>The kernel is handling the request in the parent header.</summary>
    public static readonly Status Busy = new("busy");

    /// <summary>The request in the parent header is done, and all its messages have been published.</summary>
    public static readonly Status Idle = new("idle");

    /// <summary>The process has started; published once.</summary>
    public static readonly Status Starting = new("starting");
}

/// <summary>The content of clear_output. Spec: #clear-output</summary>
public sealed record ClearOutput(bool Wait);

/// <summary>The content of iopub_welcome, published for a new subscription: from then on the client misses no messages. JEP 65.</summary>
public sealed record IopubWelcome(string Subscription) : IWritesItself
{
    void IWritesItself.Write(JsonTextWriter json)
    {
        json.WriteStartObject();
        json.WriteMember("subscription", Subscription);
        json.WriteEndObject();
    }
}

/// <summary>The content of input_request. Spec: #messages-on-the-stdin-router-dealer-channel</summary>
public sealed record InputRequest(string Prompt, bool Password);

/// <summary>The content of input_reply. Spec: #messages-on-the-stdin-router-dealer-channel</summary>
public sealed record InputReply
{
    [JsonProperty(Required = Required.Always)]
    public required string Value { get; init; }
}

/// <summary>The content of comm_open. Spec: #opening-a-comm</summary>
public sealed record CommOpen
{
    [JsonProperty(Required = Required.Always)]
    public required string CommId { get; init; }
    [JsonProperty(Required = Required.Always)]
    public required string TargetName { get; init; }
    public JToken? Data { get; init; }
}

/// <summary>The content of comm_msg. Spec: #comm-messages</summary>
public sealed record CommMsg
{
    [JsonProperty(Required = Required.Always)]
    public required string CommId { get; init; }
    public JToken? Data { get; init; }
}

/// <summary>The content of comm_close. Spec: #tearing-down-comms</summary>
public sealed record CommClose
{
    [JsonProperty(Required = Required.Always)]
    public required string CommId { get; init; }
    public JToken? Data { get; init; }
}

/// <summary>
/// The content of usage_reply, which is not in the specification but in ipykernel. Memory is in bytes, processor time in percent of one
/// core since the previous request.
/// </summary>
public sealed record UsageReply(string Hostname, int Pid, double KernelCpu, long KernelMemory, long WorkerMemory, int CpuCount);
