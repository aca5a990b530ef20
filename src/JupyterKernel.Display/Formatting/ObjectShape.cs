using System.Reflection;
using System.Runtime.CompilerServices;
using JupyterKernel.Display.Bundles;

namespace JupyterKernel.Display.Formatting;

/// <summary>What there is to show of the objects of one type, found by reflection once. Immutable; any thread.</summary>
internal sealed class ObjectShape
{
    // Weak, so that the types of unloaded packages can go.
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

    /// <summary>Reads what is shown of a value of a type that has a form of its own; null for the others.</summary>
    internal Func<object, DisplayTreeReader, DisplayTree>? Known { get; }

    /// <summary>Whether the type has a ToString that somebody wrote.</summary>
    internal bool HasOwnText { get; }

    internal bool IsDictionary { get; }

    /// <summary>Whether it is a KeyValuePair, the members of which are Key and Value.</summary>
    internal bool IsEntry { get; }

    /// <summary>Public properties without parameters, then public fields.</summary>
    internal IReadOnlyList<MemberInfo> Members { get; }

    /// <summary>What the members are declared as, in C#.</summary>
    internal IReadOnlyList<string> MemberTypes => memberTypes ??= [.. Members.Select(member => TypeNames.Of((member as PropertyInfo)?.PropertyType ?? ((FieldInfo)member).FieldType))];

    /// <summary>The names of tuples' items in the members' values; null for most members.</summary>
    internal IReadOnlyList<TupleNames?> MemberNames => memberNames ??= [.. Members.Select(TupleNames.Of)];

    /// <summary>Of a collection that knows its size without being enumerated.</summary>
    internal PropertyInfo? CountProperty { get; }

    internal static ObjectShape Of(Type type) => Shapes.GetValue(type, static t => new ObjectShape(t));

    internal static object? Value(MemberInfo member, object owner) => member is PropertyInfo property
        ? property.GetValue(owner, BindingFlags.DoNotWrapExceptions, null, null, null)
        : ((FieldInfo)member).GetValue(owner);

    // What the compiler generates for records goes through all members without end where they form a circle,
    // and prints List`1; so records are shown member by member.
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
