using JupyterKernel.Compilation;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Session;

/// <summary>
/// The cells that may run once more as they are: they bring nothing to later ones, and since they were compiled nothing was declared that they could see.
/// Compiled again they would come to the same, so they are not; and a worker, which cannot unload what it has loaded, does not grow with them. A cell is
/// compiled anew unless it returned the last time: whatever it was that failed, nothing of it shall stay behind. Loop thread.
/// </summary>
internal sealed class RepeatableCells
{
    /// <summary>So many are known at a time: a front end may evaluate ever new expressions.</summary>
    private const int Most = 1000;

    private readonly Dictionary<(string Code, LanguageSettings Language), CompiledCell> known = [];
    private CSharpCompilation? behind;

    /// <summary>A cell that may run again.</summary>
    /// <param name="last">What it would be compiled behind.</param>
    /// <param name="variables">The variables that there are now.</param>
    /// <returns>The cell under the name that it had; null if it has to be compiled.</returns>
    public CompiledCell? Find(string code, LanguageSettings language, CSharpCompilation? last, TopVariables variables) =>
        last is not null && ReferenceEquals(last, behind) && known.TryGetValue((code, language), out var cell) && cell.AssumedOnlyAtTop!.All(variables.IsOnlyAtTop)
            ? cell
            : null;

    /// <summary>A cell has returned.</summary>
    public void Add(CompiledCell cell)
    {
        if (cell.AssumedOnlyAtTop is null) return;
        if (!ReferenceEquals(behind, cell.Link) || known.Count >= Most) known.Clear();
        behind = cell.Link;
        known[(cell.Code, cell.Language)] = cell;
    }

    /// <summary>A cell has ended otherwise.</summary>
    public void Remove(CompiledCell cell) => known.Remove((cell.Code, cell.Language));
}
