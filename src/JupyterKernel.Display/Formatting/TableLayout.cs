using System.Globalization;

namespace JupyterKernel.Display;

/// <summary>Sequences as tables, where their items are alike enough. Any thread.</summary>
internal static class TableLayout
{
    // Of items that have other members each.
    private const int MostColumns = 100;

    /// <summary>A row for each item with members: objects, dictionaries of names, tuples, keys that stand for objects.</summary>
    /// <returns>Null where the items are of another kind.</returns>
    internal static Shown.Table? OfMembers(Shown.Sequence sequence)
    {
        if (sequence.Items.Count == 0) return null;
        var hasKeys = sequence.Items.All(item => item is Shown.Entry);
        var values = hasKeys ? [.. sequence.Items.Select(item => ((Shown.Entry)item).Value)] : sequence.Items;
        if (values.All(value => MembersOf(value) is { Count: > 0 })) return Arranged(sequence, values.Select(value => MembersOf(value)!), hasKeys);
        return !hasKeys && values.All(value => value is Shown.Tuple { Items.Count: > 0 })
            ? Arranged(sequence, values.Select(value => ((Shown.Tuple)value).Members), hasKeys)
            : null;
    }

    private static IReadOnlyList<Shown.Member>? MembersOf(Shown value) => value switch
    {
        Shown.Object { Members: { } members } => members,
        Shown.Sequence { IsDictionary: true } named when named.Items.All(item => item is Shown.Entry { Key: Shown.Text { Kind: TextKind.String } }) =>
            [.. named.Items.Cast<Shown.Entry>().Select(entry => new Shown.Member(((Shown.Text)entry.Key).Alone, null, entry.Value)), .. named.Rest is null ? Array.Empty<Shown.Member>() : [new("…", null, named.Rest)]],
        _ => null,
    };

    /// <summary>The same; and a row for each key, for each sequence among sequences, and for each item of which some have parts.</summary>
    internal static Shown.Table? Of(Shown.Sequence sequence)
    {
        if (sequence.Items.Count == 0) return null;
        if (OfMembers(sequence) is { } table) return table;
        if (sequence.Items.All(item => item is Shown.Entry))
        {
            return new("Key", [new("Value", null)], [.. sequence.Items.Cast<Shown.Entry>().Select(entry => new Shown.Row(entry.Key, [entry.Value]))], sequence.Rest?.Line);
        }
        if (sequence.Items.All(item => item is Shown.Sequence { IsDictionary: false } row && row.Items.All(IsFlat)))
        {
            return Arranged(sequence, sequence.Items.Cast<Shown.Sequence>().Select(row =>
                (row.Rest is null ? row.Items : row.Items.Append(row.Rest)).Select((item, i) => new Shown.Member(i.ToString(CultureInfo.InvariantCulture), null, item))), hasKeys: false);
        }
        return sequence.Items.All(IsFlat) ? null : Arranged(sequence, sequence.Items.Select(item => (IEnumerable<Shown.Member>)[new("Value", null, item)]), hasKeys: false);
    }

    /// <summary>Whether it is well shown on a line.</summary>
    internal static bool IsFlat(Shown shown) => shown switch
    {
        Shown.Text => true,
        Shown.Bundle bundle => bundle.Forms.Data.Keys.All(type => type == MimeBundle.PlainTextType),
        Shown.Tuple tuple => tuple.Items?.All(IsFlat) ?? true,
        Shown.Entry entry => IsFlat(entry.Key) && IsFlat(entry.Value),
        Shown.Sequence { IsDictionary: false } sequence => sequence.Items.All(item => item is not Shown.Sequence && IsFlat(item)),
        Shown.Object value => value.Members is not { Count: > 0 },
        _ => false,
    };

    private static Shown.Table Arranged(Shown.Sequence sequence, IEnumerable<IEnumerable<Shown.Member>> items, bool hasKeys)
    {
        var places = new Dictionary<string, int>();
        var columns = new List<Shown.Column>();
        var left = new HashSet<string>();
        var rows = new List<Shown.Row>(sequence.Items.Count);
        foreach (var members in items)
        {
            var cells = new List<Shown?>(columns.Count);
            foreach (var member in members)
            {
                if (!places.TryGetValue(member.Name, out var place))
                {
                    if (columns.Count == MostColumns)
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
            rows.Add(new(hasKeys ? ((Shown.Entry)sequence.Items[rows.Count]).Key : Index(rows.Count), cells));
        }
        foreach (var row in rows)
        {
            var cells = (List<Shown?>)row.Cells;
            while (cells.Count < columns.Count) cells.Add(null);
        }
        return new(hasKeys ? "Key" : "", columns, rows, left.Count == 0 ? sequence.Rest?.Line : $"{sequence.Rest?.Line} … ({left.Count} more columns)".TrimStart());
    }

    /// <summary>The name of a row that has none.</summary>
    internal static Shown.Text Index(int row) => new(row.ToString(CultureInfo.InvariantCulture), TextKind.Number);
}
