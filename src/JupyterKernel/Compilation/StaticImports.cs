using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Compilation;

/// <summary>
/// Resolves members that <c>using static</c> imports of a type that was redeclared since. The compiler still imports the old type beside
/// the new one, so that their members are ambiguous; qualified with their type, they are the latest one's. Pure; any thread.
/// </summary>
internal static class StaticImports
{
    // An ambiguous type, method or other member.
    private static readonly HashSet<string> Ambiguous = ["CS0104", "CS0121", "CS0229"];

    /// <param name="form">The text, which did not compile.</param>
    /// <param name="submission">Its compilation.</param>
    /// <param name="tree">Its tree in that compilation.</param>
    /// <param name="errors">Its errors.</param>
    /// <returns>The text to try; none if nothing is ambiguous for this reason.</returns>
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
            // A member of two types is as ambiguous as it is in a program.
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
