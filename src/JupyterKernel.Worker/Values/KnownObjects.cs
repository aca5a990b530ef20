using System.Globalization;
using System.Text;

namespace JupyterKernel.Worker.Values;

/// <summary>
/// Objects that every worker has of its own, and that are named instead of taken apart: the cells' submissions, which hold
/// the variables, and the framework's comparers and single instances.
/// </summary>
internal sealed class KnownObjects
{
    /// <summary>The name of every collection's comparer that was made without any.</summary>
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

    /// <summary>Those that a collection has which was made without any.</summary>
    private static readonly HashSet<string> DefaultComparerTypes =
    [
        "GenericEqualityComparer`1", "NullableEqualityComparer`1", "ObjectEqualityComparer`1", "ByteEqualityComparer", "EnumEqualityComparer`1",
        "StringEqualityComparer", "GenericComparer`1", "NullableComparer`1", "ObjectComparer`1", "EnumComparer`1",
    ];

    private readonly Dictionary<object, string> names = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, object> objects = new(Framework);

    public KnownObjects(IEnumerable<object> submissions)
    {
        foreach (var submission in submissions) objects[submission.GetType().FullName!] = submission;
        foreach (var (name, known) in objects) names[known] = name;
    }

    /// <summary>The name of a known object; null for all others.</summary>
    public string? NameOf(object value) => names.GetValueOrDefault(value);

    /// <summary>The name of a collection's comparer, also of the default ones; null for a comparer of the user's.</summary>
    public string? NameOfComparer(object? comparer)
    {
        if (comparer is null) return Default;
        var type = comparer.GetType();
        return type.Assembly == typeof(object).Assembly && DefaultComparerTypes.Contains(type.Name) ? Default : NameOf(comparer);
    }

    /// <summary>The object of a name; null for the default comparer.</summary>
    public object? Find(string name) => objects.GetValueOrDefault(name);
}
