using System.Collections;
using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Compilation;

/// <summary>
/// Makes the names of <c>extern alias</c> directives known to cells. Roslyn binds these in a submission as it does in any file, but then
/// reports that scripts cannot have them, and skips them when it looks names up. Two more of its limits are worked around here: a
/// submission's usings know the aliases of earlier submissions, but not its own, so a cell's directives become a submission of their own in
/// front of it; and a namespace that was imported by an alias cannot be found again from a later submission, so such an import applies to
/// its own cell only. Pure; any thread. Source: SourceNamespaceSymbol.AliasesAndUsings and Imports in dotnet/roslyn,
/// src/Compilers/CSharp/Portable; all access to their internals is in this class.
/// </summary>
internal static class ExternAliases
{
    private const BindingFlags Inside = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    /// <summary>Returns the text of the submission in front of a cell: the directives, and the references that they name.</summary>
    public static string InFront(CompilationUnitSyntax root)
    {
        var text = CellText.Of(root.ToFullString());
        var loads = root.DescendantTrivia().Where(trivia => trivia.IsKind(SyntaxKind.LoadDirectiveTrivia)).Select(trivia => trivia.Span);
        SyntaxNode[] others = [.. root.Usings, .. root.AttributeLists, .. root.Members];
        return text.With(others.Select(node => node.Span).Concat(loads).Select(text.Blank)).Text;
    }

    /// <summary>Makes the aliases of a submission's single text known to it; the submission must not have been queried yet.</summary>
    public static void Admit(CSharpCompilation submission)
    {
        var root = submission.SyntaxTrees.Single().GetCompilationUnitRoot();
        var (ofText, global) = BoundTo(submission, root);
        var bound = ofText.GetType().GetMethod("GetExternAliasesAndDiagnostics", Inside)!.Invoke(ofText, [global, root])!;
        bound.GetType().GetProperty("Diagnostics", Inside)!.SetValue(bound, ImmutableArray<Diagnostic>.Empty);

        var aliases = bound.GetType().GetProperty("ExternAliases", Inside)!.GetValue(bound)!;
        var array = (Array)typeof(ImmutableCollectionsMarshal).GetMethod(nameof(ImmutableCollectionsMarshal.AsArray))!
            .MakeGenericMethod(aliases.GetType().GenericTypeArguments).Invoke(null, [aliases])!;
        for (var i = 0; i < array.Length; i++)
        {
            var alias = array.GetValue(i)!;
            alias.GetType().GetField("SkipInLookup")!.SetValue(alias, false);
            array.SetValue(alias, i);
        }
    }

    /// <summary>Removes the namespaces that a submission has imported by an alias, which later submissions could not find again.</summary>
    /// <returns>
    /// Whether there are any. The submission can be queried for its own symbols then, but no further ones can be created.
    /// </returns>
    public static bool KeepNamespaces(CSharpCompilation emitted)
    {
        var any = false;
        foreach (var tree in emitted.SyntaxTrees)
        {
            var root = tree.GetCompilationUnitRoot();
            var kept = root.Usings.Where(directive =>
                NamesAlias(directive) && emitted.GetSemanticModel(tree).GetSymbolInfo(directive.NamespaceOrType).Symbol is INamespaceSymbol)
                .ToList();
            if (kept.Count == 0) continue;
            any = true;
            var (ofText, global) = BoundTo(emitted, root);
            var imports = ofText.GetType().GetMethod("GetImports", Inside)!.Invoke(ofText, [global, root, null])!;
            foreach (var field in (FieldInfo[])[Field(imports, "UsingAliases"), Field(imports, "Usings")])
            {
                var all = field.GetValue(imports)!;
                foreach (var directive in kept) all = Without(all, directive);
                field.SetValue(imports, all);
            }
        }

        return any;
    }

    /// <param name="imports">The imports with a using directive: an immutable dictionary by the aliases' names, or an immutable
    /// array.</param>
    private static object Without(object imports, UsingDirectiveSyntax directive)
    {
        foreach (var import in (IEnumerable)imports)
        {
            var value = import.GetType().GetProperty("Value")?.GetValue(import) ?? import;
            if (value.GetType().GetProperty("UsingDirective", Inside)!.GetValue(value) != directive) continue;
            object key = directive.Alias is { } alias ? alias.Name.Identifier.ValueText : import;
            return imports.GetType().GetMethod("Remove", [key.GetType()])!.Invoke(imports, [key])!;
        }

        return imports;
    }

    private static FieldInfo Field(object owner, string name) => owner.GetType().GetField(name, Inside)!;

    private static bool NamesAlias(UsingDirectiveSyntax directive) =>
        directive.NamespaceOrType.DescendantNodesAndSelf().OfType<AliasQualifiedNameSyntax>()
            .Any(name => !name.Alias.Identifier.IsKind(SyntaxKind.GlobalKeyword));

    /// <summary>Returns the compiler's bound aliases and usings of a text, and the namespace that they belong to.</summary>
    private static (object OfText, object Namespace) BoundTo(CSharpCompilation submission, CompilationUnitSyntax root)
    {
        var module = typeof(CSharpCompilation).GetProperty("SourceModule", Inside | BindingFlags.DeclaredOnly)!.GetValue(submission)!;
        var global = module.GetType().GetProperty("GlobalNamespace", Inside | BindingFlags.DeclaredOnly)!.GetValue(module)!;
        return (global.GetType().GetMethod("GetAliasesAndUsings", Inside, [typeof(CSharpSyntaxNode)])!.Invoke(global, [root])!, global);
    }
}
