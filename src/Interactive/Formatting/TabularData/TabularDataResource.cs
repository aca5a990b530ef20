using System.Collections;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using JupyterKernel.Display;
using JupyterKernel.Display.Formatting;

namespace Microsoft.DotNet.Interactive.Formatting.TabularData;

/// <summary>The type of a column.</summary>
public enum TableSchemaFieldType
{
    /// <summary>Any value.</summary>
    Any,

    /// <summary>A JSON object.</summary>
    Object,

    /// <summary>Only null.</summary>
    Null,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>true or false.</summary>
    Boolean,

    /// <summary>Text.</summary>
    String,

    /// <summary>A JSON array.</summary>
    Array,

    /// <summary>A date with a time.</summary>
    DateTime,

    /// <summary>A longitude and a latitude.</summary>
    GeoPoint,

    /// <summary>A GeoJSON object.</summary>
    GeoJson,
}

/// <summary>The description of a column.</summary>
public class TableSchemaFieldDescriptor(string name, TableSchemaFieldType? type = TableSchemaFieldType.Null, string? description = null,
    string? format = null)
{
    /// <summary>The name of the column.</summary>
    public string Name => name;

    /// <summary>A description of the column.</summary>
    public string? Description => description;

    /// <summary>The format of the values, as named in the specification.</summary>
    public string? Format => format;

    /// <summary>The type of the values.</summary>
    public TableSchemaFieldType Type => type ?? TableSchemaFieldType.Null;
}

/// <summary>The descriptions of columns, by name.</summary>
public class TableDataFieldDescriptors : IReadOnlyCollection<TableSchemaFieldDescriptor>
{
    private readonly List<TableSchemaFieldDescriptor> fields = [];

    /// <inheritdoc/>
    public int Count => fields.Count;

    /// <summary>Returns the column with a given name.</summary>
    /// <exception cref="KeyNotFoundException">There is no such column.</exception>
    public TableSchemaFieldDescriptor this[string name] =>
        fields.Find(field => field.Name == name) ?? throw new KeyNotFoundException($"Unknown field '{name}'.");

    /// <summary>Whether there is a column with a given name.</summary>
    public bool Contains(string name) => fields.Exists(field => field.Name == name);

    /// <summary>Adds a column.</summary>
    public void Add(TableSchemaFieldDescriptor descriptor) => fields.Add(descriptor);

    /// <inheritdoc/>
    public IEnumerator<TableSchemaFieldDescriptor> GetEnumerator() => fields.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>
/// The columns of a table.
/// Source: https://specs.frictionlessdata.io/table-schema/
/// </summary>
public class TableSchema
{
    /// <summary>The names of the columns that identify a row.</summary>
    public List<string> PrimaryKey { get; init; } = [];

    /// <summary>The columns, in order.</summary>
    public TableDataFieldDescriptors Fields { get; init; } = [];
}

/// <summary>A table of columns and rows, which is displayed as a table.</summary>
[JsonConverter(typeof(TabularDataResourceJsonConverter))]
public class TabularDataResource(TableSchema schema, IEnumerable<IEnumerable<KeyValuePair<string, object?>>> data,
    string? profile = null) : IDisplayable
{
    /// <summary>The profile as defined in the specification; by default tabular-data-resource.</summary>
    public string Profile { get; } = profile ?? "tabular-data-resource";

    /// <summary>The columns.</summary>
    public TableSchema Schema => schema;

    /// <summary>The rows, each a sequence of column names and values.</summary>
    public IEnumerable<IEnumerable<KeyValuePair<string, object?>>> Data => data;

    /// <summary>Converts the table to JSON.</summary>
    public TabularDataResourceJsonString ToJsonString() => new(Json().ToJsonString());

    /// <inheritdoc/>
    public MimeBundle ToMimeBundle() =>
        JupyterKernel.Display.Formatter.Format(
            data.Take(JupyterKernel.Display.Formatter.ListExpansionLimit + 1).Select(row => new Dictionary<string, object?>(row)).ToList())
        .With(TabularDataResourceFormatter.MimeType, Json());

    internal JsonObject Json() => new()
    {
        ["profile"] = Profile,
        ["schema"] = new JsonObject
        {
            ["primaryKey"] = JsonSerializer.SerializeToNode(schema.PrimaryKey),
            ["fields"] = new JsonArray([.. schema.Fields.Select(
                field => new JsonObject { ["name"] = field.Name, ["type"] = field.Type.ToString().ToLowerInvariant() })]),
        },
        ["data"] = new JsonArray([.. data.Select(
            row => new JsonObject(row.Select(cell => KeyValuePair.Create(cell.Key, JsonSerializer.SerializeToNode(cell.Value)))))]),
    };
}

/// <summary>Writes tables as JSON in the format of the specification; reading is not supported.</summary>
public class TabularDataResourceJsonConverter : JsonConverter<TabularDataResource>
{
    /// <inheritdoc/>
    public override TabularDataResource Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("A table cannot be deserialized from JSON. Use JsonDocument.Parse to read it.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, TabularDataResource value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(value);
        value.Json().WriteTo(writer, options);
    }
}

/// <summary>A table as JSON text.</summary>
public class TabularDataResourceJsonString(string json) : JsonString(json);

/// <summary>Converts sequences to tables.</summary>
public static class TabularDataResourceFormatter
{
    /// <summary>The MIME type application/table-schema+json.</summary>
    public const string MimeType = "application/table-schema+json";

    /// <summary>The options with which tables are serialized.</summary>
    public static JsonSerializerOptions JsonSerializerOptions { get; } = new();

    /// <summary>Creates a table from the public properties and fields of the items, or from the entries of dictionaries.</summary>
    public static TabularDataResource ToTabularDataResource<T>(this IEnumerable<T> source)
    {
        var rows = source.Select(item => Row(item)).ToList();
        var schema = new TableSchema();
        foreach (var (name, value) in rows.SelectMany(row => row))
        {
            if (!schema.Fields.Contains(name))
                schema.Fields.Add(new(name,
                    rows.Select(row => row.GetValueOrDefault(name)).FirstOrDefault(cell => cell is not null) is { } first
                    ? first.GetType().ToTableSchemaFieldType() : TableSchemaFieldType.Null));
        }

        return new(schema, rows);
    }

    /// <summary>Returns the column type for a .NET type.</summary>
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
            _ =>
                type == typeof(DateTimeOffset)
                    ? TableSchemaFieldType.DateTime
                    : typeof(IEnumerable).IsAssignableFrom(type)
                    ? TableSchemaFieldType.Array
                    : TableSchemaFieldType.Object,
        };
    }

    private static Dictionary<string, object?> Row(object? item) => item switch
    {
        null => [],
        IEnumerable<KeyValuePair<string, object?>> entries => new(entries),
        IDictionary entries => entries.Keys.Cast<object>().ToDictionary(key => key.ToString()!, key => entries[key]),
        _ =>
            ObjectShape.Of(item.GetType()).Members is { Count: > 0 } members && item is not string
                ? members.ToDictionary(member => member.Name, member => ObjectShape.Value(member, item))
                : new() { ["value"] = item },
    };
}
