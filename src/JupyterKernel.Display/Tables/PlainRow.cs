using System.Reflection;
using System.Runtime.CompilerServices;
using JupyterKernel.Display.Formatting;

namespace JupyterKernel.Display.Tables;

/// <summary>
/// Reads rows of one type whose cells are of the framework's scalar types and are fields, or properties that only return a field. Reading
/// such rows runs no user code, so it always ends and does not disturb a running cell. Immutable; any thread.
/// </summary>
internal sealed class PlainRow
{
    // Weak references, so that the types of unloaded packages can be collected.
    private static readonly ConditionalWeakTable<Type, PlainRow> Known = [];
    private static readonly PlainRow None = new([], null);

    private static readonly HashSet<Type> Scalar =
    [
        typeof(string),
        typeof(decimal),
        typeof(DateTime),
        typeof(DateTimeOffset),
        typeof(DateOnly),
        typeof(TimeOnly),
        typeof(TimeSpan),
        typeof(Guid),
        typeof(Half), typeof(Int128), typeof(UInt128), typeof(nint), typeof(nuint),
    ];

    private readonly IReadOnlyList<MemberInfo>? members;

    private PlainRow(IReadOnlyList<string> columns, IReadOnlyList<MemberInfo>? members) => (Columns, this.members) = (columns, members);

    /// <summary>The names of the cells.</summary>
    internal IReadOnlyList<string> Columns { get; }

    /// <summary>Returns the plain rows of a type; null if reading its rows may run user code.</summary>
    internal static PlainRow? Of(Type type) => Known.GetValue(type, Find) is { Columns.Count: > 0 } row ? row : null;

    /// <summary>Returns the value of a cell.</summary>
    internal object? Value(object row, int column) => members is null ? ((ITuple)row)[column] : ObjectShape.Value(members[column], row);

    private static PlainRow Find(Type type)
    {
        if (typeof(ITuple).IsAssignableFrom(type))
            return type.GenericTypeArguments.All(IsScalar)
                ? new([.. type.GenericTypeArguments.Select((_, i) => $"Item{i + 1}")], null)
                : None;
        var shape = ObjectShape.Of(type);
        var isOther = shape.HasOwnText || shape.Known is not null || shape.IsEntry || typeof(IFormattable).IsAssignableFrom(type)
            || typeof(System.Collections.IEnumerable).IsAssignableFrom(type)
            || typeof(IDisplayable).IsAssignableFrom(type) || typeof(Exception).IsAssignableFrom(type);
        return !isOther && shape.Members.All(member => IsPlain(member, shape.IsAnonymous))
            ? new([.. shape.Members.Select(member => member.Name)], shape.Members)
            : None;
    }

    private static bool IsPlain(MemberInfo member, bool isAnonymous) => member is FieldInfo field
        ? IsScalar(field.FieldType)
        : member is PropertyInfo property && IsScalar(property.PropertyType)
            && (isAnonymous || property.GetMethod!.IsDefined(typeof(CompilerGeneratedAttribute)));

    private static bool IsScalar(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type.IsPrimitive || type.IsEnum || Scalar.Contains(type);
    }
}
