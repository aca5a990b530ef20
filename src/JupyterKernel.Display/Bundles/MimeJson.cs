using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace JupyterKernel.Display.Bundles;

/// <summary>
/// Writes bundles as UTF-8 JSON. The result is measured first and then written directly into its array, so that a string of 50 MB is not
/// copied; a <see cref="Utf8JsonWriter"/> would copy it three times.
/// </summary>
internal static class MimeJson
{
    private const int ChunkChars = 1024;

    internal static byte[] Of(IReadOnlyDictionary<string, object> data) => Written(data, [], []);

    /// <summary>Returns the content of a display message with the data, written in one pass because the data may be large.</summary>
    internal static byte[] DisplayOf(IReadOnlyDictionary<string, object> data, byte[] metadataJson, string? displayId)
    {
        var id = displayId is null ? [] : new byte[StringLength(displayId)];
        var rest = id.AsSpan();
        if (displayId is not null) AppendString(ref rest, displayId);
        return Written(
            data,
            "{\"data\":"u8,
            [.. ",\"metadata\":"u8, .. metadataJson, .. ",\"transient\":{"u8, .. displayId is null ? ""u8 : "\"display_id\":"u8, .. id,
                .. "}}"u8]);
    }

    private static byte[] Written(IReadOnlyDictionary<string, object> data, ReadOnlySpan<byte> before, ReadOnlySpan<byte> after)
    {
        var forms = new Form[data.Count];
        var count = 0;
        foreach (var (mimeType, value) in data) forms[count++] = Measured(mimeType, value);

        var total = before.Length + 2L + Math.Max(0, count - 1) + after.Length;
        foreach (var form in forms) total += StringLength(form.MimeType) + 1 + form.LengthBytes;
        if (total > Array.MaxLength) throw new InvalidOperationException($"{total:N0} bytes are too many for one message.");

        var json = GC.AllocateUninitializedArray<byte>((int)total);
        var rest = json.AsSpan();
        AppendBytes(ref rest, before);
        Append(ref rest, (byte)'{');
        foreach (var form in forms)
        {
            if (form != forms[0]) Append(ref rest, (byte)',');
            AppendString(ref rest, form.MimeType);
            Append(ref rest, (byte)':');
            if (form.Text is not null) AppendString(ref rest, form.Text);
            else if (form.IsJson) AppendBytes(ref rest, form.Bytes);
            else AppendBase64(ref rest, form.Bytes);
        }
        Append(ref rest, (byte)'}');
        AppendBytes(ref rest, after);
        return json;
    }

    private static Form Measured(string mimeType, object value)
    {
        switch (value)
        {
            case string text: return new Form(mimeType, text, [], false, StringLength(text));
            case byte[] bytes: return new Form(mimeType, null, bytes, false, Base64Length(bytes));
            default:
                var json = JsonValues.ToUtf8(value);
                return new Form(mimeType, null, json, true, json.Length);
        }
    }

    // In chunks: plain ASCII is narrowed and other text without escapes is transcoded directly into the target; only the rest uses a small
    // buffer. The framework's transcoder replaces lone surrogates with U+FFFD.

    private static long StringLength(string text)
    {
        var length = 2L;
        for (var rest = text.AsSpan(); rest.Length > 0;)
        {
            var chunk = NextChunk(ref rest);
            if (AsciiText.IsPlain(chunk))
            {
                length += chunk.Length;
                continue;
            }
            length += Encoding.UTF8.GetByteCount(chunk);
            if (!AsciiText.NeedsEscapes(chunk)) continue;
            foreach (var c in chunk)
            {
                if (NeedsEscape(c)) length += ShortEscape(c) == 0 ? 5 : 1;
            }
        }
        return length;
    }

    private static void AppendString(ref Span<byte> target, string text)
    {
        Span<byte> buffer = stackalloc byte[ChunkChars * 3];
        Append(ref target, (byte)'"');
        for (var rest = text.AsSpan(); rest.Length > 0;)
        {
            var chunk = NextChunk(ref rest);
            if (AsciiText.TryNarrowPlain(chunk, target)) target = target[chunk.Length..];
            else if (!AsciiText.NeedsEscapes(chunk)) target = target[Encoding.UTF8.GetBytes(chunk, target)..];
            else AppendEscaped(ref target, buffer[..Encoding.UTF8.GetBytes(chunk, buffer)]);
        }
        Append(ref target, (byte)'"');
    }

    private static void AppendEscaped(ref Span<byte> target, scoped ReadOnlySpan<byte> utf8)
    {
        var at = 0;
        foreach (var b in utf8)
        {
            if (!NeedsEscape((char)b))
            {
                target[at++] = b;
                continue;
            }
            var escape = ShortEscape((char)b);
            target[at++] = (byte)'\\';
            target[at++] = escape != 0 ? escape : (byte)'u';
            if (escape != 0) continue;
            target[at++] = (byte)'0';
            target[at++] = (byte)'0';
            target[at++] = (byte)(b < 16 ? '0' : '1');
            target[at++] = "0123456789abcdef"u8[b & 15];
        }
        target = target[at..];
    }

    private static ReadOnlySpan<char> NextChunk(ref ReadOnlySpan<char> rest)
    {
        var length = Math.Min(ChunkChars, rest.Length);
        if (length < rest.Length && char.IsSurrogatePair(rest[length - 1], rest[length])) length--;
        var chunk = rest[..length];
        rest = rest[length..];
        return chunk;
    }

    private static bool NeedsEscape(char c) => c < ' ' || c == '"' || c == '\\';

    // 0 means an escape of the form \u00XX.
    private static byte ShortEscape(char c) => c switch
    {
        '"' => (byte)'"',
        '\\' => (byte)'\\',
        '\n' => (byte)'n',
        '\r' => (byte)'r',
        '\t' => (byte)'t',
        '\b' => (byte)'b',
        '\f' => (byte)'f',
        _ => 0,
    };

    private static long Base64Length(byte[] bytes) => 2 + (((bytes.LongLength + 2) / 3) * 4);

    private static void AppendBase64(ref Span<byte> target, byte[] bytes)
    {
        Append(ref target, (byte)'"');
        Base64.EncodeToUtf8(bytes, target, out _, out var written);
        target = target[written..];
        Append(ref target, (byte)'"');
    }

    private static void AppendBytes(ref Span<byte> target, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(target);
        target = target[bytes.Length..];
    }

    private static void Append(ref Span<byte> target, byte value)
    {
        target[0] = value;
        target = target[1..];
    }

    /// <summary>A form: text, serialized JSON, or bytes to be written as base64.</summary>
    private sealed class Form(string mimeType, string? text, byte[] bytes, bool isJson, long lengthBytes)
    {
        internal string MimeType => mimeType;
        internal string? Text => text;
        internal byte[] Bytes => bytes;
        internal bool IsJson => isJson;
        internal long LengthBytes => lengthBytes;
    }
}
