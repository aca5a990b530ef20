using JupyterKernel.Compilation;

namespace JupyterKernel.Packages;

/// <summary>
/// The extensions in a package's folder interactive-extensions/dotnet, which are run when the package is referenced.
/// Source: https://github.com/dotnet/interactive/blob/main/docs/extending-dotnet-interactive.md
/// </summary>
/// <param name="Package">The package's id.</param>
/// <param name="Assemblies">The full paths of the assemblies that contain extensions.</param>
/// <param name="Script">The full path of the package's extension.dib; null if there is none.</param>
internal sealed record Extension(string Package, IReadOnlyList<string> Assemblies, string? Script)
{
    private const string Folder = "interactive-extensions/dotnet";
    private const long MaxScriptBytes = 1_000_000;

    /// <summary>Returns the extensions in a package's folder; null if there are none.</summary>
    /// <param name="root">The package's folder.</param>
    public static Extension? In(string package, string root)
    {
        var folder = Path.Combine(root, Folder);
        if (!Directory.Exists(folder)) return null;
        var script = Path.Combine(folder, "extension.dib");
        return new(package, [.. Directory.EnumerateFiles(folder, "*.dll").Order(StringComparer.Ordinal)],
            File.Exists(script) ? script : null);
    }

    /// <summary>Returns the cells that run the extension, in order, with names for the user.</summary>
    /// <param name="warn">Receives a message for each part that cannot be run.</param>
    public IEnumerable<(string Name, string Code)> Cells(Action<string> warn)
    {
        foreach (var assembly in Assemblies.Select(path => Path.GetFileNameWithoutExtension(path)))
            yield return ($"extension {assembly}",
                "await global::Microsoft.DotNet.Interactive.ExtensionLoader.LoadAsync("
                    + $"{Microsoft.CodeAnalysis.CSharp.SymbolDisplay.FormatLiteral(assembly, quote: true)});");
        if (Script is null) yield break;
        foreach (var (language, code) in Parts(warn))
        {
            if (language is "csharp" or "c#" or "C#") yield return ($"extension.dib of {Package}", code);
            else if (language != "markdown" && language != "meta")
                warn($"A part of {Package}'s extension.dib is in {language}, and is not run.");
        }
    }

    private IEnumerable<(string Language, string Code)> Parts(Action<string> warn)
    {
        string text;
        try
        {
            if (new FileInfo(Script!).Length > MaxScriptBytes) throw new IOException("it is too large");
            text = File.ReadAllText(Script!);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            warn($"{Package}'s extension.dib cannot be read: {unreadable.Message}");
            yield break;
        }

        var language = "csharp";
        var lines = new List<string>();
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            if (Languages.FirstOrDefault(name => line.Trim() == "#!" + name) is { } next)
            {
                if (lines.Any(written => written.Trim().Length > 0)) yield return (language, string.Join('\n', lines));
                (language, lines) = (next, []);
            }
            else
            {
                lines.Add(line);
            }
        }

        if (lines.Any(written => written.Trim().Length > 0)) yield return (language, string.Join('\n', lines));
    }

    private static readonly string[] Languages =
        ["csharp", "c#", "C#", "fsharp", "f#", "F#", "pwsh", "powershell", "html", "javascript", "js", "markdown", "mermaid", "sql", "kql",
            "http", "value", "meta"];
}
