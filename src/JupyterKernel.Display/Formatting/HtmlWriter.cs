using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;

namespace JupyterKernel.Display.Formatting;

/// <summary>
/// Writes a display tree as HTML: tables, and trees that collapse without a script, in the colours of the page. Text is encoded; only
/// registered HTML is written unchanged. One instance writes one value; any thread.
/// </summary>
internal sealed class HtmlWriter
{
    private const int SummaryChars = 80;
    private const int CellChars = 2_000;

    // Semitransparent greys suit every theme.
    private const string Style = "<style>"
        + ".cs-v table{border-collapse:collapse;border:0;margin:.2em 0;font-variant-numeric:tabular-nums}"
        + ".cs-v tr{background:none!important}"
        + ".cs-v th,.cs-v td{border:0;padding:.25em .75em;text-align:left!important;vertical-align:top;"
        + "max-width:40em;white-space:pre-wrap;overflow-wrap:anywhere}"
        + ".cs-v thead th{border-bottom:1px solid rgba(128,128,128,.6);font-weight:600;vertical-align:bottom;white-space:nowrap}"
        + ".cs-v small{font-weight:400;font-size:.85em;opacity:.6}"
        + ".cs-v tbody tr+tr>*{border-top:1px solid rgba(128,128,128,.18)}"
        + ".cs-v tbody th{font-weight:400;opacity:.65}"
        + ".cs-v .cs-m>tbody>tr>th{font-weight:600;opacity:1;white-space:nowrap}"
        + ".cs-v .cs-n{text-align:right!important;white-space:nowrap}"
        + ".cs-v i,.cs-v tfoot td{opacity:.6;font-style:normal}"
        + ".cs-v summary{display:list-item;cursor:pointer;white-space:pre-wrap}"
        + ".cs-v details{margin:0}.cs-v details>table{margin-left:1em}"
        + ".cs-v img{max-width:100%}"
        + "</style>";

    private readonly StringBuilder html = new();

    /// <summary>Returns the HTML of a value for which plain text is not sufficient.</summary>
    /// <returns>The HTML; null for other values.</returns>
    internal static string? Of(DisplayTree shown)
    {
        if (shown is DisplayTree.Bundle bundle) return bundle.Forms.Data.GetValueOrDefault("text/html") as string;
        if (shown is DisplayTree.Sequence sequence)
        {
            if (TableLayout.Of(sequence) is not { } table) return null;
            shown = table;
        }
        else if (TableLayout.IsFlat(shown)) return null;
        var writer = new HtmlWriter();
        writer.html.Append("<div class=\"cs-v\">").Append(Style);
        if (shown is DisplayTree.Object) writer.WriteTree(shown, isOpen: true);
        else writer.WriteParts(shown);
        return writer.html.Append("</div>").ToString();
    }

    /// <summary>Returns only the table element, for a page that already has the style sheet.</summary>
    internal static string TableOf(DisplayTree.Table table)
    {
        var writer = new HtmlWriter();
        writer.WriteTable(table);
        return writer.html.ToString();
    }

    /// <summary>Returns the HTML of any value.</summary>
    internal static string Always(DisplayTree shown) => Of(shown) ?? $"<pre>{Encoded(PlainTextWriter.Alone(shown))}</pre>";

    /// <summary>Returns the HTML of any value inside other HTML; a value without parts is text on one line.</summary>
    internal static string Inline(object? value) => new DisplayTreeReader().Read(value) switch
    {
        DisplayTree.Bundle bundle => Written(writer => writer.WriteBundle(bundle.Forms)),
        var flat when TableLayout.IsFlat(flat) => Encoded(flat is DisplayTree.Text text ? text.Alone : PlainTextWriter.Line(flat)),
        var shown => Always(shown),
    };

    private static string Written(Action<HtmlWriter> write)
    {
        var writer = new HtmlWriter();
        write(writer);
        return writer.html.ToString();
    }

    private static string Encoded(string text) => WebUtility.HtmlEncode(text);

