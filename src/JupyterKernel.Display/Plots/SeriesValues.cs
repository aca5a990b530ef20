using System.Globalization;
using System.Numerics;
using JupyterKernel.Display.Formatting;

namespace JupyterKernel.Display.Plots;

/// <summary>The values of a sequence, read once: numbers, dates (as ticks) or texts.</summary>
internal sealed class SeriesValues
{
    internal const int Limit = 1_000_000;

    private SeriesValues(string name, double[] values, string[]? texts, bool isTime, bool isCut) =>
        (Name, Values, Texts, IsTime, IsCut) = (name, values, texts, isTime, isCut);

    /// <summary>The name of the parameter, for error messages.</summary>
    internal string Name { get; }

    /// <summary>The numbers, or the ticks of dates; NaN for a missing value.</summary>
    internal double[] Values { get; }

    /// <summary>The texts; null for numbers and dates.</summary>
    internal string[]? Texts { get; }

    internal bool IsTime { get; }

    /// <summary>Whether the sequence had more items than the limit.</summary>
    internal bool IsCut { get; }

    /// <summary>Whether a value can be drawn: for greater values, sums and differences overflow.</summary>
    internal static bool IsDrawable(double value) => Math.Abs(value) <= 1e307;

    internal static SeriesValues OfNumbers<T>(IEnumerable<T> items, string name)
    {
        var column = Of(items, name);
        return column.Texts is null && !column.IsTime ? column
            : throw new ArgumentException(
                $"{name} must be numbers, but {name}[0] is {(column.IsTime ? "a date" : $"\"{LabelText.Cut(column.Texts![0])}\"")}.", name);
    }

    internal static SeriesValues Of<T>(IEnumerable<T> items, string name)
    {
        ArgumentNullException.ThrowIfNull(items, name);
        var values = new List<double>(items.TryGetNonEnumeratedCount(out var count) ? Math.Min(count, Limit) : 16);
        var texts = new List<string>();
        Kind? kind = null;
        TimeSpan? offset = null;
        foreach (var item in items)
        {
            if (values.Count == Limit) return Made(isCut: true);
            var (itsKind, value) = item is null ? (kind, double.NaN) : Read(item, ref offset);
            if (item is not null && itsKind != (kind ??= itsKind)) throw Mixed(item);
            if (kind == Kind.Text)
            {
                while (texts.Count < values.Count) texts.Add("");
                texts.Add(item is null ? "" : item as string ?? PlainTextWriter.Of(item));
            }
            values.Add(value);
        }
        return Made(isCut: false);

        SeriesValues Made(bool isCut) => new(name, [.. values], kind == Kind.Text ? [.. texts] : null, kind == Kind.Time, isCut);

        ArgumentException Mixed(T item) => new(
            $"{name} must be all numbers, all dates or all text, but "
            + $"{name}[{values.Count.ToString(CultureInfo.InvariantCulture)}] is {LabelText.Cut(PlainTextWriter.Of(item))}.",
                name);
    }

    /// <summary>Returns the labels of the values on a category axis, for example below bars.</summary>
    internal string[] Labels()
    {
        if (Texts is not null) return Texts;
        if (!IsTime) return [.. Values.Select(NumberText.Plain)];
        var format = Values.All(value => double.IsNaN(value) || value % TimeSpan.TicksPerDay == 0) ? "yyyy-MM-dd" : "yyyy-MM-dd HH:mm";
        return [.. Values.Select(value => double.IsNaN(value) ? "" : Axis.TimeAt(value).ToString(format, CultureInfo.InvariantCulture))];
    }

    private static (Kind?, double) Read<T>(T item, ref TimeSpan? offset) => item switch
    {
        double number => (Kind.Number, number),
        float number => (Kind.Number, number),
        int number => (Kind.Number, number),
        long number => (Kind.Number, number),
        decimal number => (Kind.Number, (double)number),
        TimeSpan span => (Kind.Number, span.TotalSeconds),
        BigInteger number => (Kind.Number, (double)number),
        Int128 number => (Kind.Number, (double)number),
        UInt128 number => (Kind.Number, (double)number),
        Half number => (Kind.Number, (double)number),
        nint number => (Kind.Number, number),
        nuint number => (Kind.Number, number),
        DateTime time => (Kind.Time, time.Ticks),
        DateOnly date => (Kind.Time, date.DayNumber * (double)TimeSpan.TicksPerDay),
        // Converted to the offset of the first value, so that local times are shown as written.
        DateTimeOffset time => (Kind.Time, time.ToOffset(offset ??= time.Offset).Ticks),
        string or char or Enum => (Kind.Text, double.NaN),
        IConvertible number => (Kind.Number, number.ToDouble(CultureInfo.InvariantCulture)),
        _ => (Kind.Text, double.NaN),
    };

    private enum Kind
    {
        Number,
        Time,
        Text,
    }
}
