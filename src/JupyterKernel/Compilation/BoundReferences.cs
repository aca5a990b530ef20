using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Compilation;

/// <summary>
/// Has a submission take over what an earlier one's references were bound to, and what was found in them that the compiler itself needs. Roslyn does both
/// again for every submission, though all but a few have the references of the one before: a sixth and a twelfth of a short cell's compilation, and a third
/// of what stays in memory of it. Any thread.
/// Source: CommonReferenceManager in dotnet/roslyn, src/Compilers/Core/Portable/ReferenceManager, and CSharpCompilation.GetWellKnownType and
/// GetWellKnownTypeMember. A manager is shared by compilations of one name there; what is used here of their inside is all in this class.
/// </summary>
internal static class BoundReferences
{
    private static readonly FieldInfo Manager = FieldOf(typeof(CSharpCompilation), "_referenceManager");
    private static readonly FieldInfo ManagerName = FieldOf(Manager.FieldType.BaseType!, "SimpleAssemblyName");
    private static readonly FieldInfo NeededTypes = FieldOf(typeof(CSharpCompilation), "_lazyWellKnownTypes");
    private static readonly FieldInfo NeededMembers = FieldOf(typeof(CSharpCompilation), "_lazyWellKnownTypeMembers");

    // By what a manager has bound the references to, which its copies share: one for all cells with the same references.
    private static readonly FieldInfo BoundTo = FieldOf(Manager.FieldType.BaseType!, "_lazyReferencedAssembliesMap");
    private static readonly ConditionalWeakTable<object, Needed> Found = [];

    /// <summary>Gives a submission that nothing was asked of yet, and that has no text, what another's references are bound to.</summary>
    public static void Share(CSharpCompilation bound, CSharpCompilation submission)
    {
        var copy = CopyOf(Manager.GetValue(bound)!);
        ManagerName.SetValue(copy, submission.AssemblyName);
        Manager.SetValue(submission, copy);
    }

    /// <summary>
    /// Gives a submission that nothing was asked of yet what others with the same references have found in them, of the types and members that the compiler
    /// itself needs: tasks, attributes, the parts of a state machine. A cell cannot declare one of them, they are all in namespaces.
    /// </summary>
    public static void TakeNeeded(CSharpCompilation submission)
    {
        if (NeededBy(submission) is not { } needed) return;
        NeededTypes.SetValue(submission, needed.Types);
        NeededMembers.SetValue(submission, needed.Members);
    }

    /// <summary>Keeps what a submission has found of that, for the next one.</summary>
    public static void KeepNeeded(CSharpCompilation submission)
    {
        if (NeededBy(submission) is { } needed) (needed.Types, needed.Members) = (NeededTypes.GetValue(submission), NeededMembers.GetValue(submission));
    }

    /// <summary>
    /// A submission with the references that one without own ones has behind <paramref name="previous"/>: that itself, if it has brought none.
    /// </summary>
    /// <param name="other">A submission without own references that may follow the same one.</param>
    public static CSharpCompilation? Behind(CSharpCompilation previous, CSharpCompilation? other) =>
        previous.ExternalReferences.IsEmpty && previous.DirectiveReferences.IsEmpty ? previous
        : other?.ScriptCompilationInfo!.PreviousScriptCompilation == previous ? other
        : null;

    // None where the references are not bound yet, as of a submission that has brought some.
    private static Needed? NeededBy(CSharpCompilation submission) => BoundTo.GetValue(Manager.GetValue(submission)) is { } bound ? Found.GetOrCreateValue(bound) : null;

    private static FieldInfo FieldOf(Type type, string name) =>
        type.GetField(name, BindingFlags.Instance | BindingFlags.NonPublic) ?? throw new MissingFieldException(type.FullName, name);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "MemberwiseClone")]
    private static extern object CopyOf(object manager);

    /// <summary>Arrays that the compiler fills as it looks things up, by their numbers; from several threads, if need be.</summary>
    private sealed class Needed
    {
        public object? Types { get; set; }

        public object? Members { get; set; }
    }
}
