using System.Net;
using System.Text;

namespace JupyterKernel.Display.Formatting;

/// <summary>Writes the kernel's own notes as HTML: small print, sentences and tables of text. Texts are encoded. Pure.</summary>
internal static class NoteHtml
{
    /// <summary>Lines in small print.</summary>
    internal static string Small(params IEnumerable<string> lines) =>
        $"<div style=\"font-size: smaller; opacity: 0.7\">{string.Join("<br>", lines.Select(WebUtility.HtmlEncode))}</div>";

    /// <summary>A sentence as a paragraph; several lines as they are laid out. Empty for an empty text.</summary>
    internal static string Sentence(string text)
    {
        if (text.Length == 0) return "";
        var element = text.Contains('\n', StringComparison.Ordinal) ? "pre" : "p";
        return $"<{element}>{WebUtility.HtmlEncode(text)}</{element}>";
    }

    /// <summary>A table whose first row is its header. Empty for no rows.</summary>
    internal static string Table(IReadOnlyList<string[]> rows)
    {
        if (rows.Count == 0) return "";
        var html = new StringBuilder("<table>");
        foreach (var row in rows)
        {
            var element = row == rows[0] ? "th" : "td";
            html.Append("<tr>").AppendJoin("", row.Select(cell => $"<{element}>{WebUtility.HtmlEncode(cell)}</{element}>")).Append("</tr>");
        }

        return html.Append("</table>").ToString();
    }
}
