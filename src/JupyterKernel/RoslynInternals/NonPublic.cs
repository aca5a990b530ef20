using System.Reflection;

namespace JupyterKernel.RoslynInternals;

/// <summary>Finds members that are not public; an upgrade that removes one gives an error with its name.</summary>
internal static class NonPublic
{
    private const BindingFlags Any = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    /// <exception cref="MissingFieldException">The type has no such field.</exception>
    public static FieldInfo Field(Type type, string name) =>
        type.GetField(name, Any) ?? throw new MissingFieldException(type.FullName, name);

    /// <summary>Finds the property that a type declares itself, or else an inherited one.</summary>
    /// <exception cref="MissingMemberException">The type has no such property.</exception>
    public static PropertyInfo Property(Type type, string name) =>
        type.GetProperty(name, Any | BindingFlags.DeclaredOnly) ?? type.GetProperty(name, Any)
            ?? throw new MissingMemberException(type.FullName, name);

    /// <param name="parameters">The types of its parameters; none if there is only one method of that name.</param>
    /// <exception cref="MissingMethodException">The type has no such method.</exception>
    public static MethodInfo Method(Type type, string name, params Type[] parameters) =>
        (parameters.Length == 0 ? type.GetMethod(name, Any) : type.GetMethod(name, Any, parameters))
            ?? throw new MissingMethodException(type.FullName, name);
}
