using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Compilation;

/// <summary>
/// Has a submission take over what an earlier one's references were bound to. Roslyn binds them again for every submission, though all but a few have
/// the references of the one before: a sixth of a short cell's compilation, and a third of what stays in memory of it. Pure; any thread.
/// Source: CommonReferenceManager in dotnet/roslyn, src/Compilers/Core/Portable/ReferenceManager. It is shared by compilations of one name there;
/// what is used here of its inside is all in this class.
/// </summary>
internal static class BoundReferences
{
    private static readonly FieldInfo Manager = FieldOf(typeof(CSharpCompilation), "_referenceManager");
    private static readonly FieldInfo ManagerName = FieldOf(Manager.FieldType.BaseType!, "SimpleAssemblyName");

    /// <summary>Gives a submission that nothing was asked of yet, and that has no text, what another's references are bound to.</summary>
    public static void Share(CSharpCompilation bound, CSharpCompilation submission)
    {
        var copy = CopyOf(Manager.GetValue(bound)!);
        ManagerName.SetValue(copy, submission.AssemblyName);
        Manager.SetValue(submission, copy);
    }

    /// <summary>
    /// A submission with the references that one without own ones has behind <paramref name="previous"/>: that itself, if it has brought none.
    /// </summary>
    /// <param name="other">A submission without own references that may follow the same one.</param>
    public static CSharpCompilation? Behind(CSharpCompilation previous, CSharpCompilation? other) =>
        previous.ExternalReferences.IsEmpty && previous.DirectiveReferences.IsEmpty ? previous
        : other?.ScriptCompilationInfo!.PreviousScriptCompilation == previous ? other
        : null;

    private static FieldInfo FieldOf(Type type, string name) =>
        type.GetField(name, BindingFlags.Instance | BindingFlags.NonPublic) ?? throw new MissingFieldException(type.FullName, name);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "MemberwiseClone")]
    private static extern object CopyOf(object manager);
}
