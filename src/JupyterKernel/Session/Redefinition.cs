using JupyterKernel.Compilation;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Session;

/// <summary>A history whose cells were compiled again, because a type or a package that they use has changed.</summary>
/// <param name="Cells">The accepted cells, in their order.</param>
/// <param name="Again">The number of recompiled cells.</param>
/// <param name="Lost">The cells that no longer compile.</param>
/// <param name="Cause">The change, for the user.</param>
/// <param name="KeepsValues">
/// Whether variables that are plain data keep their values, instead of getting those that the replay produces.
/// </param>
internal sealed record RebuiltHistory(
    IReadOnlyList<AcceptedCell> Cells, int Again, IReadOnlyList<AcceptedCell> Lost, string Cause, bool KeepsValues);

/// <summary>
/// Compiles a cell whose library (<see cref="CellLibrary"/>) conflicts with the history. A script can redeclare a type of an earlier
/// script; a type of a library can exist only once and cannot use types of scripts. So a redeclared library type replaces the old one, a
/// script's type that a library uses moves into a library, and all cells from there on are compiled again. Pure; compilation thread.
/// </summary>
/// <param name="compiler">Compiles the cells.</param>
/// <param name="accepted">The history.</param>
internal sealed class Redefinition(CellCompiler compiler, IReadOnlyList<AcceptedCell> accepted)
{
    /// <summary>Compiles a cell that follows the history.</summary>
    /// <returns>The cell, and the rebuilt history if the cell made that necessary.</returns>
    public (CompilationOutcome Outcome, RebuiltHistory? Rebuilt) Compile(CellSource source, CancellationToken cancellation)
    {
        source = source with
        {
            Previous = accepted.Count > 0 ? accepted[^1].Compiled.Link : compiler.Root,
            LibraryTypes = TypesInLibraries(accepted),
        };
        if (accepted.Count == 0 || CellCompiler.LibrarySourceOf(source, cancellation) is not { } library)
            return (compiler.Compile(source, cancellation), null);

        var declarers = ScriptTypes();
        var types = CellLibrary.TypesOf(library);
        var used = CellLibrary.NamesIn(library).Where(declarers.ContainsKey).Except(types.Select(SimpleName)).ToHashSet();
        var overlaps = Enumerable.Range(0, accepted.Count).Where(i => accepted[i].Compiled.Library?.Types.Overlaps(types) == true).ToList();
        if (used.Count == 0 && overlaps.Count == 0) return (compiler.Compile(source, cancellation), null);

        source = source with
        {
            LibraryTypes = types.Where(type => !type.Contains('.', StringComparison.Ordinal)).Select(SimpleName).ToHashSet(),
        };

        // The library is unchanged, for example because the notebook is run a second time.
        if (used.Count == 0 && accepted.Any(cell => cell.Compiled.Library?.Sources.Any(known => known.Text == library.Text) == true))
            return (compiler.Compile(source with { Library = [], Moved = [.. types] }, cancellation), null);

        // The library's place: after all types that it uses, and otherwise at the library that it replaces.
        var lastUsed = used.Select(type => declarers[type]).DefaultIfEmpty(-1).Max();
        var place = overlaps.Where(i => i >= lastUsed).DefaultIfEmpty(accepted.Count).First();
        var first = used.Select(type => declarers[type]).Concat(overlaps).Min();
        var cells = accepted.Take(first).ToList();
        var variables = VariableDeclarations.Of(cells);
        var lost = new List<AcceptedCell>();
        for (var i = first; i < accepted.Count; i++)
        {
            var old = accepted[i];
            var again = Again(old.Compiled, cells.Count > 0 ? cells[^1].Compiled.Link : compiler.Root, variables,
                used.Where(type => declarers[type] == i));
            var sources = (old.Compiled.Library?.Sources ?? []).Where(other => other.Cell != old.Compiled.Name).ToList();
            if (CellCompiler.LibrarySourceOf(again, cancellation) is { } own)
            {
                sources.Add(CellLibrary.Without(own, old.Compiled.Moved));
                again = again with { Moved = [.. old.Compiled.Moved, .. CellLibrary.TypesOf(own).Intersect(types)] };
            }

            sources =
                [.. sources.Select(other => CellLibrary.Without(other, types)).Where(other => !string.IsNullOrWhiteSpace(other.Text))];
            if (i == place) sources.Add(library);
            var outcome = compiler.Compile(again with { Library = sources }, cancellation);
            if (outcome.Cell is { } cell) Add(old with { Compiled = cell });
            else lost.Add(old);

            // The script may use declarations that no longer exist, but its library must be kept.
            if (outcome.Cell is not null || sources.Count == 0) continue;
            outcome = compiler.Compile(again with { Code = "", Library = sources }, cancellation);
            if (outcome.Cell is null) return (outcome, null);
            Add(old with { Compiled = outcome.Cell });
        }

        var last = compiler.Compile(
            source with
            {
                Previous = cells.Count > 0 ? cells[^1].Compiled.Link : compiler.Root,
                IsTopLevelOnly = variables.IsTopLevelOnly,
                LibraryTypes = types.Select(SimpleName).ToHashSet(),
                Library = place < accepted.Count ? [] : null,
                Moved = place < accepted.Count ? [.. types] : [],
            },
            cancellation);
        var redeclared = types.Where(type => overlaps.Any(i => accepted[i].Compiled.Library!.Types.Contains(type)))
            .Select(SimpleName).ToList();
        var cause = redeclared.Count > 0 ? $"{string.Join(", ", redeclared)} {(redeclared.Count == 1 ? "was" : "were")} redeclared"
            : "Code outside the cell's script, such as a namespace or an extension block, uses a type of an earlier cell";
        return last.Cell is null ? (last, null) : (last, new RebuiltHistory(cells, cells.Count - first, lost, cause, KeepsValues: false));

        void Add(AcceptedCell again)
        {
            cells.Add(again);
            variables = variables.After(again);
        }
    }

