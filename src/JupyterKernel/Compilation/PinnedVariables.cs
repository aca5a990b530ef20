using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Compilation;

/// <summary>
/// Supports taking the address of a cell's variable. In a program, these variables are locals, which do not move; here they are fields of
/// an object that the garbage collector may move. So a statement that takes an address is wrapped in a <c>fixed</c> statement, which pins
/// the variable. Pure; any thread.
/// </summary>
internal static class PinnedVariables
{
    private const string AddressPrefix = "__address";

    /// <param name="form">The text, which did not compile.</param>
    /// <param name="submission">The compilation of the text.</param>
    /// <param name="tree">The syntax tree of the text in that compilation.</param>
    /// <param name="errors">The errors of the compilation.</param>
    /// <returns>The text to try; empty if the errors are not about addresses of variables.</returns>
    public static IEnumerable<ScriptForm> WithAddresses(
        ScriptForm form, CSharpCompilation submission, SyntaxTree tree, IReadOnlyCollection<Diagnostic> errors,
        CancellationToken cancellation)
    {
        const string NotFixed = "CS0212";
        var places = errors.Where(error => error.Id == NotFixed && error.Location.SourceTree == tree)
            .Select(error => error.Location.SourceSpan).ToList();
        if (places.Count == 0) return [];

        var root = tree.GetCompilationUnitRoot(cancellation);
        var model = submission.GetSemanticModel(tree);
        var addresses = places.Select(place =>
            root.FindNode(place, getInnermostNodeForTie: true).AncestorsAndSelf().OfType<PrefixUnaryExpressionSyntax>()
                .FirstOrDefault(expression => expression.IsKind(SyntaxKind.AddressOfExpression)))
            .OfType<PrefixUnaryExpressionSyntax>().Distinct().Where(address => IsOfVariable(address.Operand)).ToList();
        var edits = new List<Edit>();
        foreach (var statement in addresses.GroupBy(address => address.FirstAncestorOrSelf<GlobalStatementSyntax>()))
        {
            if (statement.Key is not { } whole) continue;
            var pins = "unsafe { ";
            foreach (var (number, same) in statement.GroupBy(address => address.Operand.ToString()).Index())
            {
                var name = AddressPrefix + number;
                var operand = same.First().Operand;
                pins += $"fixed ({model.GetTypeInfo(operand, cancellation).Type!.ToMinimalDisplayString(model, whole.SpanStart)}* {name} "
                    + $"= &{operand.WithoutTrivia()}) ";
                edits.AddRange(same.SelectMany(address => (Edit[])[form.Text.Blank(address.Span), new(address.Span.End, 0, name)]));
            }

            edits.AddRange([new(whole.SpanStart, 0, pins), new(whole.Span.End, 0, " }")]);
        }

        return edits.Count > 0 ? [form with { Text = form.Text.With(edits) }] : [];

        // A variable of a cell, or a field of a struct variable: no code has to run to find it.
        bool IsOfVariable(ExpressionSyntax operand) => operand switch
        {
            ParenthesizedExpressionSyntax inner => IsOfVariable(inner.Expression),
            IdentifierNameSyntax =>
                model.GetSymbolInfo(operand, cancellation).Symbol is IFieldSymbol { ContainingType.IsScriptClass: true },
            MemberAccessExpressionSyntax part =>
                model.GetSymbolInfo(part, cancellation).Symbol is IFieldSymbol { IsStatic: false, ContainingType.IsValueType: true }
                    && IsOfVariable(part.Expression),
            _ => false,
        };
    }
}
