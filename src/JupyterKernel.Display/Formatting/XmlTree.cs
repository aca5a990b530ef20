using System.Net;
using System.Text;
using System.Xml.Linq;

namespace JupyterKernel.Display.Formatting;

/// <summary>Writes XML as HTML in which elements collapse without a script.</summary>
internal static class XmlTree
{
    private const int MaxNodes = 2_000;
    private const int MaxLevels = 50;

    internal static string Of(XElement root)
    {
        var html = new StringBuilder();
        var left = MaxNodes;
        Write(root, html, MaxLevels, ref left);
        if (left <= 0) html.Append("<div>…</div>");
        return html.ToString();
    }

    private static void Write(XElement element, StringBuilder html, int levels, ref int left)
    {
        if (--left <= 0) return;
        var tag = new StringBuilder("&lt;<b>").Append(Name(element, element.Name)).Append("</b>");
        foreach (var attribute in element.Attributes())
            tag.Append(' ').Append(Name(element, attribute.Name)).Append("=\"").Append(Encoded(attribute.Value)).Append('"');
        if (element.IsEmpty)
        {
            html.Append("<div>").Append(tag).Append("/&gt;</div>");
            return;
        }
        var end = $"&lt;/<b>{Name(element, element.Name)}</b>&gt;";
        if (!element.HasElements || levels == 0)
        {
            html.Append("<div>").Append(tag).Append("&gt;").Append(Encoded(element.Value)).Append(end).Append("</div>");
            return;
        }
        html.Append("<details").Append(levels > MaxLevels - 3 ? " open" : "")
            .Append("><summary style=\"display:list-item;cursor:pointer\">").Append(tag)
            .Append("&gt;</summary><div style=\"margin-left:1.5em\">");
        foreach (var node in element.Nodes())
        {
            if (left <= 0) break;
            if (node is XElement inner) Write(inner, html, levels - 1, ref left);
            else if (--left > 0)
                html.Append("<div style=\"opacity:.7\">").Append(Encoded(node is XText text ? text.Value.Trim() : node.ToString()))
                    .Append("</div>");
        }
        html.Append("</div>").Append(end).Append("</details>");
    }

    private static string Name(XElement scope, XName name) =>
        Encoded(name.Namespace == XNamespace.None
            || scope.GetPrefixOfNamespace(name.Namespace) is not { } prefix ? name.LocalName : $"{prefix}:{name.LocalName}");

    private static string Encoded(string text) => WebUtility.HtmlEncode(CutText.Of(text, 1_000));
}
