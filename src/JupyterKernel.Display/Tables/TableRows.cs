using System.Collections;
using System.Data;
using JupyterKernel.Display.Formatting;

namespace JupyterKernel.Display.Tables;

/// <summary>
/// Data whose rows can be read again, each by its number, without enumerating anything twice: the framework's lists and arrays, tables of
/// ADO.NET, and of packages those that <see cref="KnownTypes"/> knows. Any thread.
/// </summary>
internal static class TableRows
{
    private static readonly HashSet<string> Lists =
    [
        "System.Collections.Generic.List`1", "System.Collections.ArrayList", "System.Collections.Immutable.ImmutableArray`1", "System.Collections.Immutable.ImmutableList`1",
        "System.Collections.ObjectModel.Collection`1", "System.Collections.ObjectModel.ObservableCollection`1", "System.Collections.ObjectModel.ReadOnlyCollection`1",
    ];

    /// <summary>How many rows there are; null where they cannot be read again.</summary>
    internal static int? CountOf(object value) => value switch
    {
        Array { Rank: 1 or 2 } array => array.GetLength(0),
        IList list when IsKnown(value.GetType()) => list.Count,
        _ when ObjectShape.Of(value.GetType()).Known is not null => KnownTypes.RowsOf(value),
        _ => null,
    };

    /// <summary>Reads some rows as they are shown among the others.</summary>
    /// <param name="value">The data.</param>
    /// <param name="membersOnly">Whether the items' members are shown though the items may have another form.</param>
    /// <param name="rows">The numbers of the rows, in the order in which they are wanted.</param>
    /// <param name="all">Whether all of their text is wanted, however long.</param>
    /// <param name="besideCells">Whether it is done while a cell may run, whose interruption is no reason to end.</param>
    /// <param name="names">The names of tuples' items in it.</param>
    /// <returns>Null where it is no table any more.</returns>
    internal static DisplayTree.Table? Read(object value, bool membersOnly, IReadOnlyList<int> rows, bool all = false, bool besideCells = false, TupleNames? names = null)
    {
        var reader = new DisplayTreeReader(rows, all, besideCells) { Names = names };
        var shown = membersOnly ? reader.ReadSequence((IEnumerable)value, ObjectShape.Of(value.GetType()), membersOnly) : reader.Read(value);
        if (shown is DisplayTree.Table table) return table with { Rest = null };
        if (shown is not DisplayTree.Sequence sequence || TableLayout.Of(sequence) is not { } items) return null;

        // By their place among all, where they have no names of their own.
        return items.Caption.Length > 0 ? items : items with { Rows = [.. items.Rows.Select((row, i) => row with { Name = TableLayout.Index(rows[i]) })] };
    }

    private static bool IsKnown(Type type)
    {
        for (var at = type; at is not null && at != typeof(object); at = at.BaseType)
        {
            if (Lists.Contains((at.IsGenericType ? at.GetGenericTypeDefinition() : at).FullName ?? "")) return true;
        }
        return false;
    }
}
