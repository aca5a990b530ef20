using System.Collections;
using System.Data;
using JupyterKernel.Display.Formatting;

namespace JupyterKernel.Display.Tables;

/// <summary>
/// Reads data whose rows can be read again by index, without a second enumeration: lists and arrays of the framework, tables of ADO.NET,
/// and the types of packages in <see cref="KnownTypes"/>. Any thread.
/// </summary>
internal static class TableRows
{
    private static readonly HashSet<string> Lists =
    [
        "System.Collections.Generic.List`1",
        "System.Collections.ArrayList",
        "System.Collections.Immutable.ImmutableArray`1",
        "System.Collections.Immutable.ImmutableList`1",
        "System.Collections.ObjectModel.Collection`1",
        "System.Collections.ObjectModel.ObservableCollection`1",
        "System.Collections.ObjectModel.ReadOnlyCollection`1",
    ];

    /// <summary>Returns the number of rows; null if rows cannot be read again.</summary>
    internal static int? CountOf(object value) => value switch
    {
        Array { Rank: 1 or 2 } array => array.GetLength(0),
        IList list when IsKnown(value.GetType()) => list.Count,
        _ when ObjectShape.Of(value.GetType()).Known is not null => KnownTypes.RowsOf(value),
        _ => null,
    };

    /// <summary>Reads some rows as they are displayed.</summary>
    /// <param name="value">The data.</param>
    /// <param name="membersOnly">Whether the members of items are shown even if the items have another form.</param>
    /// <param name="rows">The indices of the rows, in the order of the result.</param>
    /// <param name="all">Whether the text of the rows is read without a limit.</param>
    /// <param name="besideCells">Whether a cell may run at the same time; interrupting that cell does not stop this method.</param>
    /// <param name="names">The names of tuple items in the data.</param>
    /// <returns>The rows; null if the data is no longer a table.</returns>
    internal static DisplayTree.Table? Read(object value, bool membersOnly, IReadOnlyList<int> rows, bool all = false,
        bool besideCells = false, TupleNames? names = null)
    {
        var reader = new DisplayTreeReader(rows, all, besideCells) { Names = names };
        var shown = membersOnly
            ? reader.ReadSequence((IEnumerable)value, ObjectShape.Of(value.GetType()), membersOnly)
            : reader.Read(value);
        if (shown is DisplayTree.Table table) return table with { Rest = null };
        if (shown is not DisplayTree.Sequence sequence || TableLayout.Of(sequence) is not { } items) return null;

        // Rows that have no name are named by their index.
        return items.Caption.Length > 0
            ? items
            : items with { Rows = [.. items.Rows.Select((row, i) => row with { Name = TableLayout.Index(rows[i]) })] };
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
