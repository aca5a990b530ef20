using System.Security;
using System.Text;
using JupyterKernel.Display.Formatting;

namespace JupyterKernel.Display.Plots;

/// <summary>Fits text into a chart: cuts it, estimates its width and encodes it for XML.</summary>
internal static class LabelText
{
    /// <summary>Cuts a text to one line with at most the given number of characters.</summary>
    internal static string Cut(string text, int chars = 40)
    {
        var line = text.AsSpan(0, Math.Min(text.Length, chars * 2)).ToString().ReplaceLineEndings(" ").Replace('\t', ' ').Trim();
        return line.Length <= chars ? line : CutText.Of(line, chars)[..^1].TrimEnd() + "…";
    }

    /// <summary>Encodes a text as the content of an element or an attribute.</summary>
    internal static string Escaped(string text)
    {
        var clean = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1])) clean.Append(text[i]).Append(text[++i]);
            // XML cannot represent these characters.
            else if (char.IsSurrogate(text[i]) || (text[i] < ' ' && text[i] is not ('\n' or '\t')) || text[i] is '\uFFFE' or '\uFFFF')
                clean.Append('\uFFFD');
            else clean.Append(text[i]);
        }
        return SecurityElement.Escape(clean.ToString());
    }

    /// <summary>Returns the estimated maximum width of a text, in the units of the font size, for wide fonts.</summary>
    internal static double Width(string text, double fontSize)
    {
        var ems = 0.0;
        foreach (var rune in text.EnumerateRunes())
        {
            ems += rune.Value switch
            {
                'i' or 'j' or 'l' or 'f' or 't' or 'r' or '.' or ',' or ':' or ';' or '!' or '\''
                    or '|' or '(' or ')' or '[' or ']' or ' ' =>
                    0.37,
                'm' or 'w' or 'M' or 'W' or '@' or '%' => 0.97,
                >= 'A' and <= 'Z' => 0.72,
                < 0x1100 => 0.63,
                _ => 1.05,
            };
        }
        return ems * fontSize;
    }

    /// <summary>Cuts a text to a maximum width.</summary>
    internal static string Fitted(string text, double fontSize, double width)
    {
        var fitted = Cut(text, 200);
        while (fitted.Length > 1 && Width(fitted, fontSize) > width) fitted = Cut(fitted, fitted.Length - 1);
        return fitted;
    }
}
