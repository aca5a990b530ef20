using Newtonsoft.Json.Linq;

namespace JupyterKernel.Protocol;

/// <summary>
/// A received message: signature verified, header and content parsed.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#general-message-format
/// </summary>
/// <param name="Identities">The ZeroMQ routing prefix, which is the address of a reply.</param>
/// <param name="Header">The parsed header.</param>
/// <param name="HeaderFrame">The header as received, which becomes the parent header of every message that this one causes.</param>
/// <param name="ParentHeader">The parent header; empty in a request.</param>
/// <param name="Metadata">The metadata; front ends put cell ids there.</param>
/// <param name="Content">The content, whose shape depends on the message type.</param>
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
    /// Returns the parts needed to reply to the message. They are kept for each cell during the session, since threads that a cell leaves
    /// running may print at any time; parsed JSON takes ten times the memory.
    /// </summary>
    public Message WithoutContent() => this with { ParentHeader = None, Metadata = None, Content = None, Buffers = [] };
}
