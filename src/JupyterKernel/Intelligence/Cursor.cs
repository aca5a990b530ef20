using JupyterKernel.Compilation;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Intelligence;

/// <summary>A position in a cell's text, and the syntax around it.</summary>
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

    /// <summary>The semantic model of the cell's text.</summary>
    public SemanticModel Model { get; }

    /// <summary>The position in UTF-16 units, within the text.</summary>
    public int Index { get; }

    /// <summary>The token that contains or precedes the cursor; of kind None at the start of the text.</summary>
    public SyntaxToken Left { get; }

    /// <summary>Creates a cursor; null if the text nests too deeply for Roslyn.</summary>
    public static async Task<Cursor?> InAsync(CellDocument cell, int index, CancellationToken cancellation)
    {
        if (Nesting.IsTooDeep(cell.Code)) return null;
        var root = (await cell.Document.GetSyntaxRootAsync(cancellation))!;
        if (Nesting.IsTooDeep(root, cancellation)) return null;
        return new Cursor(cell, (await cell.Document.GetSemanticModelAsync(cancellation))!, root, Math.Clamp(index, 0, cell.Code.Length));
    }

    /// <summary>Returns the names available at the cursor: members after a dot, otherwise all names in scope.</summary>
    public NamesInScope NamesInScope(CancellationToken cancellation)
    {
        if (Qualifier() is not { } qualifier) return new(Model.LookupSymbols(Index));
        if (Model.GetSymbolInfo(qualifier, cancellation).Symbol is INamespaceOrTypeSymbol { } named)
            return new(
                Model.LookupSymbols(qualifier.SpanStart, named).Where(symbol => symbol.IsStatic || symbol is INamespaceOrTypeSymbol));
        var type = Model.GetTypeInfo(qualifier, cancellation).Type;
        if (type is IPointerTypeSymbol pointer) type = pointer.PointedAtType;
        if (type is null or IErrorTypeSymbol) return new([]);
        return HasOwnNames() || !IsOfEarlierCells(type) ? Members(type) : Cell.Members.GetOrAdd(type, Members);

        // Most of the time is spent checking which extension methods apply to the type. The position is that of the qualifier, because
        // after the dot of an incomplete member access the cursor may be outside the enclosing type.
        NamesInScope Members(ITypeSymbol type) =>
            new(Model.LookupSymbols(qualifier.SpanStart, type, includeReducedExtensionMethods: true).Where(symbol => !symbol.IsStatic));
    }

    /// <summary>
    /// Whether this cell may see other members of a type than other cells do: it has using directives, extension
    /// methods or type declarations.
    /// </summary>
    private bool HasOwnNames() => ((CompilationUnitSyntax)root) is { Usings.Count: > 0 } or { Externs.Count: > 0 }
        || ((CompilationUnitSyntax)root).Members.Any(member =>
            member is BaseTypeDeclarationSyntax or BaseNamespaceDeclarationSyntax
                or MethodDeclarationSyntax { ParameterList.Parameters: [{ Modifiers.Count: > 0 }, ..] });

    private bool IsOfEarlierCells(ITypeSymbol type) => type switch
    {
        IArrayTypeSymbol array => IsOfEarlierCells(array.ElementType),
        INamedTypeSymbol named => !SymbolEqualityComparer.Default.Equals(named.ContainingAssembly, Model.Compilation.Assembly)
            && named.TypeArguments.All(IsOfEarlierCells)
            && (named.ContainingType is not { } outer || IsOfEarlierCells(outer)),
        _ => false,
    };

    private ExpressionSyntax? Qualifier()
    {
        var dot = Left.Kind() is SyntaxKind.DotToken or SyntaxKind.MinusGreaterThanToken || Left.Span.End < Index
            ? Left : Left.GetPreviousToken();
        return dot.Kind() is not (SyntaxKind.DotToken or SyntaxKind.MinusGreaterThanToken) ? null : dot.Parent switch
        {
            MemberAccessExpressionSyntax access => access.Expression,
            QualifiedNameSyntax name => name.Left,
            MemberBindingExpressionSyntax binding =>
                binding.FirstAncestorOrSelf<ConditionalAccessExpressionSyntax>(access =>
                    access.WhenNotNull.FullSpan.Contains(binding.SpanStart))?.Expression,
            _ => null,
        };
    }

    /// <summary>Returns a cursor at another position of the same text.</summary>
    public static Cursor At(Cursor other, int index) => new(other.Cell, other.Model, other.root, index);

    /// <summary>Whether a word at a position begins a top-level statement or declaration of the cell.</summary>
    public bool BeginsStatementAtTop(int start)
    {
        var before = start > 0 ? root.FindToken(start - 1) : default;
        if (before.SpanStart >= start) before = before.GetPreviousToken();
        return before.IsKind(SyntaxKind.None)
            || (before.Kind() is SyntaxKind.SemicolonToken or SyntaxKind.CloseBraceToken && before.Parent?.AncestorsAndSelf()
                .LastOrDefault(node => node.Parent is CompilationUnitSyntax) is { } part && part.GetLastToken() == before);
    }

    /// <summary>Returns the token that contains a position; at the border of two tokens, the right one.</summary>
    public SyntaxToken TokenAt(int position) => root.FindToken(position);
}
