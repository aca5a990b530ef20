using JupyterKernel.JupyterClient;

namespace JupyterKernel.NotebookFiles;

/// <summary>A cell of a file that a notebook imports.</summary>
/// <param name="Name">How diagnostics call it: the file's path, and behind it which cell.</param>
/// <param name="Language">The name of its language.</param>
internal sealed record ImportedCell(string Name, string Source, string Language);

/// <summary>
/// What <c>#!import</c> takes: notebooks and source files, by their endings.
/// Source: https://github.com/dotnet/interactive/blob/main/docs/import-magic-command.md
/// </summary>
/// <param name="Cells">Those to run, in their order.</param>
/// <param name="IsNotebook">Whether it can have cells in several languages.</param>
internal sealed record ImportedFile(IReadOnlyList<ImportedCell> Cells, bool IsNotebook)
{
    private const long MaxBytes = 100_000_000;

    private static readonly Dictionary<string, string> LanguageOf = new(StringComparer.OrdinalIgnoreCase)
    {
        [".cs"] = "csharp", [".csx"] = "csharp", [".html"] = "html", [".js"] = "javascript", [".md"] = "markdown",
        [".fs"] = "fsharp", [".fsx"] = "fsharp", [".ps1"] = "pwsh", [".sql"] = "sql", [".kql"] = "kql", [".http"] = "http", [".py"] = "python", [".r"] = "r", [".vb"] = "vb",
    };

    /// <summary>Reads a file.</summary>
    /// <param name="path">Its full path.</param>
    /// <exception cref="InvalidDataException">It is nothing to import, or broken; the message says why.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ImportedFile Read(string path)
    {
        var name = Path.GetFileName(path);
        if (!File.Exists(path)) throw new FileNotFoundException($"there is no file {path}.");
        if (new FileInfo(path).Length > MaxBytes) throw new InvalidDataException($"{name} has more than {MaxBytes / 1_000_000} MB.");
        if (LanguageOf.TryGetValue(Path.GetExtension(path), out var language)) return new([new(path, File.ReadAllText(path), language)], IsNotebook: false);
        if (Path.GetExtension(path).ToUpperInvariant() is not (".IPYNB" or ".DIB")) throw new InvalidDataException($"{name} is neither a notebook (.ipynb, .dib) nor C# (.cs, .csx), and no page's text (.html, .js).");
        var notebook = NotebookFile.Load(path);
        if (notebook.Language is { } written && !CellLanguage.IsCSharp(written)) throw new InvalidDataException($"{name} is written in {written}, and this kernel runs C#.");
        return new(
            [
                .. notebook.Cells.Index().Where(cell => cell.Item.IsCode && !string.IsNullOrWhiteSpace(cell.Item.Source))
                    .Select(cell => new ImportedCell($"{path}, cell {cell.Index + 1}", cell.Item.Source, notebook.LanguageOf(cell.Item))),
            ],
            IsNotebook: true);
    }
}
