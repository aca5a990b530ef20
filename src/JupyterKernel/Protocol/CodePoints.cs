namespace JupyterKernel.Protocol;

/// <summary>
/// Converts cursor positions: the protocol counts Unicode code points, .NET counts UTF-16 units.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#cursor-pos-unicode-note
/// </summary>
public static class CodePoints
{
    /// <summary>Converts a position in code points to a UTF-16 index, clamped to the text.</summary>
    public static int ToIndex(string text, int codePoints)
    {
        var index = 0;
        for (; codePoints > 0 && index < text.Length; codePoints--) index += WidthAt(text, index);
        return index;
    }

    /// <summary>Converts a UTF-16 index to a position in code points.</summary>
    public static int FromIndex(string text, int index)
    {
        var codePoints = 0;
        for (var at = 0; at < Math.Min(index, text.Length); at += WidthAt(text, at)) codePoints++;
        return codePoints;
    }

    private static int WidthAt(string text, int index) =>
        char.IsHighSurrogate(text[index]) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]) ? 2 : 1;
}
