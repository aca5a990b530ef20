using JupyterKernel.Compilation;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Session;

/// <summary>
/// The cells that may run again unchanged: they add nothing for later ones, and since they were compiled nothing was declared that they
/// could see. Compiling them again would give the same result, so they are not; and a worker, which cannot unload assemblies, does not grow
/// with them. A cell is compiled again unless it returned the last time, so that no failure persists. Loop thread.
/// </summary>
internal sealed class RepeatableCells
{
    /// <summary>The maximum number of cells to remember: a front end may evaluate ever different expressions.</summary>
    private const int MaxCells = 1000;

    private readonly Dictionary<(string Code, LanguageSettings Language), CompiledCell> known = [];
    private CSharpCompilation? behind;

    /// <summary>Returns a cell that may run again.</summary>
    /// <param name="last">The compilation that it would follow.</param>
    /// <param name="variables">The current variables.</param>
    /// <returns>The cell under its earlier name; null if it has to be compiled.</returns>
    public CompiledCell? Find(string code, LanguageSettings language, CSharpCompilation? last, VariableDeclarations variables) =>
        last is not null && ReferenceEquals(last, behind) && known.TryGetValue((code, language), out var cell)
            && cell.AssumedTopLevelOnly!.All(variables.IsTopLevelOnly)
            ? cell
            : null;

    /// <summary>Remembers a cell that has returned.</summary>
    public void Add(CompiledCell cell)
    {
        if (cell.AssumedTopLevelOnly is null) return;
        if (!ReferenceEquals(behind, cell.Link) || known.Count >= MaxCells) known.Clear();
        behind = cell.Link;
        known[(cell.Code, cell.Language)] = cell;
    }

    /// <summary>Forgets a cell that has ended otherwise.</summary>
    public void Remove(CompiledCell cell) => known.Remove((cell.Code, cell.Language));
}
