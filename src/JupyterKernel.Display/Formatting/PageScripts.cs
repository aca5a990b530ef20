using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace JupyterKernel.Display.Formatting;

/// <summary>
/// Scripts of HTML pages that libraries make. A browser that loads a page runs them in order; a front end that inserts the page into
/// another one does not wait for scripts that are downloaded, so that a chart's script would run before its library.
/// </summary>
internal static partial class PageScripts
{
    /// <summary>
    /// Runs each script when the previous ones have loaded. A library would register itself with a module loader (the classic Notebook has
    /// one) instead of the page, so the loader is hidden meanwhile, as the pages' own scripts do.
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
    /// Rewrites a page so that its scripts run in order wherever it is inserted. A page that downloads no script is returned unchanged.
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

        // The serializer encodes "</script>".
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
