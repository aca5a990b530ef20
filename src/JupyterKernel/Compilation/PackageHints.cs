using System.Text.RegularExpressions;

namespace JupyterKernel.Compilation;

/// <summary>
/// Suggests packages: for namespaces and types that are often used but not in the framework, and for lines that reference a package in the
/// syntax of another tool. Immutable; any thread.
/// </summary>
internal static partial class PackageHints
{
    /// <summary>Packages whose namespaces differ from the package id, or are inside a namespace of the framework.</summary>
    private static readonly Dictionary<string, string> ByNamespace = new()
    {
        ["Bogus"] = "Bogus",
        ["ClosedXML.Excel"] = "ClosedXML",
        ["CsvHelper"] = "CsvHelper",
        ["Dapper"] = "Dapper",
        ["Deedle"] = "Deedle",
        ["HtmlAgilityPack"] = "HtmlAgilityPack",
        ["Humanizer"] = "Humanizer",
        ["MathNet.Numerics"] = "MathNet.Numerics",
        ["Microsoft.Data.Analysis"] = "Microsoft.Data.Analysis",
        ["Microsoft.Data.SqlClient"] = "Microsoft.Data.SqlClient",
        ["Microsoft.Data.Sqlite"] = "Microsoft.Data.Sqlite",
        ["Microsoft.EntityFrameworkCore"] = "Microsoft.EntityFrameworkCore",
        ["Microsoft.Extensions.Configuration"] = "Microsoft.Extensions.Configuration",
        ["Microsoft.Extensions.DependencyInjection"] = "Microsoft.Extensions.DependencyInjection",
        ["Microsoft.Extensions.Hosting"] = "Microsoft.Extensions.Hosting",
        ["Microsoft.Extensions.Logging"] = "Microsoft.Extensions.Logging",
        ["Microsoft.ML"] = "Microsoft.ML",
        ["Microsoft.SemanticKernel"] = "Microsoft.SemanticKernel",
        ["MongoDB.Driver"] = "MongoDB.Driver",
        ["Newtonsoft.Json"] = "Newtonsoft.Json",
        ["NodaTime"] = "NodaTime",
        ["Npgsql"] = "Npgsql",
        ["OfficeOpenXml"] = "EPPlus",
        ["OpenAI"] = "OpenAI",
        ["OxyPlot"] = "OxyPlot.Core",
        ["Plotly.NET"] = "Plotly.NET",
        ["Polly"] = "Polly",
        ["ScottPlot"] = "ScottPlot",
        ["Serilog"] = "Serilog",
        ["SixLabors.ImageSharp"] = "SixLabors.ImageSharp",
        ["SkiaSharp"] = "SkiaSharp",
        ["Spectre.Console"] = "Spectre.Console",
        ["StackExchange.Redis"] = "StackExchange.Redis",
        ["XPlot.Plotly"] = "XPlot.Plotly",
        ["YamlDotNet.Serialization"] = "YamlDotNet",
    };

    private static readonly Dictionary<string, string> ByType = new()
    {
        ["CsvReader"] = "CsvHelper",
        ["DataFrame"] = "Microsoft.Data.Analysis",
        ["HtmlDocument"] = "HtmlAgilityPack",
        ["JArray"] = "Newtonsoft.Json",
        ["JObject"] = "Newtonsoft.Json",
        ["JsonConvert"] = "Newtonsoft.Json",
        ["MLContext"] = "Microsoft.ML",
        ["SKBitmap"] = "SkiaSharp",
        ["SqliteConnection"] = "Microsoft.Data.Sqlite",
        ["SqlConnection"] = "Microsoft.Data.SqlClient",
    };

    /// <summary>The ids of all packages in the tables.</summary>
    public static IEnumerable<string> Ids => ByNamespace.Values.Concat(ByType.Values).Distinct();

    /// <summary>Returns the directive for a package that a line references in the syntax of another tool; null if there is none.</summary>
    /// <param name="line">A line of a cell that does not compile.</param>
    public static string? ForLine(string line)
    {
        if (ForeignInstaller().IsMatch(line))
            return "Packages of Python and JavaScript cannot be referenced from C#. A NuGet package is referenced with: #r \"nuget: Id\"";
        return ForeignReference().Match(line) is { Success: true } match
            ? "A cell references a package with: #r \"nuget: "
                + $"{match.Groups["id"].Value}{(match.Groups["version"] is { Success: true, Value: var version } ? $", {version}" : "")}\""
            : null;
    }

    /// <summary>
    /// Returns a hint for an <c>#r</c> whose file does not exist but whose text may be a package id; null if the text looks like a path.
    /// </summary>
    public static string? ForMissingFile(string file) =>
        PackageDirectives.IsPackageId(file) && !file.EndsWith(".dll", StringComparison.OrdinalIgnoreCase)
            && !file.EndsWith(".exe", StringComparison.OrdinalIgnoreCase)
        ? $"Is it a package? #r \"nuget: {file}\""
        : null;

    /// <summary>Returns the directive for the package of a namespace; null if unknown.</summary>
    public static string? ForNamespace(string name)
    {
        for (var space = name; space.Length > 0; space = space[..Math.Max(0, space.LastIndexOf('.'))])
        {
            if (ByNamespace.TryGetValue(space, out var package)) return Hint(package);
        }

        return name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)
            ? "Is a framework missing? #r \"framework: Microsoft.AspNetCore.App\"" : null;
    }

    /// <summary>Returns the directive for the package of a type; null if unknown.</summary>
    public static string? ForType(string name) => ByType.TryGetValue(name, out var package) ? Hint(package) : null;

    /// <summary>Matches command lines, directives and project items with which other tools reference a package.</summary>
    [GeneratedRegex("""
        ^\s*(?:[!%$>]\s*)?(?:
            (?:dotnet\s+add\s+(?:\S+\s+)?package|dotnet\s+package\s+add|Install-Package|nuget\s+install|paket\s+add)
                \s+["']?(?<id>\w[\w.\-]*)["']?
                (?:\s+(?:-v|--version|-Version|-version)\s+|@)?["']?(?<version>\d[\w.\-+*]*)?
            |(?:\#\s*)?(?:using|import|open|require|nuget|addin|load|package)\s*:?\s*["'“”]?(?:nuget|package):\s*
                (?:\?package=)?(?<id>\w[\w.\-]*)(?:(?:\s*[,/@]\s*|&version=)(?<version>\d[\w.\-+*]*))?
            |\#?nuget:?\s+["']?(?<id>[A-Za-z][\w.\-]*)(?:\s*[,/@ ]\s*(?<version>\d[\w.\-+*]*))?
            |<PackageReference\s+Include="(?<id>[^"]+)"(?:\s+Version="(?<version>[^"]+)")?
        )
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.IgnoreCase)]
    private static partial Regex ForeignReference();

    [GeneratedRegex(@"^\s*[!%]?\s*(?:python3?\s+-m\s+)?(?:pip3?|conda|mamba|uv|npm|yarn)\s+(?:pip\s+)?(?:install|add|i)\b",
        RegexOptions.IgnoreCase)]
    private static partial Regex ForeignInstaller();

    private static string Hint(string package) => $"Is a package missing? #r \"nuget: {package}\"";
}
