using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Compilation;

/// <summary>
/// Supports names of the .NET Interactive API, which cells written for it use without a <c>using</c>. If a cell does not compile, undefined
/// names of that API are qualified. They are not imported, so they do not shadow other names. Pure; compilation thread.
/// </summary>
internal static class InteractiveNames
{
    private const string Kernel = "Microsoft.DotNet.Interactive.Kernel";

    /// <summary>
    /// The maximum number of passes: after some names have been qualified, the compiler may report further undefined names.
    /// </summary>
    private const int MaxPasses = 4;

    private const string Tags = "Microsoft.DotNet.Interactive.Formatting.PocketViewTags";

    private static readonly string[] StaticallyUsed = [Kernel, Tags];

    private static readonly Lazy<(Dictionary<string, string> Prefixes, Dictionary<string, string> Extensions)> Known = new(Read);

    /// <summary>Returns the forms of a cell to try, each with more qualified names than the previous one.</summary>
    /// <param name="failed">The form that did not compile.</param>
    /// <param name="compile">Compiles a form.</param>
    public static IEnumerable<CellAttempt> Forms(CellAttempt failed, Func<ScriptForm, CellAttempt> compile, CancellationToken cancellation)
    {
        var last = failed;
        for (var pass = 0; pass < MaxPasses; pass++)
        {
            var edits = Missing(last, cancellation);
            var isShared = edits.Count == 0;
            if (isShared) edits = Shared(last, cancellation);
            if (edits.Count == 0) yield break;
            var next = compile(last.Form with { Text = last.Form.Text.With(edits) });

            // Errors in the use of the display API are reported in terms of the display API.
            if (isShared && next.Cell is null && next.Errors.Length >= last.Errors.Length) yield break;
            yield return last = next;
        }
    }

    /// <summary>
    /// Rewrites statements that call <c>Javascript</c> and ignore the result. In .NET Interactive, such a call runs the script immediately;
    /// the method of that name in the display API does not.
    /// </summary>
    /// <returns>The rewritten form; null if there are no such statements.</returns>
    public static ScriptForm? WithScripts(CellAttempt compiled, CancellationToken cancellation)
    {
        var root = compiled.Tree.GetCompilationUnitRoot(cancellation);
        var calls = root.Members.OfType<GlobalStatementSyntax>().Select(member => member.Statement).OfType<ExpressionStatementSyntax>()
            .Where(statement => !statement.SemicolonToken.IsMissing)
            .Select(statement => statement.Expression).OfType<InvocationExpressionSyntax>().Select(call => call.Expression)
            .OfType<IdentifierNameSyntax>().Where(name => name.Identifier.ValueText == "Javascript").ToList();
        if (calls.Count == 0) return null;
        var model = compiled.Submission.GetSemanticModel(compiled.Tree);
        var edits = calls.Where(call => IsDisplays(model.GetSymbolInfo(call, cancellation).Symbol))
            .Select(call => Qualified(call.Identifier)).ToList();
        return edits.Count > 0 ? compiled.Form with { Text = compiled.Form.Text.With(edits) } : null;
    }

    private static List<Edit> Missing(CellAttempt failed, CancellationToken cancellation)
    {
        var root = failed.Tree.GetCompilationUnitRoot(cancellation);
        var edits = new List<Edit>();
        var usings = new SortedSet<string>(StringComparer.Ordinal);
        bool? hasElements = null;
        foreach (var error in failed.Errors.Where(error => error.Location.SourceTree == failed.Tree))
        {
            var token = root.FindToken(error.Location.SourceSpan.Start);
            if (error.Id is "CS0103" or "CS0246" or "CS0308" && token.IsKind(SyntaxKind.IdentifierToken)
                && Known.Value.Prefixes.TryGetValue(token.ValueText, out var prefix))
            {
                // Undefined variables are often called i, b or table, like elements.
                if (!prefix.EndsWith(Tags + ".", StringComparison.Ordinal) || IsElement(token)
                    || (hasElements ??= failed.Tree.GetRoot(cancellation).DescendantTokens().Any(IsElement)))
                {
                    edits.Add(Qualified(token));
                }
            }
            else if (error.Id is "CS1061" or "CS1929"
                && NameOf(root.FindNode(error.Location.SourceSpan, getInnermostNodeForTie: true)) is { } name
                && Known.Value.Extensions.TryGetValue(name, out var space))
            {
                usings.Add(space);
            }
        }

        var known = root.Usings.Select(directive => directive.Name?.ToString()).ToHashSet();
        edits.AddRange(
            usings.Where(space => !known.Contains(space)).Select(space => new Edit(root.GetFirstToken().SpanStart, 0, $"using {space}; ")));
        return [.. edits.Distinct()];

        static string? NameOf(SyntaxNode node) => node switch
        {
            SimpleNameSyntax name => name.Identifier.ValueText,
            MemberAccessExpressionSyntax { Name: var name } => name.Identifier.ValueText,
            _ => null,
        };
    }

