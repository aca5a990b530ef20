using System.Text.Json;
using System.Text.Json.Nodes;

namespace JupyterKernel.Display.Tables;

/// <summary>
/// What a front end wants of a table: <c>{"id": 1, "table": "…", "offset": 20, "count": 20, "sort": "Price", "descending": true, "filter": "salt"}</c>.
/// The answer has the same id, and <c>html</c> (a table element of those rows), <c>rows</c> (how many fit the filter), <c>all</c>, <c>offset</c>
/// and <c>process</c>; or <c>error</c>, and <c>gone</c> where there are no rows any more. Immutable.
/// </summary>
/// <param name="Table">The table's id.</param>
/// <param name="Offset">How many rows to skip; where there are fewer, the last ones are told.</param>
/// <param name="Count">How many rows to tell.</param>
/// <param name="Sort">The name of the column to sort by; null for the rows' own order.</param>
/// <param name="Descending">Whether the greatest come first; rows without a value come last either way.</param>
/// <param name="Filter">See <see cref="RowFilter"/>; empty for all rows.</param>
internal sealed record TableQuery(string Table, int Offset, int Count, string? Sort, bool Descending, string Filter)
{
    private const int MaxRows = 1_000;
    private const int MaxFilterChars = 1_000;

    /// <summary>Reads a query.</summary>
    /// <param name="json">What the front end sent.</param>
    /// <param name="id">What the answer is to carry; null where there is none.</param>
    /// <exception cref="TableQueryException">It makes no sense.</exception>
    internal static TableQuery Of(byte[] json, out JsonNode? id)
    {
        id = null;
        JsonElement query;
        try
        {
            using var document = JsonDocument.Parse(json);
            query = document.RootElement.Clone();
        }
        catch (JsonException)
        {
            throw new TableQueryException("The query is no JSON.");
        }
        if (query.ValueKind != JsonValueKind.Object) throw new TableQueryException("The query is no JSON object.");
        if (query.TryGetProperty("id", out var given) && given.ValueKind == JsonValueKind.Number) id = JsonValue.Create(given);

        var read = new TableQuery(Text("table") ?? "", Number("offset", 0), Number("count", 20), Text("sort"), query.TryGetProperty("descending", out var flag) && flag.ValueKind == JsonValueKind.True, Text("filter")?.Trim() ?? "");
        if (read.Offset < 0) throw new TableQueryException($"offset is {read.Offset}: it cannot be less than 0.");
        if (read.Count is < 1 or > MaxRows) throw new TableQueryException($"count is {read.Count}: it can be 1 to {MaxRows}.");
        if (read.Filter.Length > MaxFilterChars) throw new TableQueryException($"The filter has {read.Filter.Length} characters: it can have {MaxFilterChars}.");
        return read;

        string? Text(string name) => !query.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? null
            : value.ValueKind == JsonValueKind.String ? value.GetString()
            : throw new TableQueryException($"{name} is no text.");

        int Number(string name, int otherwise) => !query.TryGetProperty(name, out var value) ? otherwise
            : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number
            : throw new TableQueryException($"{name} is no whole number.");
    }
}

/// <summary>A query that makes no sense; the message says why.</summary>
internal sealed class TableQueryException(string message) : Exception(message);
