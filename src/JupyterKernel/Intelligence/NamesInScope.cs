using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace JupyterKernel.Intelligence;

/// <summary>The names in scope at a position, and their declarations. Any thread.</summary>
/// <param name="symbols">All symbols in scope; overloads are adjacent.</param>
internal sealed class NamesInScope(IEnumerable<ISymbol> symbols)
{
    private readonly ILookup<string, ISymbol> symbols = symbols.ToLookup(symbol => symbol.Name);
    private readonly ConcurrentDictionary<ISymbol, string> signatures = new(ReferenceEqualityComparer.Instance);

    /// <summary>Returns the symbols with a given name and kind.</summary>
    public ImmutableArray<ISymbol> Of(string name, SymbolKind kind) => [.. symbols[name].Where(symbol => symbol.Kind == kind)];

    /// <summary>Returns the signature of the first overload, and the number of other overloads.</summary>
    public string Signature(ImmutableArray<ISymbol> overloads) => signatures.GetOrAdd(overloads[0], first =>
    {
        var others = first is IMethodSymbol
            ? overloads.OfType<IMethodSymbol>().Distinct<ISymbol>(SymbolEqualityComparer.Default).Count() - 1 : 0;
        return SymbolText.Signature(first) + others switch
        {
            0 => "",
            1 => " (+ 1 overload)",
            _ => $" (+ {others} overloads)",
        };
    });
}
