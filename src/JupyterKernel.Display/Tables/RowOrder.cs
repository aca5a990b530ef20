namespace JupyterKernel.Display.Tables;

/// <summary>The rows of a table that match a query's filter, in the query's sort order. Immutable.</summary>
internal sealed class RowOrder
{
    private readonly TableQuery query;
    private readonly int all;

    private RowOrder(TableQuery query, int all, int[] rows) => (this.query, this.all, Rows) = (query, all, rows);

    /// <summary>The indices of the rows.</summary>
    internal int[] Rows { get; }

    /// <summary>Whether these are also the rows for another query, given the number of rows of the table.</summary>
    internal bool Fits(TableQuery other, int count) =>
        (other.Sort, other.Descending, other.Filter, count) == (query.Sort, query.Descending, query.Filter, all);

    /// <summary>Finds and sorts the rows for a query.</summary>
    /// <exception cref="TableQueryException">There is no such column.</exception>
    internal static RowOrder Of(TableQuery query, TableCells cells)
    {
        var rows = Enumerable.Range(0, cells.Count);
        if (query.Filter.Length > 0)
        {
            var filter = RowFilter.Of(query.Filter, cells.Columns);
            rows = (filter.Column is { } compared ? cells.Texts(compared).Select(filter.Fits) : cells.Have(filter.IsIn))
                .Select((fits, row) => fits ? row : -1).Where(row => row >= 0);
        }
        return new(query, cells.Count,
            query.Sort is { } column ? Sorted(rows.ToArray(), [.. cells.Keys(column)], query.Descending) : [.. rows]);
    }

    /// <summary>Sorts rows by their keys. Rows without a key come last; rows with equal keys keep their order.</summary>
    private static int[] Sorted(int[] rows, CellKey[] keys, bool isDescending)
    {
        var places = rows.Where(row => !keys[row].IsMissing)
            .Select(row => (Rough: isDescending ? ~keys[row].Rough : keys[row].Rough, Row: row)).ToArray();
        Array.Sort(places, (a, b) =>
        {
            if (a.Rough != b.Rough) return a.Rough < b.Rough ? -1 : 1;
            var exact = keys[a.Row].CompareTo(keys[b.Row]);
            return exact == 0 ? a.Row - b.Row : isDescending ? -exact : exact;
        });
        return [.. places.Select(place => place.Row), .. rows.Where(row => keys[row].IsMissing)];
    }
}
