namespace JupyterKernel.NotebookFiles;

/// <summary>A cell of a file that a notebook imports.</summary>
/// <param name="Name">The name in diagnostics: the path of the file, followed by the cell.</param>
/// <param name="Language">The name of the cell's language.</param>
internal sealed record ImportedCell(string Name, string Source, string Language);

/// <summary>
/// A file that <c>#!import</c> accepts: a notebook or a source file, depending on the file extension.
/// Source: https://github.com/dotnet/interactive/blob/main/docs/import-magic-command.md
/// </summary>
/// <param name="Cells">The cells to run, in order.</param>
/// <param name="IsNotebook">Whether the file can contain cells in several languages.</param>
internal sealed record ImportedFile(IReadOnlyList<ImportedCell> Cells, bool IsNotebook)
{
    private const long MaxBytes = 100_000_000;

    private static readonly Dictionary<string, string> LanguageOf = new(StringComparer.OrdinalIgnoreCase)
    {
        [".cs"] = "csharp", [".csx"] = "csharp", [".html"] = "html", [".js"] = "javascript", [".md"] = "markdown",
        [".fs"] = "fsharp", [".fsx"] = "fsharp", [".ps1"] = "pwsh", [".sql"] = "sql", [".kql"] = "kql", [".http"] = "http",
        [".py"] = "python", [".r"] = "r", [".vb"] = "vb",
    };

    /// <summary>Reads a file.</summary>
    /// <param name="path">The full path.</param>
    /// <exception cref="InvalidDataException">The file cannot be imported or is malformed; the message states the reason.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ImportedFile Read(string path)
    {
        var name = Path.GetFileName(path);
        if (!File.Exists(path)) throw new FileNotFoundException($"File '{path}' not found.");
        if (new FileInfo(path).Length > MaxBytes) throw new InvalidDataException($"{name} has more than {MaxBytes / 1_000_000} MB.");
        if (LanguageOf.TryGetValue(Path.GetExtension(path), out var language))
        {
            return new([new(path, File.ReadAllText(path), language)], IsNotebook: false);
        }
        if (Path.GetExtension(path).ToUpperInvariant() is not (".IPYNB" or ".DIB"))
        {
            throw new InvalidDataException(
                $"'{name}' cannot be imported. Use a notebook (.ipynb, .dib), C# (.cs, .csx), HTML (.html) or JavaScript (.js).");
        }
        var notebook = NotebookFile.Load(path);
        if (notebook.Language is { } written && !CellLanguage.IsCSharp(written))
        {
            throw new InvalidDataException($"{name} is written in {written}, and this kernel runs C#.");
        }
        return new(
            [
                .. notebook.Cells.Index().Where(cell => cell.Item.IsCode && !string.IsNullOrWhiteSpace(cell.Item.Source))
                    .Select(cell => new ImportedCell($"{path}, cell {cell.Index + 1}", cell.Item.Source, notebook.LanguageOf(cell.Item))),
            ],
            IsNotebook: true);
    }
}
