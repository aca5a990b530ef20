using JupyterKernel.Compilation;
using JupyterKernel.Packages;

namespace JupyterKernel.Session;

/// <summary>
/// Compiles a cell that references packages. If the packages only add files, the cell adds them itself. Otherwise, because two versions of
/// a package cannot coexist, the first cell with packages adds the new files, and all cells from there on are compiled again (from the
/// first cell on if a package replaces an assembly of the framework). Pure; compilation thread.
/// </summary>
/// <param name="compiler">Compiles the cells.</param>
/// <param name="accepted">The history.</param>
internal sealed class PackageChange(CellCompiler compiler, IReadOnlyList<AcceptedCell> accepted)
{
    /// <summary>Compiles a cell that follows the history.</summary>
    /// <returns>The cell, and the rebuilt history if the cell made that necessary.</returns>
    /// <exception cref="PackageException">An earlier cell does not compile with these packages.</exception>
    public (CompilationOutcome Outcome, RebuiltHistory? Rebuilt) Compile(
        CellSource source, SessionPackages before, SessionPackages now, CancellationToken cancellation)
    {
        source = source with { Analyzers = now.Analyzers };
        var resolved = now.Resolved;
        var first = Enumerable.Range(0, accepted.Count).FirstOrDefault(i => accepted[i].Compiled.Assets != CellAssets.None, accepted.Count);
        var replaced = resolved.References.Except(before.Resolved.References).Where(ReferenceSet.IsFrameworks)
            .Select(path => Path.GetFileNameWithoutExtension(path)).ToList();
        if (accepted.Count > 0 && replaced.Count > 0) first = 0;
        else if (first == accepted.Count || resolved.Extends(before.Resolved))
        {
            return new Redefinition(compiler, accepted).Compile(source with { Assets = resolved.Beyond(before.Resolved) }, cancellation);
        }

        var cells = accepted.Take(first).ToList();
        var variables = VariableDeclarations.Of(cells);
        for (var i = first; i < accepted.Count; i++)
        {
            var old = accepted[i].Compiled;
            var outcome = compiler.Compile(
                Redefinition.Again(old, cells.Count > 0 ? cells[^1].Compiled.Link : compiler.Root, variables, []) with
                {
                    Library = old.Library?.Sources ?? [],
                    Analyzers = now.Analyzers,
                    Assets = i == first ? new(resolved.References, resolved.Assemblies, resolved.NativeLibraries) : CellAssets.None,
                },
                cancellation);
            if (outcome.Cell is null)
            {
                throw new PackageException(
                    $"{old.Name} does not compile with these packages ({CompileErrorText.Summary(outcome.Errors)}), so nothing has "
                        + $"changed.{(now.Changes(before) is { Count: > 0 } would ? $" New versions: {string.Join(", ", would)}." : "")}");
            }
            cells.Add(accepted[i] with { Compiled = outcome.Cell, Packages = now });
            variables = variables.After(cells[^1]);
        }

        var (last, rebuilt) = new Redefinition(compiler, cells).Compile(source, cancellation);
        if (last.Cell is null) return (last, null);
        var changes = now.Changes(before);
        var cause = changes.Count > 0 ? string.Join(", ", changes)
            : replaced.Count > 0 ? $"A package replaces {string.Join(", ", replaced)} of the framework"
            : "A project that the session uses has changed";
        return (last, rebuilt is null
            ? new RebuiltHistory(cells, cells.Count - first, [], cause, KeepsValues: true)
            : rebuilt with { Again = Math.Max(rebuilt.Again, cells.Count - first), Cause = $"{cause}; {rebuilt.Cause}" });
    }
}
