using System.Collections;
using System.Collections.Immutable;
using System.Reflection;
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
    private const string Compiler = "Microsoft.CodeAnalysis.CSharp";
    private const string Namespace = "Microsoft.CodeAnalysis.CSharp.Symbols.SourceNamespaceSymbol";
    private const string Bound = Namespace + "+AliasesAndUsings";
    private const string Alias = "Microsoft.CodeAnalysis.CSharp.AliasAndExternAliasDirective, " + Compiler;
    private const string AliasedUsing = "Microsoft.CodeAnalysis.CSharp.AliasAndUsingDirective, " + Compiler;
    private const string Using = "Microsoft.CodeAnalysis.CSharp.NamespaceOrTypeAndUsingDirective, " + Compiler;
    private const string Collections = ", System.Collections.Immutable";

    private static readonly PropertyInfo Module = NonPublic.Property(typeof(CSharpCompilation), "SourceModule");
    private static readonly PropertyInfo GlobalNamespace =
        NonPublic.Property(Type.GetType("Microsoft.CodeAnalysis.CSharp.Symbols.SourceModuleSymbol, " + Compiler), "GlobalNamespace");
    private static readonly MethodInfo AliasesAndUsings =
        NonPublic.Method(Type.GetType(Namespace + ", " + Compiler), "GetAliasesAndUsings", typeof(CSharpSyntaxNode));
    private static readonly MethodInfo AliasesAndDiagnostics =
        NonPublic.Method(Type.GetType(Bound + ", " + Compiler), "GetExternAliasesAndDiagnostics");
    private static readonly MethodInfo ImportsOf = NonPublic.Method(Type.GetType(Bound + ", " + Compiler), "GetImports");
    private static readonly PropertyInfo Diagnostics =
        NonPublic.Property(Type.GetType(Bound + "+ExternAliasesAndDiagnostics, " + Compiler), "Diagnostics");
    private static readonly PropertyInfo Aliases =
        NonPublic.Property(Type.GetType(Bound + "+ExternAliasesAndDiagnostics, " + Compiler), "ExternAliases");
    private static readonly FieldInfo ArrayOfAliases =
        NonPublic.Field(Type.GetType($"System.Collections.Immutable.ImmutableArray`1[[{Alias}]]{Collections}"), "array");
    private static readonly FieldInfo SkipInLookup = NonPublic.Field(Type.GetType(Alias), "SkipInLookup");

    private static readonly FieldInfo AliasedUsings =
        NonPublic.Field(Type.GetType("Microsoft.CodeAnalysis.CSharp.Imports, " + Compiler), "UsingAliases");
    private static readonly FieldInfo Usings =
        NonPublic.Field(Type.GetType("Microsoft.CodeAnalysis.CSharp.Imports, " + Compiler), "Usings");
    private static readonly PropertyInfo DirectiveOfAliased = NonPublic.Property(Type.GetType(AliasedUsing), "UsingDirective");
    private static readonly PropertyInfo Directive = NonPublic.Property(Type.GetType(Using), "UsingDirective");
    private static readonly MethodInfo RemoveAliased = NonPublic.Method(
        Type.GetType($"System.Collections.Immutable.ImmutableDictionary`2[[System.String],[{AliasedUsing}]]{Collections}"), "Remove",
        typeof(string));
    private static readonly MethodInfo RemoveAt =
        NonPublic.Method(Type.GetType($"System.Collections.Immutable.ImmutableArray`1[[{Using}]]{Collections}"), "RemoveAt");

    /// <summary>Makes the aliases of a submission's single text known to it; the submission must not have been queried yet.</summary>
    public static void Admit(CSharpCompilation submission)
    {
        var root = submission.SyntaxTrees.Single().GetCompilationUnitRoot();
        var (ofText, global) = BoundTo(submission, root);
        var bound = AliasesAndDiagnostics.Invoke(ofText, [global, root])!;
        Diagnostics.SetValue(bound, ImmutableArray<Diagnostic>.Empty);

        var array = (Array)ArrayOfAliases.GetValue(Aliases.GetValue(bound))!;
        for (var i = 0; i < array.Length; i++)
        {
            var alias = array.GetValue(i)!;
            SkipInLookup.SetValue(alias, false);
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
                .ToHashSet();
            if (kept.Count == 0) continue;
            any = true;
            var (ofText, global) = BoundTo(emitted, root);
            var imports = ImportsOf.Invoke(ofText, [global, root, null])!;
            AliasedUsings.SetValue(imports, WithoutAliased(AliasedUsings.GetValue(imports)!, kept));
            Usings.SetValue(imports, Without(Usings.GetValue(imports)!, kept));
        }

        return any;
    }

    /// <param name="usings">An immutable dictionary by the aliases' names.</param>
    private static object WithoutAliased(object usings, HashSet<UsingDirectiveSyntax> directives)
    {
        var left = usings;
        foreach (DictionaryEntry entry in (IDictionary)usings)
        {
            if (directives.Contains((UsingDirectiveSyntax)DirectiveOfAliased.GetValue(entry.Value)!))
                left = RemoveAliased.Invoke(left, [entry.Key])!;
        }

        return left;
    }

    /// <param name="usings">An immutable array.</param>
    private static object Without(object usings, HashSet<UsingDirectiveSyntax> directives)
    {
        for (var i = ((IList)usings).Count - 1; i >= 0; i--)
        {
            if (directives.Contains((UsingDirectiveSyntax)Directive.GetValue(((IList)usings)[i])!)) usings = RemoveAt.Invoke(usings, [i])!;
        }

        return usings;
    }

    private static bool NamesAlias(UsingDirectiveSyntax directive) =>
        directive.NamespaceOrType.DescendantNodesAndSelf().OfType<AliasQualifiedNameSyntax>()
            .Any(name => !name.Alias.Identifier.IsKind(SyntaxKind.GlobalKeyword));

    /// <summary>Returns the compiler's bound aliases and usings of a text, and the namespace that they belong to.</summary>
    private static (object OfText, object Namespace) BoundTo(CSharpCompilation submission, CompilationUnitSyntax root)
    {
        var global = GlobalNamespace.GetValue(Module.GetValue(submission))!;
        return (AliasesAndUsings.Invoke(global, [root])!, global);
    }
}
