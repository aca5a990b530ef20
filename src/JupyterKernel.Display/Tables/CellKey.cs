using System.Globalization;
using JupyterKernel.Display.Formatting;

namespace JupyterKernel.Display.Tables;

/// <summary>The sort key of a cell: numbers and times are sorted by value, everything else by text, ignoring case.</summary>
internal readonly struct CellKey : IComparable<CellKey>
{
    private readonly double number;

    // For numbers with more digits than a double can represent.
    private readonly long exact;
    private readonly string? text;

    private CellKey(double number, long exact = 0) => (this.number, this.exact, IsNumber) = (number, exact, true);

    private CellKey(string text) => this.text = text;

    internal bool IsNumber { get; }

    /// <summary>Whether the cell is empty or could not be read.</summary>
    internal bool IsMissing => !IsNumber && text is null;

    /// <summary>Returns the key of a value of one of the framework's scalar types.</summary>
    internal static CellKey OfScalar(object? value) => value switch
    {
        null or DBNull => default,
        string text => new(text),
        int number => new(number),
        double number => new(number),
        long number => new(number, number),
        float number => new(number),
        decimal number => new((double)number),
        DateTime time => new(time.Ticks, time.Ticks),
        TimeSpan time => new(time.Ticks, time.Ticks),
        Enum or bool or char => new(value.ToString()!),
        _ => Scalars.TryFormat(value, out var text) ? OfText(text) : default,
    };

    /// <summary>Returns the key of a cell in a display tree.</summary>
    internal static CellKey OfTree(DisplayTree? cell) => cell switch
    {
        null or DisplayTree.Text { Kind: TextKind.Null or TextKind.Note } => default,
        DisplayTree.Text { Kind: TextKind.Number } number => OfText(number.Alone),
        DisplayTree.Text { Kind: TextKind.String } text => new(text.Alone),
        DisplayTree.Text other =>
            TimeSpan.TryParse(other.Alone, CultureInfo.InvariantCulture, out var time) ? OfScalar(time) : new(other.Alone),
        _ => new(PlainTextWriter.Line(cell)),
    };

    /// <summary>Returns the key of a text that may be a number.</summary>
    internal static CellKey OfText(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? new(whole, whole)
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? new(number)
        : new(text);

    /// <summary>
    /// A number that is less or equal for a lesser key, so that most comparisons need only this number. For a text it represents the first
    /// eight characters, or those before the first non-ASCII character.
    /// </summary>
    internal ulong Rough
    {
        get
        {
            if (IsNumber)
            {
                var bits = BitConverter.DoubleToInt64Bits(number);
                return (bits < 0 ? ~(ulong)bits : (ulong)bits | 1UL << 63) >> 1;
            }
            ulong rough = 0;
            var next = 0;
            for (var i = 0; i < 8; i++)
            {
                rough = rough << 7 | (next < text!.Length ? Math.Min(char.ToUpperInvariant(text[next]), (char)127) : 0u);
                if (next < text.Length) next = text[next] < 127 ? next + 1 : text.Length;
            }
            return rough | 1UL << 63;
        }
    }

    /// <inheritdoc/>
    public int CompareTo(CellKey other)
    {
        if (IsNumber != other.IsNumber) return IsNumber ? -1 : 1;
        if (!IsNumber) return string.Compare(text, other.text, StringComparison.OrdinalIgnoreCase);
        var order = number.CompareTo(other.number);
        return order != 0 ? order : exact.CompareTo(other.exact);
    }
}
