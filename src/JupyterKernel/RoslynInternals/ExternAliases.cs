using System.Collections;
using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.RoslynInternals;

/// <summary>
/// Makes the names of <c>extern alias</c> directives known to cells. Roslyn binds these in a submission as it does in any file, but then
/// reports that scripts cannot have them, and skips them when it looks names up. Two more of its limits are worked around here: a
/// submission's usings know the aliases of earlier submissions, but not its own, so a cell's directives become a submission of their own in
/// front of it; and a namespace that was imported by an alias cannot be found again from a later submission, so such an import applies to
/// its own cell only. Pure; any thread. Source: SourceNamespaceSymbol.AliasesAndUsings and Imports in dotnet/roslyn,
/// src/Compilers/CSharp/Portable.
/// </summary>
internal static class ExternAliases
{
    /// <summary>Makes the aliases of a submission's single text known to it; the submission must not have been queried yet.</summary>
    public static void Admit(CSharpCompilation submission)
    {
        var root = submission.SyntaxTrees.Single().GetCompilationUnitRoot();
        var (ofText, global) = BoundTo(submission, root);
        var bound = NonPublic.Method(ofText.GetType(), "GetExternAliasesAndDiagnostics").Invoke(ofText, [global, root])!;
        NonPublic.Property(bound.GetType(), "Diagnostics").SetValue(bound, ImmutableArray<Diagnostic>.Empty);

        var aliases = NonPublic.Property(bound.GetType(), "ExternAliases").GetValue(bound)!;
        var array = (Array)typeof(ImmutableCollectionsMarshal).GetMethod(nameof(ImmutableCollectionsMarshal.AsArray))!
            .MakeGenericMethod(aliases.GetType().GenericTypeArguments).Invoke(null, [aliases])!;
        for (var i = 0; i < array.Length; i++)
        {
            var alias = array.GetValue(i)!;
            NonPublic.Field(alias.GetType(), "SkipInLookup").SetValue(alias, false);
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
            var imports = NonPublic.Method(ofText.GetType(), "GetImports").Invoke(ofText, [global, root, null])!;
            foreach (var name in (string[])["UsingAliases", "Usings"])
            {
                var field = NonPublic.Field(imports.GetType(), name);
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
            if (NonPublic.Property(value.GetType(), "UsingDirective").GetValue(value) != directive) continue;
            object key = directive.Alias is { } alias ? alias.Name.Identifier.ValueText : import;
            return imports.GetType().GetMethod("Remove", [key.GetType()])!.Invoke(imports, [key])!;
        }

        return imports;
    }

    private static bool NamesAlias(UsingDirectiveSyntax directive) =>
        directive.NamespaceOrType.DescendantNodesAndSelf().OfType<AliasQualifiedNameSyntax>()
            .Any(name => !name.Alias.Identifier.IsKind(SyntaxKind.GlobalKeyword));

    /// <summary>Returns the compiler's bound aliases and usings of a text, and the namespace that they belong to.</summary>
    private static (object OfText, object Namespace) BoundTo(CSharpCompilation submission, CompilationUnitSyntax root)
    {
        var module = NonPublic.Property(typeof(CSharpCompilation), "SourceModule").GetValue(submission)!;
        var global = NonPublic.Property(module.GetType(), "GlobalNamespace").GetValue(module)!;
        return (NonPublic.Method(global.GetType(), "GetAliasesAndUsings", typeof(CSharpSyntaxNode)).Invoke(global, [root])!, global);
    }
}
