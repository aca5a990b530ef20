using System.Net;
using System.Text;

namespace JupyterKernel.Display.Formatting;

/// <summary>Writes the kernel's own notes as HTML: small print, sentences and tables. Text is encoded. Pure.</summary>
internal static class NoteHtml
{
    /// <summary>Returns lines in small print.</summary>
    internal static string Small(params IEnumerable<string> lines) =>
        $"<div style=\"font-size: smaller; opacity: 0.7\">{string.Join("<br>", lines.Select(WebUtility.HtmlEncode))}</div>";

    /// <summary>Returns a sentence as a paragraph, or several lines preformatted; empty for an empty text.</summary>
    internal static string Sentence(string text)
    {
        if (text.Length == 0) return "";
        var element = text.Contains('\n', StringComparison.Ordinal) ? "pre" : "p";
        return $"<{element}>{WebUtility.HtmlEncode(text)}</{element}>";
    }

    /// <summary>Returns a table whose first row is the header; empty if there are no rows.</summary>
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
