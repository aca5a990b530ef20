using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Compilation;

/// <summary>
/// Resolves members imported by a <c>using static</c> for a type that has been redeclared. The compiler imports both the old and the new
/// type, so their members are ambiguous. Qualified with the type's name, they are those of the latest type. Pure; any thread.
/// </summary>
internal static class StaticImports
{
    // The errors for an ambiguous type, method or other member.
    private static readonly HashSet<string> Ambiguous = ["CS0104", "CS0121", "CS0229"];

    /// <param name="form">The text, which did not compile.</param>
    /// <param name="submission">The compilation of the text.</param>
    /// <param name="tree">The syntax tree of the text in that compilation.</param>
    /// <param name="errors">The errors of the compilation.</param>
    /// <returns>The text to try; empty if nothing is ambiguous for this reason.</returns>
    public static IEnumerable<ScriptForm> WithTypes(
        ScriptForm form, CSharpCompilation submission, SyntaxTree tree, IReadOnlyCollection<Diagnostic> errors,
        CancellationToken cancellation)
    {
        var root = tree.GetCompilationUnitRoot(cancellation);
        var names = errors.Where(error => Ambiguous.Contains(error.Id) && error.Location.SourceTree == tree)
            .Select(error => root.FindToken(error.Location.SourceSpan.Start)).Where(IsUnqualified).Distinct().ToList();
        if (names.Count == 0) return [];

        var model = submission.GetSemanticModel(tree);
        var imports = SubmissionLink.Chain(submission).SelectMany(link => link.SyntaxTrees)
            .SelectMany(text => text.GetCompilationUnitRoot(cancellation).Usings)
            .Where(directive => directive.StaticKeyword.IsKind(SyntaxKind.StaticKeyword))
            .Select(directive => directive.NamespaceOrType.ToString()).Distinct()
            .Select(text => (Text: text, Type: LatestType(text))).Where(import => import.Type is not null).ToList();
        var edits = new List<Edit>();
        foreach (var name in names)
        {
            // A member of two different types is ambiguous in a program too.
            var owners = imports.Where(import => import.Type!.GetMembers(name.ValueText).Length > 0).ToList();
            if (owners is [var owner]) edits.Add(new(name.SpanStart, 0, owner.Text + "."));
        }

        return edits.Count > 0 ? [form with { Text = form.Text.With(edits) }] : [];

        INamedTypeSymbol? LatestType(string text) =>
            model.GetSpeculativeSymbolInfo(names[0].SpanStart, SyntaxFactory.ParseTypeName(text),
                SpeculativeBindingOption.BindAsTypeOrNamespace).Symbol is INamedTypeSymbol { ContainingType.IsScriptClass: true } type
                ? type
                : null;
    }

    private static bool IsUnqualified(SyntaxToken token) => token.Parent is SimpleNameSyntax name && name.Parent switch
    {
        MemberAccessExpressionSyntax access => access.Expression == name,
        QualifiedNameSyntax qualified => qualified.Left == name,
        MemberBindingExpressionSyntax or AliasQualifiedNameSyntax => false,
        _ => true,
    };
}
