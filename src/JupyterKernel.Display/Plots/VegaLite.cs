using System.Globalization;
using System.Text.Json.Nodes;

namespace JupyterKernel.Display.Plots;

/// <summary>
/// Writes a chart and its data as Vega-Lite, with scales that the mouse can zoom and drag.
/// Source: https://vega.github.io/vega-lite/docs/spec.html
/// </summary>
internal static class VegaLite
{
    internal const string MimeType = "application/vnd.vegalite.v5+json";
    private const int MaxLineColumns = 2_500;
    private const int MaxDots = 10_000;

    /// <remarks>Vega-Lite renders an empty frame for an empty chart.</remarks>
    internal static JsonObject Of(ChartSpec spec, ChartData data)
    {
        var root = new JsonObject
        {
            ["$schema"] = "https://vega.github.io/schema/vega-lite/v5.json",
            ["width"] = spec.Width - 100,
            ["height"] = spec.Height - 80,
        };
        if (spec.Title is not null) root["title"] = new JsonObject { ["text"] = LabelText.Cut(spec.Title, 200), ["anchor"] = "start" };
        if (spec.Grid is { } grid)
        {
            AddGrid(root, spec, grid);
            return root;
        }
        var layers = data.Traces.GroupBy(trace => trace.Mark).OrderBy(group => group.Key is Mark.Bar or Mark.Histogram ? 0 : 1)
            .Select(group => Layer(spec, data, group.Key, [.. group])).ToArray<JsonNode>();
        if (layers.Length > 0) layers[0]["params"] = new JsonArray(Zoom(data));
        root["layer"] = new JsonArray(layers);
        return root;
    }

    // An axis of places cannot be zoomed.
    private static JsonObject Zoom(ChartData data) => new()
    {
        ["name"] = "zoom",
        ["select"] = new JsonObject { ["type"] = "interval",
            ["encodings"] = data.HasPlaces ? new JsonArray("y") : new JsonArray("x", "y") },
        ["bind"] = "scales",
    };

    private static JsonObject Layer(ChartSpec spec, ChartData data, Mark mark, IReadOnlyList<Trace> traces)
    {
        var rows = new JsonArray();
        foreach (var trace in traces) AddRows(rows, data, trace);
        var hasSize = traces.Any(trace => trace.Size is not null);
        var x = new JsonObject { ["field"] = "x", ["type"] = data.HasPlaces ? "ordinal" : data.IsTime ? "temporal" : "quantitative",
            ["title"] = spec.XLabel };
        var y = new JsonObject { ["field"] = "y", ["type"] = "quantitative", ["title"] = spec.YLabel, ["stack"] = null };
        if (data.HasPlaces)
        {
            x["sort"] = null;
            // Several places may have the same label, so they are identified by index.
            x["scale"] = new JsonObject { ["domain"] = new JsonArray(
                [.. Enumerable.Range(0, data.Places.Count).Select(i => JsonValue.Create(i))]) };
            x["axis"] = new JsonObject
            {
                ["labelExpr"] = LabelOf(data.Places),
                ["labelOverlap"] = true,
                ["labelAngle"] = data.Places.Count > 6 ? -45 : 0,
            };
        }
        else
        {
            x["scale"] = Scale(spec.XRange is { } range ? new JsonArray(X(data, range.Low), X(data, range.High)) : null, false);
        }
        y["scale"] = Scale(spec.YRange is { } given ? new JsonArray(given.Low, given.High) : null,
            mark is Mark.Bar or Mark.Histogram && !spec.IsLogY);
        if (spec.IsLogY) y["scale"]!["type"] = "log";

        var encoding = new JsonObject { ["x"] = x, ["y"] = y, ["color"] = Color(data) };
        if (mark == Mark.Histogram) encoding["x2"] = new JsonObject { ["field"] = "x2" };
        if (mark is Mark.Bar or Mark.Histogram) encoding["y2"] = new JsonObject { ["datum"] = Foot(spec, traces) };
        if (mark == Mark.Bar && traces.Count > 1) encoding["xOffset"] = new JsonObject { ["field"] = "s", ["sort"] = null };
        if (hasSize) encoding["size"] = new JsonObject { ["field"] = "size", ["type"] = "quantitative", ["legend"] = null };
        return new JsonObject
        {
            ["data"] = new JsonObject { ["values"] = rows },
            ["mark"] = MarkOf(mark, traces),
            ["encoding"] = encoding,
        };
    }

    // A logarithmic axis does not contain 0.
    private static double Foot(ChartSpec spec, IReadOnlyList<Trace> traces) =>
        spec.IsLogY ? traces.SelectMany(trace => trace.Points.Select(i => trace.Ys[i])).DefaultIfEmpty(1).Min() * 0.5 : 0;

    private static JsonObject MarkOf(Mark mark, IReadOnlyList<Trace> traces) => mark switch
    {
        Mark.Line =>
            new() { ["point"] = traces.All(trace => trace.Ys.Length <= 25), ["type"] = "line", ["tooltip"] = true, ["clip"] = true,
                ["strokeJoin"] = "round", ["invalid"] = "break-paths-show-path-domains" },
        Mark.Dot => new() { ["type"] = "point", ["filled"] = true, ["opacity"] = 0.7, ["tooltip"] = true, ["clip"] = true },
        Mark.Histogram =>
            new() { ["type"] = "bar", ["orient"] = "vertical", ["opacity"] = traces.Count > 1 ? 0.55 : 1, ["tooltip"] = true,
                ["clip"] = true, ["binSpacing"] = 1 },
        _ => new() { ["type"] = "bar", ["tooltip"] = true, ["clip"] = true },
    };

