namespace JupyterKernel.NotebookFiles;

/// <summary>
/// A language of .NET Interactive's notebooks. This kernel runs C#, displays page languages, and names an alternative for the
/// others. Immutable; any thread.
/// Source: https://github.com/dotnet/interactive/blob/main/docs/kernels-overview.md
/// </summary>
/// <param name="Name">The name in a cell's metadata and in .dib files.</param>
/// <param name="Title">The name in messages.</param>
/// <param name="Instead">The alternative, as a sentence; null for languages that this kernel supports.</param>
internal sealed record CellLanguage(string Name, string Title, string? Instead = null)
{
    public static readonly CellLanguage CSharp = new("csharp", "C#") { Aliases = ["c#", "cs", ".net"] };

    public static readonly CellLanguage Markdown = new("markdown", "Markdown") { Aliases = ["md"] };

    /// <summary>The language of text that is stored as a named value.</summary>
    public static readonly CellLanguage Value = new("value", "a value");

    /// <summary>The error name for a cell in an unsupported language; later cells still run.</summary>
    public const string NotSupported = "LanguageNotSupported";

    /// <summary>The alternative for database languages.</summary>
    public const string Databases =
        "In C#, use a package to query databases, for example: #r \"nuget: Dapper\" with #r \"nuget: Microsoft.Data.Sqlite\", Npgsql or "
        + "Microsoft.Data.SqlClient.";

    private const string Kernels = "Use a notebook with a kernel for that language, and exchange data through files.";

    /// <summary>All languages.</summary>
    public static readonly IReadOnlyList<CellLanguage> All =
    [
        CSharp,
        new("html", "HTML"),
        Markdown,
        new("javascript", "JavaScript") { Aliases = ["js"] },
        new("mermaid", "Mermaid"),
        Value,
        new("fsharp", "F#", "Put F# code into a separate project and reference it: #r \"library.fsproj\".") { Aliases = ["f#", "fs"] },
        new("pwsh", "PowerShell",
            "In C#, use #r \"nuget: Microsoft.PowerShell.SDK\" to run PowerShell, or System.Diagnostics.Process to run programs.")
        {
            Aliases = ["powershell"],
        },
        new("sql", "SQL", Databases),
        new("kql", "KQL", "In C#, use #r \"nuget: Microsoft.Azure.Kusto.Data\" to query Kusto."),
        new("http", "HTTP requests", "In C#: await new HttpClient().GetStringAsync(\"https://…\")"),
        new("python", "Python", Kernels) { Aliases = ["python3", "pythonkernel"] },
        new("r", "R", Kernels) { Aliases = ["ir", "rkernel"] },
        new("vb", "Visual Basic",
            "Put Visual Basic code into a separate project and reference it: #r \"library.vbproj\".") { Aliases = ["visualbasic"] },
    ];

    // VS Code uses this name for a cell in the notebook's language.
    private static readonly Dictionary<string, CellLanguage> ByName =
        All.SelectMany(language => language.Aliases.Prepend(language.Name).Select(name => (name, language)))
        .Append(("polyglot-notebook", CSharp)).ToDictionary(named => named.Item1, named => named.Item2, StringComparer.OrdinalIgnoreCase);

    /// <summary>Other names of the language.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Finds a language by name, including the name of an SQL or KQL connection (such as sql-orders); null if unknown.</summary>
    public static CellLanguage? Find(string name) =>
        ByName.TryGetValue(name, out var language) ? language
        : name.StartsWith("sql-", StringComparison.OrdinalIgnoreCase) ? ByName["sql"] with { Name = name }
        : name.StartsWith("kql-", StringComparison.OrdinalIgnoreCase) ? ByName["kql"] with { Name = name }
        : null;

    /// <summary>Whether a language name means C#.</summary>
    public static bool IsCSharp(string language) => Find(language) == CSharp;
}
