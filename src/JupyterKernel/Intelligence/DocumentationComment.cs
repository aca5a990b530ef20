using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace JupyterKernel.Intelligence;

/// <summary>
/// The parts of an XML documentation comment that a tooltip shows, as plain text. Source:
/// https://learn.microsoft.com/dotnet/csharp/language-reference/xmldoc/recommended-tags
/// </summary>
/// <param name="Parameters">The parameters, including type parameters.</param>
/// <param name="Exceptions">The exceptions, by type name.</param>
/// <param name="Inherits">
/// The id of the symbol whose documentation is inherited; empty for the overridden or implemented member; null if nothing is inherited.
/// </param>
internal sealed partial record DocumentationComment(
    string Summary, IReadOnlyList<(string Name, string Text)> Parameters, string Returns, string Remarks, string Example,
    IReadOnlyList<(string Name, string Text)> Exceptions, string? Inherits)
{
    /// <summary>An empty comment.</summary>
    public static readonly DocumentationComment None = new("", [], "", "", "", [], null);

    /// <summary>Parses the documentation of a symbol; returns an empty comment if it is empty or not well-formed.</summary>
    public static DocumentationComment Parse(string? xml)
    {
        if (string.IsNullOrWhiteSpace(xml)) return None;
        try
        {
            // Roslyn returns some comments with an outer element and some without.
            var root = XElement.Parse($"<doc>{xml}</doc>");
            var inherited = root.Descendants("inheritdoc").FirstOrDefault();
            return new(
                Part("summary"), [.. Parts("typeparam", "name"), .. Parts("param", "name")],
                Part("returns") is { Length: > 0 } returns ? returns : Part("value"),
                Part("remarks"), Part("example"), Parts("exception", "cref"),
                inherited is null || Part("summary").Length > 0 ? null : (string?)inherited.Attribute("cref") ?? "");

            string Part(string name) => Text(root.Descendants(name).FirstOrDefault());
            List<(string, string)> Parts(string name, string key) =>
                [.. root.Descendants(name).Select(part => (ShortName((string?)part.Attribute(key) ?? ""), Text(part)))
                    .Where(part => part.Item2.Length > 0)];
        }
        catch (XmlException)
        {
            return None;
        }
    }

    private static string Text(XElement? element)
    {
        if (element is null) return "";
        var text = new StringBuilder();
        foreach (var node in element.DescendantNodes())
        {
            _ = node switch
            {
                // In code elements, line breaks are kept.
                XText { Parent.Name.LocalName: "code" } code => text.Append('\n').Append(Unindented(code.Value)).Append('\n'),
                XText words => text.Append(Blanks().Replace(words.Value, " ")),
                XElement { Name.LocalName: "para" or "br" or "item" } => text.Append('\n'),
                XElement { IsEmpty: true } reference => text.Append(Target(reference)),
                _ => text,
            };
        }

        return string.Join('\n', text.ToString().Split('\n').Select(line => line.TrimEnd())).Trim('\n', ' ');
    }

    private static string Unindented(string code)
    {
        var lines = code.ReplaceLineEndings("\n").Trim('\n').TrimEnd().Split('\n');
        var indent = lines.Where(line => line.Trim().Length > 0)
            .Select(line => line.Length - line.TrimStart().Length).DefaultIfEmpty().Min();
        return string.Join('\n', lines.Select(line => "    " + (line.Length >= indent ? line[indent..] : "")));
    }

    private static string Target(XElement reference) =>
        ShortName((string?)reference.Attribute("cref") ?? (string?)reference.Attribute("name")
            ?? (string?)reference.Attribute("langword") ?? "");

    // A target is `T:System.Collections.Generic.List`1`, `M:System.Console.WriteLine(System.String)`, a name or a keyword.
    private static string ShortName(string target) => target.Split('(')[0].Split(':')[^1].Split('.')[^1].Split('`')[0];

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
