namespace JupyterKernel.Display.Tables;

/// <summary>
/// A filter for rows. It is either a text such as <c>salt</c>, which some cell must contain (ignoring case), or a comparison
/// such as <c>Price > 10</c>: a column, one of <c>= != &lt; &lt;= > >=</c>, and an operand. Two numbers are compared by
/// value. Immutable; any thread.
/// </summary>
internal sealed class RowFilter
{
    // Longer operators first, because "<=" must be found before "<".
    private static readonly string[] Comparisons = ["!=", "<=", ">=", "=", "<", ">"];

    private readonly string text;
    private readonly string comparison = "";
    private readonly CellKey operand;

    private RowFilter(string text) => this.text = text;

    private RowFilter(string column, string comparison, string text) : this(text) =>
        (Column, this.comparison, operand) = (column, comparison, CellKey.OfText(text));

    /// <summary>The column of the comparison; null if any column may contain the text.</summary>
    internal string? Column { get; }

    /// <summary>Parses a filter. If it is not a comparison with one of the given columns, it is a text to find.</summary>
    internal static RowFilter Of(string filter, IReadOnlyList<string> columns)
    {
        var at = filter.AsSpan().IndexOfAny("!<=>");
        if (at <= 0
            || columns.FirstOrDefault(name => name.Equals(filter[..at].Trim(), StringComparison.OrdinalIgnoreCase)) is not { } column)
            return new(filter);
        return Array.Find(Comparisons, sign => filter.AsSpan(at).StartsWith(sign)) is { } comparison
            && filter[(at + comparison.Length)..].Trim() is { Length: > 0 } operand
            ? new(column, comparison, operand)
            : new(filter);
    }

    /// <summary>Whether a cell contains the text of the filter.</summary>
    internal bool IsIn(string cell) => cell.Contains(text, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether the comparison is true for the text of a cell. For an empty cell only <c>!=</c> is true.</summary>
    internal bool Fits(string? cell)
    {
        if (cell is null) return comparison == "!=";
        var key = CellKey.OfText(cell);
        var order = key.IsNumber == operand.IsNumber
            ? key.CompareTo(operand)
            : string.Compare(cell, text, StringComparison.OrdinalIgnoreCase);
        return comparison switch
        {
            "=" => order == 0,
            "!=" => order != 0,
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            _ => order >= 0,
        };
    }
}
