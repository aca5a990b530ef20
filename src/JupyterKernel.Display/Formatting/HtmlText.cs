using System.Net;
using System.Text;

namespace JupyterKernel.Display.Formatting;

/// <summary>Converts HTML to plain text for clients that display only text: without tags and scripts, with a line for each block.</summary>
internal static class HtmlText
{
    private const int LimitChars = 10_000;

    /// <summary>Creates a bundle of HTML and its plain text.</summary>
    internal static MimeBundle BundleOf(string html) => MimeBundle.Html(html, Of(html));

    internal static string Of(string html)
    {
        var text = new StringBuilder();
        var at = 0;
        while (at < html.Length && text.Length < LimitChars)
        {
            if (html[at] == '<' && at + 1 < html.Length && (char.IsAsciiLetter(html[at + 1]) || html[at + 1] is '/' or '!' or '?'))
            {
                at = SkipTag(html, at, text);
                continue;
            }
            var end = at + 1;
            while (end < html.Length && html[end] != '<' && end - at < LimitChars) end++;
            AppendText(text, WebUtility.HtmlDecode(html[at..end]));
            at = end;
        }
        if (at < html.Length) text.Append('…');
        return text.ToString().Trim();
    }

    private static int SkipTag(string html, int at, StringBuilder text)
    {
        if (html.AsSpan(at).StartsWith("<!--")) return After(html, "-->", at + 4);
        var nameStart = at + (html[at + 1] == '/' ? 2 : 1);
        var nameEnd = nameStart;
        while (nameEnd < html.Length && char.IsAsciiLetterOrDigit(html[nameEnd])) nameEnd++;
        var closes = nameStart > at + 1;
        switch (html[nameStart..nameEnd].ToLowerInvariant())
        {
            case ("script" or "style") and var name when !closes:
                at = html.IndexOf("</" + name, nameEnd, StringComparison.OrdinalIgnoreCase);
                return at < 0 ? html.Length : After(html, ">", at);
            case "td" or "th" when !closes && text.Length > 0 && text[^1] != '\n':
                text.Append('\t');
                break;
            case "br" or "p" or "div" or "tr" or "li" or "table" or "pre" or "h1" or "h2" or "h3" or "h4" or "h5" or "h6"
                when text.Length > 0 && text[^1] != '\n':
                text.Append('\n');
                break;
        }
        return After(html, ">", nameEnd);
    }

    private static void AppendText(StringBuilder text, string content)
    {
        foreach (var c in content)
        {
            if (!char.IsWhiteSpace(c)) text.Append(c);
            else if (text.Length > 0 && !char.IsWhiteSpace(text[^1])) text.Append(' ');
        }
    }

    private static int After(string html, string mark, int from)
    {
        var at = html.IndexOf(mark, from, StringComparison.Ordinal);
        return at < 0 ? html.Length : at + mark.Length;
    }
}
