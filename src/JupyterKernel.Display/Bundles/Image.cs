using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace JupyterKernel.Display;

/// <summary>An image in a format that browsers support: PNG, JPEG, GIF, WebP or SVG. Immutable.</summary>
/// <example><c>display(Image.FromFile("plot.png", width: 400));</c></example>
public sealed class Image : IDisplayable
{
    private const string Svg = "image/svg+xml";
    private readonly byte[] data;

    /// <summary>Creates an image from the contents of an image file, which are not copied.</summary>
    /// <param name="data">The contents of the file.</param>
    /// <param name="mimeType">The MIME type; detected from the bytes if null.</param>
    /// <param name="width">The displayed width in CSS pixels; null for the width of the image.</param>
    /// <param name="height">The displayed height in CSS pixels; null for the height of the image.</param>
    /// <exception cref="ArgumentException">The format was not recognized, and no MIME type is given.</exception>
    public Image(byte[] data, string? mimeType = null, int? width = null, int? height = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        this.data = data;
        MimeType = mimeType ?? Sniffed(data) ?? throw new ArgumentException(
            $"These {data.Length} bytes are not a PNG, JPEG, GIF, WebP or SVG image: "
            + $"they begin with {Convert.ToHexString(data.AsSpan(0, Math.Min(8, data.Length)))}.",
            nameof(data));
        Width = width;
        Height = height;
    }

    /// <summary>The MIME type, for example image/png.</summary>
    public string MimeType { get; }

    /// <summary>The displayed width in CSS pixels; null for the width of the image.</summary>
    public int? Width { get; }

    /// <summary>The displayed height in CSS pixels; null for the height of the image.</summary>
    public int? Height { get; }

    /// <summary>Reads an image file immediately, so that it can be deleted afterwards.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Image FromFile(string path, int? width = null, int? height = null) =>
        new(File.ReadAllBytes(path), null, width, height);

    internal static Image OfSvg(string svg) => new(Encoding.UTF8.GetBytes(svg), Svg);

    /// <inheritdoc/>
    public MimeBundle ToMimeBundle()
    {
        // In the protocol, SVG is text, not base64.
        var forms = new Dictionary<string, object>
        {
            [MimeType] = MimeType == Svg ? Encoding.UTF8.GetString(data) : data,
            [MimeBundle.PlainTextType] = ToString(),
        };
        return Size() is { } size ? new MimeBundle(forms, [new(MimeType, size)]) : new MimeBundle(forms);
    }

    /// <summary>The format and the size, for example <c>image/png, 1,234 bytes</c>.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{MimeType}, {data.Length:N0} bytes");

    private JsonObject? Size()
    {
        if (Width is null && Height is null) return null;
        var size = new JsonObject();
        if (Width is { } width) size["width"] = width;
        if (Height is { } height) size["height"] = height;
        return size;
    }

    // The signatures of the formats: https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern
    internal static string? Sniffed(ReadOnlySpan<byte> data)
    {
        if (data is [0x89, 0x50, 0x4E, 0x47, ..]) return "image/png";
        if (data is [0xFF, 0xD8, 0xFF, ..]) return "image/jpeg";
        if (data.StartsWith("GIF8"u8)) return "image/gif";
        if (data.StartsWith("RIFF"u8) && data.Length >= 12 && data[8..12].SequenceEqual("WEBP"u8)) return "image/webp";
        var head = Encoding.UTF8.GetString(data[..Math.Min(data.Length, 4096)]).TrimStart('\uFEFF', ' ', '\t', '\r', '\n');
        return head.StartsWith("<svg", StringComparison.Ordinal)
            || ((head.StartsWith("<?xml", StringComparison.Ordinal) || head.StartsWith("<!", StringComparison.Ordinal))
                && head.Contains("<svg", StringComparison.Ordinal)) ? Svg : null;
    }
}
