using System.Text.Json;

namespace JupyterKernel.Display;

/// <summary>What a front end says over a <see cref="Comm"/>. Immutable; any thread.</summary>
/// <param name="Data">JSON, as the front end sent it; <c>message.Data.GetProperty("value").GetInt32()</c>, or <c>message.Data.Deserialize&lt;T>()</c>.</param>
/// <param name="Metadata">JSON beside it, mostly an empty object.</param>
/// <param name="Buffers">Binary data beside it.</param>
public sealed record CommMessage(JsonElement Data, JsonElement Metadata, IReadOnlyList<byte[]> Buffers)
{
    // What the kernel lets through is no deeper.
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 512 };

    internal static CommMessage Of(byte[] data, byte[] metadata, IReadOnlyList<byte[]> buffers) => new(Parse(data), Parse(metadata), buffers);

    private static JsonElement Parse(byte[] json)
    {
        using var document = JsonDocument.Parse(json, Deep);
        return document.RootElement.Clone();
    }
}
