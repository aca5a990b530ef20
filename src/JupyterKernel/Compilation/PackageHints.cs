namespace JupyterKernel.Compilation;

/// <summary>Which package has a namespace or a type that cells name often and the framework has not. Immutable; any thread.</summary>
internal static class PackageHints
{
    /// <summary>Packages whose namespaces are not called as the package is, and such as lie below a namespace of the framework.</summary>
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

    /// <summary>What to write to have a namespace; null if that is not known.</summary>
    public static string? ForNamespace(string name)
    {
        for (var space = name; space.Length > 0; space = space[..Math.Max(0, space.LastIndexOf('.'))])
        {
            if (ByNamespace.TryGetValue(space, out var package)) return Hint(package);
        }

        return name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal) ? "Is a framework missing? #r \"framework: Microsoft.AspNetCore.App\"" : null;
    }

    /// <summary>What to write to have a type; null if that is not known.</summary>
    public static string? ForType(string name) => ByType.TryGetValue(name, out var package) ? Hint(package) : null;

    private static string Hint(string package) => $"Is a package missing? #r \"nuget: {package}\"";
}
