using JupyterKernel.Compilation;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Intelligence;

/// <summary>A place in a cell's text, and the syntax around it.</summary>
internal sealed class Cursor
{
    private readonly SyntaxNode root;

    private Cursor(CellDocument cell, SemanticModel model, SyntaxNode root, int index)
    {
        (Cell, Model, this.root, Index) = (cell, model, root, index);
        var token = root.FindToken(index);
        Left = token.SpanStart >= index ? token.GetPreviousToken() : token;
    }

    /// <summary>The cell.</summary>
    public CellDocument Cell { get; }

    /// <summary>What its text means.</summary>
    public SemanticModel Model { get; }

    /// <summary>In UTF-16 units, within the text.</summary>
    public int Index { get; }

    /// <summary>The token that the cursor stands in or behind; of kind None at the start of the text.</summary>
    public SyntaxToken Left { get; }

    /// <summary>Null where the text nests too deep for Roslyn.</summary>
    public static async Task<Cursor?> InAsync(CellDocument cell, int index, CancellationToken cancellation)
    {
        if (Nesting.IsTooDeep(cell.Code)) return null;
        var root = (await cell.Document.GetSyntaxRootAsync(cancellation))!;
        if (Nesting.IsTooDeep(root, cancellation)) return null;
        return new Cursor(cell, (await cell.Document.GetSemanticModelAsync(cancellation))!, root, Math.Clamp(index, 0, cell.Code.Length));
    }

    /// <summary>What can be named at the cursor, by its name: behind a dot the members, else all that is in scope.</summary>
    public ILookup<string, ISymbol> SymbolsInScope(CancellationToken cancellation)
    {
        if (Qualifier() is not { } qualifier) return Model.LookupSymbols(Index).ToLookup(symbol => symbol.Name);
        if (Model.GetSymbolInfo(qualifier, cancellation).Symbol is INamespaceOrTypeSymbol { } named)
            return Model.LookupSymbols(Index, named).Where(symbol => symbol.IsStatic || symbol is INamespaceOrTypeSymbol).ToLookup(symbol => symbol.Name);
        var type = Model.GetTypeInfo(qualifier, cancellation).Type;
        if (type is IPointerTypeSymbol pointer) type = pointer.PointedAtType;
        return (type is null or IErrorTypeSymbol ? [] : Model.LookupSymbols(Index, type, includeReducedExtensionMethods: true))
            .Where(symbol => !symbol.IsStatic).ToLookup(symbol => symbol.Name);
    }

    private ExpressionSyntax? Qualifier()
    {
        var dot = Left.Kind() is SyntaxKind.DotToken or SyntaxKind.MinusGreaterThanToken || Left.Span.End < Index ? Left : Left.GetPreviousToken();
        return dot.Kind() is not (SyntaxKind.DotToken or SyntaxKind.MinusGreaterThanToken) ? null : dot.Parent switch
        {
            MemberAccessExpressionSyntax access => access.Expression,
            QualifiedNameSyntax name => name.Left,
            MemberBindingExpressionSyntax binding => binding.FirstAncestorOrSelf<ConditionalAccessExpressionSyntax>(access => access.WhenNotNull.FullSpan.Contains(binding.SpanStart))?.Expression,
            _ => null,
        };
    }

    /// <summary>Another place of the same text.</summary>
    public static Cursor At(Cursor other, int index) => new(other.Cell, other.Model, other.root, index);

    /// <summary>The token that covers a position, or ends there: at a border the one on the right wins.</summary>
    public SyntaxToken TokenAt(int position) => root.FindToken(position);
}
