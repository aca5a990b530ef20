using System.Text.Json;

namespace JupyterKernel.Display;

/// <summary>A message from a front end over a <see cref="Comm"/>. Immutable; any thread.</summary>
/// <param name="Data">
/// The data as JSON: <c>message.Data.GetProperty("value").GetInt32()</c>, or <c>message.Data.Deserialize&lt;T>()</c>.
/// </param>
/// <param name="Metadata">The metadata as JSON; usually an empty object.</param>
/// <param name="Buffers">Binary buffers.</param>
public sealed record CommMessage(JsonElement Data, JsonElement Metadata, IReadOnlyList<byte[]> Buffers)
{
    // The kernel rejects messages that are nested more deeply.
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 512 };

    internal static CommMessage Of(byte[] data, byte[] metadata, IReadOnlyList<byte[]> buffers) =>
        new(Parse(data), Parse(metadata), buffers);

    private static JsonElement Parse(byte[] json)
    {
        using var document = JsonDocument.Parse(json, Deep);
        return document.RootElement.Clone();
    }
}
