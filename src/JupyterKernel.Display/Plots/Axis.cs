using System.Globalization;

namespace JupyterKernel.Display.Plots;

/// <summary>A labelled position on an axis.</summary>
/// <param name="Value">The value.</param>
/// <param name="Text">The label.</param>
/// <param name="Context">A second line below the label: the year for a month, the day for an hour; null if it is not shown.</param>
internal readonly record struct Tick(double Value, string Text, string? Context = null);

/// <summary>An axis: maps values to positions on the page, and chooses the labelled values.</summary>
internal sealed class Axis(double low, double high, bool isLog = false)
{
    /// <summary>The smallest positive value with enough precision for a scale.</summary>
    internal const double MinPositive = 1e-300;

    private static readonly TimeSpan[] Spans =
    [
        .. new[] { 1, 2, 5, 10, 20, 50, 100, 200, 500 }.Select(n => TimeSpan.FromMilliseconds(n)),
        .. new[] { 1, 2, 5, 15, 30 }.Select(n => TimeSpan.FromSeconds(n)),
        .. new[] { 1, 2, 5, 15, 30 }.Select(n => TimeSpan.FromMinutes(n)),
        .. new[] { 1, 3, 6, 12 }.Select(n => TimeSpan.FromHours(n)),
        .. new[] { 1, 2, 7, 14 }.Select(n => TimeSpan.FromDays(n)),
    ];

    internal double Low => low;
    internal double High => high;

    /// <summary>The position of the lowest value on the page.</summary>
    internal double From { get; set; }

    /// <summary>The position of the highest value on the page.</summary>
    internal double To { get; set; }

    internal IReadOnlyList<Tick> Ticks { get; init; } = [];

    /// <summary>Whether two numbers are far enough apart for a scale between them.</summary>
    internal static bool HasExtent(double low, double high) =>
        high - low > Math.Max(Math.Max(Math.Abs(low), Math.Abs(high)) * 1e-11, MinPositive);

    /// <summary>
    /// Returns the time with a given number of ticks, clamped to the range of DateTime. A double cannot represent the
    /// ticks of DateTime.MaxValue.
    /// </summary>
    internal static DateTime TimeAt(double ticks) =>
        ticks >= DateTime.MaxValue.Ticks ? DateTime.MaxValue : new DateTime((long)Math.Max(0, ticks));

