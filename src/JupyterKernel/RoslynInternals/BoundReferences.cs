using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.RoslynInternals;

/// <summary>
/// Lets a submission reuse the bound references of an earlier one, and the well-known types and members found in them. Roslyn binds and
/// looks up both again for every submission, though nearly all have the references of the previous one: a sixth and a twelfth of a short
/// cell's compilation, and a third of the memory that it retains. Any thread. Source: CommonReferenceManager in dotnet/roslyn,
/// src/Compilers/Core/Portable/ReferenceManager, and CSharpCompilation.GetWellKnownType and GetWellKnownTypeMember. Roslyn shares a manager
/// among compilations of one name.
/// </summary>
internal static class BoundReferences
{
    private const string ManagerType = "Microsoft.CodeAnalysis.CommonReferenceManager`2[[Microsoft.CodeAnalysis.CSharp.CSharpCompilation, "
        + "Microsoft.CodeAnalysis.CSharp],[Microsoft.CodeAnalysis.CSharp.Symbols.AssemblySymbol, Microsoft.CodeAnalysis.CSharp]], "
        + "Microsoft.CodeAnalysis";

    private static readonly FieldInfo Manager = NonPublic.Field(typeof(CSharpCompilation), "_referenceManager");
    private static readonly FieldInfo ManagerName = NonPublic.Field(Type.GetType(ManagerType), "SimpleAssemblyName");
    private static readonly FieldInfo NeededTypes = NonPublic.Field(typeof(CSharpCompilation), "_lazyWellKnownTypes");
    private static readonly FieldInfo NeededMembers = NonPublic.Field(typeof(CSharpCompilation), "_lazyWellKnownTypeMembers");

    // Keyed by the manager's map of bound references, which its copies share: one entry for all cells with the same references.
    private static readonly FieldInfo BoundTo = NonPublic.Field(Type.GetType(ManagerType), "_lazyReferencedAssembliesMap");
    private static readonly ConditionalWeakTable<object, Needed> Found = [];

    /// <summary>
    /// Shares the bound references of another compilation with a submission that has no text and has not been queried yet.
    /// </summary>
    public static void Share(CSharpCompilation bound, CSharpCompilation submission)
    {
        var copy = CopyOf(Manager.GetValue(bound)!);
        ManagerName.SetValue(copy, submission.AssemblyName);
        Manager.SetValue(submission, copy);
    }

    /// <summary>
    /// Gives a submission that has not been queried yet the well-known types and members (tasks, attributes, the parts of a state machine)
    /// that others with the same references have looked up. A cell cannot declare one of them: they are all in namespaces.
    /// </summary>
    public static void TakeNeeded(CSharpCompilation submission)
    {
        if (NeededBy(submission) is not { } needed) return;
        NeededTypes.SetValue(submission, needed.Types);
        NeededMembers.SetValue(submission, needed.Members);
    }

    /// <summary>Keeps the well-known types and members that a submission has looked up for the next one.</summary>
    public static void KeepNeeded(CSharpCompilation submission)
    {
        if (NeededBy(submission) is { } needed)
            (needed.Types, needed.Members) = (NeededTypes.GetValue(submission), NeededMembers.GetValue(submission));
    }

    /// <summary>
    /// Returns the submission whose references apply to one without its own that follows <paramref name="previous"/>:
    /// <paramref name="previous"/> itself, if it added none.
    /// </summary>
    /// <param name="other">A submission without its own references that may follow the same one.</param>
    public static CSharpCompilation? SourceFor(CSharpCompilation previous, CSharpCompilation? other) =>
        previous.ExternalReferences.IsEmpty && previous.DirectiveReferences.IsEmpty ? previous
        : other?.ScriptCompilationInfo!.PreviousScriptCompilation == previous ? other
        : null;

    // Null while the references are not bound yet, as for a submission that has added some.
    private static Needed? NeededBy(CSharpCompilation submission) =>
        BoundTo.GetValue(Manager.GetValue(submission)) is { } bound ? Found.GetOrCreateValue(bound) : null;

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "MemberwiseClone")]
    private static extern object CopyOf(object manager);

    /// <summary>
    /// The arrays of well-known types and members that the compiler fills on demand, by index, possibly from several threads.
    /// </summary>
    private sealed class Needed
    {
        public object? Types { get; set; }

        public object? Members { get; set; }
    }
}
