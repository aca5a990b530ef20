using System.Text;
using JupyterKernel.Display;
using JupyterKernel.Display.Formatting;
using JupyterKernel.Session;

namespace JupyterKernel.Magics;

/// <summary>Creates the results of the kernel's own magics, a sentence and a table, as plain text and HTML. Pure.</summary>
internal static class TableOutput
{
    /// <summary>The outcome of a block without a result.</summary>
    public static readonly CellOutcome.Returned Nothing = new(null, null);

    /// <summary>Creates a block's result from a bundle.</summary>
    public static CellOutcome.Returned Of(MimeBundle bundle) => new(bundle.DataJson(), bundle.MetadataJson());

    /// <summary>Creates a result from one or more lines of text and a table; the first row is the header.</summary>
    public static CellOutcome.Returned Of(string sentence, IReadOnlyList<string[]> table)
    {
        var plain = new StringBuilder(sentence);
        if (table.Count > 0)
        {
            var widths = table[0].Select((_, column) => table.Max(row => row[column].Length)).ToArray();
            foreach (var row in table)
            {
                var line = string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd();
                plain.Append(plain.Length > 0 ? "\n" : "").Append(line);
            }
        }

        return Of(MimeBundle.Of("text/html", NoteHtml.Sentence(sentence) + NoteHtml.Table(table), plain.ToString()));
    }

    /// <summary>Creates a result from a sentence.</summary>
    public static CellOutcome.Returned Of(string sentence) => Of(sentence, []);

    /// <summary>Creates the outcome of a refused magic.</summary>
    public static CellOutcome.Refused Refused(string reason) => new("MagicError", reason);
}
