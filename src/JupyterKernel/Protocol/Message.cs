using Newtonsoft.Json.Linq;

namespace JupyterKernel.Protocol;

/// <summary>
/// A received message: signature verified, header and content parsed.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#general-message-format
/// </summary>
/// <param name="Identities">The ZeroMQ routing prefix, to which a reply is addressed.</param>
/// <param name="Header">The parsed header.</param>
/// <param name="HeaderFrame">The header as received; it is the parent header of all messages that this message causes.</param>
/// <param name="ParentHeader">The parent header; empty in a request.</param>
/// <param name="Metadata">The metadata; front ends put cell ids there.</param>
/// <param name="Content">The content; its members depend on the message type.</param>
/// <param name="Buffers">The binary frames that follow the content, passed through unchanged.</param>
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
    /// Returns only the parts that are needed to reply to the message. These are kept for each cell for the whole session, because threads
    /// that a cell leaves running may print at any time. Parsed JSON would take ten times the memory.
    /// </summary>
    public Message WithoutContent() => this with { ParentHeader = None, Metadata = None, Content = None, Buffers = [] };
}
