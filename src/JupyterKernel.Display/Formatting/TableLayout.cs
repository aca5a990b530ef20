using System.Globalization;

namespace JupyterKernel.Display.Formatting;

/// <summary>Arranges sequences as tables if their items are similar enough. Any thread.</summary>
internal static class TableLayout
{
    // A limit is needed, because all items may have different members.
    private const int MaxColumns = 100;

    /// <summary>
    /// Creates a table with a row for each item that has members: objects, dictionaries with string keys, tuples, entries
    /// whose values are objects.
    /// </summary>
    /// <returns>The table; null for other kinds of items.</returns>
    internal static DisplayTree.Table? OfMembers(DisplayTree.Sequence sequence)
    {
        if (sequence.Items.Count == 0) return null;
        var hasKeys = sequence.Items.All(item => item is DisplayTree.Entry);
        var values = hasKeys ? [.. sequence.Items.Select(item => ((DisplayTree.Entry)item).Value)] : sequence.Items;
        if (values.All(value => MembersOf(value) is { Count: > 0 }))
            return Arranged(sequence, values.Select(value => MembersOf(value)!), hasKeys);
        return !hasKeys && values.All(value => value is DisplayTree.Tuple { Items.Count: > 0 })
            ? Arranged(sequence, values.Select(value => ((DisplayTree.Tuple)value).Members), hasKeys)
            : null;
    }

    private static IReadOnlyList<DisplayTree.Member>? MembersOf(DisplayTree value) => value switch
    {
        DisplayTree.Object { Members: { } members } => members,
        DisplayTree.Sequence { IsDictionary: true } named when named.Items.All(
            item => item is DisplayTree.Entry { Key: DisplayTree.Text { Kind: TextKind.String } }) =>
            [.. named.Items.Cast<DisplayTree.Entry>().Select(entry => new DisplayTree.Member(((DisplayTree.Text)entry.Key).Alone, null,
                entry.Value)), .. named.Rest is null ? Array.Empty<DisplayTree.Member>() : [new("…", null, named.Rest)]],
        _ => null,
    };

    /// <summary>
    /// Does the same as <see cref="OfMembers"/>, but also creates a row for each key, for each inner sequence of a sequence of sequences,
    /// and for each item if some items have parts.
    /// </summary>
    internal static DisplayTree.Table? Of(DisplayTree.Sequence sequence)
    {
        if (sequence.Items.Count == 0) return null;
        if (OfMembers(sequence) is { } table) return table;
        if (sequence.Items.All(item => item is DisplayTree.Entry))
        {
            return new("Key", [new("Value", null)],
                [.. sequence.Items.Cast<DisplayTree.Entry>().Select(entry => new DisplayTree.Row(entry.Key, [entry.Value]))],
                sequence.Rest?.Line);
        }
        if (sequence.Items.All(item => item is DisplayTree.Sequence { IsDictionary: false } row && row.Items.All(IsFlat)))
        {
            return Arranged(sequence, sequence.Items.Cast<DisplayTree.Sequence>().Select(row =>
                (row.Rest is null ? row.Items : row.Items.Append(row.Rest)).Select(
                    (item, i) => new DisplayTree.Member(i.ToString(CultureInfo.InvariantCulture), null, item))), hasKeys: false);
        }
        return sequence.Items.All(IsFlat)
            ? null
            : Arranged(sequence, sequence.Items.Select(item => (IEnumerable<DisplayTree.Member>)[new("Value", null, item)]),
                hasKeys: false);
    }

    /// <summary>Whether the value fits on one line.</summary>
    internal static bool IsFlat(DisplayTree shown) => shown switch
    {
        DisplayTree.Text => true,
        DisplayTree.Bundle bundle => bundle.Forms.Data.Keys.All(type => type == MimeBundle.PlainTextType),
        DisplayTree.Tuple tuple => tuple.Items?.All(IsFlat) ?? true,
        DisplayTree.Entry entry => IsFlat(entry.Key) && IsFlat(entry.Value),
        DisplayTree.Sequence { IsDictionary: false } sequence =>
            sequence.Items.All(item => item is not DisplayTree.Sequence && IsFlat(item)),
        DisplayTree.Object value => value.Members is not { Count: > 0 },
        _ => false,
    };

    private static DisplayTree.Table Arranged(DisplayTree.Sequence sequence, IEnumerable<IEnumerable<DisplayTree.Member>> items,
        bool hasKeys)
    {
        var places = new Dictionary<string, int>();
        var columns = new List<DisplayTree.Column>();
        var left = new HashSet<string>();
        var rows = new List<DisplayTree.Row>(sequence.Items.Count);
        foreach (var members in items)
        {
            var cells = new List<DisplayTree?>(columns.Count);
            foreach (var member in members)
            {
                if (!places.TryGetValue(member.Name, out var place))
                {
                    if (columns.Count == MaxColumns)
                    {
                        left.Add(member.Name);
                        continue;
                    }
                    places.Add(member.Name, place = columns.Count);
                    columns.Add(new(member.Name, member.TypeName));
                }
                while (cells.Count <= place) cells.Add(null);
                cells[place] = member.Value;
            }
            rows.Add(new(hasKeys ? ((DisplayTree.Entry)sequence.Items[rows.Count]).Key : Index(rows.Count), cells));
        }
        foreach (var row in rows)
        {
            var cells = (List<DisplayTree?>)row.Cells;
            while (cells.Count < columns.Count) cells.Add(null);
        }
        return new(hasKeys ? "Key" : "", columns, rows,
            left.Count == 0 ? sequence.Rest?.Line : $"{sequence.Rest?.Line} … ({left.Count} more columns)".TrimStart());
    }

    /// <summary>Returns the name of a row that has none: its index.</summary>
    internal static DisplayTree.Text Index(int row) => new(row.ToString(CultureInfo.InvariantCulture), TextKind.Number);
}
