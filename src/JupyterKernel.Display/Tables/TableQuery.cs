using System.Text.Json;
using System.Text.Json.Nodes;

namespace JupyterKernel.Display.Tables;

/// <summary>
/// A front end's query for rows of a table: <c>{"id": 1, "table": "…", "offset": 20, "count": 20, "sort": "Price", "descending": true,
/// "filter": "salt"}</c>. The answer has the same <c>id</c>; it contains <c>html</c> (a table element with the rows), <c>rows</c> (the
/// number of rows that match the filter), <c>all</c>, <c>offset</c> and <c>process</c>, or else <c>error</c>, and <c>gone</c> if the rows
/// are no longer available. Immutable.
/// </summary>
/// <param name="Table">The id of the table.</param>
/// <param name="Offset">The number of rows to skip; beyond the end, the last page is returned.</param>
/// <param name="Count">The number of rows to return.</param>
/// <param name="Sort">The column to sort by; null for the order of the data.</param>
/// <param name="Descending">Whether the greatest value comes first; rows without a value come last in any case.</param>
/// <param name="Filter">See <see cref="RowFilter"/>; empty for all rows.</param>
internal sealed record TableQuery(string Table, int Offset, int Count, string? Sort, bool Descending, string Filter)
{
    private const int MaxRows = 1_000;
    private const int MaxFilterChars = 1_000;

    /// <summary>Parses a query.</summary>
    /// <param name="json">The JSON that the front end sent.</param>
    /// <param name="id">The id for the answer; null if the query has none.</param>
    /// <exception cref="TableQueryException">The query is not valid.</exception>
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
            throw new TableQueryException("The query is not valid JSON.");
        }
        if (query.ValueKind != JsonValueKind.Object) throw new TableQueryException("The query is not a JSON object.");
        if (query.TryGetProperty("id", out var given) && given.ValueKind == JsonValueKind.Number) id = JsonValue.Create(given);

        var read = new TableQuery(Text("table") ?? "", Number("offset", 0), Number("count", 20), Text("sort"),
            query.TryGetProperty("descending", out var flag) && flag.ValueKind == JsonValueKind.True, Text("filter")?.Trim() ?? "");
        if (read.Offset < 0) throw new TableQueryException($"offset is {read.Offset}. It must be at least 0.");
        if (read.Count is < 1 or > MaxRows) throw new TableQueryException($"count is {read.Count}. It must be 1 to {MaxRows}.");
        if (read.Filter.Length > MaxFilterChars)
            throw new TableQueryException($"The filter has {read.Filter.Length} characters. The maximum is {MaxFilterChars}.");
        return read;

        string? Text(string name) => !query.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? null
            : value.ValueKind == JsonValueKind.String ? value.GetString()
            : throw new TableQueryException($"{name} is not text.");

        int Number(string name, int otherwise) => !query.TryGetProperty(name, out var value) ? otherwise
            : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number
            : throw new TableQueryException($"{name} is not a whole number.");
    }
}

/// <summary>An invalid query; the message gives the reason.</summary>
internal sealed class TableQueryException(string message) : Exception(message);
