using System.Text.RegularExpressions;
using JupyterKernel.Display;
using JupyterKernel.NotebookFiles;
using JupyterKernel.Session;

namespace JupyterKernel.Magics;

/// <summary>
/// The magics that begin a language. Page languages are displayed, C# is run, and other languages are refused with an
/// alternative. Loop thread.
/// </summary>
internal static partial class TextMagics
{
    private const string MermaidSizes = "Accepted for compatibility; the front end decides.";

    /// <summary>The magics in listing order.</summary>
    public static readonly IReadOnlyList<MagicDefinition> All =
    [
        new("#!csharp", "The lines below are C#.",
            (_, _) => Task.FromResult<CellOutcome>(TableOutput.Nothing)) { Aliases = Names(CellLanguage.CSharp), BeginsCSharp = true },
        Shows("html", "Shows the lines below as HTML.", Display.Notebook.HTML),
        Shows("markdown", "Shows the lines below as Markdown.", Display.Notebook.Markdown),
        Shows("javascript", "Runs the lines below as JavaScript in the front end, if it allows scripts.", Script),
        Shows("mermaid", "Draws the diagram that the lines below describe.", Mermaid) with
        {
            Parameters =
            [
                new("--display-width", MermaidSizes) { ValueName = "length" },
                new("--display-height", MermaidSizes) { ValueName = "length" },
                new("--display-background-color", MermaidSizes) { ValueName = "colour" },
            ],
        },
        .. CellLanguage.All.Where(language => language.Instead is not null).Select(Foreign),
        new("#!connect", "Not supported. In .NET Interactive it connects to databases and other kernels.",
            (call, _) => Task.FromResult<CellOutcome>(new CellOutcome.Refused(
                CellLanguage.NotSupported, "#!connect is not supported. This kernel runs only C#. " + CellLanguage.Databases)))
        {
            IsForeign = true,
        },
    ];

    /// <summary>
    /// Wraps the text in an asynchronous function if it needs one, as .NET Interactive does, because a page's scripts are synchronous.
    /// </summary>
    private static MimeBundle Script(string text) =>
        Display.Notebook.Javascript(OfFunction().IsMatch(text) ? $"(async () => {{\n{text}\n}})();" : text);

    [GeneratedRegex(@"\bawait\b|^\s*return\b", RegexOptions.Multiline)]
    private static partial Regex OfFunction();

    private static MagicDefinition Shows(string name, string help, Func<string, MimeBundle> bundle) =>
        new("#!" + name, help, (call, cell) =>
    {
        if (call.Text.Length > 0) cell.Show(bundle(call.Text));
        return Task.FromResult<CellOutcome>(TableOutput.Nothing);
    })
    {
        Aliases = Names(CellLanguage.Find(name)!),
        TakesText = true,
    };

    private static MagicDefinition Foreign(CellLanguage language) =>
        new("#!" + language.Name, $"Not supported ({language.Title}). {language.Instead}", (_, _) =>
        Task.FromResult<CellOutcome>(ForeignLanguage.Refuse(language.Name)))
    {
        Aliases = Names(language),
        TakesText = true,
        IsForeign = true,
    };

    /// <summary>Creates both forms of a diagram: JupyterLab 4.1 and later render the first, GitHub and VS Code the second.</summary>
    private static MimeBundle Mermaid(string text) =>
        new([new("text/vnd.mermaid", text), new("text/markdown", $"```mermaid\n{text}\n```"), new("text/plain", text)]);

    private static string[] Names(CellLanguage language) => [.. language.Aliases.Select(alias => "#!" + alias)];
}

/// <summary>Refuses blocks in languages that this kernel does not run.</summary>
internal static class ForeignLanguage
{
    /// <summary>Refuses a block and names an alternative.</summary>
    public static CellOutcome.Refused Refuse(string name) => new(
        CellLanguage.NotSupported,
        CellLanguage.Find(name) is { Instead: { } instead } language
            ? $"This kernel runs C#, not {language.Title}. {instead}"
            : $"Unknown language '{name}'. This kernel runs C#.");
}
