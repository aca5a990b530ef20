using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Hosting;

namespace JupyterKernel.Display.Formatting;

/// <summary>Formats values without parts. Uses no reflection, because the first cell waits for this code.</summary>
internal static class Scalars
{
    /// <summary>Formats a value that is not inside another one; strings and characters are unchanged.</summary>
    internal static bool TryFormat(object? value, [NotNullWhen(true)] out string? text)
    {
        text = value switch
        {
            null => "null",
            string alone => CutText.Of(alone),
            char alone => alone.ToString(),
            bool truth => truth ? "True" : "False",
            // Readable formats from which Parse restores the same value.
            DateTime time => time.ToString("yyyy-MM-dd HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture),
            DateTimeOffset time => time.ToString("yyyy-MM-dd HH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture),
            DateOnly date => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            TimeOnly time => time.ToString("HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture),
            DBNull => "DBNull",
            Type type => TypeNames.Of(type),
            ValueType and IFormattable formattable => Formatted(formattable),
            _ => null,
        };
        return text is not null;
    }

    /// <summary>Returns a string or a character with quotation marks, for use inside other values.</summary>
    internal static string Quoted(object text) => text is string several ? Quoted(several, '"') : Quoted(((char)text).ToString(), '\'');

    private static string? Formatted(IFormattable value)
    {
        try
        {
            return value.ToString(null, CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (!NotebookHost.IsInterruption(exception))
        {
            return FaultText.Of(exception);
        }
    }

    private static string Quoted(string text, char quote)
    {
        var maxChars = Math.Min(text.Length, FormatLimits.StructureChars);
        var quoted = new StringBuilder(maxChars + 2).Append(quote);
        foreach (var c in text.AsSpan(0, maxChars))
        {
            _ = c switch
            {
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                '\0' => quoted.Append("\\0"),
                '\\' => quoted.Append("\\\\"),
                _ when c == quote => quoted.Append('\\').Append(c),
                _ when char.IsControl(c) => quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => quoted.Append(c),
            };
        }
        return quoted.Append(maxChars < text.Length ? "…" : "").Append(quote).ToString();
    }
}
