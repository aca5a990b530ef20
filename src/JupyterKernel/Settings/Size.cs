using System.Globalization;

namespace JupyterKernel.Settings;

/// <summary>Parses and formats memory sizes such as <c>600 MB</c> and <c>1.5GB</c>; each unit is 1024 times the previous one.</summary>
internal static class Size
{
    private static readonly string[] Units = ["B", "KB", "MB", "GB", "TB"];

    /// <summary>Returns the number of bytes; null if the text is not a valid size or less than 1 MB.</summary>
    public static long? Parse(string text)
    {
        var digits = text.TrimEnd().TrimEnd([.. "KMGTBkmgtbi"]);
        var unit = text.Trim()[digits.Trim().Length..].Trim().ToUpperInvariant().Replace("I", "", StringComparison.Ordinal);
        if (unit.Length == 1 && unit != "B") unit += "B";
        var power = Array.IndexOf(Units, unit);
        if (power < 0
            || !double.TryParse(digits, NumberStyles.AllowDecimalPoint | NumberStyles.AllowTrailingWhite | NumberStyles.AllowLeadingWhite,
                CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }
        var bytes = number * Math.Pow(1024, power);
        return bytes is >= 1024 * 1024 and < long.MaxValue ? (long)bytes : null;
    }

    /// <summary>Formats a size in a suitable unit.</summary>
    public static string Format(long bytes)
    {
        double number = bytes;
        var unit = 0;
        for (; number >= 1000 && unit < Units.Length - 1; unit++) number /= 1024;
        return string.Create(CultureInfo.InvariantCulture, $"{number:0.#} {Units[unit]}");
    }
}
