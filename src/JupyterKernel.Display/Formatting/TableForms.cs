using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace JupyterKernel.Display.Formatting;

/// <summary>Converts tables to and from CSV and JSON. Any thread.</summary>
internal static class TableForms
{
    /// <summary>Whether a MIME type is one of the supported forms.</summary>
    internal static bool Has(string mimeType) =>
        mimeType is "text/csv" or "application/vnd.dataresource+json" or "application/table-schema+json";

    /// <summary>Writes a display tree as CSV, or as JSON rows with a schema.</summary>
    /// <returns>The form; null for another MIME type or a value that is not a table.</returns>
    /// <remarks>Sources: https://www.rfc-editor.org/rfc/rfc4180, https://specs.frictionlessdata.io/tabular-data-resource</remarks>
    internal static object? Of(DisplayTree shown, string mimeType)
    {
        if (!Has(mimeType)
            || (shown as DisplayTree.Table ?? (shown is DisplayTree.Sequence sequence ? TableLayout.Of(sequence) : null)) is not { } table)
            return null;
        return mimeType == "text/csv" ? Csv(table) : Resource(table);
    }

    /// <summary>Creates a table from comma-separated values, with the column names in the first line.</summary>
    internal static MimeBundle OfCsv(string csv)
    {
        ArgumentNullException.ThrowIfNull(csv);
        var lines = Lines(csv).Take(FormatLimits.ListItems + 2).ToList();
        if (lines.Count == 0) return MimeBundle.Of("text/csv", csv, "");
        var rows = lines.Skip(1).Take(FormatLimits.ListItems).Select((fields, row) => new DisplayTree.Row(
            TableLayout.Index(row), [.. lines[0].Select((_, i) => i < fields.Count ? Field(fields[i]) : null)])).ToList();
        var table = new DisplayTree.Table("", [.. lines[0].Select(name => new DisplayTree.Column(name, null))], rows,
            lines.Count - 1 > rows.Count ? DisplayTree.More(null).Line : null);
        return new MimeBundle(
            [new("text/html", HtmlWriter.Of(table)!), new("text/csv", csv), new(MimeBundle.PlainTextType, PlainTextWriter.Alone(table))]);

        static DisplayTree Field(string text) => new DisplayTree.Text(
            Scalars.Quoted(text),
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _) ? TextKind.Number : TextKind.String,
            text);
    }

    private static IEnumerable<List<string>> Lines(string csv)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        var isQuoted = false;
        for (var i = 0; i < csv.Length; i++)
        {
            switch (csv[i])
            {
                case '"' when isQuoted && i + 1 < csv.Length && csv[i + 1] == '"': field.Append(csv[i++]); break;
                case '"' when isQuoted || field.Length == 0: isQuoted = !isQuoted; break;
                case ',' when !isQuoted: fields.Add(Ended()); break;
                case '\r' when !isQuoted: break;
                case '\n' when !isQuoted:
                    fields.Add(Ended());
                    yield return fields;
                    fields = [];
                    break;
                default: field.Append(csv[i]); break;
            }
        }
        if (fields.Count == 0 && field.Length == 0) yield break;
        fields.Add(Ended());
        yield return fields;

        string Ended()
        {
            var text = field.ToString();
            field.Clear();
            return text;
        }
    }

    private static string Csv(DisplayTree.Table table)
    {
        var csv = new StringBuilder();
        var hasNames = table.Caption.Length > 0;
        Write((hasNames ? [table.Caption] : Array.Empty<string>()).Concat(table.Columns.Select(column => column.Name)));
        foreach (var row in table.Rows) Write((hasNames ? [row.Name] : Array.Empty<DisplayTree?>()).Concat(row.Cells).Select(Plain));
        return csv.ToString();

        void Write(IEnumerable<string> fields) => csv.AppendJoin(',', fields.Select(field =>
            field.AsSpan().ContainsAny(",\"\r\n") ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field)).Append('\n');
    }

    private static string Plain(DisplayTree? cell) => cell switch
    {
        null or DisplayTree.Text { Kind: TextKind.Null } => "",
        DisplayTree.Text text => text.Alone,
        _ => PlainTextWriter.Line(cell),
    };

    private static JsonObject Resource(DisplayTree.Table table)
    {
        var columns = (table.Caption.Length > 0 ? table.Columns.Prepend(new(table.Caption, null)) : table.Columns).ToList();
        var rows = table.Rows.Select(row => (table.Caption.Length > 0 ? row.Cells.Prepend(row.Name) : row.Cells).ToList()).ToList();
        return new()
        {
            ["profile"] = "tabular-data-resource",
            ["schema"] = new JsonObject { ["fields"] = new JsonArray([.. columns.Select((column, i) => new JsonObject
            {
                ["name"] = column.Name,
                ["type"] = rows.All(row => IsNumber(row[i])) ? "number" : "string",
            })]) },
            ["data"] = new JsonArray([.. rows.Select(row => new JsonObject(
                columns.Select((column, i) => KeyValuePair.Create(column.Name, Json(row[i]))).DistinctBy(cell => cell.Key)))]),
        };

        static bool IsNumber(DisplayTree? cell) => cell is null or DisplayTree.Text { Kind: TextKind.Number or TextKind.Null };
    }

    private static JsonNode? Json(DisplayTree? cell) => cell switch
    {
        null or DisplayTree.Text { Kind: TextKind.Null } => null,
        DisplayTree.Text { Kind: TextKind.Number } number when double.TryParse(number.Alone, CultureInfo.InvariantCulture, out var value)
            && double.IsFinite(value) =>
                JsonNode.Parse(number.Alone.Contains('E', StringComparison.Ordinal) ? value.ToString("R", CultureInfo.InvariantCulture)
                    : number.Alone),
        _ => Plain(cell),
    };
}