    /// <summary>Whether a name is used like an HTML element: <c>div(…)</c>, <c>div[style: "…"]</c>, <c>_.article(…)</c>.</summary>
    private static bool IsElement(SyntaxToken name) =>
        Known.Value.Prefixes.TryGetValue(name.ValueText, out var prefix) && prefix.EndsWith(Tags + ".", StringComparison.Ordinal)
            && name.Parent is IdentifierNameSyntax node && node.Parent switch
    {
        InvocationExpressionSyntax call => call.Expression == node,
        ElementAccessExpressionSyntax access => access.Expression == node
            && access.ArgumentList.Arguments.Any(argument => argument.NameColon is not null),
        MemberAccessExpressionSyntax { Parent: InvocationExpressionSyntax } access => access.Expression == node && name.ValueText == "_",
        _ => false,
    };

    /// <summary>Replaces names that both APIs define with the qualified names of .NET Interactive.</summary>
    private static List<Edit> Shared(CellAttempt failed, CancellationToken cancellation)
    {
        var names = failed.Tree.GetRoot(cancellation).DescendantNodes().OfType<SimpleNameSyntax>()
            .Where(name =>
                Known.Value.Prefixes.ContainsKey(name.Identifier.ValueText)
                    && !(name.Parent is MemberAccessExpressionSyntax access && access.Name == name)
                    && name.Parent is not QualifiedNameSyntax).ToList();
        if (names.Count == 0) return [];
        var model = failed.Submission.GetSemanticModel(failed.Tree);
        return [
            .. names.Where(name =>
                model.GetSymbolInfo(name, cancellation) is var found
                    && (found.Symbol is null ? found.CandidateSymbols.Any(IsDisplays) : IsDisplays(found.Symbol)))
                    .Select(name => Qualified(name.Identifier))];
    }

    private static Edit Qualified(SyntaxToken name) => new(name.SpanStart, 0, Known.Value.Prefixes[name.ValueText]);

    private static bool IsDisplays(ISymbol? symbol) => symbol?.ContainingAssembly?.Name == typeof(Display.Notebook).Assembly.GetName().Name;

    private static (Dictionary<string, string> Prefixes, Dictionary<string, string> Extensions) Read()
    {
        var compilation = CSharpCompilation.Create("Names", references: ReferenceSet.Core.Concat(ReferenceSet.Interactive));
        var prefixes = new Dictionary<string, string>();
        var extensions = new Dictionary<string, string>();
        var types = ReferenceSet.Interactive.Select(compilation.GetAssemblyOrModuleSymbol).OfType<IAssemblySymbol>()
            .SelectMany(assembly => TypesIn(assembly.GlobalNamespace)).ToList();
        foreach (var type in types)
        {
            var space = type.ContainingNamespace.ToDisplayString();
            if (space == "System") continue;
            const string Attribute = "Attribute";
            prefixes[type.Name] = $"global::{space}.";
            if (type.Name.EndsWith(Attribute, StringComparison.Ordinal)) prefixes[type.Name[..^Attribute.Length]] = prefixes[type.Name];
            foreach (var method in type.GetMembers().OfType<IMethodSymbol>().Where(method => method.IsExtensionMethod))
                extensions.TryAdd(method.Name, space);
        }

        foreach (var type in types.Where(type => StaticallyUsed.Contains(type.ToDisplayString())))
        {
            foreach (var member in type.GetMembers()
                .Where(member =>
                    member is { IsStatic: true, DeclaredAccessibility: Accessibility.Public, CanBeReferencedByName: true }
                        && member.Name is not ("Current" or "Root")))
                prefixes.TryAdd(member.Name, $"global::{type.ToDisplayString()}.");
        }

        return (prefixes, extensions);
    }

    private static IEnumerable<INamedTypeSymbol> TypesIn(INamespaceSymbol space) =>
        space.GetTypeMembers().Where(type => type.DeclaredAccessibility == Accessibility.Public)
        .Concat(space.GetNamespaceMembers().SelectMany(TypesIn));
}
