using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Intelligence;

/// <summary>
/// What can be typed at a place of a cell: members behind a dot, else the names in scope and the keywords.
/// Pure functions over Roslyn's symbols; any thread.
/// </summary>
public static class Completion
{
    /// <summary>Proposes what replaces the word that ends at the index.</summary>
    /// <param name="code">The cell as it stands, however broken.</param>
    /// <param name="index">The cursor in UTF-16 units; brought into the text's range.</param>
    /// <param name="compile">Gives the script compilation of a text on top of the session, with that text as its only tree.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <returns>An empty list where nothing can be said, also of code that nests too deep for Roslyn.</returns>
    public static CompletionList Complete(
        string code, int index, Func<string, CSharpCompilation> compile, CancellationToken cancellation)
    {
        index = Math.Clamp(index, 0, code.Length);
        if (DirectivePaths.Complete(code, index) is { } paths) return paths;
        try
        {
            return Cursor.In(code, index, compile, cancellation) is { } cursor && !cursor.IsInText()
                ? Rank(cursor, cancellation)
                : new([], index, index);
        }
        catch (InsufficientExecutionStackException)
        {
            return new([], index, index);
        }
    }

    private static CompletionList Rank(Cursor cursor, CancellationToken cancellation)
    {
        var typed = cursor.Word.TrimStart('@');
        var verbatim = cursor.Word.StartsWith('@');
        var symbols = (Members.Of(cursor, cancellation) ?? Scope.Names(cursor))
            .Where(s => s.CanBeReferencedByName)
            .GroupBy(s => s.Name)
            .Select(named => (Match: NameMatching.Match(typed, named.Key), Symbols: named.Where(IsBrowsable).ToList()))
            .Where(c => c.Match != NameMatch.None && c.Symbols.Count > 0)
            .Select(c => (c.Match, Own: c.Symbols[0].DeclaringSyntaxReferences.Length > 0, Item: Item(c.Symbols, verbatim)));
        var keywords = (verbatim ? [] : Scope.Keywords(cursor))
            .Select(k => (Match: NameMatching.Match(typed, k), Own: false, Item: new CompletionItem(k, "keyword", "")))
            .Where(c => c.Match < NameMatch.Humps);

        var ranked = symbols.Concat(keywords)
            .OrderBy(c => c.Match).ThenByDescending(c => c.Own)
            .ThenBy(c => c.Item.Text, StringComparer.OrdinalIgnoreCase).ThenBy(c => c.Item.Text, StringComparer.Ordinal)
            .Select(c => c.Item)
            .DistinctBy(i => i.Text);
        return new([.. ranked], cursor.WordStart, cursor.Index);
    }

    private static CompletionItem Item(List<ISymbol> symbols, bool verbatim)
    {
        var symbol = symbols[0];
        var more = symbol is IMethodSymbol ? symbols.Count - 1 : 0;
        var signature = SymbolText.Signature(symbol) + more switch
        {
            0 => "",
            1 => " (+ 1 overload)",
            _ => $" (+ {more} overloads)",
        };
        var escaped = verbatim || SyntaxFacts.GetKeywordKind(symbol.Name) != SyntaxKind.None;
        return new(escaped ? "@" + symbol.Name : symbol.Name, IconType(symbol), signature);
    }

    // JupyterLab has colours for function, instance, class, module and keyword, and takes any other word as it is.
    private static string IconType(ISymbol symbol) => symbol switch
    {
        IMethodSymbol => "function",
        ILocalSymbol or IParameterSymbol or IRangeVariableSymbol or IFieldSymbol { ContainingType.IsScriptClass: true } => "instance",
        _ => SymbolText.Kind(symbol),
    };

    private static bool IsBrowsable(ISymbol symbol) => !symbol.GetAttributes().Any(a =>
        a.AttributeClass?.Name == nameof(System.ComponentModel.EditorBrowsableAttribute)
        && a.ConstructorArguments is [{ Value: (int)System.ComponentModel.EditorBrowsableState.Never }]);
}
