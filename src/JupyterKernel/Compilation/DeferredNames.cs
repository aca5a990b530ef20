using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Compilation;

/// <summary>
/// The names that a cell's code may still look up after the cell has ended: those inside lambdas, methods, properties, types and queries.
/// They are found by spelling alone, so there may be too many, never too few.
/// </summary>
internal static class DeferredNames
{
    private static readonly HashSet<string> None = [];

    /// <summary>Returns the names in a cell's trees; empty for most cells.</summary>
    public static IReadOnlySet<string> In(IEnumerable<SyntaxTree> trees)
    {
        HashSet<string>? names = null;
        foreach (var node in trees.SelectMany(tree => tree.GetRoot().DescendantNodes(node => !IsDeferred(node))).Where(IsDeferred))
        {
            names ??= [];
            foreach (var token in node.DescendantTokens())
            {
                if (token.IsKind(SyntaxKind.IdentifierToken)) names.Add(token.ValueText);
            }
        }

        return names ?? None;
    }

    private static bool IsDeferred(SyntaxNode node) => node is
        AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax or BaseMethodDeclarationSyntax or BasePropertyDeclarationSyntax
        or BaseTypeDeclarationSyntax or QueryExpressionSyntax or EventFieldDeclarationSyntax;
}
