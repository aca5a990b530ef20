using System.Collections;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Collections.ObjectModel;
using System.Data;
using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace JupyterKernel.Worker.Values;

/// <summary>
/// Converts values of a type of the framework or of a package, whose fields hide the content, to plain data and back, through the public
/// interface of the type. The types are found by name, so that no assembly is loaded for them before there is a value. Any thread.
/// </summary>
/// <param name="TakeApart">
/// Returns the parts: plain data, objects that may be shared, or an <see cref="Inline"/>; null if the value cannot be taken apart. The
/// second argument returns bytes by which keys are sorted if their own order differs from process to process.
/// </param>
/// <param name="PutTogether">Creates a value of a type from its parts.</param>
internal sealed record Conversion(Func<object, Func<object, byte[]>, object?[]?> TakeApart, Func<Type, object?[], object> PutTogether)
{
    /// <summary>
    /// Whether the parts must be complete before the value is created, because creating it hashes, compares or reads them.
    /// </summary>
    public bool LooksAtElements { get; init; }

    /// <summary>
    /// Replaces the content of an existing object (first argument) with that of a new one, so that all references to the object share it;
    /// null for immutable types.
    /// </summary>
    public Action<object, object>? Refill { get; init; }

    private static readonly Dictionary<string, Conversion> Known = new()
    {
        ["System.Collections.Immutable.ImmutableList`1"] = Items(nameof(ToImmutableList)),
        ["System.Collections.Immutable.ImmutableQueue`1"] = Items(nameof(ToImmutableQueue)),
        ["System.Collections.Immutable.ImmutableStack`1"] = Items(nameof(ToImmutableStack)),
        ["System.Collections.Immutable.ImmutableHashSet`1"] = Set(nameof(ToImmutableHashSet), isOrdered: false, "KeyComparer"),
        ["System.Collections.Immutable.ImmutableSortedSet`1"] = Set(nameof(ToImmutableSortedSet), isOrdered: true, "KeyComparer"),
        ["System.Collections.Immutable.ImmutableDictionary`2"] =
            Map(nameof(ToImmutableDictionary), isOrdered: false, "KeyComparer", "ValueComparer"),
        ["System.Collections.Immutable.ImmutableSortedDictionary`2"] =
            Map(nameof(ToImmutableSortedDictionary), isOrdered: true, "KeyComparer", "ValueComparer"),
        ["System.Collections.Frozen.FrozenSet`1"] = Set(nameof(ToFrozenSet), isOrdered: false, "Comparer"),
        ["System.Collections.Frozen.FrozenDictionary`2"] = Map(nameof(ToFrozenDictionary), isOrdered: false, "Comparer"),
        ["System.Collections.ObjectModel.ReadOnlyDictionary`2"] = Wrapper("m_dictionary"),
        ["System.Collections.ObjectModel.ReadOnlySet`1"] = Wrapper("_set"),
        ["System.Lazy`1"] = new(LazyParts, ToLazy),
        ["System.Dynamic.ExpandoObject"] = new(
            (value, _) =>
                (IDictionary<string, object?>)value is var named
                    ? [new Inline(named.Keys.ToArray()), new Inline(named.Values.ToArray())]
                    : null,
            (_, parts) =>
            {
                IDictionary<string, object?> made = new System.Dynamic.ExpandoObject();
                foreach (var (name, item) in ((string[])parts[0]!).Zip((object?[])parts[1]!)) made[name] = item;
                return made;
            })
        {
            Refill = static (there, made) =>
            {
                var named = (IDictionary<string, object?>)there;
                named.Clear();
                foreach (var (name, item) in (IDictionary<string, object?>)made) named[name] = item;
            },
        },
        ["System.Text.RegularExpressions.Regex"] = new(
            (value, _) =>
                value.GetType() == typeof(Regex) && (Regex)value is var regex
                    ? [regex.ToString(), (int)regex.Options, regex.MatchTimeout.Ticks]
                    : null,
            (_, parts) => new Regex((string)parts[0]!, (RegexOptions)parts[1]!, new TimeSpan((long)parts[2]!))),
        ["System.TimeZoneInfo"] = new(
            (value, _) =>
                (TimeZoneInfo)value is var zone && TimeZoneInfo.TryFindSystemTimeZoneById(zone.Id, out var known) && known.Equals(zone)
                    ? [zone.Id]
                    : [zone.Id, zone.ToSerializedString()],
            (_, parts) =>
                parts.Length == 1
                    ? TimeZoneInfo.FindSystemTimeZoneById((string)parts[0]!)
                    : TimeZoneInfo.FromSerializedString((string)parts[1]!)),
        ["System.Globalization.CultureInfo"] = new(
            (value, _) =>
                (CultureInfo)value is { IsReadOnly: false } own
                    ? [own.Name, Settings(own.NumberFormat), Settings(own.DateTimeFormat)]
                    : [((CultureInfo)value).Name],
            (_, parts) =>
                parts.Length == 1
                    ? CultureInfo.GetCultureInfo((string)parts[0]!)
                    : WithSettings(new CultureInfo((string)parts[0]!, useUserOverride: false), parts)) { LooksAtElements = true },
        ["System.Text.Encoding"] = new(
            (value, _) => (Encoding)value is var encoding && encoding.GetType().Assembly == typeof(Encoding).Assembly
                ? [encoding.CodePage, encoding.Preamble.Length > 0, encoding.EncoderFallback is EncoderExceptionFallback] : null,
            (_, parts) => EncodingOf((int)parts[0]!, (bool)parts[1]!, (bool)parts[2]!)),
        ["System.Net.IPAddress"] = new((value, _) => [value.ToString()], (_, parts) => IPAddress.Parse((string)parts[0]!)),
        ["System.Net.IPEndPoint"] = new((value, _) => [value.ToString()], (_, parts) => IPEndPoint.Parse((string)parts[0]!)),
        ["System.Text.Json.JsonDocument"] = new(
            (value, _) => [((JsonDocument)value).RootElement.GetRawText()],
            (_, parts) =>
                JsonDocument.Parse((string)parts[0]!,
                    new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = int.MaxValue })),
        ["System.Text.Json.Nodes.JsonNode"] = new(JsonParts, (_, parts) => ToJson(parts)) { LooksAtElements = true, Refill = RefillJson },
        ["Newtonsoft.Json.Linq.JToken"] =
            new(NewtonsoftJson.TakeApart, NewtonsoftJson.PutTogether) { LooksAtElements = true, Refill = NewtonsoftJson.Refill },
        ["System.Xml.Linq.XObject"] = new(XmlParts, (type, parts) => ToXml(type, parts)) { Refill = RefillXml },
        ["System.Data.DataTable"] = new(TableParts, (_, parts) => ToTable(parts)) { Refill = RefillTable },
        ["System.Data.DataSet"] = new(DataSetParts, (_, parts) => ToDataSet(parts)) { Refill = RefillDataSet },
        ["System.Data.DataRow"] = new(
            (value, _) =>
                (DataRow)value is { RowState: not DataRowState.Detached } row && row.Table.Rows.IndexOf(row) is var index and >= 0
                    ? [row.Table, index]
                    : null,
            (_, parts) => ((DataTable)parts[0]!).Rows[(int)parts[1]!]),
    };

    /// <summary>Elements that are stored as a part, unlike an array that other objects may refer to.</summary>
    internal sealed record Inline(Array Items);

    /// <summary>Returns the public type of a value whose own type may be internal.</summary>
    public static Type PublicType(Type type)
    {
        while (!(type.IsGenericType ? type.GetGenericTypeDefinition() : type).IsVisible && Of(type.BaseType!) is not null)
        {
            type = type.BaseType!;
        }
        return type;
    }

    /// <summary>Returns the conversion for a type; null if values are taken apart by their fields or not at all.</summary>
    public static Conversion? Of(Type type)
    {
        for (var at = type; at is not null && at != typeof(object); at = at.BaseType)
        {
            if (Known.TryGetValue((at.IsGenericType ? at.GetGenericTypeDefinition() : at).FullName ?? "", out var known)) return known;
        }

        return null;
    }

    // Collections of the framework. A package's own version of a collection is another type, which this code cannot create; such a
    // value is not plain data.
    private static Conversion Items(string make) => new(
        (value, _) => Arguments(value, make) is { } types ? [Elements((IEnumerable)value, types[0])] : null,
        (type, parts) => Make(make, ArgumentsOf(type), parts));

    private static Conversion Set(string make, bool isOrdered, string comparer) => new(
        (value, keyOf) =>
            Arguments(value, make) is { } types
                ? [Property(value, comparer), Ordered(Elements((IEnumerable)value, types[0]), isOrdered ? null : keyOf, null)[0]]
                : null,
        (type, parts) => Make(make, ArgumentsOf(type), parts)) { LooksAtElements = true };

    private static Conversion Map(string make, bool isOrdered, params string[] comparers) => new(
        (value, keyOf) =>
        {
            if (Arguments(value, make) is not { } types) return null;
            var entries = (IDictionary)value;
            return [.. comparers.Select(name => Property(value, name)),
                .. Ordered(Elements(entries.Keys, types[0]), isOrdered ? null : keyOf, key => entries[key], types[1])];
        },
        (type, parts) => Make(make, ArgumentsOf(type), parts)) { LooksAtElements = true };

    private static ImmutableList<T> ToImmutableList<T>(T[] items) => ImmutableList.CreateRange(items);

    private static ImmutableQueue<T> ToImmutableQueue<T>(T[] items) => ImmutableQueue.CreateRange(items);

    private static ImmutableStack<T> ToImmutableStack<T>(T[] items) => ImmutableStack.CreateRange(items.Reverse());

    private static ImmutableHashSet<T> ToImmutableHashSet<T>(IEqualityComparer<T>? comparer, T[] items) =>
        ImmutableHashSet.CreateRange(comparer, items);

    private static ImmutableSortedSet<T> ToImmutableSortedSet<T>(IComparer<T>? comparer, T[] items) =>
        ImmutableSortedSet.CreateRange(comparer, items);

    private static ImmutableDictionary<TKey, TValue> ToImmutableDictionary<TKey, TValue>(IEqualityComparer<TKey>? comparer,
        IEqualityComparer<TValue>? values, TKey[] keys, TValue[] items)
        where TKey : notnull => ImmutableDictionary.CreateRange(comparer, values, Pairs(keys, items));

    private static ImmutableSortedDictionary<TKey, TValue> ToImmutableSortedDictionary<TKey, TValue>(IComparer<TKey>? comparer,
        IEqualityComparer<TValue>? values, TKey[] keys, TValue[] items)
        where TKey : notnull => ImmutableSortedDictionary.CreateRange(comparer, values, Pairs(keys, items));

    private static FrozenSet<T> ToFrozenSet<T>(IEqualityComparer<T>? comparer, T[] items) => items.ToFrozenSet(comparer);

    private static FrozenDictionary<TKey, TValue> ToFrozenDictionary<TKey, TValue>(IEqualityComparer<TKey>? comparer, TKey[] keys,
        TValue[] items)
        where TKey : notnull => Pairs(keys, items).ToFrozenDictionary(comparer);

    private static IEnumerable<KeyValuePair<TKey, TValue>> Pairs<TKey, TValue>(TKey[] keys, TValue[] values) =>
        keys.Zip(values, KeyValuePair.Create);

    private static object Make(string make, Type[] arguments, object?[] parts) =>
        Maker(make).MakeGenericMethod(arguments).Invoke(null, BindingFlags.DoNotWrapExceptions, null, parts, null)!;

    private static MethodInfo Maker(string make) => typeof(Conversion).GetMethod(make, BindingFlags.NonPublic | BindingFlags.Static)!;

    /// <summary>Returns the type arguments of a collection; null if the collection is not the framework's.</summary>
    private static Type[]? Arguments(object value, string make)
    {
        var name = make[2..];
        var space = name.StartsWith("Frozen", StringComparison.Ordinal) ? typeof(FrozenSet).Assembly : typeof(ImmutableList).Assembly;
        for (var type = value.GetType(); type is not null; type = type.BaseType)
        {
            if (type.Name.StartsWith(name + "`", StringComparison.Ordinal))
            {
                return type.Assembly == space ? type.GetGenericArguments() : null;
            }
        }

        return null;
    }

    private static Type[] ArgumentsOf(Type type)
    {
        while (!Known.ContainsKey(type.IsGenericType ? type.GetGenericTypeDefinition().FullName ?? "" : "")) type = type.BaseType!;
        return type.GetGenericArguments();
    }

    private static Inline Elements(IEnumerable sequence, Type element)
    {
        var items = sequence.Cast<object?>().ToList();
        var array = Array.CreateInstance(element, items.Count);
        for (var i = 0; i < items.Count; i++) array.SetValue(items[i], i);
        return new(array);
    }

    /// <summary>
    /// Sorts keys, and values if there are any, into an order that, unlike that of hash codes, is the same in every process.
    /// </summary>
    private static Inline[] Ordered(Inline keys, Func<object, byte[]>? keyOf, Func<object, object?>? valueOf, Type? valueType = null)
    {
        var all = keys.Items.Cast<object>().ToList();
        if (keyOf is not null)
        {
            all = all.TrueForAll(key => key is string)
                ? [.. all.OrderBy(key => (string)key, StringComparer.Ordinal)]
                : [.. all.OrderBy(keyOf, Comparer<byte[]>.Create(static (a, b) => a.AsSpan().SequenceCompareTo(b)))];
        }
        Inline ordered = Elements(all, keys.Items.GetType().GetElementType()!);
        return valueOf is null ? [ordered] : [ordered, Elements(all.Select(valueOf), valueType!)];
    }

    private static object? Property(object value, string name) => value.GetType().GetProperty(name)!.GetValue(value);

    /// <summary>The conversion for a wrapper around a collection. Other objects may refer to the wrapped collection too.</summary>
    private static Conversion Wrapper(string field) => new(
        (value, _) => [FieldOf(value, field)],
        (type, parts) => Activator.CreateInstance(type, parts)!);

    private static object? FieldOf(object value, string name)
    {
        for (var type = value.GetType(); type is not null; type = type.BaseType)
        {
            if (type.GetField(name, BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly) is { } field)
            {
                return field.GetValue(value);
            }
        }

        throw new MissingFieldException(value.GetType().Name, name);
    }

    // The existing value, or the function that creates it; null if the function has failed. A restored Lazy is thread-safe, whatever
    // the mode of the original.
    private static object?[]? LazyParts(object value, Func<object, byte[]> keyOf) =>
        (bool)Property(value, "IsValueCreated")!
            ? [true, Property(value, "Value")]
            : FieldOf(value, "_factory") is Delegate factory
            ? [false, factory]
            : null;

    private static object ToLazy(Type type, object?[] parts)
    {
        var constructor = (bool)parts[0]!
            ? Array.Find(typeof(Lazy<>).GetConstructors(),
                constructor => constructor.GetParameters() is [{ ParameterType.IsGenericParameter: true }])!.MetadataToken
            : type.GetConstructor([typeof(Func<>).MakeGenericType(type.GetGenericArguments())])!.MetadataToken;
        return Array.Find(type.GetConstructors(), known => known.MetadataToken == constructor)!.Invoke([parts[1]]);
    }

    private static Encoding EncodingOf(int codePage, bool hasMark, bool throws) => codePage switch
    {
        65001 => new UTF8Encoding(hasMark, throws),
        1200 or 1201 => new UnicodeEncoding(codePage == 1201, hasMark, throws),
        12000 or 12001 => new UTF32Encoding(codePage == 12001, hasMark, throws),
        _ => throws
            ? Encoding.GetEncoding(codePage, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback)
            : Encoding.GetEncoding(codePage),
    };

    /// <summary>Returns the settings of a culture's format, sorted by name.</summary>
    private static object?[] Settings(object format) => [.. SettingsOf(format).Select(setting => setting.GetValue(format))];

    private static IEnumerable<PropertyInfo> SettingsOf(object format) =>
        format.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(setting => setting.CanWrite && setting.PropertyType != typeof(Calendar))
        .OrderBy(setting => setting.Name, StringComparer.Ordinal);

    private static CultureInfo WithSettings(CultureInfo culture, object?[] parts)
    {
        foreach (var (format, values) in ((object, object?)[])[(culture.NumberFormat, parts[1]), (culture.DateTimeFormat, parts[2])])
        {
            foreach (var (setting, value) in SettingsOf(format).Zip((object?[])values!)) setting.SetValue(format, value);
        }

        return culture;
    }

    // Trees: a whole tree is stored as text. A part of a tree is stored as the whole and a path, so that both remain in one tree.
    private static object?[]? JsonParts(object value, Func<object, byte[]> keyOf)
    {
        var node = (JsonNode)value;
        if (node.Parent is null) return [node.ToJsonString(), node.Options?.PropertyNameCaseInsensitive ?? false];
        var way = new Stack<object>();
        for (; node.Parent is { } parent; node = parent) way.Push(parent is JsonObject ? node.GetPropertyName() : node.GetElementIndex());
        return [node, way.ToArray()];
    }

    private static JsonNode ToJson(object?[] parts) => parts[0] is string json
        ? JsonNode.Parse(json, new() { PropertyNameCaseInsensitive = (bool)parts[1]! }, new() { MaxDepth = int.MaxValue })!
        : ((object[])parts[1]!).Aggregate((JsonNode)parts[0]!, (node, step) => step is string name ? node[name]! : node[(int)step]!);

    private static void RefillJson(object there, object made)
    {
        if (there is JsonObject properties)
        {
            properties.Clear();
            foreach (var (name, value) in (JsonObject)made) properties.Add(name, value?.DeepClone());
        }
        else if (there is JsonArray items)
        {
            items.Clear();
            foreach (var item in (JsonArray)made) items.Add(item?.DeepClone());
        }
        else
        {
            throw new NotSupportedException();
        }
    }

    private static object?[]? XmlParts(object value, Func<object, byte[]> keyOf)
    {
        var node = (XObject)value;
        if (Above(node) is null)
        {
            return node switch
            {
                XDocument document => [document.Declaration?.ToString() ?? "", Written(document.WriteTo)],
                XElement element => [Written(element.WriteTo)],
                XAttribute attribute => [attribute.Name.ToString(), attribute.Value],
                _ => null,
            };
        }

        var way = new Stack<int>();
        for (; Above(node) is { } above; node = above)
        {
            way.Push(node is XAttribute attribute
                ? -1 - ((XElement)above).Attributes().TakeWhile(other => other != attribute).Count()
                : ((XNode)node).NodesBeforeSelf().Count());
        }

        return [node, way.ToArray()];

        static XObject? Above(XObject node) => (XObject?)node.Parent ?? (node is XDocument ? null : node.Document);
    }

    private static XObject ToXml(Type type, object?[] parts)
    {
        if (parts[0] is XObject root)
        {
            return ((int[])parts[1]!)
                .Aggregate(root, (node, step) => step < 0
                    ? ((XElement)node).Attributes().ElementAt(-1 - step)
                    : ((XContainer)node).Nodes().ElementAt(step));
        }

        if (type == typeof(XAttribute)) return new XAttribute(XName.Get((string)parts[0]!), (string)parts[1]!);
        return type == typeof(XElement)
            ? XElement.Parse((string)parts[0]!, LoadOptions.PreserveWhitespace)
            : XDocument.Parse((string)parts[0]! + parts[1], LoadOptions.PreserveWhitespace);
    }

    private static void RefillXml(object there, object made)
    {
        switch (there)
        {
            case XElement element:
                element.Name = ((XElement)made).Name;
                element.ReplaceAll(((XElement)made).Attributes(), ((XElement)made).Nodes());
                break;
            case XDocument document:
                document.Declaration = ((XDocument)made).Declaration;
                document.ReplaceNodes(((XDocument)made).Nodes());
                break;
            default:
                throw new NotSupportedException();
        }
    }

    private static string Written(Action<XmlWriter> write)
    {
        var text = new StringBuilder();
        using (var writer = XmlWriter.Create(text,
            new() { NewLineHandling = NewLineHandling.Entitize, OmitXmlDeclaration = true, ConformanceLevel = ConformanceLevel.Auto }))
        {
            write(writer);
        }
        return text.ToString();
    }

    // A copy numbers its rows consecutively, regardless of deleted rows. Characters that XML cannot represent cause an error here, not
    // when the values are read.
    private static object?[]? TableParts(object value, Func<object, byte[]> keyOf)
    {
        var table = (DataTable)value;
        if (table.GetType() != typeof(DataTable) || !HasFormInXml(table)) return null;
        if (table.DataSet is { } set) return [set, set.Tables.IndexOf(table)];
        using var copy = table.Copy();
        if (copy.TableName.Length == 0) copy.TableName = "Table";
        return [table.TableName, Schema(copy.WriteXmlSchema), Written(writer => copy.WriteXml(writer, XmlWriteMode.DiffGram))];
    }

    /// <summary>
    /// Whether XML can represent the content of a table. Enums and types outside the framework cannot be restored, or only as other types.
    /// </summary>
    private static bool HasFormInXml(DataTable table) => table.Columns.Cast<DataColumn>().All(column => column.DataType == typeof(object)
        ? table.Rows.Cast<DataRow>()
            .All(row => row.RowState != DataRowState.Deleted
                && row[column] is DBNull or bool or byte or short or int or long or float or double or decimal or string)
        : !column.DataType.IsEnum
            && (Shape.Of(column.DataType) is { Kind: ShapeKind.Raw } || column.DataType == typeof(string)
                || column.DataType == typeof(byte[]) || column.DataType == typeof(DateTimeOffset)));

    /// <summary>Writes a schema in which a column of objects has the same type name, whether the schema was read or created.</summary>
    private static string Schema(Action<XmlWriter> write) =>
        Regex.Replace(Written(write), " msdata:DataType=\"System\\.Object,[^\"]*\"", "");

    private static DataTable ToTable(object?[] parts)
    {
        if (parts[0] is DataSet set) return set.Tables[(int)parts[1]!];
        var table = new DataTable();
        using (var schema = Reader(parts[1])) table.ReadXmlSchema(schema);
        using (var rows = Reader(parts[2])) table.ReadXml(rows);
        table.TableName = (string)parts[0]!;
        return table;
    }

    private static void RefillTable(object there, object made)
    {
        var (table, content) = ((DataTable)there, (DataTable)made);
        if (table.TableName != content.TableName || SchemaOf(table) != SchemaOf(content)) throw new NotSupportedException();
        table.Clear();
        table.Merge(content);

        static string SchemaOf(DataTable table)
        {
            using var copy = table.Clone();
            if (copy.TableName.Length == 0) copy.TableName = "Table";
            return Schema(copy.WriteXmlSchema);
        }
    }

    private static object?[]? DataSetParts(object value, Func<object, byte[]> keyOf)
    {
        var set = (DataSet)value;
        if (set.GetType() != typeof(DataSet) || !set.Tables.Cast<DataTable>().All(HasFormInXml)) return null;
        using var copy = set.Copy();
        return [Schema(copy.WriteXmlSchema), Written(writer => copy.WriteXml(writer, XmlWriteMode.DiffGram))];
    }

    private static DataSet ToDataSet(object?[] parts)
    {
        var set = new DataSet();
        using (var schema = Reader(parts[0])) set.ReadXmlSchema(schema);
        using (var rows = Reader(parts[1])) set.ReadXml(rows, XmlReadMode.DiffGram);
        return set;
    }

    private static void RefillDataSet(object there, object made)
    {
        var (set, content) = ((DataSet)there, (DataSet)made);
        if (Schema(set.WriteXmlSchema) != Schema(content.WriteXmlSchema)) throw new NotSupportedException();
        set.Clear();
        set.Merge(content);
    }

    private static XmlReader Reader(object? xml) => XmlReader.Create(new StringReader((string)xml!));
}