    /// <summary>Returns the smallest number of the form 1, 2 or 5 times a power of ten that is at least the given one.</summary>
    internal static double RoundStep(double least)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(least)));
        var rest = least / power;
        return power * (rest <= 1 + 1e-9 ? 1 : rest <= 2 + 1e-9 ? 2 : rest <= 5 + 1e-9 ? 5 : 10);
    }

    /// <summary>Creates an axis of numbers with approximately the given number of labels.</summary>
    /// <remarks><paramref name="isRound"/>: whether the axis extends to the next round number at both ends.</remarks>
    internal static Axis OfNumbers(double low, double high, double labels, bool isRound, double leastStep = 0)
    {
        if (!HasExtent(low, high))
        {
            var around = Math.Max(Math.Abs(low) * 0.1, Math.Abs(low) < 1e-290 ? 1 : 0);
            (low, high) = (low - around, high + around);
        }
        var step = Math.Max(leastStep, RoundStep((high - low) / Math.Max(1, labels)));
        if (isRound) (low, high) = (Math.Floor((low / step) + 1e-9) * step, Math.Ceiling((high / step) - 1e-9) * step);
        var (first, last) = (Math.Ceiling((low / step) - 1e-9), Math.Floor((high / step) + 1e-9));
        double[] values = [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => (first + i) * step)];
        var texts = NumberText.OfTicks(values, step);
        return new Axis(low, high) { Ticks = [.. values.Select((value, i) => new Tick(value, texts[i]))] };
    }

    /// <summary>Creates a logarithmic axis.</summary>
    /// <remarks><paramref name="low"/> must be positive.</remarks>
    internal static Axis OfPowers(double low, double high, double labels, bool isRound)
    {
        var (first, last) = (Math.Floor(Math.Log10(low) + 1e-9), Math.Ceiling(Math.Log10(high) - 1e-9));
        if (first == last) last++;
        if (isRound) (low, high) = (Math.Pow(10, first), Math.Pow(10, last));
        var step = (int)Math.Ceiling((last - first) / Math.Max(1, labels));
        double[] digits = last - first <= 2 ? [1, 2, 5] : [1];
        var values = from power in Enumerable.Range(0, (int)((last - first) / step) + 1)
                     from digit in digits
                     let value = digit * Math.Pow(10, first + (power * step))
                     where value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)
                     select new Tick(value, NumberText.OfTicks([value], value)[0]);
        return new Axis(low, high, isLog: true) { Ticks = [.. values] };
    }

    /// <summary>Creates an axis of dates, in ticks, with approximately the given number of labels.</summary>
    internal static Axis OfTimes(double low, double high, double labels, double leastStep = 0)
    {
        if (high - low < 10)
        {
            var around = (double)TimeSpan.TicksPerDay;
            (low, high) = (low - around, high + around);
        }
        (low, high) = (Math.Max(low, 0), Math.Min(high, DateTime.MaxValue.Ticks));
        var least = Math.Max(leastStep, (high - low) / Math.Max(1, labels));
        foreach (var span in Spans)
        {
            if (span.Ticks >= least) return new Axis(low, high) { Ticks = Labelled(Multiples(low, high, span), span) };
        }
        var months = least / (TimeSpan.TicksPerDay * 365.2425 / 12);
        var step = months <= 1 ? 1 : months <= 3 ? 3 : months <= 6 ? 6 : 12 * (int)RoundStep(Math.Max(1, months / 12));
        return new Axis(low, high) { Ticks = Labelled(Months(low, high, step), TimeSpan.FromDays(30.0 * step)) };
    }

    internal double At(double value)
    {
        var place = isLog ? (Math.Log10(value) - Math.Log10(low)) / (Math.Log10(high) - Math.Log10(low)) : (value - low) / (high - low);
        // Values far outside a given range are clamped to numbers that browsers can draw.
        return Math.Clamp(From + (place * (To - From)), -1e5, 1e5);
    }

    // Day 0 of the calendar was a Monday, so weeks begin on Mondays.
    private static IEnumerable<DateTime> Multiples(double low, double high, TimeSpan span)
    {
        for (var at = Math.Ceiling(low / span.Ticks) * span.Ticks; at <= high; at += span.Ticks) yield return TimeAt(at);
    }

    private static IEnumerable<DateTime> Months(double low, double high, int step)
    {
        var first = TimeAt(low);
        for (var month = ((first.Year * 12) + first.Month - 1) / step * step; month / 12 <= 9999; month += step)
        {
            if (month < 12) continue;
            var at = new DateTime(month / 12, (month % 12) + 1, 1);
            if (at.Ticks > high) yield break;
            if (at.Ticks >= low) yield return at;
        }
    }

    private static List<Tick> Labelled(IEnumerable<DateTime> times, TimeSpan span)
    {
        var (format, context) = span.TotalDays switch
        {
            >= 360 => ("yyyy", ""),
            >= 28 => ("MMM", "yyyy"),
            >= 1 => ("MMM d", "yyyy"),
            _ when span.TotalMinutes >= 1 => ("HH:mm", "MMM d, yyyy"),
            _ when span.TotalSeconds >= 1 => ("HH:mm:ss", "MMM d, yyyy"),
            _ => ("HH:mm:ss.fff", "MMM d, yyyy"),
        };
        var ticks = new List<Tick>();
        string? before = null;
        foreach (var time in times)
        {
            var around = context.Length == 0 ? null : time.ToString(context, CultureInfo.InvariantCulture);
            ticks.Add(new Tick(time.Ticks, time.ToString(format, CultureInfo.InvariantCulture), around == before ? null : around));
            before = around;
        }
        return ticks;
    }
}
