using JupyterKernel.Compilation;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Session;

/// <summary>
/// The cells that can run again without compilation: they add no declarations, and no declaration that they could see was added since they
/// were compiled. This also keeps the worker from growing, because it cannot unload assemblies. Only cells that returned the last time are
/// kept, so that no failure persists. Loop thread.
/// </summary>
internal sealed class RepeatableCells
{
    /// <summary>The maximum number of cells to remember: a front end may evaluate an unlimited number of different expressions.</summary>
    private const int MaxCells = 1000;

    private readonly Dictionary<(string Code, LanguageSettings Language), CompiledCell> known = [];
    private CSharpCompilation? behind;

    /// <summary>Finds a cell that can run again.</summary>
    /// <param name="last">The compilation that the cell would follow.</param>
    /// <param name="variables">The current variables.</param>
    /// <returns>The cell under its earlier name; null if it must be compiled.</returns>
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

    /// <summary>Forgets a cell that did not return.</summary>
    public void Remove(CompiledCell cell) => known.Remove((cell.Code, cell.Language));
}
