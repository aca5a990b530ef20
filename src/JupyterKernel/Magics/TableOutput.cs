using System.Text;
using JupyterKernel.Display;
using JupyterKernel.Display.Formatting;
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

    /// <summary>A sentence.</summary>
    public static CellOutcome.Returned Of(string sentence) => Of(sentence, []);

    /// <summary>Why a magic does not do what it was asked for.</summary>
    public static CellOutcome.Refused Refused(string reason) => new("MagicError", reason);
}
