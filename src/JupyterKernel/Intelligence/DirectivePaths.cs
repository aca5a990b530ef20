using System.Text.RegularExpressions;

namespace JupyterKernel.Intelligence;

/// <summary>Completes file paths in <c>#r "…"</c> and <c>#load "…"</c>.</summary>
internal static partial class DirectivePaths
{
    private const int MaxEntries = 1000;

    /// <summary>Null where the cursor is not in the path of such a directive.</summary>
    public static CompletionList? Complete(string code, int index)
    {
        var lineStart = index == 0 ? 0 : code.LastIndexOfAny(['\r', '\n'], index - 1) + 1;
        if (Directive().Match(code[lineStart..index]) is not { Success: true } directive) return null;

        var typed = directive.Groups["path"].Value;
        var nameStart = typed.LastIndexOfAny(OperatingSystem.IsWindows() ? ['/', '\\'] : ['/']) + 1;
        var name = typed[nameStart..];
        string[] extensions = directive.Groups["kind"].Value == "r" ? [".dll", ".exe"] : [".csx", ".cs"];
        var items = Entries(typed[..nameStart], extensions)
            .Select(entry => (Match: NameMatching.Match(name, entry), entry))
            .Where(e => e.Match < NameMatch.Humps && (e.entry[0] != '.' || name.StartsWith('.')))
            .OrderBy(e => e.Match).ThenBy(e => e.entry, StringComparer.Ordinal)
            .Select(e => new CompletionItem(e.entry, "path", ""));
        return new CompletionList([.. items], index - name.Length, index);
    }

    private static IEnumerable<string> Entries(string folder, string[] extensions)
    {
        try
        {
            return [.. new DirectoryInfo(folder.Length == 0 ? "." : folder).EnumerateFileSystemInfos()
                .Where(e => e is DirectoryInfo || extensions.Contains(e.Extension, StringComparer.OrdinalIgnoreCase))
                .Select(e => e is DirectoryInfo ? e.Name + "/" : e.Name)
                .Take(MaxEntries)];
        }
        // A folder that is not there, may not be read, or has an impossible name holds nothing.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException or System.Security.SecurityException)
        {
            return [];
        }
    }

    [GeneratedRegex("""^\s*#\s*(?<kind>r|load)\s+"(?<path>[^"]*)$""")]
    private static partial Regex Directive();
}
