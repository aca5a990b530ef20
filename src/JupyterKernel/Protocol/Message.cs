using Newtonsoft.Json.Linq;

namespace JupyterKernel.Protocol;

/// <summary>
/// One message as it came off the wire: signature checked, header and content parsed.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#general-message-format
/// </summary>
/// <param name="Identities">The ZeroMQ routing prefix: where a reply goes.</param>
/// <param name="Header">The parsed header.</param>
/// <param name="HeaderFrame">The header as it was sent, which is the parent header of every message this one causes.</param>
/// <param name="ParentHeader">The parent header; empty in a request.</param>
/// <param name="Metadata">The metadata; front ends put cell ids there.</param>
/// <param name="Content">The content, whose shape depends on the message type.</param>
/// <param name="Buffers">Binary frames behind the content, passed through untouched.</param>
public sealed record Message(
    IReadOnlyList<byte[]> Identities,
    Header Header,
    byte[] HeaderFrame,
    JObject ParentHeader,
    JObject Metadata,
    JObject Content,
    IReadOnlyList<byte[]> Buffers)
{
    private static readonly JObject None = [];

    /// <summary>
    /// What answering the message needs. That is kept for as long as the session, for each cell, since threads that a cell
    /// leaves behind may print at any time; parsed JSON takes ten times the memory.
    /// </summary>
    public Message WithoutContent() => this with { ParentHeader = None, Metadata = None, Content = None, Buffers = [] };
}
