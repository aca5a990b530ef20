using System.Collections.Concurrent;
using System.Globalization;
using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace JupyterKernel.Worker.Values;

/// <summary>How values of a type are taken apart and put together.</summary>
internal enum ShapeKind
{
    /// <summary>Not plain data: the value represents something external (a file, a thread, a socket) or hides its content.</summary>
    Opaque,

    /// <summary>A fixed number of bytes without references: numbers, characters, enums, dates.</summary>
    Raw,

    /// <summary>A text that describes the value completely.</summary>
    Text,

    /// <summary>The values of all fields.</summary>
    Fields,

    /// <summary>An array of any rank.</summary>
    Array,

    /// <summary>Ordered elements.</summary>
    Sequence,

    /// <summary>Keys and values.</summary>
    Map,

    /// <summary>The parts defined by a <see cref="Values.Conversion"/>.</summary>
    Converted,

    /// <summary>Methods of cells, each with its target object.</summary>
    Delegate,
}

/// <summary>
/// Describes a type: whether its values are plain data, and how they are taken apart. Reads only fields, so no user code
/// runs. Immutable; any thread.
/// </summary>
internal sealed class Shape
{
    private static readonly ConcurrentDictionary<Type, Shape> Known = new();

    private static readonly HashSet<Type> RawTypes =
    [
        typeof(decimal), typeof(Guid), typeof(DateTime), typeof(TimeSpan), typeof(DateOnly), typeof(TimeOnly), typeof(Half),
        typeof(Int128), typeof(UInt128), typeof(Rune), typeof(Index),
    ];

    private static readonly HashSet<Type> FieldTypes =
    [
        typeof(Version), typeof(Random), typeof(StrongBox<>), typeof(Tuple<>), typeof(Tuple<,>), typeof(Tuple<,,>), typeof(Tuple<,,,>),
        typeof(Tuple<,,,,>),
        typeof(Tuple<,,,,,>), typeof(Tuple<,,,,,,>), typeof(Tuple<,,,,,,,>), typeof(System.Collections.ObjectModel.ReadOnlyCollection<>),
        typeof(System.Collections.ObjectModel.Collection<>), typeof(System.Collections.ObjectModel.ObservableCollection<>),
        typeof(System.Collections.BitArray),
        typeof(System.Collections.ArrayList),
    ];

    private static readonly HashSet<Type> SequenceTypes =
    [
        typeof(List<>), typeof(HashSet<>), typeof(SortedSet<>), typeof(LinkedList<>), typeof(Queue<>), typeof(Stack<>),
        typeof(ConcurrentQueue<>), typeof(ConcurrentStack<>), typeof(PriorityQueue<,>),
    ];

    private static readonly HashSet<Type> MapTypes =
        [typeof(Dictionary<,>), typeof(SortedDictionary<,>), typeof(SortedList<,>), typeof(OrderedDictionary<,>),
            typeof(ConcurrentDictionary<,>)];

    private Shape(Type type)
    {
        Type = type;
        Kind = KindOf(type);
        if (Kind == ShapeKind.Fields) Fields = FieldsOf(type);
        if (Kind == ShapeKind.Converted) Conversion = Conversion.Of(type);
        var arguments = type.IsGenericType ? type.GetGenericArguments() : [];
        Element = Kind switch
        {
            ShapeKind.Array => type.GetElementType(),
            ShapeKind.Sequence => arguments.Length == 2 ? typeof(ValueTuple<,>).MakeGenericType(arguments) : arguments[0],
            ShapeKind.Map => arguments[1],
            _ => null,
        };
        Key = Kind == ShapeKind.Map ? arguments[0] : null;
        if (Kind is ShapeKind.Sequence or ShapeKind.Map) Comparer = type.GetProperty("Comparer");
    }

    public Type Type { get; }

    public ShapeKind Kind { get; }

    /// <summary>The instance fields, including those of base types; empty for kinds other than <see cref="ShapeKind.Fields"/>.</summary>
    public IReadOnlyList<FieldInfo> Fields { get; } = [];

