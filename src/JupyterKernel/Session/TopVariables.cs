using System.Collections.Immutable;

namespace JupyterKernel.Session;

/// <summary>
/// Which cell declares each variable now, and which names code of cells may look up after its cell has ended: a lambda, method, type
/// or query does. Immutable; any thread.
/// </summary>
internal sealed record TopVariables
{
    public static readonly TopVariables None = new();

    private ImmutableDictionary<string, AcceptedCell> Declarers { get; init; } = ImmutableDictionary<string, AcceptedCell>.Empty;

    // The number of the latest cell whose code looks a name up.
    private ImmutableDictionary<string, long> Lookups { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>Every variable, with the cell that declares it.</summary>
    public IEnumerable<KeyValuePair<string, AcceptedCell>> All => Declarers;

    /// <summary>Those of cells, in the order in which they ran.</summary>
    public static TopVariables Of(IEnumerable<AcceptedCell> cells) => cells.Aggregate(None, (variables, cell) => variables.Behind(cell));

    /// <summary>Those behind one more cell.</summary>
    public TopVariables Behind(AcceptedCell cell) => new()
    {
        Declarers = Declarers.SetItems(cell.Compiled.Variables.Select(name => KeyValuePair.Create(name, cell))),
        Lookups = Lookups.SetItems(cell.Compiled.DeferredNames.Select(name => KeyValuePair.Create(name, cell.Number))),
    };

    /// <summary>What a cell declared means again what it did before; what its code has looked up, something else may hold yet.</summary>
    /// <param name="left">The cells without it.</param>
    public TopVariables Without(AcceptedCell gone, IReadOnlyList<AcceptedCell> left)
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

    /// <summary>The cell that declares a variable which no code but the cells' statements reaches; null if it is none.</summary>
    /// <remarks>A cell before the declaration meant an older variable still.</remarks>
    public AcceptedCell? DeclarerOfOnlyAtTop(string name) => Declarers.TryGetValue(name, out var cell) && Lookups.GetValueOrDefault(name) < cell.Number ? cell : null;

    /// <summary>Whether a name is a variable that no code but the cells' statements reaches.</summary>
    public bool IsOnlyAtTop(string name) => DeclarerOfOnlyAtTop(name) is not null;
}
