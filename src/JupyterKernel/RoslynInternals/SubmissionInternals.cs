using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;

namespace JupyterKernel.RoslynInternals;

/// <summary>Settings of submissions that Roslyn offers to its own scripting API only. Any thread.</summary>
internal static class SubmissionInternals
{
    private const string AnonymousTypes = "Microsoft.CodeAnalysis.Symbols.CommonAnonymousTypeManager, Microsoft.CodeAnalysis";

    /// <summary>
    /// Lets a package's newer version of a framework assembly replace it, as in scripts; otherwise both define the same types.
    /// </summary>
    public static void SupersedeLowerVersions(CompilationOptions options) => SetReferencesSupersedeLowerVersions(options, true);

    /// <summary>
    /// Marks a submission as one without anonymous types. Otherwise the next submission's compilation would compile all members of this
    /// one again, only to find that it has no anonymous types.
    /// </summary>
    public static void SealAnonymousTypes(Microsoft.CodeAnalysis.Compilation submission) => SealTemplates(AnonymousTypesOf(submission));

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_ReferencesSupersedeLowerVersions")]
    private static extern void SetReferencesSupersedeLowerVersions(CompilationOptions options, bool value);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_CommonAnonymousTypeManager")]
    [return: UnsafeAccessorType(AnonymousTypes)]
    private static extern object AnonymousTypesOf(Microsoft.CodeAnalysis.Compilation submission);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "SealTemplates")]
    private static extern void SealTemplates([UnsafeAccessorType(AnonymousTypes)] object manager);
}