    private static JsonObject Scale(JsonArray? domain, bool hasZero)
    {
        var scale = new JsonObject { ["zero"] = hasZero };
        if (domain is not null) scale["domain"] = domain;
        return scale;
    }

    private static JsonObject Color(ChartData data)
    {
        var color = new JsonObject
        {
            ["field"] = "s",
            ["type"] = "nominal",
            ["title"] = null,
            ["scale"] = new JsonObject
            {
                ["domain"] = new JsonArray([.. data.Traces.Select((_, i) => JsonValue.Create(Name(data, i)))]),
                ["range"] = new JsonArray([.. data.Traces.Select(trace => JsonValue.Create(trace.Color))]),
            },
        };
        if (!data.HasLegend) color["legend"] = null;
        return color;
    }

    private static void AddRows(JsonArray rows, ChartData data, Trace trace)
    {
        var name = Name(data, data.Traces.ToList().IndexOf(trace));
        foreach (var i in Chosen(trace))
        {
            var row = new JsonObject { ["s"] = name };
            if (i >= 0)
            {
                row["x"] = X(data, trace.Xs[i] - (trace.BinWidth / 2));
                row["y"] = trace.Ys[i];
                if (trace.BinWidth > 0) row["x2"] = X(data, trace.Xs[i] + (trace.BinWidth / 2));
                if (trace.Size is not null) row["size"] = SeriesValues.IsDrawable(trace.Size[i]) ? trace.Size[i] : 0;
            }
            else if (rows[^1] is JsonObject before)
            {
                // A gap is a point in between that has no y value.
                row["x"] = before["x"]!.DeepClone();
                row["y"] = null;
            }
            rows.Add(row);
        }
    }

    private static IEnumerable<int> Chosen(Trace trace)
    {
        var points = trace.Points.ToList();
        if (points.Count == 0) return points;
        if (trace.Mark == Mark.Line)
            return Thinning.OfLine(trace, new Axis(points.Min(i => trace.Xs[i]), points.Max(i => trace.Xs[i])), MaxLineColumns);
        return points.Count <= MaxDots ? points : Enumerable.Range(0, MaxDots).Select(i => points[(int)((long)i * points.Count / MaxDots)]);
    }

    // Several series may also have the same label.
    private static string Name(ChartData data, int index)
    {
        var name = LabelText.Cut(data.Traces[index].Name);
        var same = data.Traces.Take(index).Count(trace => LabelText.Cut(trace.Name) == name);
        return same == 0 ? name : string.Create(CultureInfo.InvariantCulture, $"{name} ({same + 1})");
    }

    private static JsonValue X(ChartData data, double x) =>
        data.IsTime
            ? JsonValue.Create(Axis.TimeAt(x).ToString("yyyy-MM-ddTHH:mm:ss.FFF", CultureInfo.InvariantCulture))
            : JsonValue.Create(x);

    private static void AddGrid(JsonObject root, ChartSpec spec, Grid grid)
    {
        var rows = new JsonArray();
        for (var row = 0; row < grid.Values.GetLength(0); row++)
        {
            for (var column = 0; column < grid.Values.GetLength(1); column++)
            {
                var value = grid.Values[row, column];
                rows.Add(new JsonObject { ["y"] = row, ["x"] = column, ["value"] = double.IsFinite(value) ? value : null });
            }
        }
        root["data"] = new JsonObject { ["values"] = rows };
        root["mark"] = new JsonObject { ["type"] = "rect", ["tooltip"] = true };
        var color = new JsonObject { ["field"] = "value", ["type"] = "quantitative", ["title"] = null };
        if (grid.Values.Cast<double>().Any(double.IsFinite))
        {
            var scale = new GridSvg.Scale(spec, grid);
            color["scale"] = new JsonObject
            {
                ["domain"] = new JsonArray(scale.Low, scale.High),
                ["range"] = new JsonArray([.. scale.Colors.Select(one => JsonValue.Create(one))]),
            };
        }
        root["encoding"] = new JsonObject { ["x"] = Cells("x", grid.Columns, spec.XLabel), ["y"] = Cells("y", grid.Rows, spec.YLabel),
            ["color"] = color };
    }

    private static JsonObject Cells(string field, string[]? labels, string? title)
    {
        var axis = new JsonObject { ["labelOverlap"] = true };
        if (labels is not null)
            axis["labelExpr"] = LabelOf(labels);
        return new JsonObject { ["field"] = field, ["type"] = "ordinal", ["title"] = title, ["axis"] = axis };
    }

    /// <summary>Returns the Vega expression for the label whose index is the value on an axis.</summary>
    private static string LabelOf(IEnumerable<string> labels) =>
        new JsonArray([.. labels.Select(label => JsonValue.Create(LabelText.Cut(label)))]).ToJsonString() + "[datum.value]";
}
