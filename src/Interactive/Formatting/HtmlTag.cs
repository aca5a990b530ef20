using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Html;

namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>An HTML element: name, attributes and content.</summary>
public class HtmlTag : IHtmlContent
{
    /// <summary>Creates an empty element.</summary>
    public HtmlTag(string name) => Name = name;

    /// <summary>Creates an element whose content is the given HTML.</summary>
    public HtmlTag(string name, string text) : this(name, context => context.Writer.Write(text))
    {
    }

    /// <summary>Creates an element that contains other elements.</summary>
    public HtmlTag(string name, IHtmlContent content) : this(name, context => content.WriteTo(context.Writer, HtmlEncoder.Default))
    {
    }

    /// <summary>Creates an element whose content is written by a function.</summary>
    public HtmlTag(string name, Action<FormatContext> content) : this(name) => Content = content;

    /// <summary>The function that writes the content; null for an empty element.</summary>
    public Action<FormatContext>? Content { get; set; }

    /// <summary>Whether the end tag is omitted while the element is empty.</summary>
    public bool IsSelfClosing { get; set; }

    /// <summary>The name, for example div.</summary>
    public string Name { get; set; }

    /// <summary>The attributes.</summary>
    public HtmlAttributes HtmlAttributes { get; set; } = [];

    /// <inheritdoc/>
    public virtual void WriteTo(TextWriter writer, HtmlEncoder? encoder = null)
    {
        using var context = new FormatContext(writer);
        WriteTo(context);
    }

    /// <summary>Writes the element.</summary>
    public void WriteTo(FormatContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (Content is null && IsSelfClosing)
        {
            WriteSelfClosingTag(context.Writer);
            return;
        }

        WriteStartTag(context.Writer);
        WriteContentsTo(context);
        WriteEndTag(context.Writer);
    }

    /// <summary>Adds attributes.</summary>
    public void MergeAttributes(IDictionary<string, object?> htmlAttributes, bool replace = false) =>
        HtmlAttributes.MergeWith(htmlAttributes, replace);

    /// <inheritdoc/>
    public override string ToString()
    {
        using var writer = new StringWriter(System.Globalization.CultureInfo.InvariantCulture);
        WriteTo(writer, HtmlEncoder.Default);
        return writer.ToString();
    }

    /// <summary>Writes the tag of an empty element.</summary>
    protected void WriteSelfClosingTag(TextWriter writer) => writer.Write($"<{Name}{Attributes} />");

    /// <summary>Writes the end tag.</summary>
    protected void WriteEndTag(TextWriter writer) => writer.Write($"</{Name}>");

    /// <summary>Writes the start tag with the attributes.</summary>
    protected void WriteStartTag(TextWriter writer) => writer.Write($"<{Name}{Attributes}>");

    /// <summary>Writes the content.</summary>
    protected virtual void WriteContentsTo(FormatContext context) => Content?.Invoke(context);

    private string Attributes => HtmlAttributes.Count > 0 ? " " + HtmlAttributes : "";
}