    /// <summary>Returns the source for compiling a cell again.</summary>
    /// <param name="previous">The compilation that the cell now follows.</param>
    /// <param name="variables">The variables declared before the cell.</param>
    /// <param name="moreLibraryTypes">The types that now belong in the cell's library.</param>
    public static CellSource Again(
        CompiledCell cell, CSharpCompilation previous, VariableDeclarations variables, IEnumerable<string> moreLibraryTypes) =>
        new(cell.Code, cell.Name, previous)
    {
        IsTopLevelOnly = variables.IsTopLevelOnly,
        Again = cell.NameInSymbols == cell.Name ? cell : null, // no cell refers to the symbols of a repeated cell
        Assets = cell.Assets,
        Analyzers = cell.Analyzers,
        Language = cell.Language,
        Moved = cell.Moved,
        Kept = cell.Kept,
        LibraryTypes = (cell.Library?.Types ?? Enumerable.Empty<string>()).Concat(cell.Moved).Select(SimpleName)
            .Concat(moreLibraryTypes).ToHashSet(),
    };

    /// <summary>The library types without a namespace: when redeclared, they must be in a library again.</summary>
    public static IReadOnlySet<string> TypesInLibraries(IEnumerable<AcceptedCell> cells) => cells
        .SelectMany(cell => cell.Compiled.Library?.Types ?? Enumerable.Empty<string>())
        .Where(type => !type.Contains('.', StringComparison.Ordinal)).Select(SimpleName).ToHashSet();

    /// <summary>Returns the types that scripts of the history declare, each with the index of the cell that declares it now.</summary>
    private Dictionary<string, int> ScriptTypes()
    {
        var declarers = new Dictionary<string, int>();
        for (var i = 0; i < accepted.Count; i++)
        {
            foreach (var type in accepted[i].Compiled.Library?.Types ?? Enumerable.Empty<string>()) declarers.Remove(SimpleName(type));
            foreach (var type in accepted[i].Compiled.Types) declarers[type] = i;
        }

        return declarers;
    }

    private static string SimpleName(string fullName) => fullName[(fullName.LastIndexOf('.') + 1)..fullName.LastIndexOf('`')];
}
