using System.Collections;
using System.Text.Json.Nodes;
using JupyterKernel.Display.Formatting;

namespace JupyterKernel.Display.Tables;

/// <summary>
/// A table whose rows a front end reads page by page. It references the data's own collection and copies no rows. Any thread.
/// </summary>
/// <param name="id">The id by which front ends query the table.</param>
/// <param name="value">The data.</param>
/// <param name="membersOnly">Whether the members of items are shown even if the items have another form.</param>
/// <param name="names">The names of tuple items in the data.</param>
internal sealed class VirtualTable(string id, object value, bool membersOnly, TupleNames? names)
{
    private readonly WeakReference<object> kept = new(value);
    private object? held = value;
    private RowOrder? order;

    internal string Id => id;

    /// <summary>The number of rows that this table keeps alive; 0 after <see cref="LetGo"/>.</summary>
    internal int Rows => held is { } data ? TableRows.CountOf(data) ?? 0 : 0;

    /// <summary>The data; null if it was garbage-collected.</summary>
    internal object? Value => kept.TryGetTarget(out var data) ? data : null;

    /// <summary>Releases the strong reference; from now on the data lives only while something else references it.</summary>
    internal void LetGo() => (held, order) = (null, null);

    /// <summary>Answers a query.</summary>
    /// <param name="query">The query.</param>
    /// <param name="data">The data of this table.</param>
    /// <param name="isCodeAllowed">Whether user code may run.</param>
    /// <returns>The answer; null if user code would have to run but is not allowed.</returns>
    /// <exception cref="TableQueryException">The query is not valid for this table.</exception>
    internal JsonObject? Answer(TableQuery query, object data, bool isCodeAllowed)
    {
        var plain = membersOnly || FormatterRegistry.IsUsed || names is not null ? null : PlainRows(data);
        if (plain is null && !isCodeAllowed) return null;

        var all = TableRows.CountOf(data) ?? 0;
        int[]? rows = null;
        if (query is not { Sort: null, Filter: "" })
        {
            if (order is not { } known || !known.Fits(query, all))
            {
                if (((plain is null ? null : PlainCells.Of(plain)) ?? (
                    isCodeAllowed ? new TreeCells(data, membersOnly, all, names) : (TableCells?)null)) is not { } cells)
                    return null;
                known = RowOrder.Of(query, cells);
                if (held is not null) order = known;
            }
            rows = known.Rows;
        }

        var count = rows?.Length ?? all;
        var offset = Math.Min(query.Offset, Math.Max(0, count - 1) / query.Count * query.Count);
        var page = Enumerable.Range(offset, Math.Min(query.Count, count - offset)).Select(i => rows is null ? i : rows[i]).ToList();

        // If no row matches, the header is still shown.
        List<int> read = page.Count > 0 || all == 0 ? page : [0];
        if (!isCodeAllowed
            && !read.TrueForAll(row => row < plain!.Count && plain[row] is { } item && PlainRow.Of(item.GetType()) is not null))
            return null;
        var table = read.Count == 0
            ? new DisplayTree.Table("", [], [], null)
            : TableRows.Read(data, membersOnly, read, besideCells: !isCodeAllowed, names: names)
                ?? throw new TableQueryException("The shape of the data has changed. Run its cell again.");
        return new()
        {
            ["html"] = HtmlWriter.TableOf(page.Count > 0 ? table : table with { Rows = [] }),
            ["rows"] = count,
            ["all"] = all,
            ["offset"] = offset,
        };
    }

    /// <summary>Returns the rows of an array or a List&lt;T>, which can be read while they are being modified.</summary>
    private static IList? PlainRows(object data) =>
        data is Array { Rank: 1 } || (data.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(List<>))
            ? (IList)data
            : null;
}
