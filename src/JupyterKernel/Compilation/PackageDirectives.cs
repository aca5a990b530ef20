using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Compilation;

/// <summary>The kinds of package directives.</summary>
internal enum PackageDirectiveKind
{
    /// <summary><c>#r "nuget: Id, version"</c>, <c>#:package Id@version</c>.</summary>
    Package,

    /// <summary><c>#i "nuget: source"</c>.</summary>
    Source,

    /// <summary><c>#r "framework: Name"</c>, or the framework of an <c>#:sdk</c> line.</summary>
    Framework,

    /// <summary><c>#r "path.csproj"</c>, <c>#:project path</c>.</summary>
    Project,

    /// <summary><c>#:property Name=Value</c>.</summary>
    Property,

    /// <summary>A malformed line that looks like one of the others.</summary>
    Malformed,
}

/// <summary>A line of a cell that references a package, source, framework, project or property.</summary>
/// <param name="Name">
/// The package id, the source, the name of the framework, the path of the project or the name of the property; for a malformed
/// line, the error message.
/// </param>
/// <param name="Value">The version range of the package or the value of the property; null if there is none.</param>
internal sealed record PackageDirective(PackageDirectiveKind Kind, string Name, string? Value = null);

/// <summary>
/// Reads the lines of a cell that reference packages, projects and frameworks. They may be anywhere in the cell, and are removed before
/// compilation. Any thread.
/// Source: https://learn.microsoft.com/dotnet/core/sdk/file-based-apps, and for <c>#r "nuget:"</c> nuget-overview.md of .NET Interactive
/// </summary>
internal static partial class PackageDirectives
{
    private const int MaxIdLength = 100;
    private const long MaxLoadedBytes = 10_000_000;

