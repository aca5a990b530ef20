using System.ComponentModel;

namespace JupyterKernel.Display;

/// <summary>The table that <c>#!whos</c> shows. Cell thread.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class VariableTable
{
    private readonly Shown.Row row;

    private VariableTable(Shown.Row row) => this.row = row;

    /// <summary>A variable, by the type that it is declared as.</summary>
    public static VariableTable Row<T>(string name, T value) => new(RowOf(name, TypeNames.Of(typeof(T)), new ShownReader().ReadNested(value)));

    /// <summary>A variable whose value cannot be had.</summary>
    public static VariableTable Row(string name) => new(RowOf(name, "", new Shown.Text("(not shown)", TextKind.Note)));

    /// <summary>The rows as one table.</summary>
    public static MimeBundle Of(params VariableTable[] rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var table = new Shown.Table("Variable", [new("Type", null), new("Value", null)], [.. rows.Select(variable => variable.row)], null);
        return MimeBundle.Of("text/html", HtmlWriter.Always(table), PlainTextWriter.Alone(table));
    }

    private static Shown.Row RowOf(string name, string type, Shown value) => new(new Shown.Text(name), [new Shown.Text(type), value]);
}
