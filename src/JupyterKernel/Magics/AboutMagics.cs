using System.Runtime.InteropServices;
using JupyterKernel.Link;
using JupyterKernel.Session;

namespace JupyterKernel.Magics;

/// <summary>The magics for time, help and the kernel itself. Loop thread.</summary>
internal static class AboutMagics
{
    /// <summary>The magics in listing order.</summary>
    public static readonly IReadOnlyList<MagicDefinition> All =
    [
        new("#!time", "Shows how long the cell takes from here on.", (_, cell) =>
        {
            cell.ShowTime();
            return Task.FromResult<CellOutcome>(TableOutput.Nothing);
        }),
        new("#!log", "Accepted for compatibility; has no effect.", (_, cell) =>
        {
            cell.Warn("#!log has no effect in this kernel; the cell continues. The setting log controls the kernel's own log.");
            return Task.FromResult<CellOutcome>(TableOutput.Nothing);
        }),
        new("#!about", "Shows what this kernel is.", (_, _) => Task.FromResult<CellOutcome>(About())),
        new("#!lsmagic", "Lists the magics.", (_, cell) => Task.FromResult<CellOutcome>(TableOutput.Of(
            "Help for one magic: #!time --help",
            [["magic", "does"], .. cell.Magics.All.Select(magic => (string[])[string.Join(", ", magic.Names), magic.Help])]))),
    ];

    private static CellOutcome.Returned About() => TableOutput.Of(
        "",
        [
            ["C# kernel for Jupyter", WorkerPrograms.Version],
            ["language", "C# 14"],
            ["compiler", $"Roslyn {typeof(Microsoft.CodeAnalysis.CSharp.CSharpCompilation).Assembly.GetName().Version}"],
            ["runtime", RuntimeInformation.FrameworkDescription],
            ["system", $"{RuntimeInformation.OSDescription} ({RuntimeInformation.RuntimeIdentifier})"],
        ]);
}
