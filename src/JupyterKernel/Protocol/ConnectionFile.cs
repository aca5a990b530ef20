using System.Diagnostics.CodeAnalysis;
using System.Text;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Protocol;

/// <summary>
/// The kernel's endpoints, key and signature scheme. The client writes the file before it starts the kernel.
/// Source: https://jupyter-client.readthedocs.io/en/stable/kernels.html#connection-files, and for the keys of the encryption
/// https://jupyter.org/enhancement-proposals/transport-encryption
/// </summary>
/// <remarks>The keys are secrets: <see cref="ToString"/> omits them, so that no log can contain them.</remarks>
public sealed record ConnectionFile
{
    /// <summary>The maximum length in bytes of a Unix domain socket's path, without the terminating NUL.</summary>
    private static readonly int MaxIpcPathBytes = OperatingSystem.IsMacOS() ? 103 : 107;

    [JsonProperty("transport")]
    public string Transport { get; init; } = "tcp";
    /// <summary>For tcp the IP address, for ipc the prefix of the socket paths.</summary>
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
    /// <summary>The secret key that signs messages; empty disables signing.</summary>
    [JsonProperty("key")]
    public string Key { get; init; } = "";
    [JsonProperty("signature_scheme")]
    public string SignatureScheme { get; init; } = WireFormat.DefaultScheme;
    [JsonProperty("kernel_name")]
    public string KernelName { get; init; } = "";
    /// <summary>The kernel's public key (Z85) if the sockets are encrypted with CurveZMQ; otherwise null.</summary>
    [JsonProperty("curve_publickey", NullValueHandling = NullValueHandling.Ignore)]
    public string? CurvePublicKey { get; init; }
    /// <summary>The kernel's secret key (Z85) if the sockets are encrypted with CurveZMQ; otherwise null.</summary>
    [JsonProperty("curve_secretkey", NullValueHandling = NullValueHandling.Ignore)]
    public string? CurveSecretKey { get; init; }

    /// <summary>Reads and checks a connection file.</summary>
    /// <exception cref="InvalidDataException">The file is not a valid connection file; the message states the reason.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ConnectionFile Load(string path)
    {
        ConnectionFile file;
        try
        {
            file = Of(JObject.Parse(File.ReadAllText(path)));
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new IOException(Directory.Exists(path) ? $"{path} is a folder, not a connection file." : refused.Message, refused);
        }
        catch (JsonException malformed)
        {
            throw new InvalidDataException($"{path} is not a connection file: {malformed.Message}");
        }

        if (file.Problem() is { } problem) throw new InvalidDataException($"{path}: {problem}");
        return file;
    }

    private (string Name, int Number)[] Ports =>
        [("shell_port", ShellPort), ("iopub_port", IopubPort), ("stdin_port", StdinPort), ("control_port", ControlPort),
        ("hb_port", HeartbeatPort)];

    private string? Problem()
    {
        var ports = Ports;
        var taken =
            ports.FirstOrDefault(port => port.Number != 0 && ports.Any(other => other.Number == port.Number && other.Name != port.Name));
        var path = $"{Ip}-{ports.Max(port => port.Number)}";
        return Transport is not ("tcp" or "ipc") ? $"'{Transport}' is not a valid value for transport. Use tcp or ipc."
            : Ip.Length == 0 ? "the ip is empty. Use 127.0.0.1, or another address of this machine."
            : ports.FirstOrDefault(port => port.Number is < 0 or > ushort.MaxValue) is { Name: { } name, Number: var number }
                ? $"{number} is not a valid value for {name}. Use a port from 1 to {ushort.MaxValue}."
            : taken.Name is not null
                ? $"{taken.Name} and another port have the same value, {taken.Number}. Use a different port for each channel."
            : Transport == "ipc" && ports.FirstOrDefault(port => port.Number == 0) is { Name: { } open }
                ? $"{open} is missing or 0. The ipc transport requires a different number for each socket."
            : Transport == "ipc" && Encoding.UTF8.GetByteCount(path) > MaxIpcPathBytes
                ? $"the socket path '{path}' has {Encoding.UTF8.GetByteCount(path)} bytes; the system allows {MaxIpcPathBytes}. Use a "
                + $"shorter ip."
            : Transport == "ipc" && Ip.Contains('\0', StringComparison.Ordinal) ? "the ip contains a NUL character, which no path can have."
            : Key.Length > 0 && WireFormat.HashOf(SignatureScheme) is null
                ? $"'{SignatureScheme}' is not a signature scheme of this kernel. Use {WireFormat.Schemes}."
            : CurvePublicKey is null && CurveSecretKey is null ? null
            : !IsCurveKey(CurvePublicKey) ? NotCurveKey("curve_publickey")
            : !IsCurveKey(CurveSecretKey) ? NotCurveKey("curve_secretkey")
            : null;
    }

    private static string NotCurveKey(string name) =>
        $"{name} is not a key of 40 characters (Z85). Write both keys of the encryption, or neither.";

    // Source: https://rfc.zeromq.org/spec/32/
    private static bool IsCurveKey(string? key) =>
        key is { Length: 40 } && key.All(letter => char.IsAsciiLetterOrDigit(letter) || ".-:+=^!/*?&<>()[]{}@%$#".Contains(letter));

    // Read member by member, because reflection takes longer than binding the sockets.
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
            SignatureScheme = Text("signature_scheme", WireFormat.DefaultScheme),
            KernelName = json.Optional("kernel_name", token => (string?)token, null) ?? "",
            CurvePublicKey = json.Optional("curve_publickey", token => (string?)token, null),
            CurveSecretKey = json.Optional("curve_secretkey", token => (string?)token, null),
        };

        string Text(string name, string otherwise) => json.ContainsKey(name) ? json.Required(name, token => (string?)token) : otherwise;

        int Port(string name) => json.Optional(
            name, token => token.Type is JTokenType.Integer or JTokenType.String ? (int)token
                : throw new FormatException($"{token} is not a whole number."), 0);
    }

    /// <summary>Serializes the connection file, for a client that starts a kernel.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "NativeRoots.xml keeps the records of this namespace.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "NativeRoots.xml keeps the records of this namespace.")]
    public string ToJson() => JsonConvert.SerializeObject(this, Formatting.Indented);

    /// <summary>
    /// Writes the bound ports into a connection file in which the client left them open (0), as ipykernel does. Other members are kept.
    /// </summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void WritePorts(string path)
    {
        var json = JObject.Parse(File.ReadAllText(path));
        foreach (var (name, port) in Ports) json[name] = port;
        File.WriteAllText(path, json.ToString(Formatting.Indented));
    }

    /// <summary>Formats the endpoints, without the keys.</summary>
    public override string ToString() =>
        $"{Transport}://{Ip} shell {ShellPort}, iopub {IopubPort}, stdin {StdinPort}, control {ControlPort}, heartbeat {HeartbeatPort}";
}
