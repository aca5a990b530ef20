using Newtonsoft.Json.Linq;

namespace JupyterKernel.NotebookFiles;

/// <summary>
/// Converts texts to and from the lists of lines in which Jupyter stores them, for line-based version control.
/// Source: https://nbformat.readthedocs.io/en/latest/format_description.html
/// </summary>
internal static class MultilineText
{
    // The line ends of Python's str.splitlines, which Jupyter uses; splitting differently would cause differences in version control.
    private static readonly System.Buffers.SearchValues<char> LineEnds =
        System.Buffers.SearchValues.Create("\n\r\v\f\u001c\u001d\u001e\u0085\u2028\u2029");

    /// <summary>Splits a text into lines, each including its line end.</summary>
    public static JArray Split(string text)
    {
        var lines = new JArray();
        for (var start = 0; start < text.Length;)
        {
            var end = text.AsSpan(start).IndexOfAny(LineEnds) + start + 1;
            if (end == start) end = text.Length;
            else if (text[end - 1] == '\r' && end < text.Length && text[end] == '\n') end++;
            lines.Add(text[start..end]);
            start = end;
        }

        return lines;
    }

    /// <summary>Joins a text that is stored as one string or as a list of lines.</summary>
    public static string Join(JToken? text) => text switch
    {
        JArray lines => string.Concat(lines.OfType<JValue>().Select(line => (string?)line)),
        JValue { Type: JTokenType.String } value => (string)value!,
        _ => "",
    };

    /// <summary>Converts a MIME bundle to the form in notebook files: sorted, with texts split; base64 and JSON are unchanged.</summary>
    public static JObject SplitBundle(JObject bundle)
    {
        var split = new JObject();
        foreach (var (mime, value) in bundle.Properties().OrderBy(item => item.Name, StringComparer.Ordinal)
            .Select(item => (item.Name, item.Value)))
        {
            var isText = mime.StartsWith("text/", StringComparison.Ordinal) || mime is "application/javascript" or "image/svg+xml";
            split[mime] = isText && value is JValue { Type: JTokenType.String } ? Split((string)value!) : value;
        }

        return split;
    }
}
