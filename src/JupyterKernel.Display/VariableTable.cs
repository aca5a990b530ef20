using System.ComponentModel;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Formatting;

namespace JupyterKernel.Display;

/// <summary>The table that <c>#!whos</c> displays. Cell thread.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class VariableTable
{
    private readonly DisplayTree.Row row;

    private VariableTable(DisplayTree.Row row) => this.row = row;

    /// <summary>Creates a row for a variable, with its declared type.</summary>
    public static VariableTable Row<T>(string name, T value) =>
        new(RowOf(name, TypeNames.Of(typeof(T)), new DisplayTreeReader().ReadNested(value)));

    /// <summary>Creates a row for a variable whose value cannot be read.</summary>
    public static VariableTable Row(string name) => new(RowOf(name, "", new DisplayTree.Text("(not shown)", TextKind.Note)));

    /// <summary>Combines rows into one table.</summary>
    public static MimeBundle Of(params VariableTable[] rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var table = new DisplayTree.Table("Variable", [new("Type", null), new("Value", null)], [.. rows.Select(variable => variable.row)],
            null);
        return MimeBundle.Of("text/html", HtmlWriter.Always(table), PlainTextWriter.Alone(table));
    }

    private static DisplayTree.Row RowOf(string name, string type, DisplayTree value) =>
        new(new DisplayTree.Text(name), [new DisplayTree.Text(type), value]);
}
