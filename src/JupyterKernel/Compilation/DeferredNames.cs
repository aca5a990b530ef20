using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Compilation;

/// <summary>
/// Finds the names that a cell's code may look up after the cell has ended: those inside lambdas, methods, properties, types and queries.
/// Only spelling is compared, so there may be too many names, never too few.
/// </summary>
internal static class DeferredNames
{
    private static readonly HashSet<string> None = [];

    /// <summary>Returns the names in the syntax trees of a cell; empty for most cells.</summary>
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
