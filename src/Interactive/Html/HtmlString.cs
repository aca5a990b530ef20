using System.Text.Encodings.Web;

namespace Microsoft.AspNetCore.Html;

/// <summary>A string that is already HTML.</summary>
public class HtmlString(string? value) : IHtmlContent
{
    /// <summary>The environment's line break.</summary>
    public static readonly HtmlString NewLine = new(Environment.NewLine);

    /// <summary>Empty HTML.</summary>
    public static readonly HtmlString Empty = new("");

    /// <summary>The HTML.</summary>
    public string? Value => value;

    /// <inheritdoc/>
    public void WriteTo(TextWriter writer, HtmlEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write(value);
    }

    /// <inheritdoc/>
    public override string ToString() => value ?? "";
}
