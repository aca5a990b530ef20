using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using JupyterKernel.Compilation;

namespace JupyterKernel.Intelligence;

/// <summary>A tooltip in each MIME type that an inspect_reply carries.</summary>
/// <param name="Plain">The text/plain form, with ANSI escapes for bold text.</param>
/// <param name="Html">The text/html form.</param>
/// <param name="Markdown">The text/markdown form.</param>
public sealed record Tooltip(string Plain, string Html, string Markdown)
{
    /// <summary>The session's variable that the tooltip describes; null if it describes something else.</summary>
    public string? Variable { get; init; }

    /// <summary>Returns this tooltip with the variable's value appended.</summary>
    public Tooltip WithValue(string value)
    {
        var page = new TooltipPage();
        page.Code(value, "Value");
        var (plain, html, markdown) = page.ToTooltip();
        return this with { Plain = $"{Plain}\n\n{plain}", Html = $"{Html}\n{html}", Markdown = $"{Markdown}\n\n{markdown}" };
    }
}

/// <summary>Writes the same paragraphs in three formats: terminal text, HTML and Markdown.</summary>
internal sealed partial class TooltipPage
{
    private readonly StringBuilder plain = new();
    private readonly StringBuilder html = new();
    private readonly StringBuilder markdown = new();

    /// <summary>Returns the text written so far.</summary>
    public Tooltip ToTooltip() => new(plain.ToString().TrimEnd(), html.ToString().TrimEnd(), markdown.ToString().TrimEnd());

    /// <summary>Writes a block of code.</summary>
    public void Code(string code, string? title = null) => Code([(code, false)], title);

    /// <summary>Writes a block of code with some parts in bold, if the format supports that.</summary>
    public void Code(IReadOnlyList<(string Text, bool IsBold)> parts, string? title = null)
    {
        if (title is not null) Title(title);
        var code = string.Concat(parts.Select(part => part.Text));

        // A fence must be longer than any run of backticks in the code.
        var fence = code.Contains("```", StringComparison.Ordinal) ? "``````````" : "```";
        plain.AppendJoin("", parts.Select(part => part.IsBold ? Ansi.Bold(part.Text) : part.Text)).Append("\n\n");
        html.Append("<pre><code>")
            .AppendJoin("",
                parts.Select(part => part.IsBold ? $"<b>{WebUtility.HtmlEncode(part.Text)}</b>" : WebUtility.HtmlEncode(part.Text)))
                .Append("</code></pre>\n");
        markdown.Append(fence).Append("csharp\n").Append(code).Append('\n').Append(fence).Append("\n\n");
    }

    /// <summary>Writes text; each line becomes a paragraph.</summary>
    public void Text(string text, string? title = null)
    {
        if (text.Length == 0) return;
        if (title is not null) Title(title);
        plain.Append(text).Append("\n\n");
        html.Append("<p style=\"white-space: pre-line\">").Append(WebUtility.HtmlEncode(text)).Append("</p>\n");
        markdown.Append(Escape(text).Replace("\n", "\n\n", StringComparison.Ordinal)).Append("\n\n");
    }

    /// <summary>Writes a list of names and their descriptions.</summary>
    /// <param name="bold">The name to show in bold.</param>
    public void List(string title, IReadOnlyList<(string Name, string Text)> items, string? bold = null)
    {
        if (items.Count == 0) return;
        Title(title);
        html.Append("<ul>");
        foreach (var (name, text) in items)
        {
            var isBold = name == bold;
            plain.Append("  ").Append(isBold ? Ansi.Bold(name) : name).Append(name.Length > 0 ? ": " : "").Append(text).Append('\n');
            html.Append("<li>").Append(isBold ? "<b>" : "").Append(name.Length > 0 ? $"<code>{WebUtility.HtmlEncode(name)}</code>: " : "")
                .Append(isBold ? "</b>" : "")
                .Append(WebUtility.HtmlEncode(text)).Append("</li>");
            markdown.Append("- ").Append(isBold ? "**" : "").Append(name.Length > 0 ? $"`{name}`{(isBold ? "**" : "")}: " : "")
                .Append(Escape(text)).Append('\n');
        }

        plain.Append('\n');
        html.Append("</ul>\n");
        markdown.Append('\n');
    }

    private void Title(string title)
    {
        plain.Append(Ansi.Bold(title + ':')).Append('\n');
        html.Append("<p><b>").Append(WebUtility.HtmlEncode(title)).Append("</b></p>\n");
        markdown.Append("**").Append(title).Append("**\n\n");
    }

    // Documentation is plain text: generic types in it must not become HTML, and asterisks must not become emphasis.
    private static string Escape(string text) => MarkdownSigns().Replace(text, @"\$0");

    [GeneratedRegex(@"[\\`*_\[\]<>]")]
    private static partial Regex MarkdownSigns();
}
