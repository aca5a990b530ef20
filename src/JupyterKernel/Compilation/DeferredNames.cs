using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Compilation;

/// <summary>
/// The names that a cell's code may still look up after the cell has ended: those inside lambdas, methods, properties,
/// types and queries. By spelling alone, so there may be too many, never too few.
/// </summary>
internal static class DeferredNames
{
    /// <summary>The names in a cell's tree; empty for most cells.</summary>
    public static HashSet<string> In(SyntaxNode root)
    {
        var names = new HashSet<string>();
        foreach (var node in root.DescendantNodes(node => !IsDeferred(node)))
        {
            if (!IsDeferred(node)) continue;
            foreach (var token in node.DescendantTokens())
            {
                if (token.IsKind(SyntaxKind.IdentifierToken)) names.Add(token.ValueText);
            }
        }

        return names;
    }

    private static bool IsDeferred(SyntaxNode node) => node is
        AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax or BaseMethodDeclarationSyntax or BasePropertyDeclarationSyntax
        or BaseTypeDeclarationSyntax or QueryExpressionSyntax or EventFieldDeclarationSyntax;
}
