using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace JupyterKernel.Display.Formatting;

/// <summary>Writes a display tree as plain text, on one line except for tables. One instance writes one value; any thread.</summary>
internal sealed class PlainTextWriter(int limit)
{
    // The maximum widths of a table and of a cell, in characters.
    private const int TableChars = 160;
    private const int CellChars = 40;

    private readonly StringBuilder text = new();

    /// <summary>Formats a value as text on one line.</summary>
    internal static string Of(object? value) =>
        !FormatterRegistry.IsUsed && Scalars.TryFormat(value, out var text) ? text : Line(new DisplayTreeReader().Read(value));

    /// <summary>Returns the text on one line.</summary>
    internal static string Line(DisplayTree shown) => Written(shown, writer => writer.Write(shown));

    /// <summary>Returns the beginning of the line; slightly more than the limit if the text exceeds it.</summary>
    internal static string Line(DisplayTree shown, int limit)
    {
        var writer = new PlainTextWriter(limit);
        writer.Write(shown);
        return writer.text.ToString();
    }

    /// <summary>Returns the text of a value that is not inside another one; rows of members become a table.</summary>
    internal static string Alone(DisplayTree shown) => Written(shown, writer =>
    {
        if (shown is DisplayTree.Sequence sequence && TableLayout.OfMembers(sequence) is { } table) writer.WriteTable(table);
        else if (shown is DisplayTree.Table own) writer.WriteTable(own);
        else writer.Write(shown);
    });

    private static string Written(DisplayTree shown, Action<PlainTextWriter> write)
    {
        // A value that is only text has the limit of strings.
        if (shown is DisplayTree.Text alone) return alone.Alone;
        if (shown is DisplayTree.Bundle bundle) return bundle.Forms.PlainForm ?? "";
        var writer = new PlainTextWriter(FormatLimits.StructureChars);
        write(writer);
        var text = writer.text;
        if (text.Length <= FormatLimits.StructureChars) return text.ToString();
        text.Length = FormatLimits.StructureChars;
        return text.Append("… (cut: the text is too long)").ToString();
    }

    private void Write(DisplayTree shown)
    {
        if (text.Length > limit) return;
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            text.Append('…');
            return;
        }
        switch (shown)
        {
            case DisplayTree.Text scalar: text.Append(scalar.Line); break;
            case DisplayTree.Bundle bundle: text.Append(bundle.Forms.PlainForm); break;
            case DisplayTree.Sequence { IsDictionary: true } dictionary:
                WriteItems(dictionary.Items, dictionary.Rest, "{ ", " }", "{ }");
                break;
            case DisplayTree.Sequence sequence: WriteItems(sequence.Items, sequence.Rest, "[", "]", "[]"); break;
            case DisplayTree.Tuple { Items: null }: text.Append("(…)"); break;
            case DisplayTree.Tuple tuple: WriteItems(tuple.Items, null, "(", ")", "()"); break;
            case DisplayTree.Entry entry: WriteEntry(entry); break;
            case DisplayTree.Object value: WriteObject(value); break;
            case DisplayTree.Table table:
                WriteItems([.. table.Rows.Select(row => new DisplayTree.Tuple([.. row.Cells.OfType<DisplayTree>()]))],
                    table.Rest is null ? null : new(table.Rest), "[", "]", "[]");
                break;
        }
    }

    private void WriteItems(IReadOnlyList<DisplayTree> items, DisplayTree.Text? rest, string opening, string closing, string empty)
    {
        if (items.Count == 0 && rest is null)
        {
            text.Append(empty);
            return;
        }
        var separator = opening;
        foreach (var item in rest is null ? items : items.Append(rest))
        {
            text.Append(separator);
            Write(item);
            separator = ", ";
            if (text.Length > limit) return;
        }
        text.Append(closing);
    }

    private void WriteEntry(DisplayTree.Entry entry)
    {
        Write(entry.Key);
        text.Append(": ");
        Write(entry.Value);
    }

    private void WriteObject(DisplayTree.Object value)
    {
        text.Append(value.TypeName);
        if (value.Members is { Count: 0 } && value.TypeName.Length > 0) return;
        if (value.TypeName.Length > 0) text.Append(' ');
        if (value.Members is not { Count: > 0 } members)
        {
            text.Append(value.Members is null ? "{ … }" : "{ }");
            return;
        }
        var separator = "{ ";
        foreach (var member in members)
        {
            text.Append(separator).Append(member.Name).Append(" = ");
            Write(member.Value);
            separator = ", ";
            if (text.Length > limit) return;
        }
        text.Append(" }");
    }

    /// <summary>Writes a table with a line for each row; columns that do not fit are only counted.</summary>
    private void WriteTable(DisplayTree.Table table)
    {
        var columns = new List<(string Name, List<string> Cells, bool IsRight)>
        {
            (table.Caption, [.. table.Rows.Select(row => Cell(row.Name))], table.Rows.All(row => IsNumber(row.Name))),
        };
        for (var i = 0; i < table.Columns.Count; i++)
        {
            var at = i;
            columns.Add((table.Columns[i].Name, [.. table.Rows.Select(row => Cell(row.Cells[at]))],
                table.Rows.All(row => row.Cells[at] is null or DisplayTree.Text { Kind: TextKind.Null } || IsNumber(row.Cells[at]))));
        }

        if (table.Columns.Count == 0)
        {
            text.Append("(no columns)");
            return;
        }

        var widths = columns.ConvertAll(
            column => Math.Max(column.Name.Length, column.Cells.Count == 0 ? 0 : column.Cells.Max(cell => cell.Length)));
        var shown = 1;
        for (var width = widths[0]; shown < columns.Count && (shown == 1 || width + 2 + widths[shown] <= TableChars); shown++)
            width += 2 + widths[shown];
        WriteLine(i => columns[i].Name);
        WriteLine(i => new string('─', widths[i]));
        for (var row = 0; row < table.Rows.Count; row++) WriteLine(i => columns[i].Cells[row]);
        if (table.Rest is not null) text.Append(table.Rest).Append('\n');
        if (shown < columns.Count) text.Append(CultureInfo.InvariantCulture, $"… ({columns.Count - shown:N0} more columns)\n");
        text.Length--;

        void WriteLine(Func<int, string> cell)
        {
            for (var i = 0; i < shown; i++)
                text.Append(i > 0 ? "  " : "").Append(columns[i].IsRight ? cell(i).PadLeft(widths[i]) : cell(i).PadRight(widths[i]));
            while (text.Length > 0 && text[^1] == ' ') text.Length--;
            text.Append('\n');
        }
    }

    private static bool IsNumber(DisplayTree? shown) => shown is DisplayTree.Text { Kind: TextKind.Number };

    private static string Cell(DisplayTree? shown)
    {
        if (shown is null) return "";
        var line = shown is DisplayTree.Text { Kind: TextKind.String } text ? text.Alone : Line(shown);
        return CutText.Of(line.ReplaceLineEndings(" ").Replace('\t', ' '), CellChars);
    }
}
