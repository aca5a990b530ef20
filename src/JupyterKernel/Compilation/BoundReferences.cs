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

    /// <summary>Gives a submission that nothing was asked of yet, and that has no text, the bound references of another.</summary>
    public static void Share(CSharpCompilation bound, CSharpCompilation submission)
    {
        _ = bound.Assembly;
        var copy = CopyOf(Manager.GetValue(bound)!);
        ManagerName.SetValue(copy, submission.AssemblyName);
        Manager.SetValue(submission, copy);
    }

    /// <summary>Whether a submission that follows <paramref name="previous"/> has the references of <paramref name="bound"/>, both without own ones.</summary>
    public static bool AreThose(CSharpCompilation bound, CSharpCompilation previous)
    {
        var followed = bound.ScriptCompilationInfo!.PreviousScriptCompilation;
        return previous == followed
            || (previous.ScriptCompilationInfo?.PreviousScriptCompilation == followed && previous.ExternalReferences.IsEmpty && previous.DirectiveReferences.IsEmpty);
    }

    private static FieldInfo FieldOf(Type type, string name) =>
        type.GetField(name, BindingFlags.Instance | BindingFlags.NonPublic) ?? throw new MissingFieldException(type.FullName, name);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "MemberwiseClone")]
    private static extern object CopyOf(object manager);
}
