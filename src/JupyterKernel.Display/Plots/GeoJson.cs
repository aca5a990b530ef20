using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Formatting;

namespace JupyterKernel.Display.Plots;

/// <summary>
/// Converts GeoJSON to a map. Front ends support different GeoJSON objects, but all support a FeatureCollection. The shapes are also
/// written as a Vega-Lite chart, for front ends without a renderer or with one that draws nothing (VS Code). Pure; any thread.
/// Source: https://www.rfc-editor.org/rfc/rfc7946
/// </summary>
internal static class GeoJson
{
    private const string MimeType = "application/geo+json";
    private const int Width = 600;
    private const int Height = 400;
    private const int LineChars = 120;

    /// <summary>The minimum extent of the map, which applies to a single point.</summary>
    private const double MinDegrees = 0.01;

    /// <summary>Returns the forms of a map.</summary>
    /// <param name="json">A FeatureCollection, a Feature, a geometry, or an array of these.</param>
    /// <exception cref="ArgumentException">The JSON is not GeoJSON.</exception>
    internal static MimeBundle Of(object json)
    {
        var map = Collection(JsonNode.Parse(JsonValues.ToUtf8(json)));
        var features = map["features"]!.AsArray();
        var forms = MimeBundle.Of(MimeType, map, Text(features));
        return Chart(map) is { } chart
            ? new([new(MimeType, map), new(Plots.VegaLite.MimeType, chart), new(MimeBundle.PlainTextType, Text(features))])
            : forms;
    }

    private static JsonObject Collection(JsonNode? node)
    {
        if (TypeOf(node) != "FeatureCollection")
            return new() { ["type"] = "FeatureCollection", ["features"] = new JsonArray([.. Features(node)]) };
        var collection = (JsonObject)node!.DeepClone();
        collection["features"] = new JsonArray([.. Features(node["features"] ?? new JsonArray())]);
        return collection;
    }

    private static IEnumerable<JsonNode> Features(JsonNode? node)
    {
        if (node is JsonArray parts) return parts.SelectMany(Features);
        switch (TypeOf(node))
        {
            case "FeatureCollection":
                return Features(node!["features"] ?? new JsonArray());
            case "Feature":
                var feature = (JsonObject)node!.DeepClone();
                if (!feature.ContainsKey("geometry")) feature["geometry"] = null;
                feature["properties"] ??= new JsonObject();
                return [feature];
            case "Point" or "MultiPoint" or "LineString" or "MultiLineString" or "Polygon" or "MultiPolygon" or "GeometryCollection":
                return [new JsonObject { ["type"] = "Feature", ["geometry"] = node!.DeepClone(), ["properties"] = new JsonObject() }];
            case var type:
                throw new ArgumentException(
                    $"{(type is null ? "A value without a type" : $"'{type}'")} is not GeoJSON. "
                    + "Use a FeatureCollection, a Feature, or a geometry such as "
                    + "{ \"type\": \"Point\", \"coordinates\": [11.8, -45.04] }.");
        }
    }

    private static string? TypeOf(JsonNode? node) =>
        (node as JsonObject)?["type"] is JsonValue value && value.TryGetValue(out string? type) ? type : null;

    private static string Text(JsonArray features)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"GeoJSON, {(features.Count == 1 ? "1 feature" : $"{features.Count} features")}");
        foreach (var feature in features.Take(FormatLimits.ListItems))
        {
            var geometry = feature!["geometry"];
            var named = feature["properties"] is JsonObject { Count: > 0 } properties ? Json(properties) + " " : "";
            text.Append("\n  ").Append(CutText.Of(
                $"{TypeOf(geometry) ?? "no geometry"} {named}{Json(geometry?["coordinates"] ?? geometry?["geometries"])}".TrimEnd(),
                LineChars));
        }

        if (features.Count > FormatLimits.ListItems)
            text.Append("\n  ").Append(DisplayTree.More(features.Count - FormatLimits.ListItems).Line);
        return text.ToString();
    }

    private static string Json(JsonNode? node) => node is null ? "" : Encoding.UTF8.GetString(JsonValues.ToUtf8(node));

    /// <summary>
    /// Returns a Vega-Lite chart with longitude as x and latitude as y. Not with one of Vega's projections of the globe, which expect rings
    /// in the opposite direction to RFC 7946.
    /// </summary>
    /// <returns>The chart; null if there is nothing to draw.</returns>
    private static JsonObject? Chart(JsonObject map)
    {
        var (west, south, east, north) = (double.PositiveInfinity, double.PositiveInfinity, double.NegativeInfinity,
            double.NegativeInfinity);
        foreach (var feature in map["features"]!.AsArray()) Extend(feature!["geometry"]);
        if (west > east) return null;
        var scale = Math.Min(Width / Math.Max(east - west, MinDegrees), Height / Math.Max(north - south, MinDegrees)) * 0.9;
        return new JsonObject
        {
            ["$schema"] = "https://vega.github.io/schema/vega-lite/v5.json",
            ["width"] = Width,
            ["height"] = Height,
            ["data"] = new JsonObject { ["values"] = map.DeepClone(),
                ["format"] = new JsonObject { ["type"] = "json", ["property"] = "features" } },
            ["projection"] = new JsonObject
            {
                ["type"] = "identity",
                ["reflectY"] = true,
                ["scale"] = scale,
                ["translate"] = new JsonArray((Width / 2) - (scale * (west + east) / 2), (Height / 2) + (scale * (south + north) / 2)),
            },
            ["mark"] = new JsonObject { ["type"] = "geoshape", ["stroke"] = "#4c78a8", ["fill"] = "#4c78a8", ["fillOpacity"] = 0.3 },
        };

        void Extend(JsonNode? node)
        {
            switch (node)
            {
                case JsonObject geometry:
                    Extend(geometry["coordinates"]);
                    Extend(geometry["geometries"]);
                    break;
                case JsonArray { Count: >= 2 } at when at[0] is JsonValue x && at[1] is JsonValue y && x.TryGetValue(out double longitude)
                    && y.TryGetValue(out double latitude):
                    (west, east) = (Math.Min(west, longitude), Math.Max(east, longitude));
                    (south, north) = (Math.Min(south, latitude), Math.Max(north, latitude));
                    break;
                case JsonArray parts:
                    foreach (var part in parts) Extend(part);
                    break;
            }
        }
    }
}
