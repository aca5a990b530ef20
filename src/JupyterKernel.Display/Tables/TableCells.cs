using System.Collections;
using JupyterKernel.Display.Formatting;

namespace JupyterKernel.Display.Tables;

/// <summary>Reads all cells of a table, to filter and sort its rows.</summary>
internal abstract class TableCells
{
    /// <summary>The number of rows.</summary>
    internal abstract int Count { get; }

    /// <summary>The names of the columns, taken from the first rows.</summary>
    internal abstract IReadOnlyList<string> Columns { get; }

    /// <summary>Returns the sort keys of a column, by row.</summary>
    /// <exception cref="TableQueryException">There is no such column.</exception>
    internal abstract IEnumerable<CellKey> Keys(string column);

    /// <summary>Returns the texts of a column, by row; null for an empty cell.</summary>
    /// <exception cref="TableQueryException">There is no such column.</exception>
    internal abstract IEnumerable<string?> Texts(string column);

    /// <summary>Returns, by row, whether any text of the row satisfies a condition.</summary>
    internal abstract IEnumerable<bool> Have(Predicate<string> matches);

    private protected static TableQueryException Unknown(string column) => new($"Unknown column '{CutText.Of(column, 100)}'.");
}

/// <summary>The cells of rows of a single plain type, read without running user code.</summary>
internal sealed class PlainCells : TableCells
{
    private readonly object[] items;
    private readonly PlainRow row;

    private PlainCells(object[] items, PlainRow row) => (this.items, this.row) = (items, row);

    internal override int Count => items.Length;

    internal override IReadOnlyList<string> Columns => row.Columns;

    /// <summary>Creates the cells of rows; null if the rows are of another kind.</summary>
    internal static PlainCells? Of(IList rows)
    {
        if (rows.Count == 0 || rows[0]?.GetType() is not { } type || PlainRow.Of(type) is not { } row) return null;
        var items = new object[rows.Count];
        for (var i = 0; i < items.Length; i++)
        {
            if (rows[i] is not { } item || item.GetType() != type) return null;
            items[i] = item;
        }
        return new(items, row);
    }

    internal override IEnumerable<CellKey> Keys(string column)
    {
        var place = PlaceOf(column);
        return items.Select(item => CellKey.OfScalar(row.Value(item, place)));
    }

    internal override IEnumerable<string?> Texts(string column)
    {
        var place = PlaceOf(column);
        return items.Select(item => Text(row.Value(item, place)));
    }

    internal override IEnumerable<bool> Have(Predicate<string> matches)
    {
        foreach (var item in items)
        {
            var isFound = false;
            for (var i = 0; i < row.Columns.Count && !isFound; i++) isFound = Text(row.Value(item, i)) is { } text && matches(text);
            yield return isFound;
        }
    }

    private static string? Text(object? value) => value is not null && Scalars.TryFormat(value, out var text) ? text : null;

    private int PlaceOf(string column)
    {
        for (var i = 0; i < row.Columns.Count; i++)
        {
            if (row.Columns[i] == column) return i;
        }
        throw Unknown(column);
    }
}

/// <summary>
/// The cells of any rows, read as they are displayed, which may run user code. They are read in chunks, so that only the
/// compared values are kept.
/// </summary>
/// <param name="data">The data.</param>
/// <param name="membersOnly">Whether the members of items are shown even if the items have another form.</param>
/// <param name="count">The number of rows.</param>
/// <param name="names">The names of tuple items in the data.</param>
internal sealed class TreeCells(object data, bool membersOnly, int count, TupleNames? names) : TableCells
{
    private const int ChunkRows = 1_000;

    internal override int Count => count;

    internal override IReadOnlyList<string> Columns => [.. Chunk(0).Columns.Select(column => column.Name)];

    internal override IEnumerable<CellKey> Keys(string column) => Cells(column).Select(CellKey.OfTree);

    internal override IEnumerable<string?> Texts(string column) => Cells(column).Select(Text);

    internal override IEnumerable<bool> Have(Predicate<string> matches)
    {
        for (var from = 0; from < count; from += ChunkRows)
        {
            var rows = Chunk(from).Rows;
            for (var i = 0; i < Size(from); i++)
                yield return i < rows.Count && rows[i].Cells.Append(rows[i].Name).Any(cell => Text(cell) is { } text && matches(text));
        }
    }

    private static string? Text(DisplayTree? cell) => cell switch
    {
        null or DisplayTree.Text { Kind: TextKind.Null } => null,
        DisplayTree.Text text => text.Alone,
        _ => PlainTextWriter.Line(cell),
    };

    private IEnumerable<DisplayTree?> Cells(string name)
    {
        var isKnown = false;
        for (var from = 0; from < count; from += ChunkRows)
        {
            var chunk = Chunk(from);
            var place = chunk.Columns.Select(column => column.Name).ToList().IndexOf(name);
            isKnown |= place >= 0;
            for (var i = 0; i < Size(from); i++) yield return place < 0 || i >= chunk.Rows.Count ? null : chunk.Rows[i].Cells[place];
        }
        if (!isKnown) throw Unknown(name);
    }

    private int Size(int from) => Math.Min(ChunkRows, count - from);

    private DisplayTree.Table Chunk(int from) =>
        TableRows.Read(data, membersOnly, [.. Enumerable.Range(from, Size(from))], all: true, names: names) ?? new("", [], [], null);
}
