using Newtonsoft.Json;

namespace JupyterKernel.Protocol;

/// <summary>
/// A message's header.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#message-header
/// </summary>
public sealed record Header
{
    [JsonProperty(Required = Required.Always)]
    public required string MsgId { get; init; }
    [JsonProperty(Required = Required.Always)]
    public required string MsgType { get; init; }
    public string? Session { get; init; }
    public string? Username { get; init; }
    /// <summary>ISO 8601.</summary>
    public string? Date { get; init; }
    public string? Version { get; init; }

    /// <summary>The version of the messaging protocol that this kernel speaks.</summary>
    public const string ProtocolVersion = "5.5";
}
