using System.Reflection;
using System.Runtime.CompilerServices;
using JupyterKernel.Display.Bundles;

namespace JupyterKernel.Display.Formatting;

/// <summary>The displayed members of one type, found by reflection once. Immutable; any thread.</summary>
internal sealed class ObjectShape
{
    // Weak, so that the types of unloaded packages can be collected.
    private static readonly ConditionalWeakTable<Type, ObjectShape> Shapes = [];

    private IReadOnlyList<string>? memberTypes;
    private IReadOnlyList<TupleNames?>? memberNames;

    private ObjectShape(Type type)
    {
        IsAnonymous = TypeNames.IsAnonymous(type);
        HasOwnText = OverridesToString(type);
        Members = ReadableMembers(type);
        var interfaces = type.GetInterfaces();
        IsDictionary = interfaces.Any(i => i == typeof(System.Collections.IDictionary)
            || Is(i, typeof(IDictionary<,>)) || Is(i, typeof(IReadOnlyDictionary<,>)));
        CountProperty = interfaces.FirstOrDefault(i => Is(i, typeof(IReadOnlyCollection<>)) || Is(i, typeof(ICollection<>)))
            ?.GetProperty("Count");
        IsEntry = Is(type, typeof(KeyValuePair<,>));
        Known = KnownTypes.ReaderOf(type, interfaces);
    }

    internal bool IsAnonymous { get; }

    /// <summary>The function that reads values of a type with a form of its own; null for other types.</summary>
    internal Func<object, DisplayTreeReader, DisplayTree>? Known { get; }

    /// <summary>Whether the type has a ToString that is not generated.</summary>
    internal bool HasOwnText { get; }

    internal bool IsDictionary { get; }

    /// <summary>Whether the type is KeyValuePair, whose members are Key and Value.</summary>
    internal bool IsEntry { get; }

    /// <summary>Public properties without parameters, then public fields.</summary>
    internal IReadOnlyList<MemberInfo> Members { get; }

    /// <summary>The declared types of the members, in C#.</summary>
    internal IReadOnlyList<string> MemberTypes =>
        memberTypes ??= [
            .. Members.Select(member => TypeNames.Of((member as PropertyInfo)?.PropertyType ?? ((FieldInfo)member).FieldType))];

    /// <summary>The tuple names of the members; null for most members.</summary>
    internal IReadOnlyList<TupleNames?> MemberNames => memberNames ??= [.. Members.Select(TupleNames.Of)];

    /// <summary>The property with the number of items, if the type has one.</summary>
    internal PropertyInfo? CountProperty { get; }

    internal static ObjectShape Of(Type type) => Shapes.GetValue(type, static t => new ObjectShape(t));

    internal static object? Value(MemberInfo member, object owner) => member is PropertyInfo property
        ? property.GetValue(owner, BindingFlags.DoNotWrapExceptions, null, null, null)
        : ((FieldInfo)member).GetValue(owner);

    // The generated ToString of records recurses infinitely where members form a circle, and prints List`1;
    // so records are shown member by member.
    private static bool OverridesToString(Type type)
    {
        var method = type.GetMethod(nameof(ToString), Type.EmptyTypes);
        return method is not null
            && method.DeclaringType != typeof(object) && method.DeclaringType != typeof(ValueType)
            && !method.IsDefined(typeof(CompilerGeneratedAttribute))
            && !TypeNames.IsAnonymous(type);
    }

    private static List<MemberInfo> ReadableMembers(Type type)
    {
        var members = new List<MemberInfo>();
        var names = new HashSet<string>();
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.GetMethod is { IsPublic: true } && property.GetIndexParameters().Length == 0
                && !property.PropertyType.IsByRefLike && names.Add(property.Name))
                members.Add(property);
        }
        foreach (var field in type.GetFields(BindingFlags.Public | BindingFlags.Instance))
        {
            if (!field.FieldType.IsByRefLike && names.Add(field.Name)) members.Add(field);
        }
        return members;
    }

    private static bool Is(Type type, Type definition) => type.IsGenericType && type.GetGenericTypeDefinition() == definition;
}
