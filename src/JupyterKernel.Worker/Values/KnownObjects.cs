using System.Globalization;
using System.Text;

namespace JupyterKernel.Worker.Values;

/// <summary>
/// Objects that exist in every worker and are therefore written by name instead of by content: the submissions, which hold the variables,
/// and comparers and singletons of the framework.
/// </summary>
internal sealed class KnownObjects
{
    /// <summary>The name that stands for the default comparer, which a collection has if it was created without a comparer.</summary>
    public const string Default = "default";

    private static readonly Dictionary<string, object> Framework = new()
    {
        ["Ordinal"] = StringComparer.Ordinal,
        ["OrdinalIgnoreCase"] = StringComparer.OrdinalIgnoreCase,
        ["InvariantCulture"] = StringComparer.InvariantCulture,
        ["InvariantCultureIgnoreCase"] = StringComparer.InvariantCultureIgnoreCase,
        ["Reference"] = ReferenceEqualityComparer.Instance,
        ["Invariant"] = CultureInfo.InvariantCulture,
        ["DBNull"] = DBNull.Value,
        ["UTF8"] = Encoding.UTF8,
        ["Unicode"] = Encoding.Unicode,
        ["BigEndianUnicode"] = Encoding.BigEndianUnicode,
        ["UTF32"] = Encoding.UTF32,
        ["ASCII"] = Encoding.ASCII,
        ["Latin1"] = Encoding.Latin1,
    };

    /// <summary>The types of the comparers that collections use if they are created without one.</summary>
    private static readonly HashSet<string> DefaultComparerTypes =
    [
        "GenericEqualityComparer`1", "NullableEqualityComparer`1", "ObjectEqualityComparer`1", "ByteEqualityComparer",
        "EnumEqualityComparer`1",
        "StringEqualityComparer", "GenericComparer`1", "NullableComparer`1", "ObjectComparer`1", "EnumComparer`1",
    ];

    private readonly Dictionary<object, string> names = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, object> objects = new(Framework);

    public KnownObjects(IEnumerable<object> submissions)
    {
        foreach (var submission in submissions) objects[submission.GetType().FullName!] = submission;
        foreach (var (name, known) in objects) names[known] = name;
    }

    /// <summary>Returns the name of a known object; null for any other object.</summary>
    public string? NameOf(object value) => names.GetValueOrDefault(value);

    /// <summary>Returns the name of a collection's comparer, including default comparers; null for a comparer of the user.</summary>
    public string? NameOfComparer(object? comparer)
    {
        if (comparer is null) return Default;
        var type = comparer.GetType();
        return type.Assembly == typeof(object).Assembly && DefaultComparerTypes.Contains(type.Name) ? Default : NameOf(comparer);
    }

    /// <summary>Finds an object by name; null for the default comparer.</summary>
    public object? Find(string name) => objects.GetValueOrDefault(name);
}
