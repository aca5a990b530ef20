using System.Collections.Immutable;

namespace JupyterKernel.Session;

/// <summary>
/// For each variable, the cell that declares it now; and the names that code of a cell (lambdas, methods, types, queries) may look up after
/// the cell has ended. Immutable; any thread.
/// </summary>
internal sealed record VariableDeclarations
{
    public static readonly VariableDeclarations None = new();

    private ImmutableDictionary<string, AcceptedCell> Declarers { get; init; } = ImmutableDictionary<string, AcceptedCell>.Empty;

    // For each name, the number of the latest cell whose code looks it up.
    private ImmutableDictionary<string, long> Lookups { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>Every variable, with the cell that declares it.</summary>
    public IEnumerable<KeyValuePair<string, AcceptedCell>> All => Declarers;

    /// <summary>Returns the variables of cells that ran in the given order.</summary>
    public static VariableDeclarations Of(IEnumerable<AcceptedCell> cells) =>
        cells.Aggregate(None, (variables, cell) => variables.After(cell));

    /// <summary>Returns the variables after one more cell.</summary>
    public VariableDeclarations After(AcceptedCell cell) => new()
    {
        Declarers = Declarers.SetItems(cell.Compiled.Variables.Select(name => KeyValuePair.Create(name, cell))),
        Lookups = Lookups.SetItems(cell.Compiled.DeferredNames.Select(name => KeyValuePair.Create(name, cell.Number))),
    };

    /// <summary>
    /// Returns the variables without a cell: its names refer to earlier declarations again. The cell's lookups are kept, because
    /// its code may still be live.
    /// </summary>
    /// <param name="left">The cells without the removed one.</param>
    public VariableDeclarations Without(AcceptedCell gone, IReadOnlyList<AcceptedCell> left)
    {
        var declarers = Declarers;
        foreach (var name in gone.Compiled.Variables)
        {
            if (declarers.GetValueOrDefault(name) != gone) continue;
            declarers = left.LastOrDefault(cell => cell.Number < gone.Number && cell.Compiled.Variables.Contains(name)) is { } before
                ? declarers.SetItem(name, before)
                : declarers.Remove(name);
        }

        return this with { Declarers = declarers };
    }

    /// <summary>
    /// Returns the cell that declares a variable which no deferred code (lambda, method, type, query) uses; null if there is none.
    /// </summary>
    /// <remarks>Deferred code of a cell before the declaration refers to an older variable.</remarks>
    public AcceptedCell? DeclarerOfTopLevelOnly(string name) =>
        Declarers.TryGetValue(name, out var cell) && Lookups.GetValueOrDefault(name) < cell.Number ? cell : null;

    /// <summary>Whether a name is a variable that only top-level statements use.</summary>
    public bool IsTopLevelOnly(string name) => DeclarerOfTopLevelOnly(name) is not null;
}
