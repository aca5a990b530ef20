using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Compilation;

/// <summary>
/// What stays of a cell's compilation for the cells behind it. The chain of submissions lives as long as the session, and
/// every name that a cell uses is looked for along all of it, so it is kept short and light. Any thread.
/// </summary>
internal static class SubmissionLink
{
    /// <summary>What the name of a method ends in that <see cref="ProgramForms.WithLatest"/> has made.</summary>
    public const string LatestSuffix = "__latest";

    /// <summary>A submission and all those that it follows, the latest first.</summary>
    public static IEnumerable<CSharpCompilation> Chain(CSharpCompilation last)
    {
        for (var link = last; link is not null; link = link.ScriptCompilationInfo?.PreviousScriptCompilation) yield return link;
    }

    /// <summary>The variables, methods and types that a submission declares.</summary>
    public static IReadOnlyList<string> DeclaredNames(CSharpCompilation submission) =>
    [
        .. submission.ScriptClass!.GetMembers()
            .Where(member => !member.IsImplicitlyDeclared && member.CanBeReferencedByName && !member.Name.EndsWith(LatestSuffix, StringComparison.Ordinal))
            .Select(member => member.Name).Distinct(),
    ];

    /// <summary>The variables that a submission declares.</summary>
    public static IReadOnlyList<string> Variables(CSharpCompilation submission) =>
    [
        .. submission.ScriptClass!.GetMembers().OfType<IFieldSymbol>()
            .Where(variable => !variable.IsImplicitlyDeclared && !variable.IsConst && variable.CanBeReferencedByName).Select(variable => variable.Name),
    ];

    /// <summary>The types that a submission declares.</summary>
    public static IReadOnlyList<string> Types(CSharpCompilation submission) =>
        [.. submission.ScriptClass!.GetTypeMembers().Where(type => !type.IsImplicitlyDeclared && type.CanBeReferencedByName).Select(type => type.Name).Distinct()];

    /// <summary>The compilation that cells behind an emitted submission follow.</summary>
    /// <returns>
    /// Where it declares nothing that they could use: the one that it followed itself. Else a copy without all that emitting
    /// it has brought about (its symbols, what was looked up: half of the memory), which is made again as far as it is
    /// asked for; but the submission itself where it has types that are the compiler's, anonymous ones above all:
    /// their identity is the compilation's; or where later cells do not inherit all that it imports.
    /// </returns>
    public static CSharpCompilation Of(CSharpCompilation submission, Image image, IReadOnlyList<string> declaredNames)
    {
        if (ExternAliases.KeepNamespaces(submission) || NamesUnspeakableTypes(image)) return submission;
        var roots = submission.SyntaxTrees.Select(tree => tree.GetCompilationUnitRoot());
        if (declaredNames.Count == 0 && submission.ExternalReferences.Length == 0 && !roots.Any(root => root.Usings.Count > 0 || root.ContainsDirectives))
            return submission.ScriptCompilationInfo!.PreviousScriptCompilation!;
        var link = submission.Clone();

        // Else the next cell's compilation would compile this one again, only to find that it has none: its members, its methods and all.
        SealAnonymousTypes(AnonymousTypesOf(link));
        return link;
    }

    private const string AnonymousTypes = "Microsoft.CodeAnalysis.Symbols.CommonAnonymousTypeManager, Microsoft.CodeAnalysis";

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_CommonAnonymousTypeManager")]
    [return: UnsafeAccessorType(AnonymousTypes)]
    private static extern object AnonymousTypesOf(Microsoft.CodeAnalysis.Compilation compilation);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "SealTemplates")]
    private static extern void SealAnonymousTypes([UnsafeAccessorType(AnonymousTypes)] object manager);

    // Anonymous types and delegates without a name, by the names' bytes among the image's strings: that takes no time.
    // What contains them otherwise is kept whole without need, no more.
    private static bool NamesUnspeakableTypes(Image image)
    {
        var bytes = image.Assembly.AsSpan();
        return bytes.IndexOf("<>f__Anonymous"u8) >= 0 || bytes.IndexOf("<>A"u8) >= 0 || bytes.IndexOf("<>F"u8) >= 0;
    }
}
