using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Protocol;

/// <summary>
/// Where the kernel listens and how messages are signed, as a client wrote it down before it started the kernel.
/// Source: https://jupyter-client.readthedocs.io/en/stable/kernels.html#connection-files
/// </summary>
/// <remarks>The key is a secret: <see cref="ToString"/> leaves it out, so that no log can show it.</remarks>
public sealed record ConnectionFile
{
    [JsonProperty("transport")]
    public string Transport { get; init; } = "tcp";
    /// <summary>An address for tcp, the beginning of the sockets' paths for ipc.</summary>
    [JsonProperty("ip")]
    public string Ip { get; init; } = "127.0.0.1";
    [JsonProperty("shell_port")]
    public int ShellPort { get; init; }
    [JsonProperty("iopub_port")]
    public int IopubPort { get; init; }
    [JsonProperty("stdin_port")]
    public int StdinPort { get; init; }
    [JsonProperty("control_port")]
    public int ControlPort { get; init; }
    [JsonProperty("hb_port")]
    public int HeartbeatPort { get; init; }
    /// <summary>The secret that messages are signed with; empty turns signing off.</summary>
    [JsonProperty("key")]
    public string Key { get; init; } = "";
    [JsonProperty("signature_scheme")]
    public string SignatureScheme { get; init; } = WireFormat.SupportedScheme;
    [JsonProperty("kernel_name")]
    public string KernelName { get; init; } = "";

    /// <summary>Reads and checks a connection file.</summary>
    /// <exception cref="InvalidDataException">The file is no connection file; the message says what is wrong with it.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ConnectionFile Load(string path)
    {
        ConnectionFile file;
        try
        {
            file = Of(JObject.Parse(File.ReadAllText(path)));
        }
        catch (JsonException malformed)
        {
            throw new InvalidDataException($"{path} is not a connection file: {malformed.Message}");
        }

        if (file.Transport is not ("tcp" or "ipc"))
            throw new InvalidDataException($"{path}: the transport is '{file.Transport}'; this kernel speaks tcp and ipc");
        if (file.Key.Length > 0 && file.SignatureScheme is not "" && file.SignatureScheme != WireFormat.SupportedScheme)
            throw new InvalidDataException($"{path}: the signature scheme is '{file.SignatureScheme}'; this kernel signs with {WireFormat.SupportedScheme}");
        return file;
    }

    // Member by member: the reflection that would read it otherwise costs more than binding the sockets.
    private static ConnectionFile Of(JObject json)
    {
        return new()
        {
            Transport = Text("transport", "tcp"),
            Ip = Text("ip", "127.0.0.1"),
            ShellPort = Port("shell_port"),
            IopubPort = Port("iopub_port"),
            StdinPort = Port("stdin_port"),
            ControlPort = Port("control_port"),
            HeartbeatPort = Port("hb_port"),
            Key = Text("key", ""),
            SignatureScheme = Text("signature_scheme", WireFormat.SupportedScheme),
            KernelName = json.Optional("kernel_name", token => (string?)token, null) ?? "",
        };

        string Text(string name, string otherwise) => json.ContainsKey(name) ? json.Required(name, token => (string?)token) : otherwise;

        int Port(string name) => json.Optional(name, token => (int)token, 0);
    }

    /// <summary>The file's text, for a client that starts a kernel.</summary>
    public string ToJson() => JsonConvert.SerializeObject(this, Formatting.Indented);

    /// <summary>Where the connection points; never the key.</summary>
    public override string ToString() => $"{Transport}://{Ip} shell {ShellPort}, iopub {IopubPort}, stdin {StdinPort}, control {ControlPort}, heartbeat {HeartbeatPort}";
}