    private void Write(DisplayTree? shown)
    {
        switch (shown)
        {
            case null: break;
            case DisplayTree.Text { Kind: TextKind.Null or TextKind.Note } note:
                html.Append("<i>").Append(Encoded(note.Line)).Append("</i>");
                break;
            case DisplayTree.Text text: html.Append(Encoded(CutText.Of(text.Alone, CellChars))); break;
            case DisplayTree.Bundle bundle: WriteBundle(bundle.Forms); break;
            case var flat when TableLayout.IsFlat(flat) || !RuntimeHelpers.TryEnsureSufficientExecutionStack():
                html.Append(Encoded(PlainTextWriter.Line(flat, CellChars)));
                break;
            default: WriteTree(shown, isOpen: false); break;
        }
    }

    private void WriteBundle(MimeBundle forms)
    {
        if (forms.Data.GetValueOrDefault("text/html") is string own) html.Append(own);
        else if (forms.Data.FirstOrDefault(form => form.Key.StartsWith("image/", StringComparison.Ordinal)) is { Key: { } type } image)
        {
            html.Append("<img src=\"data:").Append(Encoded(type)).Append(";base64,")
                .Append(Convert.ToBase64String(image.Value as byte[] ?? Encoding.UTF8.GetBytes((string)image.Value))).Append("\">");
        }
        else html.Append(Encoded(CutText.Of(forms.PlainForm ?? "", CellChars)));
    }

    private void WriteTree(DisplayTree shown, bool isOpen)
    {
        var title = isOpen && shown is DisplayTree.Object value
            ? value.TypeName
            : CutText.Of(PlainTextWriter.Line(shown, SummaryChars), SummaryChars);
        if (title.Length == 0)
        {
            WriteParts(shown);
            return;
        }
        html.Append(isOpen ? "<details open><summary>" : "<details><summary>").Append(Encoded(title)).Append("</summary>");
        WriteParts(shown);
        html.Append("</details>");
    }

    private void WriteParts(DisplayTree shown)
    {
        switch (shown)
        {
            case DisplayTree.Object value: WriteMembers(value.Members ?? []); break;
            case DisplayTree.Entry entry: WriteMembers([new("Key", null, entry.Key), new("Value", null, entry.Value)]); break;
            case DisplayTree.Tuple tuple: WriteMembers(tuple.Members); break;
            case DisplayTree.Table table: WriteTable(table); break;
            case DisplayTree.Sequence sequence when TableLayout.Of(sequence) is { } table: WriteTable(table); break;
            default: html.Append(Encoded(PlainTextWriter.Line(shown))); break;
        }
    }

    private void WriteMembers(IReadOnlyList<DisplayTree.Member> members)
    {
        html.Append("<table class=\"cs-m\"><tbody>");
        foreach (var member in members)
        {
            html.Append("<tr><th>").Append(Encoded(member.Name)).Append("</th><td>");
            Write(member.Value);
            html.Append("</td></tr>");
        }
        html.Append("</tbody></table>");
    }

    private void WriteTable(DisplayTree.Table table)
    {
        var isRight = new bool[table.Columns.Count];
        for (var i = 0; i < isRight.Length; i++)
        {
            var at = i;
            isRight[i] = table.Rows.Any(row => row.Cells[at] is DisplayTree.Text { Kind: TextKind.Number })
                && table.Rows.All(
                    row => row.Cells[at] is null or DisplayTree.Text { Kind: TextKind.Number or TextKind.Null or TextKind.Note });
        }

        html.Append("<table><thead><tr><th>").Append(Encoded(table.Caption)).Append("</th>");
        for (var i = 0; i < table.Columns.Count; i++)
        {
            html.Append(isRight[i] ? "<th class=\"cs-n\">" : "<th>").Append(Encoded(table.Columns[i].Name));
            if (table.Columns[i].TypeName is { } type) html.Append("<br/><small>").Append(Encoded(type)).Append("</small>");
            html.Append("</th>");
        }
        html.Append("</tr></thead><tbody>");
        foreach (var row in table.Rows)
        {
            html.Append("<tr><th>");
            Write(row.Name);
            html.Append("</th>");
            for (var i = 0; i < table.Columns.Count; i++)
            {
                html.Append(isRight[i] ? "<td class=\"cs-n\">" : "<td>");
                Write(row.Cells[i]);
                html.Append("</td>");
            }
            html.Append("</tr>");
        }
        html.Append("</tbody>");
        if (table.Rest is not null)
            html.Append(CultureInfo.InvariantCulture,
                $"<tfoot><tr><td colspan=\"{table.Columns.Count + 1}\">{Encoded(table.Rest)}</td></tr></tfoot>");
        html.Append("</table>");
    }
}
