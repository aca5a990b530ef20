using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace JupyterKernel.RoslynInternals;

/// <summary>
/// Finds members that are not public; an upgrade that removes one gives an error with its name. A type is given as <c>typeof</c> or as
/// <see cref="Type.GetType(string)"/> of a constant, so that a native build sees which members it must keep.
/// </summary>
internal static class NonPublic
{
    private const DynamicallyAccessedMemberTypes Fields =
        DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.NonPublicFields;

    /// <summary>All properties of a type, as a requirement of a native build.</summary>
    public const DynamicallyAccessedMemberTypes Properties =
        DynamicallyAccessedMemberTypes.PublicProperties | DynamicallyAccessedMemberTypes.NonPublicProperties;

    private const DynamicallyAccessedMemberTypes Methods =
        DynamicallyAccessedMemberTypes.PublicMethods | DynamicallyAccessedMemberTypes.NonPublicMethods;

    private const BindingFlags Any = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    /// <exception cref="MissingMemberException">There is no such type, or it has no such field.</exception>
    public static FieldInfo Field([DynamicallyAccessedMembers(Fields)] Type? type, string name) =>
        type?.GetField(name, Any) ?? throw new MissingFieldException(type?.FullName, name);

    /// <exception cref="MissingMemberException">There is no such type, or it has no such property.</exception>
    public static PropertyInfo Property([DynamicallyAccessedMembers(Properties)] Type? type, string name) =>
        type?.GetProperty(name, Any | BindingFlags.DeclaredOnly) ?? type?.GetProperty(name, Any)
            ?? throw new MissingMemberException(type?.FullName, name);

    /// <param name="parameters">The types of its parameters; none if there is only one method of that name.</param>
    /// <exception cref="MissingMemberException">There is no such type, or it has no such method.</exception>
    public static MethodInfo Method([DynamicallyAccessedMembers(Methods)] Type? type, string name, params Type[] parameters) =>
        (parameters.Length == 0 ? type?.GetMethod(name, Any) : type?.GetMethod(name, Any, parameters))
            ?? throw new MissingMethodException(type?.FullName, name);
}
