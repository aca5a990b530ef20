using System.Globalization;
using System.Net;
using System.Text;
using JupyterKernel.Display;
using JupyterKernel.Session;

namespace JupyterKernel.Magics;

/// <summary>What magics of the kernel's own answer: a sentence and a table, plain and rich. Pure.</summary>
internal static class TableOutput
{
    /// <summary>A block without a result.</summary>
    public static readonly CellOutcome.Returned Nothing = new(null, null);

    /// <summary>A bundle as a block's result.</summary>
    public static CellOutcome.Returned Of(MimeBundle bundle) => new(bundle.DataJson(), bundle.MetadataJson());

    /// <summary>A sentence, or lines, and a table whose first row is its head.</summary>
    public static CellOutcome.Returned Of(string sentence, IReadOnlyList<string[]> table)
    {
        var plain = new StringBuilder(sentence);
        var html = new StringBuilder();
        if (sentence.Length > 0)
        {
            var outer = sentence.Contains('\n', StringComparison.Ordinal) ? "pre" : "p";
            html.Append(CultureInfo.InvariantCulture, $"<{outer}>").Append(WebUtility.HtmlEncode(sentence)).Append(CultureInfo.InvariantCulture, $"</{outer}>");
        }

        if (table.Count > 0)
        {
            var widths = table[0].Select((_, column) => table.Max(row => row[column].Length)).ToArray();
            foreach (var row in table) plain.Append(plain.Length > 0 ? "\n" : "").Append(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
            html.Append("<table>");
            foreach (var row in table)
            {
                var tag = row == table[0] ? "th" : "td";
                html.Append("<tr>").AppendJoin("", row.Select(cell => $"<{tag}>{WebUtility.HtmlEncode(cell)}</{tag}>")).Append("</tr>");
            }

            html.Append("</table>");
        }

        return Of(MimeBundle.Of("text/html", html.ToString(), plain.ToString()));
    }

    /// <summary>A sentence.</summary>
    public static CellOutcome.Returned Of(string sentence) => Of(sentence, []);

    /// <summary>Why a magic does not do what it was asked for.</summary>
    public static CellOutcome.Refused Refused(string reason) => new("MagicError", reason);
}
