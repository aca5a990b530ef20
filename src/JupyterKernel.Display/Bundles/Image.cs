using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace JupyterKernel.Display;

/// <summary>An image in one of the formats that browsers show: PNG, JPEG, GIF, WebP or SVG. Immutable.</summary>
/// <example><c>display(Image.FromFile("plot.png", width: 400));</c></example>
public sealed class Image : IDisplayable
{
    private const string Svg = "image/svg+xml";
    private readonly byte[] data;

    /// <summary>An image of its file's bytes, which are not copied.</summary>
    /// <param name="data">The whole file.</param>
    /// <param name="mimeType">Found out from the bytes where it is null.</param>
    /// <param name="width">Of the display, in CSS pixels; null for the image's own.</param>
    /// <param name="height">Of the display, in CSS pixels; null for the image's own.</param>
    /// <exception cref="ArgumentException">The bytes begin as no known format does, and no type is given.</exception>
    public Image(byte[] data, string? mimeType = null, int? width = null, int? height = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        this.data = data;
        MimeType = mimeType ?? Sniffed(data) ?? throw new ArgumentException(
            $"These {data.Length} bytes are no PNG, JPEG, GIF, WebP or SVG: they begin with {Convert.ToHexString(data.AsSpan(0, Math.Min(8, data.Length)))}.",
            nameof(data));
        Width = width;
        Height = height;
    }

    /// <summary>For example image/png.</summary>
    public string MimeType { get; }

    /// <summary>Of the display, in CSS pixels; null for the image's own.</summary>
    public int? Width { get; }

    /// <summary>Of the display, in CSS pixels; null for the image's own.</summary>
    public int? Height { get; }

    /// <summary>Reads a file at once, so that it may be deleted afterwards.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Image FromFile(string path, int? width = null, int? height = null) =>
        new(File.ReadAllBytes(path), null, width, height);

    internal static Image OfSvg(string svg) => new(Encoding.UTF8.GetBytes(svg), Svg);

    /// <inheritdoc/>
    public MimeBundle ToMimeBundle()
    {
        // SVG is text to the protocol, not base64.
        var forms = new Dictionary<string, object>
        {
            [MimeType] = MimeType == Svg ? Encoding.UTF8.GetString(data) : data,
            [MimeBundle.PlainTextType] = ToString(),
        };
        return Size() is { } size ? new MimeBundle(forms, [new(MimeType, size)]) : new MimeBundle(forms);
    }

    /// <summary>For example <c>image/png, 1,234 bytes</c>.</summary>
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

    // The formats' own marks: https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern
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
