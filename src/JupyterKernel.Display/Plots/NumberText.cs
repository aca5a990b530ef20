using System.Globalization;

namespace JupyterKernel.Display.Plots;

/// <summary>Formats the numbers in charts: short, and the same in every culture.</summary>
internal static class NumberText
{
    private static readonly (double Unit, string Suffix)[] Suffixes = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")];

    /// <summary>Formats a single value for tooltips: <c>1,234.5</c>, <c>1.2e-7</c>.</summary>
    internal static string Of(double value) => Math.Abs(value) switch
    {
        double.NaN => "NaN",
        0 => "0",
        >= 1e15 or < 1e-4 => value.ToString("0.#####e0", CultureInfo.InvariantCulture),
        >= 1e4 => value.ToString("#,0.##", CultureInfo.InvariantCulture),
        >= 1 => value.ToString("0.####", CultureInfo.InvariantCulture),
        _ => value.ToString("0.#####", CultureInfo.InvariantCulture),
    };

    /// <summary>Formats a value without commas, because it may be a year or an identifier.</summary>
    internal static string Plain(double value) => double.IsNaN(value) ? "" : Of(value).Replace(",", "", StringComparison.Ordinal);

    /// <summary>Returns the labels of an axis, all in the same unit and with the digits that distinguish adjacent labels.</summary>
    internal static string[] OfTicks(IReadOnlyList<double> values, double step)
    {
        var greatest = values.Select(Math.Abs).DefaultIfEmpty(0).Max();
        var format = Format(greatest, step, out var unit, out var suffix);
        return [.. values.Select(value => Math.Abs(value) < step * 1e-6 ? "0"
            : (value / unit).ToString(format, CultureInfo.InvariantCulture).Replace('-', '−') + suffix)];
    }

    private static string Format(double greatest, double step, out double unit, out string suffix)
    {
        (unit, suffix) = (1, "");
        if (greatest is >= 1e15 or < 1e-4 and > 0)
            return "0." + new string('#', Math.Clamp((int)(Math.Floor(Math.Log10(greatest)) - Math.Floor(Math.Log10(step))), 0, 12)) + "e0";
        if (greatest < 1e4) return "F" + Decimals(step);
        (unit, suffix) = Suffixes.First(entry => greatest >= entry.Unit);
        if (Decimals(step / unit) <= 2) return "0." + new string('#', Decimals(step / unit));
        (unit, suffix) = (1, "");
        return "N" + Decimals(step);
    }

    private static int Decimals(double step) => Math.Clamp((int)-Math.Floor(Math.Log10(step) + 1e-9), 0, 15);
}
