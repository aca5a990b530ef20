using System.Diagnostics.CodeAnalysis;

namespace JupyterKernel.RoslynInternals;

/// <summary>
/// The parts of Roslyn's services for editors that are used. The names are constants, from which a native build sees what it must keep:
/// the parts' constructors, and what reads their attributes. Any thread.
/// </summary>
internal static class RoslynPartTypes
{
    private const DynamicallyAccessedMemberTypes Constructors =
        DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.NonPublicConstructors;

    /// <summary>Returns the types of the parts.</summary>
    public static IReadOnlyList<Type> All()
    {
        RoslynPartList.KeepMetadata();

        // Roslyn composes its lists of services by reflecting on this class of its own.
        Attribute(
            Type.GetType("Microsoft.CodeAnalysis.Host.Mef.MefHostServices+WithMetadataImporter`2, Microsoft.CodeAnalysis.Workspaces"));
        return RoslynPartList.Parts();
    }

    /// <summary>Returns a part.</summary>
    public static Type Part([DynamicallyAccessedMembers(Constructors)] Type? type) => Required(type);

    /// <summary>Keeps the properties of an attribute.</summary>
    public static void Attribute([DynamicallyAccessedMembers(NonPublic.Properties)] Type? type) => Required(type);

    /// <summary>Keeps the constructor of a class that reads the properties of attributes.</summary>
    public static void Metadata([DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] Type? type) =>
        Required(type);

    private static Type Required(Type? type) =>
        type ?? throw new TypeLoadException("A part of Roslyn is missing. Write the list of parts again: see RoslynPartListTests.");
}
