using System.Globalization;

namespace JupyterKernel.Display.Formatting;

/// <summary>Cuts text to a length, without splitting a surrogate pair.</summary>
internal static class CutText
{
    /// <summary>
    /// Returns at most <see cref="FormatLimits.TextChars"/> characters of a text, followed by the number of omitted characters.
    /// </summary>
    internal static string Of(string text)
    {
        if (text.Length <= FormatLimits.TextChars) return text;
        var beginning = Beginning(text, FormatLimits.TextChars);
        return string.Create(CultureInfo.InvariantCulture, $"{beginning}… ({text.Length - beginning.Length:N0} more characters)");
    }

    /// <summary>Returns at most a given number of characters; the last one is an ellipsis if the text was longer.</summary>
    internal static string Of(string text, int maxChars) => text.Length <= maxChars ? text : $"{Beginning(text, maxChars - 1)}…";

    private static ReadOnlySpan<char> Beginning(string text, int chars)
    {
        var end = Math.Max(0, chars);
        return text.AsSpan(0, end > 0 && char.IsHighSurrogate(text[end - 1]) ? end - 1 : end);
    }
}
