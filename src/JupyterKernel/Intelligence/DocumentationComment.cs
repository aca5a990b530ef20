using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace JupyterKernel.Intelligence;

/// <summary>
/// The parts of an XML documentation comment that a tooltip shows, as plain text.
/// Source: https://learn.microsoft.com/dotnet/csharp/language-reference/xmldoc/recommended-tags
/// </summary>
internal sealed partial record DocumentationComment(
    string Summary, IReadOnlyList<(string Name, string Text)> Parameters, string Returns, string Remarks)
{
    public static readonly DocumentationComment None = new("", [], "", "");

    /// <summary>Reads what Roslyn gives for a symbol; nothing where that is empty or not well formed.</summary>
    public static DocumentationComment Parse(string? xml)
    {
        if (string.IsNullOrWhiteSpace(xml)) return None;
        try
        {
            // Roslyn gives some comments with an outer element and some without.
            var root = XElement.Parse($"<doc>{xml}</doc>");
            string Part(string name) => Text(root.Descendants(name).FirstOrDefault());
            return new(
                Part("summary"),
                [.. root.Descendants("param").Select(p => (p.Attribute("name")?.Value ?? "", Text(p))).Where(p => p.Item2.Length > 0)],
                Part("returns"), Part("remarks"));
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
                XText words => text.Append(Blanks().Replace(words.Value, " ")),
                XElement { Name.LocalName: "para" or "br" or "item" } => text.Append('\n'),
                XElement { IsEmpty: true } reference => text.Append(Target(reference)),
                _ => text,
            };
        }
        return string.Join('\n', text.ToString().Split('\n', StringSplitOptions.TrimEntries)).Trim();
    }

    // A reference is `T:System.Collections.Generic.List`1`, `M:System.Console.WriteLine(System.String)`, a name or a word.
    private static string Target(XElement reference)
    {
        var target = ((string?)reference.Attribute("cref") ?? (string?)reference.Attribute("name") ?? (string?)reference.Attribute("langword") ?? "")
            .Split('(')[0];
        return target.Split(':')[^1].Split('.')[^1].Split('`')[0];
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
