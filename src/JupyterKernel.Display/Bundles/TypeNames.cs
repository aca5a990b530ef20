using System.Runtime.CompilerServices;
using System.Text;

namespace JupyterKernel.Display.Bundles;

/// <summary>
/// The names of types in C# syntax, without namespaces: <c>List&lt;int></c>, <c>(int, string)</c>, <c>int?</c>. The submission class, in
/// which the compiler nests the types that it generates for a cell (iterators, closures), is omitted.
/// </summary>
internal static class TypeNames
{
    private const string SubmissionPrefix = "Submission_";

    /// <summary>Whether a type is the submission class of a cell: <c>Submission_7</c>.</summary>
    internal static bool IsSubmission(Type type) =>
        type.DeclaringType is null && type.Name.StartsWith(SubmissionPrefix, StringComparison.Ordinal)
        && type.Name.AsSpan(SubmissionPrefix.Length) is { Length: > 0 } number && !number.ContainsAnyExceptInRange('0', '9');

    internal static string Of(Type? type)
    {
        if (type is null) return "null";
        if (Keyword(type) is { } keyword) return keyword;
        if (type.IsGenericParameter) return type.Name;
        if (type.IsByRef) return "ref " + Of(type.GetElementType());
        if (type.IsPointer) return Of(type.GetElementType()) + "*";
        if (type.IsArray) return OfArray(type);
        if (Nullable.GetUnderlyingType(type) is { } underlying) return Of(underlying) + "?";
        if (type.IsConstructedGenericType && type.IsValueType && type.IsAssignableTo(typeof(ITuple)) && type.Namespace == "System")
            return OfTuple(type);
        if (IsAnonymous(type)) return "anonymous type";
        return OfNested(type);
    }

    internal static bool IsAnonymous(Type type) =>
        type.Name.StartsWith("<>", StringComparison.Ordinal) && type.Name.Contains("AnonymousType", StringComparison.Ordinal);

    private static string? Keyword(Type type) => type.IsEnum ? null : Type.GetTypeCode(type) switch
    {
        TypeCode.Boolean => "bool",
        TypeCode.Byte => "byte",
        TypeCode.SByte => "sbyte",
        TypeCode.Char => "char",
        TypeCode.Int16 => "short",
        TypeCode.UInt16 => "ushort",
        TypeCode.Int32 => "int",
        TypeCode.UInt32 => "uint",
        TypeCode.Int64 => "long",
        TypeCode.UInt64 => "ulong",
        TypeCode.Single => "float",
        TypeCode.Double => "double",
        TypeCode.Decimal => "decimal",
        TypeCode.String => "string",
        _ when type == typeof(object) => "object",
        _ when type == typeof(void) => "void",
        _ when type == typeof(nint) => "nint",
        _ when type == typeof(nuint) => "nuint",
        _ => null,
    };

    // int[][,] is an array of int[,]: the outermost brackets come first.
    private static string OfArray(Type type)
    {
        var brackets = new StringBuilder();
        for (; type.IsArray; type = type.GetElementType()!) brackets.Append('[').Append(',', type.GetArrayRank() - 1).Append(']');
        return Of(type) + brackets;
    }

    // The eighth and later items of a tuple are in a nested tuple.
    private static string OfTuple(Type type)
    {
        var items = new List<string>();
        for (var rest = type; rest is not null;)
        {
            var arguments = rest.GetGenericArguments();
            items.AddRange(arguments.Take(7).Select(Of));
            rest = arguments.Length == 8 ? arguments[7] : null;
        }
        return items.Count > 1 ? $"({string.Join(", ", items)})" : $"ValueTuple<{items[0]}>";
    }

    // In reflection, a nested type also has the type arguments of all its outer types.
    private static string OfNested(Type type)
    {
        var arguments = type.GetGenericArguments();
        var name = new StringBuilder();
        for (var at = type; at is not null && !IsSubmission(at); at = at.DeclaringType)
        {
            if (name.Length > 0) name.Insert(0, '.');
            name.Insert(0, OwnName(at, arguments));
        }
        return name.ToString();
    }

    private static string OwnName(Type type, Type[] arguments)
    {
        var name = type.Name;
        // File-local types: <File>F0A…__Name
        var fileLocal = name.StartsWith('<') ? name.IndexOf("__", StringComparison.Ordinal) : -1;
        if (fileLocal >= 0 && name.Contains(">F", StringComparison.Ordinal)) name = name[(fileLocal + 2)..];
        var mark = name.LastIndexOf('`');
        if (mark < 0) return name;

        var outer = type.DeclaringType?.GetGenericArguments().Length ?? 0;
        var own = arguments.Take(type.GetGenericArguments().Length).Skip(outer);
        return $"{name[..mark]}<{string.Join(", ", own.Select(Of))}>";
    }
}
