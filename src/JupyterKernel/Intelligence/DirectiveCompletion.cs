using System.Text.RegularExpressions;
using JupyterKernel.Packages;

namespace JupyterKernel.Intelligence;

/// <summary>Completes the arguments of directives: paths, packages and package versions. Any thread.</summary>
internal static partial class DirectiveCompletion
{
    private const int MaxPackages = 50;

    private static readonly string[] Frameworks = ["Microsoft.AspNetCore.App", "Microsoft.WindowsDesktop.App"];

    /// <summary>Returns the completions at the cursor; null if the cursor is not in a known directive.</summary>
    public static async Task<CompletionList?> CompleteAsync(string code, int index, PackageNames packages, CancellationToken cancellation)
    {
        var lineStart = index == 0 ? 0 : code.LastIndexOfAny(['\r', '\n'], index - 1) + 1;
        if (Directive().Match(code[lineStart..index]) is not { Success: true } directive) return null;
        if (directive.Groups["version"] is { Success: true, Value: var version })
        {
            // The feed's order: latest version first.
            var versions = await packages.VersionsAsync(directive.Groups["id"].Value.Trim(), cancellation);
            return new(
                [.. versions.Where(known => known.StartsWith(version, StringComparison.OrdinalIgnoreCase)).Take(MaxPackages)
                    .Select(known => new CompletionItem(known, "version", ""))], index - version.Length, index);
        }

        if (directive.Groups["id"] is { Success: true, Value: var id })
        {
            var ids = await packages.IdsAsync(id, cancellation);
            return new([.. ids.Take(MaxPackages).Select(known => new CompletionItem(known.Id, "package", known.Description))],
                index - id.Length, index);
        }

        if (directive.Groups["framework"] is { Success: true, Value: var framework })
            return new(
                [.. Frameworks.Where(known => known.StartsWith(framework, StringComparison.OrdinalIgnoreCase))
                    .Select(known => new CompletionItem(known, "framework", ""))], index - framework.Length, index);
        return FilePaths.Complete(directive.Groups["path"].Value, index,
            directive.Groups["kind"].Value == "r" ? [".dll", ".exe", ".csproj"] : [".csx", ".cs"]);
    }

    [GeneratedRegex("""
        ^\s*\#\s*(
            (?<kind>r)\s+"\s*nuget\s*:\s*(?<id>[^"/,]*?)(\s*[,/]\s*(?<version>[^"]*))?
          | (?<kind>r)\s+"\s*framework\s*:\s*(?<framework>[^"]*)
          | :package\s+(?<id>[^\s@]*)(@(?<version>\S*))?
          | (?<kind>r|load)\s+"(?<path>[^"]*)
        )$
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture)]
    private static partial Regex Directive();
}