    /// <summary>The frameworks for <c>#:sdk</c> lines; of an SDK, which is a set of build files, a cell needs only the framework.</summary>
    private static readonly Dictionary<string, string?> FrameworkOfSdk = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Microsoft.NET.Sdk"] = null,
        ["Microsoft.NET.Sdk.Web"] = "Microsoft.AspNetCore.App",
        ["Microsoft.NET.Sdk.Worker"] = null,
    };

    /// <summary>Whether the spelling of a cell shows that it may have directives, or load a file that has some.</summary>
    public static bool MayBeIn(string code) => MayHave(code) || code.Contains("#load", StringComparison.Ordinal);

    /// <summary>
    /// Returns the directives in a cell's text and in the files that it loads, in order. Needs a deep stack, because it parses the code.
    /// </summary>
    /// <param name="baseDirectory">The directory that relative paths refer to.</param>
    public static IReadOnlyList<PackageDirective> In(string code, string baseDirectory)
    {
        if (Nesting.IsTooDeep(code, Nesting.DeepStack)) return [];
        var directives = new List<PackageDirective>();
        var seen = new HashSet<string>();
        Collect(code, baseDirectory);
        return directives;

        void Collect(string text, string directory)
        {
            foreach (var line in Directives(text))
            {
                if (line.GetStructure() is LoadDirectiveTriviaSyntax { File.ValueText: var file })
                {
                    if (Read(file, directory, seen) is { } loaded) Collect(loaded.Text, loaded.Directory);
                }
                else if (Parse(LineAt(text, line.SpanStart)) is { } directive)
                {
                    // A path is relative to the file that contains it.
                    directives.Add(directive.Kind == PackageDirectiveKind.Project
                        ? directive with { Name = Path.GetFullPath(directive.Name, directory) } : directive);
                }
            }
        }
    }

    /// <summary>Replaces directives with blanks, so that positions do not change.</summary>
    public static string Blank(string code)
    {
        var lines = Lines(code).ToList();
        if (lines.Count == 0) return code;
        var text = code.ToCharArray();
        foreach (var (_, start, length) in lines) Array.Fill(text, ' ', start, length);
        return new(text);
    }

    private static IEnumerable<(PackageDirective Directive, int Start, int Length)> Lines(string code)
    {
        if (!MayHave(code)) yield break;

        // Text inside a string or a comment can look like a directive.
        foreach (var trivia in Directives(code))
        {
            var line = LineAt(code, trivia.SpanStart);
            if (Parse(line) is { } directive) yield return (directive, trivia.SpanStart, line.Length);
        }
    }

    private static IEnumerable<SyntaxTrivia> Directives(string code) =>
        CSharpSyntaxTree.ParseText(code, CellCompiler.ParseOptions).GetRoot()
        .DescendantTrivia().Where(trivia => trivia.IsDirective && trivia.GetStructure() is DirectiveTriviaSyntax { IsActive: true });

    private static string LineAt(string text, int start)
    {
        var length = text.AsSpan(start).IndexOfAny('\r', '\n');
        return length < 0 ? text[start..] : text.Substring(start, length);
    }

    /// <summary>Reads a loaded file, once; returns null if the compiler will report the error.</summary>
    private static (string Text, string Directory)? Read(string file, string directory, HashSet<string> seen)
    {
        try
        {
            var path = Path.GetFullPath(file, directory);
            return seen.Add(path) && new FileInfo(path) is { Exists: true, Length: < MaxLoadedBytes }
                ? (File.ReadAllText(path), Path.GetDirectoryName(path)!) : null;
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    private static bool MayHave(string code)
    {
        for (var at = code.IndexOf('#', StringComparison.Ordinal); at >= 0; at = code.IndexOf('#', at + 1))
        {
            var rest = code.AsSpan(at + 1).TrimStart(" \t");
            if (rest.StartsWith(":")) return true;
            if (rest.Length < 2 || rest[0] is not ('r' or 'i')) continue;

            // The target is in quotes of any kind, or has no quotes, which is an error.
            rest = rest[1..].TrimStart(" \t");
            if (rest.Length > 0
                && (!char.IsAsciiLetter(rest[0]) || rest.StartsWith("nuget", StringComparison.OrdinalIgnoreCase)
                    || rest.StartsWith("framework", StringComparison.OrdinalIgnoreCase)))
            {
                return true;
            }
        }

        return false;
    }

    private static PackageDirective? Parse(string line)
    {
        if (Loose().Match(line) is { Success: true } loose && !(loose.Groups["colon"].Success && Quoted().IsMatch(line)))
            return Misspelled(loose);
        if (Quoted().Match(line) is { Success: true } quoted)
        {
            var target = quoted.Groups["target"].Value.Trim();
            var isReference = quoted.Groups["word"].Value == "r";
            if (Scheme(target, "nuget:") is { } nuget)
            {
                return isReference ? Package(nuget)
                    : nuget.Length > 0 ? new(PackageDirectiveKind.Source, nuget)
                    : Malformed("The package source is missing. Write its address or folder: #i \"nuget: https://…\"");
            }

            if (isReference && Scheme(target, "framework:") is { } framework)
            {
                return PackageId().IsMatch(framework) ? new(PackageDirectiveKind.Framework, framework)
                    : Malformed($"'{framework}' is not a framework. Use a name such as Microsoft.AspNetCore.App.");
            }
            if (isReference && target.EndsWith("proj", StringComparison.OrdinalIgnoreCase))
                return new(PackageDirectiveKind.Project, target);
            return isReference ? null
                : Malformed($"#i needs a package source. Write: #i \"nuget: {(target.Length > 0 ? target : "https://…")}\"");
        }

        if (FileBased().Match(line) is not { Success: true } match) return null;
        var value = match.Groups["value"].Value.Trim();
        switch (match.Groups["word"].Value)
        {
            case "package":
                return Package(value.Replace('@', ','));
            case "project":
                return value.Length > 0 ? new(PackageDirectiveKind.Project, value) : Malformed("#:project needs the path of a project.");
            case "property":
                return value.Split('=', 2) is [var name, var set] && PropertyName().IsMatch(name.Trim())
                    ? new(PackageDirectiveKind.Property, name.Trim(), set.Trim()) : Malformed("#:property needs Name=Value.");
            case "sdk":
                return FrameworkOfSdk.TryGetValue(value.Split('@')[0].Trim(), out var framework)
                    ? new(PackageDirectiveKind.Framework, framework ?? "Microsoft.NETCore.App")
                    : Malformed($"SDK '{value}' is not supported in a cell. Use one of: {string.Join(", ", FrameworkOfSdk.Keys)}.");
            default:
                return Malformed(
                    $"Unknown directive '#:{match.Groups["word"].Value}'. Use #:package Id@version, #:project path, #:property Name=Value "
                        + "or #:sdk Name.");
        }
    }

    private static PackageDirective Package(string text)
    {
        var cut = text.IndexOfAny([',', '/']);
        var id = (cut < 0 ? text : text[..cut]).Trim();
        var version = cut < 0 ? "" : text[(cut + 1)..].Trim();
        if (id.Length > MaxIdLength || !PackageId().IsMatch(id))
        {
            if (id.Length == 0) return Malformed("The package id is missing. Write: #r \"nuget: Id\" or #r \"nuget: Id, 1.2.3\"");
            return IdAndVersion().Match(id) is { Success: true } both
                ? Malformed(
                    $"'{id}' is not a package id. A version follows a comma: #r \"nuget: {both.Groups["id"].Value}, "
                        + $"{both.Groups["version"].Value}\"")
                : Malformed($"'{id}' is not a package id. Write: #r \"nuget: Id\" or #r \"nuget: Id, 1.2.3\"");
        }

        if (version.Length > 0 && !Version().IsMatch(version))
        {
            var number = VersionNumber().Match(version) is { Success: true } found ? found.Value : "1.2.3";
            return Malformed(
                $"'{version}' is not a package version. Write for example: #r \"nuget: {id}, {number}\" (or 1.2.*, *-*, [1.0,2.0))");
        }

        if (version.Length > 1 && version[0] is 'v' or 'V' && char.IsAsciiDigit(version[1])) version = version[1..];
        return new(PackageDirectiveKind.Package, id, version.Length > 0 ? version : null);
    }

    /// <summary>Recognizes a directive with missing quotes, other quotes or a missing colon.</summary>
    private static PackageDirective? Misspelled(Match loose)
    {
        var isReference = loose.Groups["word"].Value == "r";
        var scheme = loose.Groups["scheme"].Value.ToLowerInvariant();
        var rest = loose.Groups["rest"].Value.Trim();
        if (!isReference && scheme != "nuget") return null;
        if (!loose.Groups["colon"].Success && rest.EndsWith(".dll", StringComparison.OrdinalIgnoreCase)) return null; // the name of a file
        if (rest.Length == 0) rest = !isReference ? "https://…" : scheme == "nuget" ? "Id" : "Microsoft.AspNetCore.App";
        var why = loose.Groups["quote"].Value is not "\"" ? "must be in straight double quotes"
            : loose.Groups["colon"].Success ? "must be alone on its line" : $"needs a colon after {scheme}";
        return Malformed(
            $"{(isReference ? "A reference" : "A package source")} {why}. Write: #{loose.Groups["word"].Value} \"{scheme}: {rest}\"");
    }

    /// <summary>Whether a text can be a package id.</summary>
    public static bool IsPackageId(string text) => text.Length <= MaxIdLength && PackageId().IsMatch(text);

    private static PackageDirective Malformed(string why) => new(PackageDirectiveKind.Malformed, why);

    private static string? Scheme(string target, string scheme) =>
        target.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) ? target[scheme.Length..].Trim() : null;

    [GeneratedRegex("""^#\s*(?<word>[ri])\s*"(?<target>[^"]*)"\s*;?\s*(//.*)?$""")]
    private static partial Regex Quoted();

    [GeneratedRegex(
        """^#\s*(?<word>[ri])\s*(?<quote>["'`´‘’‚‛“”„‟«»]?)\s*(?<scheme>nuget|framework)(?![\w.\-/\\])\s*(?<colon>:)?\s*"""
            + """(?<rest>.*?)\s*["'`´‘’‚‛“”„‟«»]?\s*;?(?:\s+//.*)?$""",
        RegexOptions.IgnoreCase)]
    private static partial Regex Loose();

    [GeneratedRegex(@"^(?<id>\w[\w.\-]*?)\s*(?:@|:|=+|\s)\s*(?:version\s*[:=]?\s*)?v?(?<version>\d[\w.\-+*]*)$", RegexOptions.IgnoreCase)]
    private static partial Regex IdAndVersion();

    [GeneratedRegex(@"\d+(\.[\d*]+)+[\w.\-+]*")]
    private static partial Regex VersionNumber();

    [GeneratedRegex("""^#:(?<word>\w+)\s*(?<value>.*)$""")]
    private static partial Regex FileBased();

    [GeneratedRegex(@"^\w[\w.\-]*$")]
    private static partial Regex PackageId();

    [GeneratedRegex(@"^([\w.\-+*]+|[\[(][\w.\-+*, ]*[\])])$")]
    private static partial Regex Version();

    [GeneratedRegex(@"^[A-Za-z_][\w\-]*$")]
    private static partial Regex PropertyName();
}
