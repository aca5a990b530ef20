using System.Collections;
using System.Text.Json.Nodes;
using JupyterKernel.Display.Formatting;

namespace JupyterKernel.Display.Tables;

/// <summary>A table whose rows a front end reads bit by bit. It holds no rows, but the data's own collection. Any thread.</summary>
/// <param name="id">What front ends know it by.</param>
/// <param name="value">The data.</param>
/// <param name="membersOnly">Whether the items' members are shown though the items may have another form.</param>
/// <param name="names">The names of tuples' items in it.</param>
internal sealed class VirtualTable(string id, object value, bool membersOnly, TupleNames? names)
{
    private readonly WeakReference<object> kept = new(value);
    private object? held = value;
    private RowOrder? order;

    internal string Id => id;

    /// <summary>How many rows are held on to; none where that is left to the user's variables.</summary>
    internal int Rows => held is { } data ? TableRows.CountOf(data) ?? 0 : 0;

    /// <summary>The data; null where it is gone.</summary>
    internal object? Value => kept.TryGetTarget(out var data) ? data : null;

    /// <summary>From now on the data is held as long as anything else holds it.</summary>
    internal void LetGo() => (held, order) = (null, null);

    /// <summary>Answers a query.</summary>
    /// <param name="query">What is wanted.</param>
    /// <param name="data">This table's value.</param>
    /// <param name="isCodeAllowed">Whether code of the user's may run.</param>
    /// <returns>Null where it would have to run and must not.</returns>
    /// <exception cref="TableQueryException">The query makes no sense for this table.</exception>
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
                if (((plain is null ? null : PlainCells.Of(plain)) ?? (isCodeAllowed ? new TreeCells(data, membersOnly, all, names) : (TableCells?)null)) is not { } cells) return null;
                known = RowOrder.Of(query, cells);
                if (held is not null) order = known;
            }
            rows = known.Rows;
        }

        var count = rows?.Length ?? all;
        var offset = Math.Min(query.Offset, Math.Max(0, count - 1) / query.Count * query.Count);
        var page = Enumerable.Range(offset, Math.Min(query.Count, count - offset)).Select(i => rows is null ? i : rows[i]).ToList();

        // Without a row there is a header all the same, so that one sees what was looked for.
        List<int> read = page.Count > 0 || all == 0 ? page : [0];
        if (!isCodeAllowed && !read.TrueForAll(row => row < plain!.Count && plain[row] is { } item && PlainRow.Of(item.GetType()) is not null)) return null;
        var table = read.Count == 0 ? new DisplayTree.Table("", [], [], null) : TableRows.Read(data, membersOnly, read, besideCells: !isCodeAllowed, names: names) ?? throw new TableQueryException("The data has another form by now: run its cell again.");
        return new()
        {
            ["html"] = HtmlWriter.TableOf(page.Count > 0 ? table : table with { Rows = [] }),
            ["rows"] = count,
            ["all"] = all,
            ["offset"] = offset,
        };
    }

    /// <summary>The rows of an array or a list of the framework's own: they may be read while they are changed.</summary>
    private static IList? PlainRows(object data) =>
        data is Array { Rank: 1 } || (data.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(List<>)) ? (IList)data : null;
}
