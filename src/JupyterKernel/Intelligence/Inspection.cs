using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Intelligence;

/// <summary>
/// What is known of the symbol at a place of a cell. Pure functions over Roslyn's symbols; any thread.
/// </summary>
public static class Inspection
{
    private const int MaxOverloads = 50;
    private const int MaxSourceLength = 10_000;

    /// <summary>
    /// Describes the symbol whose name the cursor touches, else the method or type in whose argument list it stands.
    /// </summary>
    /// <param name="code">The cell as it stands, however broken.</param>
    /// <param name="index">The cursor in UTF-16 units; brought into the text's range.</param>
    /// <param name="detail">1 adds remarks, the overloads, and the source of what cells declared.</param>
    /// <param name="compile">Gives the script compilation of a text on top of the session, with that text as its only tree.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <returns>Null where no symbol is found, also in code that nests too deep for Roslyn.</returns>
    public static Tooltip? Inspect(
        string code, int index, int detail, Func<string, CSharpCompilation> compile, CancellationToken cancellation)
    {
        try
        {
            if (Cursor.In(code, index, compile, cancellation) is not { } cursor) return null;
            var symbols = Named(cursor, cancellation) is { Count: > 0 } named ? named : Called(cursor, cancellation);
            return symbols.Count == 0 ? null : Describe(symbols, detail, cancellation);
        }
        catch (InsufficientExecutionStackException)
        {
            return null;
        }
    }

    private static List<ISymbol> Named(Cursor cursor, CancellationToken cancellation)
    {
        var token = cursor.TokenAt(cursor.Index);
        if (!IsName(token) && cursor.Index > 0) token = cursor.TokenAt(cursor.Index - 1);
        if (!IsName(token) || token.SpanStart > cursor.Index || token.Span.End < cursor.Index || token.Parent is not { } node) return [];
        return cursor.Model.GetDeclaredSymbol(node, cancellation) is { } declared ? [declared] : Meant(cursor.Model, node, cancellation);
    }

    private static List<ISymbol> Called(Cursor cursor, CancellationToken cancellation)
    {
        for (var node = cursor.Left.Parent; node is not null; node = node.Parent)
        {
            if (node is StatementSyntax or AnonymousFunctionExpressionSyntax) return [];
            if (node is not BaseArgumentListSyntax list || cursor.Index <= list.SpanStart || !IsOpenAt(list, cursor.Index)) continue;
            return list.Parent switch
            {
                InvocationExpressionSyntax call => Meant(cursor.Model, call.Expression, cancellation),
                { } creation => Meant(cursor.Model, creation, cancellation),
                null => [],
            };
        }
        return [];
    }

    private static bool IsOpenAt(BaseArgumentListSyntax list, int index) =>
        list.GetLastToken(includeZeroWidth: true) is var close && (close.IsMissing || index < close.Span.End);

    private static bool IsName(SyntaxToken token) => token.Span.Length > 0 && token.Kind() is SyntaxKind.IdentifierToken
        or SyntaxKind.ThisKeyword or SyntaxKind.BaseKeyword || SyntaxFacts.IsPredefinedType(token.Kind());

    // The symbol first; behind it its overloads, or all that may be meant where the code does not decide.
    private static List<ISymbol> Meant(SemanticModel model, SyntaxNode node, CancellationToken cancellation)
    {
        var info = model.GetSymbolInfo(node, cancellation);
        var candidates = info.Symbol is { } symbol ? [symbol] : info.CandidateSymbols;
        return [.. candidates.Concat(model.GetMemberGroup(node, cancellation)).Distinct(SymbolEqualityComparer.Default)];
    }

    private static Tooltip Describe(List<ISymbol> symbols, int detail, CancellationToken cancellation)
    {
        var symbol = symbols[0];
        var overloads = symbols.Skip(1).OfType<IMethodSymbol>().Take(MaxOverloads).Select(SymbolText.Signature).ToList();
        var documentation = DocumentationComment.Parse(symbol.GetDocumentationCommentXml(cancellationToken: cancellation));

        var signature = SymbolText.Signature(symbol);
        if (detail < 1 && overloads.Count > 0) signature += $"  (+ {overloads.Count} overload{(overloads.Count == 1 ? "" : "s")})";
        var page = new TooltipPage();
        page.Code(signature);
        page.Text(SymbolText.Origin(symbol));
        page.Text(documentation.Summary);
        page.List("Parameters", documentation.Parameters);
        if (documentation.Returns.Length > 0) page.List("Returns", [("", documentation.Returns)]);
        if (detail >= 1)
        {
            page.Text(documentation.Remarks);
            if (overloads.Count > 0) page.Code(string.Join('\n', overloads), "Overloads");
            if (Source(symbol, cancellation) is { } source) page.Code(source, "Source");
        }
        return page.ToTooltip();
    }

    private static string? Source(ISymbol symbol, CancellationToken cancellation)
    {
        if (symbol.DeclaringSyntaxReferences is not [var reference, ..]) return null;
        var node = reference.GetSyntax(cancellation);
        if (node is VariableDeclaratorSyntax) node = node.Parent!.Parent!;
        var source = node.ToString();
        return source.Length <= MaxSourceLength ? source : source[..MaxSourceLength] + "…";
    }
}
