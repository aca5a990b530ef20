using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Html;

namespace Microsoft.DotNet.Interactive;

/// <summary>A script as HTML.</summary>
public class ScriptContent(string scriptValue) : IHtmlContent
{
    /// <summary>The script.</summary>
    public string ScriptValue => scriptValue;

    /// <inheritdoc/>
    public void WriteTo(TextWriter writer, HtmlEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write($"<script type=\"text/javascript\">{scriptValue}</script>");
    }
}