    /// <summary>The type of the elements of an array, sequence or map.</summary>
    public Type? Element { get; }

    /// <summary>The type of a map's keys.</summary>
    public Type? Key { get; }

    /// <summary>The conversion for values of <see cref="ShapeKind.Converted"/>.</summary>
    public Conversion? Conversion { get; }

    /// <summary>The property with the comparer of a collection; null if it has none.</summary>
    public PropertyInfo? Comparer { get; }

    /// <summary>Whether elements are hashed or compared when added, so that they must be complete before.</summary>
    public bool LooksAtElements => Comparer is not null || Conversion is { LooksAtElements: true };

    public static Shape Of(Type type) => Known.GetOrAdd(type, static type => new Shape(type));

    /// <summary>Returns the text that describes a value of <see cref="ShapeKind.Text"/>.</summary>
    public static string ToText(object value) => value switch
    {
        string text => text,
        Uri uri => uri.OriginalString,
        Type type => type.AssemblyQualifiedName!,
        BigInteger number => number.ToString(CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    /// <summary>Returns the value that a text describes.</summary>
    public static object FromText(Type type, string text, Func<string, Type> findType) =>
        type == typeof(string) ? text
        : type == typeof(Uri) ? new Uri(text, UriKind.RelativeOrAbsolute)
        : type == typeof(StringBuilder) ? new StringBuilder(text)
        : type == typeof(BigInteger) ? BigInteger.Parse(text, CultureInfo.InvariantCulture)
        : findType(text);

    /// <summary>Whether a type was declared in a cell.</summary>
    public static bool IsOfCell(Type type) => IsCell(type.Assembly);

    /// <summary>Whether an assembly is a cell's, which is recognized by its name.</summary>
    public static bool IsCell(Assembly assembly) => assembly.GetName().Name!.StartsWith("Cell#", StringComparison.Ordinal);

    private static ShapeKind KindOf(Type type)
    {
        if (type.IsPointer || type.IsByRefLike || type.IsFunctionPointer) return ShapeKind.Opaque;
        if (type.IsPrimitive || type.IsEnum || RawTypes.Contains(type)) return ShapeKind.Raw;
        if (type == typeof(string) || type == typeof(Uri) || type == typeof(StringBuilder) || type == typeof(BigInteger)
            || typeof(Type).IsAssignableFrom(type)) return ShapeKind.Text;
        if (type.IsArray) return ShapeKind.Array;
        if (typeof(Delegate).IsAssignableFrom(type)) return ShapeKind.Delegate;
        if (type.IsValueType) return ShapeKind.Fields;

        var open = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        if (SequenceTypes.Contains(open)) return ShapeKind.Sequence;
        if (MapTypes.Contains(open)) return ShapeKind.Map;
        if (FieldTypes.Contains(open) || type.DeclaringType == typeof(Random) || type.Assembly == typeof(Display.Notebook).Assembly)
        {
            return ShapeKind.Fields;
        }
        if (!IsOfCell(type)) return Conversion.Of(type) is null ? ShapeKind.Opaque : ShapeKind.Converted;

        // A framework class from which a cell's class derives may have hidden state.
        for (var ancestor = type.BaseType; ancestor is not null && ancestor != typeof(object); ancestor = ancestor.BaseType)
        {
            if (!IsOfCell(ancestor)) return ShapeKind.Opaque;
        }

        return ShapeKind.Fields;
    }

    private static FieldInfo[] FieldsOf(Type type)
    {
        var fields = new List<FieldInfo>();
        for (var level = type; level is not null && level != typeof(object) && level != typeof(ValueType); level = level.BaseType)
        {
            // An iterator stores the id of the thread that created it, which differs between processes.
            fields.AddRange(
                level.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly)
                .Where(field => field.Name != "<>l__initialThreadId"));
        }

        return [.. fields];
    }
}
