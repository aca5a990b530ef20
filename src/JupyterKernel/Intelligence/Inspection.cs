using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Intelligence;

/// <summary>Describes the symbol at a position of a cell, and the call whose arguments contain the position. Any thread.</summary>
/// <param name="files">The documentation of symbols that are not declared by cells.</param>
internal sealed class Inspection(DocumentationFiles files)
{
    private const int MaxOverloads = 50;
    private const int MaxSourceLength = 10_000;

    /// <summary>Describes the symbol at the cursor, and the method or type whose argument list contains the cursor.</summary>
    /// <param name="cell">The cell, which may contain errors.</param>
    /// <param name="index">The cursor in UTF-16 units; clamped to the text.</param>
    /// <param name="detail">1 adds remarks, examples, exceptions, overloads, and the source of declarations in cells.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <returns>The tooltip; null if there is no symbol or the code is nested too deeply for Roslyn.</returns>
    public async Task<Tooltip?> InspectAsync(CellDocument cell, int index, int detail, CancellationToken cancellation)
    {
        try
        {
            return await Cursor.InAsync(cell, index, cancellation) is { } cursor ? Describe(cursor, detail, cancellation) : null;
        }
        catch (InsufficientExecutionStackException)
        {
            return null;
        }
    }

    private Tooltip? Describe(Cursor cursor, int detail, CancellationToken cancellation)
    {
        var page = new TooltipPage();
        var named = Named(cursor, cancellation);
        if (named.Count > 0) Describe(cursor, named, detail, page, cancellation);
        if (CallAtCursor.Around(cursor, cancellation) is { } call
            && (named.Count == 0 || !named.Any(symbol => call.Overloads.Contains(symbol, SymbolEqualityComparer.Default))))
            Describe(cursor, call, named.Count == 0 ? detail : -1, page, cancellation);
        var variable = detail > 0 && named is [IFieldSymbol { ContainingType.IsScriptClass: true } field, ..]
            && field.DeclaringSyntaxReferences[0].SyntaxTree.FilePath == LanguageService.SessionName ? field.Name : null;
        return page.ToTooltip() is { Plain.Length: > 0 } tooltip ? tooltip with { Variable = variable } : null;
    }

    private static List<ISymbol> Named(Cursor cursor, CancellationToken cancellation)
    {
        var token = cursor.TokenAt(cursor.Index);
        if (!IsName(token) && cursor.Index > 0) token = cursor.TokenAt(cursor.Index - 1);
        if (!IsName(token) || token.SpanStart > cursor.Index || token.Span.End < cursor.Index || token.Parent is not { } node) return [];
        return cursor.Model.GetDeclaredSymbol(node, cancellation) is { } declared
            ? [declared] : CallAtCursor.Meant(cursor.Model, node, cancellation);
    }

    private static bool IsName(SyntaxToken token) => token.Span.Length > 0 && token.Kind() is SyntaxKind.IdentifierToken
        or SyntaxKind.ThisKeyword or SyntaxKind.BaseKeyword || SyntaxFacts.IsPredefinedType(token.Kind());

    private void Describe(Cursor cursor, List<ISymbol> symbols, int detail, TooltipPage page, CancellationToken cancellation)
    {
        var symbol = symbols[0];
        var overloads = symbols.Skip(1).OfType<IMethodSymbol>().Take(MaxOverloads).Select(SymbolText.Signature).ToList();
        var comment = Documentation.Of(symbol, files, cursor.Model.Compilation, cancellation);
        page.Code(SymbolText.Signature(symbol) + More(detail < 1 ? overloads.Count : 0));
        page.Text(SymbolText.Origin(symbol));
        page.Text(comment.Summary);
        page.List("Parameters", comment.Parameters);
        if (comment.Returns.Length > 0) page.List("Returns", [("", comment.Returns)]);
        if (detail < 1) return;
        Details(comment, page);
        if (overloads.Count > 0) page.Code(string.Join('\n', overloads), "Overloads");
        if (Source(cursor.Cell, symbol, cancellation) is { } source) page.Code(source, "Source");
    }

    /// <param name="detail">The level of detail; -1 for the signature alone.</param>
    private void Describe(Cursor cursor, CallAtCursor call, int detail, TooltipPage page, CancellationToken cancellation)
    {
        var comment = Documentation.Of(call.Chosen, files, cursor.Model.Compilation, cancellation);
        var others = call.Overloads.Count - 1;
        page.Code([.. SymbolText.Signature(call.Chosen, call.Active), (More(detail < 1 ? others : 0), false)]);
        if (detail >= 0)
        {
            page.Text(SymbolText.Origin(call.Chosen));
            page.Text(comment.Summary);
        }

        page.List("Parameters", [.. comment.Parameters.Where(parameter => detail >= 0 || parameter.Name == call.Active?.Name)],
            bold: call.Active?.Name);
        if (detail < 0) return;
        if (comment.Returns.Length > 0) page.List("Returns", [("", comment.Returns)]);
        if (detail < 1) return;
        Details(comment, page);
        if (others > 0) page.Code(string.Join('\n', call.Overloads.Skip(1).Take(MaxOverloads).Select(SymbolText.Signature)), "Overloads");
        if (Source(cursor.Cell, call.Chosen, cancellation) is { } source) page.Code(source, "Source");
    }

    private static void Details(DocumentationComment comment, TooltipPage page)
    {
        page.Text(comment.Remarks, "Remarks");
        page.List("Exceptions", comment.Exceptions);
        page.Text(comment.Example, "Example");
    }

    private static string More(int overloads) => overloads switch
    {
        0 => "",
        1 => "  (+ 1 overload)",
        _ => $"  (+ {overloads} overloads)",
    };

    private static string? Source(CellDocument cell, ISymbol symbol, CancellationToken cancellation)
    {
        if (symbol.DeclaringSyntaxReferences is not [var reference, ..]) return null;
        var node = reference.GetSyntax(cancellation);
        var ofVariable = node is VariableDeclaratorSyntax or SingleVariableDesignationSyntax;
        if (ofVariable)
            node = node.FirstAncestorOrSelf<FieldDeclarationSyntax>() ?? (SyntaxNode?)node.FirstAncestorOrSelf<StatementSyntax>() ?? node;

        // The session's script declares a variable of an earlier cell by its type only; the user's declaration says more.
        var source = ofVariable && symbol.ContainingType is { IsScriptClass: true } && node.ToString() is var declared
            && node.SyntaxTree.FilePath == LanguageService.SessionName
            ? cell.Session.SourceAt(node.SpanStart) ?? declared
            : node.ToString();
        return source.Length <= MaxSourceLength ? source : source[..MaxSourceLength] + "…";
    }
}
