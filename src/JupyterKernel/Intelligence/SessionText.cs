using System.Text;
using JupyterKernel.Compilation;
using Microsoft.CodeAnalysis;

namespace JupyterKernel.Intelligence;

/// <summary>
/// Builds one script that contains the current declarations of all cells and executes nothing. It is rebuilt after each cell, so that the
/// time to look up a name does not depend on the number of cells. Not thread-safe.
/// </summary>
internal sealed class SessionText
{
    private readonly List<CellDeclarations> cells = [];

    // Keyed by name. Each list contains methods, types that differ in their number of type parameters, or one variable.
    private readonly Dictionary<string, List<CellDeclaration>> live = [];
    private readonly List<string> usings = [];
    private readonly List<MetadataReference> references = [];

    /// <summary>The current script.</summary>
    public SessionScript Script { get; private set; } = new("", []);

    /// <summary>The assemblies that cells have added.</summary>
    public IReadOnlyList<MetadataReference> References => references;

    /// <summary>Updates the script to the accepted cells.</summary>
    /// <param name="accepted">The declarations of the accepted cells, in the order in which they ran.</param>
    /// <returns>Whether anything has changed.</returns>
    public bool Follow(IReadOnlyList<CellDeclarations> accepted)
    {
        // True after an undo or after the history was rebuilt.
        var changed = accepted.Count < cells.Count || (cells.Count > 0 && accepted[cells.Count - 1] != cells[^1]);
        if (changed) Clear();
        changed |= Script.Text.Length == 0;
        foreach (var cell in accepted.Skip(cells.Count))
        {
            cells.Add(cell);
            if (cell == CellDeclarations.None) continue;
            changed = true;
            usings.AddRange(cell.Usings.Except(usings));
            references.AddRange(cell.References.Except(references));
            foreach (var declaration in cell.Members) Add(declaration);
        }

        if (changed) Write();
        return changed;
    }

    private void Clear()
    {
        cells.Clear();
        live.Clear();
        usings.Clear();
        references.Clear();
    }

    private void Add(CellDeclaration declaration)
    {
        if (!live.TryGetValue(declaration.Name, out var named)) live[declaration.Name] = named = [];
        named.RemoveAll(older => older.IsMethod && declaration.IsMethod ? older.Key == declaration.Key
            : older.IsMethod || declaration.IsMethod || older.Key.Length == 0 || declaration.Key.Length == 0
                || older.Key == declaration.Key);
        named.Add(declaration);
    }

    private void Write()
    {
        var text = new StringBuilder();
        var places = new List<(int, CellDeclaration)>();
        foreach (var directive in usings) text.Append(directive).Append('\n');
        foreach (var declaration in live.Values.SelectMany(named => named))
        {
            places.Add((text.Length, declaration));
            text.Append(declaration.Text).Append('\n');
        }

        Script = new(text.Append('\n').ToString(), places);
    }
}

/// <summary>The declarations of a session, as a script. Immutable.</summary>
/// <param name="Places">The start position of each declaration, in ascending order.</param>
internal sealed record SessionScript(string Text, IReadOnlyList<(int Start, CellDeclaration Declaration)> Places)
{
    /// <summary>Returns the user's text of the declaration at a position of the script; null if there is none.</summary>
    public string? SourceAt(int position) => Places.LastOrDefault(place => place.Start <= position).Declaration?.Source;
}
