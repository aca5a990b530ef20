using Microsoft.CodeAnalysis;

namespace JupyterKernel.Intelligence;

/// <summary>Finds the documentation of a symbol, including inherited documentation. Any thread.</summary>
internal static class Documentation
{
    private const int MaxSteps = 5;

    /// <summary>Returns the documentation comment; <see cref="DocumentationComment.None"/> if there is none.</summary>
    public static DocumentationComment Of(
        ISymbol symbol, DocumentationFiles files, Microsoft.CodeAnalysis.Compilation compilation, CancellationToken cancellation)
    {
        for (var step = 0; step < MaxSteps; step++)
        {
            symbol = symbol is IMethodSymbol { ReducedFrom: { } extension } ? extension : symbol;
            var comment = DocumentationComment.Parse(files.Of(symbol, compilation, cancellation));
            if (comment.Summary.Length > 0 && comment.Inherits is null) return comment;

            // A constructor without documentation gets that of its type.
            var inherited = comment.Inherits is { Length: > 0 } id ? DocumentationCommentId.GetFirstSymbolForDeclarationId(id, compilation)
                : Inherited(symbol) ?? (symbol is IMethodSymbol { MethodKind: MethodKind.Constructor } ? symbol.ContainingType : null);
            if (inherited is null) return comment;
            symbol = inherited;
        }

        return DocumentationComment.None;
    }

    private static ISymbol? Inherited(ISymbol symbol) => symbol switch
    {
        IMethodSymbol { OverriddenMethod: { } method } => method,
        IPropertySymbol { OverriddenProperty: { } property } => property,
        IEventSymbol { OverriddenEvent: { } overridden } => overridden,
        IMethodSymbol or IPropertySymbol or IEventSymbol when symbol.ContainingType is { TypeKind: not TypeKind.Interface } type =>
            type.AllInterfaces
            .SelectMany(contract => contract.GetMembers(symbol.Name))
            .FirstOrDefault(member => SymbolEqualityComparer.Default.Equals(type.FindImplementationForInterfaceMember(member), symbol)),
        _ => null,
    };
}
