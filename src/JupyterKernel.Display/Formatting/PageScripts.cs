using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace JupyterKernel.Display.Formatting;

/// <summary>
/// Makes the scripts of HTML pages that libraries create run in order. A browser that loads a page does so by itself. A front end that
/// inserts the page into another one does not wait for downloads, so the script of a chart would run before its library.
/// </summary>
internal static partial class PageScripts
{
    /// <summary>
    /// Runs each script when the previous ones have been loaded. Meanwhile it hides a module loader (as in the classic Notebook), because a
    /// library would register with the loader instead of the page; the pages' own scripts do the same.
    /// </summary>
    private const string Loader = """
        (scripts => {
          const next = () => {
            const script = scripts.shift();
            if (!script) return;
            const element = document.createElement('script');
            if (script.type) element.type = script.type;
            if (script.src) {
              element.onload = element.onerror = () => { if (define) window.define = define; next(); };
              const define = window.define?.amd ? window.define : null;
              if (define) window.define = undefined;
              element.src = script.src;
            } else {
              element.textContent = script.text;
            }
            document.head.append(element);
            if (!script.src) next();
          };
          next();
        })(
        """;

    /// <summary>
    /// Rewrites a page so that its scripts run in order when it is inserted into another page. A page that downloads no
    /// script is returned unchanged.
    /// </summary>
    internal static string InOrder(string html)
    {
        var scripts = new JsonArray();
        var loads = false;
        var rest = Script().Replace(html, match =>
        {
            var type = Attribute(match, "type");
            if (type is not ("" or "text/javascript" or "application/javascript" or "module")) return match.Value;
            var source = Attribute(match, "src");
            loads |= source.Length > 0;
            var script = source.Length > 0 ? new JsonObject { ["src"] = source } : new JsonObject { ["text"] = match.Groups["text"].Value };
            if (type == "module") script["type"] = type;
            scripts.Add(script);
            return "";
        });

        // The serializer escapes "</script>".
        return loads ? $"{rest}<script>{Loader}{scripts.ToJsonString()});</script>" : html;
    }

    private static string Attribute(Match script, string name) =>
        Regex.Match(
            script.Groups["attributes"].Value,
            $"""\b{name}\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""",
            RegexOptions.IgnoreCase) is { Success: true } found
            ? System.Net.WebUtility.HtmlDecode(string.Concat(found.Groups.Values.Skip(1).Select(group => group.Value))) : "";

    [GeneratedRegex("""<script\b(?<attributes>[^>]*)>(?<text>.*?)</script\s*>""", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex Script();
}
