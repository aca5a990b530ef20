using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace JupyterKernel.Display.Bundles;

/// <summary>
/// Converts values to JSON and JSON to bytes, even where the framework's writer would throw: lone surrogates become U+FFFD, and numbers
/// that are not finite become null.
/// </summary>
internal static class JsonValues
{
    internal const string MimeType = "application/json";

    private static readonly JsonSerializerOptions Options = CreateOptions();

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "The kernel, which is a native program, passes only JSON.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "The kernel, which is a native program, passes only JSON.")]
    private static JsonSerializerOptions CreateOptions() => new(JsonSerializerOptions.Default)
    {
        ReferenceHandler = ReferenceHandler.IgnoreCycles,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        IncludeFields = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    internal static bool IsJson(string mimeType) =>
        mimeType == MimeType || mimeType.EndsWith("+json", StringComparison.OrdinalIgnoreCase);

    internal static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(
            json, new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
        return document.RootElement.Clone();
    }

    /// <summary>Converts any value to a <see cref="JsonNode"/> or <see cref="JsonElement"/>.</summary>
    internal static object Of(object? value) => value switch
    {
        JsonNode or JsonElement => value,
        JsonDocument document => document.RootElement.Clone(),
        _ => JsonSerializer.SerializeToElement(value, Options),
    };

    /// <summary>Serializes a <see cref="JsonNode"/> or <see cref="JsonElement"/> as UTF-8.</summary>
    internal static byte[] ToUtf8(object json, bool indented = false) =>
        Written(writer =>
        {
            if (json is JsonElement element) WriteElement(writer, element);
            else WriteNode(writer, (JsonNode)json);
        }, indented);

    /// <summary>Serializes an object with the given members as UTF-8.</summary>
    internal static byte[] ToUtf8(IReadOnlyDictionary<string, JsonNode?> members) =>
        Written(writer => WriteMembers(writer, members), indented: false);

    private static byte[] Written(Action<Utf8JsonWriter> write, bool indented)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(
            buffer,
            new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, Indented = indented, SkipValidation = true }))
        {
            write(writer);
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteNode(Utf8JsonWriter writer, JsonNode? node)
    {
        switch (node)
        {
            case null:
                writer.WriteNullValue();
                break;
            case JsonObject members:
                WriteMembers(writer, members);
                break;
            case JsonArray items:
                writer.WriteStartArray();
                foreach (var item in items) WriteNode(writer, item);
                writer.WriteEndArray();
                break;
            case JsonValue value when value.TryGetValue(out JsonElement element):
                WriteElement(writer, element);
                break;
            // JSON has no such numbers; JSON.stringify also writes null.
            case JsonValue value when IsNotFinite(value):
                writer.WriteNullValue();
                break;
            default:
                node.WriteTo(writer, Options);
                break;
        }
    }

    private static void WriteMembers(Utf8JsonWriter writer, IEnumerable<KeyValuePair<string, JsonNode?>> members)
    {
        writer.WriteStartObject();
        foreach (var (name, member) in members)
        {
            writer.WritePropertyName(name);
            WriteNode(writer, member);
        }
        writer.WriteEndObject();
    }

    private static void WriteElement(Utf8JsonWriter writer, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Undefined:
                writer.WriteNullValue();
                break;
            // An escaped lone surrogate ("\ud800") is valid JSON, but the framework's reader cannot unescape it.
            case JsonValueKind.String or JsonValueKind.Array or JsonValueKind.Object
                when element.GetRawText() is var raw && raw.Contains("\\u", StringComparison.Ordinal):
                var mended = WithoutLoneSurrogates(raw);
                if (writer.Options.Indented) Parse(mended).WriteTo(writer);
                else writer.WriteRawValue(mended, skipInputValidation: true);
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }

    private static bool IsNotFinite(JsonValue value) =>
        (value.TryGetValue(out double number) && !double.IsFinite(number))
        || (value.TryGetValue(out float single) && !float.IsFinite(single))
        || (value.TryGetValue(out Half half) && !Half.IsFinite(half));

    private static string WithoutLoneSurrogates(string json)
    {
        var mended = json.ToCharArray();
        for (var at = json.IndexOf('\\'); at >= 0 && at + 1 < json.Length; at = json.IndexOf('\\', at))
        {
            if (EscapedUnit(json, at) is not { } unit || !char.IsSurrogate(unit))
            {
                at += 2;
            }
            else if (char.IsHighSurrogate(unit) && EscapedUnit(json, at + 6) is { } low && char.IsLowSurrogate(low))
            {
                at += 12;
            }
            else
            {
                "FFFD".CopyTo(0, mended, at + 2, 4);
                at += 6;
            }
        }
        return new string(mended);
    }

    private static char? EscapedUnit(string json, int at) =>
        at + 6 <= json.Length && json[at] == '\\' && json[at + 1] == 'u'
            ? (char)Convert.ToInt32(json.Substring(at + 2, 4), 16)
            : null;
}
