using System.Collections;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using JupyterKernel.Display;
using JupyterKernel.Display.Formatting;
using JupyterKernel.Display.Plots;

namespace Microsoft.DotNet.Interactive.Formatting.TabularData;

/// <summary>The type of a column.</summary>
public enum TableSchemaFieldType
{
    Any,
    Object,
    Null,
    Number,
    Integer,
    Boolean,
    String,
    Array,
    DateTime,
    GeoPoint,
    GeoJson,
}

/// <summary>A column.</summary>
public class TableSchemaFieldDescriptor(string name, TableSchemaFieldType? type = TableSchemaFieldType.Null, string? description = null, string? format = null)
{
    public string Name => name;

    public string? Description => description;

    public string? Format => format;

    public TableSchemaFieldType Type => type ?? TableSchemaFieldType.Null;
}

/// <summary>Columns by their names.</summary>
public class TableDataFieldDescriptors : IReadOnlyCollection<TableSchemaFieldDescriptor>
{
    private readonly List<TableSchemaFieldDescriptor> fields = [];

    public int Count => fields.Count;

    public TableSchemaFieldDescriptor this[string name] => fields.Find(field => field.Name == name) ?? throw new KeyNotFoundException($"There is no field {name}.");

    public bool Contains(string name) => fields.Exists(field => field.Name == name);

    public void Add(TableSchemaFieldDescriptor descriptor) => fields.Add(descriptor);

    public IEnumerator<TableSchemaFieldDescriptor> GetEnumerator() => fields.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>
/// The columns of a table.
/// Source: https://specs.frictionlessdata.io/table-schema/
/// </summary>
public class TableSchema
{
    public List<string> PrimaryKey { get; init; } = [];

    public TableDataFieldDescriptors Fields { get; init; } = [];
}

/// <summary>A table: its columns and its rows. It is shown as such.</summary>
[JsonConverter(typeof(TabularDataResourceJsonConverter))]
public class TabularDataResource(TableSchema schema, IEnumerable<IEnumerable<KeyValuePair<string, object?>>> data, string? profile = null) : IDisplayable
{
    public string Profile { get; } = profile ?? "tabular-data-resource";

    public TableSchema Schema => schema;

    public IEnumerable<IEnumerable<KeyValuePair<string, object?>>> Data => data;

    /// <summary>The table as JSON.</summary>
    public TabularDataResourceJsonString ToJsonString() => new(Json().ToJsonString());

    /// <inheritdoc/>
    public MimeBundle ToMimeBundle() => JupyterKernel.Display.Formatter.Format(data.Take(JupyterKernel.Display.Formatter.ListExpansionLimit + 1).Select(row => new Dictionary<string, object?>(row)).ToList())
        .With(TabularDataResourceFormatter.MimeType, Json());

    internal JsonObject Json() => new()
    {
        ["profile"] = Profile,
        ["schema"] = new JsonObject
        {
            ["primaryKey"] = JsonSerializer.SerializeToNode(schema.PrimaryKey),
            ["fields"] = new JsonArray([.. schema.Fields.Select(field => new JsonObject { ["name"] = field.Name, ["type"] = field.Type.ToString().ToLowerInvariant() })]),
        },
        ["data"] = new JsonArray([.. data.Select(row => new JsonObject(row.Select(cell => KeyValuePair.Create(cell.Key, JsonSerializer.SerializeToNode(cell.Value)))))]),
    };
}

/// <summary>Writes tables as the specification has them; it reads none.</summary>
public class TabularDataResourceJsonConverter : JsonConverter<TabularDataResource>
{
    /// <inheritdoc/>
    public override TabularDataResource Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("A table is not read from its JSON here: JsonDocument.Parse reads what is in it.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, TabularDataResource value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(value);
        value.Json().WriteTo(writer, options);
    }
}

/// <summary>A table as JSON text.</summary>
public class TabularDataResourceJsonString(string json) : JsonString(json);

/// <summary>Making tables of sequences.</summary>
public static class TabularDataResourceFormatter
{
    /// <summary>application/table-schema+json.</summary>
    public const string MimeType = "application/table-schema+json";

    /// <summary>How tables become JSON.</summary>
    public static JsonSerializerOptions JsonSerializerOptions { get; } = new();

    /// <summary>A table of the items' public properties and fields, or of the entries of dictionaries.</summary>
    public static TabularDataResource ToTabularDataResource<T>(this IEnumerable<T> source)
    {
        var rows = source.Select(item => Row(item)).ToList();
        var schema = new TableSchema();
        foreach (var (name, value) in rows.SelectMany(row => row))
        {
            if (!schema.Fields.Contains(name)) schema.Fields.Add(new(name, rows.Select(row => row.GetValueOrDefault(name)).FirstOrDefault(cell => cell is not null) is { } first ? first.GetType().ToTableSchemaFieldType() : TableSchemaFieldType.Null));
        }

        return new(schema, rows);
    }

    /// <summary>The type of a column of values of a type.</summary>
    public static TableSchemaFieldType ToTableSchemaFieldType(this Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum || type == typeof(string) || type == typeof(char) || type == typeof(Guid)) return TableSchemaFieldType.String;
        return Type.GetTypeCode(type) switch
        {
            TypeCode.Boolean => TableSchemaFieldType.Boolean,
            TypeCode.Single or TypeCode.Double or TypeCode.Decimal => TableSchemaFieldType.Number,
            >= TypeCode.SByte and <= TypeCode.UInt64 => TableSchemaFieldType.Integer,
            TypeCode.DateTime => TableSchemaFieldType.DateTime,
            _ => type == typeof(DateTimeOffset) ? TableSchemaFieldType.DateTime : typeof(IEnumerable).IsAssignableFrom(type) ? TableSchemaFieldType.Array : TableSchemaFieldType.Object,
        };
    }

    private static Dictionary<string, object?> Row(object? item) => item switch
    {
        null => [],
        IEnumerable<KeyValuePair<string, object?>> entries => new(entries),
        IDictionary entries => entries.Keys.Cast<object>().ToDictionary(key => key.ToString()!, key => entries[key]),
        _ => ObjectShape.Of(item.GetType()).Members is { Count: > 0 } members && item is not string ? members.ToDictionary(member => member.Name, member => ObjectShape.Value(member, item)) : new() { ["value"] = item },
    };
}
