using JupyterKernel.Session;

namespace JupyterKernel.Magics;

/// <summary>
/// The magics that run files. Loop thread.
/// Source: https://github.com/dotnet/interactive/blob/main/docs/import-magic-command.md
/// </summary>
internal static class FileMagics
{
    /// <summary>The magics in listing order.</summary>
    public static readonly IReadOnlyList<MagicDefinition> All =
    [
        new("#!import", "Runs a notebook (.ipynb, .dib) or C# file (.cs, .csx) as part of this cell.", (call, cell) =>
            (call["file"] ?? call["--file"]) is { } file
                ? cell.ImportAsync(Path.GetFullPath(file, cell.Directory))
                : Task.FromResult<CellOutcome>(TableOutput.Refused("#!import needs a file: #!import lib.dib")))
        {
            Aliases = ["#!load"],
            Parameters =
            [
                new("file", "The path, relative to the file that contains this line."),
                new("--file", "Same as the file argument.") { ValueName = "path" },
            ],
        },
    ];
}
