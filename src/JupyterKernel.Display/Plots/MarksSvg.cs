using System.Globalization;
using System.Text;

namespace JupyterKernel.Display.Plots;

/// <summary>Draws lines, bars and dots.</summary>
internal static class MarksSvg
{
    private const int MaxDots = 10_000;
    private const int MaxTooltips = 1_000;
    private const int MaxLineTooltips = 400;

    /// <summary>Returns notes about data that is not drawn.</summary>
    internal static IEnumerable<string> Notes(ChartData data)
    {
        foreach (var trace in data.Traces.Where(trace => trace.Mark == Mark.Dot))
        {
            var count = trace.Points.Count();
            if (count > MaxDots) yield return string.Create(CultureInfo.InvariantCulture, $"{MaxDots:N0} of {count:N0} points");
        }
    }

    internal static void Draw(SvgWriter svg, ChartData data, Axis x, Axis y)
    {
        foreach (var trace in data.Traces.Where(trace => trace.Mark == Mark.Histogram)) DrawHistogram(svg, data, trace, x, y);
        DrawBars(svg, data, x, y);
        var lines = data.Traces.Where(trace => trace.Mark == Mark.Line).ToList();
        foreach (var trace in lines) DrawLine(svg, trace, x, y);
        if (lines.Sum(trace => (long)trace.Ys.Length) <= MaxLineTooltips)
        {
            foreach (var trace in lines) DrawLinePoints(svg, data, trace, x, y);
        }
        foreach (var trace in data.Traces.Where(trace => trace.Mark == Mark.Dot)) DrawDots(svg, data, trace, x, y);
    }

    private static void DrawHistogram(SvgWriter svg, ChartData data, Trace trace, Axis x, Axis y)
    {
        var opacity = data.Traces.Count(other => other.Mark == Mark.Histogram) > 1 ? 0.55 : 1;
        foreach (var i in trace.Points.Where(i => trace.Ys[i] > 0))
        {
            var (from, to) = (trace.Xs[i] - (trace.BinWidth / 2), trace.Xs[i] + (trace.BinWidth / 2));
            DrawBar(svg, x.At(from), x.At(to), y, trace, i, opacity,
                $"{data.XText(from)} – {data.XText(to)}: {NumberText.Of(trace.Ys[i])}");
        }
    }

    private static void DrawBars(SvgWriter svg, ChartData data, Axis x, Axis y)
    {
        var bars = data.Traces.Where(trace => trace.Mark == Mark.Bar).ToList();
        var band = x.At(1) - x.At(0);
        // Gaps between bars that are about a pixel wide would cause moiré patterns.
        var isNarrow = band < 5;
        if (isNarrow && bars.Count > 0) svg.Append($"<g shape-rendering=\"crispEdges\">");
        var width = Math.Min(band * (isNarrow ? 1 : 0.8) / Math.Max(1, bars.Count), 72);
        foreach (var (trace, place) in bars.Select((trace, place) => (trace, place)))
        {
            foreach (var i in trace.Points)
            {
                var from = x.At(trace.Xs[i]) + ((place - (bars.Count / 2.0)) * width);
                var tooltip = trace.Ys.Length * bars.Count > MaxTooltips * 2 ? null : Tooltip(data, trace, i);
                DrawBar(svg, from, from + width, y, trace, i, 1, tooltip);
            }
        }
        if (isNarrow && bars.Count > 0) svg.Append($"</g>");
    }

    private static void DrawBar(SvgWriter svg, double from, double to, Axis y, Trace trace, int i, double opacity, string? tooltip)
    {
        // Bars start at 0, which a logarithmic axis does not have.
        var foot = y.At(Math.Clamp(0, y.Low, y.High));
        var end = y.At(trace.Ys[i]);
        var gap = to - from > 4 ? 0.5 : 0;
        svg.Rect("bar", from + gap, Math.Min(foot, end), to - from - (2 * gap), Math.Abs(end - foot), trace.Color, opacity, tooltip);
    }

    private static void DrawLine(SvgWriter svg, Trace trace, Axis x, Axis y)
    {
        var steps = new StringBuilder();
        var isGap = true;
        var isAlone = false;
        foreach (var i in Thinning.OfLine(trace, x, (int)Math.Abs(x.To - x.From)))
        {
            if (i < 0)
            {
                // A line of length 0 with round ends is a dot.
                if (isAlone) steps.Append("h0");
                (isGap, isAlone) = (true, false);
                continue;
            }
            steps.Append(CultureInfo.InvariantCulture, $"{(isGap ? 'M' : 'L')}{x.At(trace.Xs[i]):0.##} {y.At(trace.Ys[i]):0.##}");
            (isAlone, isGap) = (isGap, false);
        }
        if (isAlone) steps.Append("h0");
        svg.Path("line", steps.ToString(), trace.Color, 2, 1, LabelText.Cut(trace.Name));
    }

    // With few points, visible dots are drawn; with many, only tooltips.
    private static void DrawLinePoints(SvgWriter svg, ChartData data, Trace trace, Axis x, Axis y)
    {
        var isSeen = trace.Ys.Length <= 25;
        foreach (var i in trace.Points)
            svg.Circle(isSeen ? "point" : "hover", x.At(trace.Xs[i]), y.At(trace.Ys[i]), isSeen ? 3 : 5, trace.Color, isSeen ? 1 : 0,
                Tooltip(data, trace, i));
    }

    private static void DrawDots(SvgWriter svg, ChartData data, Trace trace, Axis x, Axis y)
    {
        var points = trace.Points.ToList();
        if (points.Count > MaxDots) points = [.. Enumerable.Range(0, MaxDots).Select(i => points[(int)((long)i * points.Count / MaxDots)])];
        var radius = points.Count <= 200 ? 3.5 : points.Count <= 1000 ? 3 : points.Count <= 3000 ? 2 : 1.5;
        var opacity = points.Count <= 200 ? 0.8 : points.Count <= 1000 ? 0.65 : 0.5;
        var greatest = trace.Size is null ? 0 : points.Select(i => trace.Size[i]).Where(SeriesValues.IsDrawable).DefaultIfEmpty(0).Max();
        if (trace.Size is null && points.Count > MaxTooltips)
        {
            // Overlapping dots of one path do not darken each other, those of several paths do; so dense areas are visible.
            foreach (var some in points.Chunk(MaxDots / 50))
            {
                var steps = new StringBuilder();
                foreach (var i in some) steps.Append(CultureInfo.InvariantCulture, $"M{x.At(trace.Xs[i]):0.#} {y.At(trace.Ys[i]):0.#}h0");
                svg.Path("dots", steps.ToString(), trace.Color, radius * 2, opacity, null);
            }
            return;
        }
        // Large dots first, so that they do not cover small ones.
        foreach (var i in trace.Size is { } sizes ? points.OrderByDescending(i => sizes[i]) : points.AsEnumerable())
        {
            var r = trace.Size is null
                ? radius
                : trace.Size[i] > 0 && greatest > 0
                ? Math.Max(1.5, 22 * Math.Sqrt(Math.Min(1, trace.Size[i] / greatest)))
                : 1.5;
            var size = trace.Size is null ? "" : $" ({NumberText.Of(trace.Size[i])})";
            svg.Circle("dot", x.At(trace.Xs[i]), y.At(trace.Ys[i]), r, trace.Color, trace.Size is null ? opacity : 0.65,
                Tooltip(data, trace, i) + size);
        }
    }

    private static string Tooltip(ChartData data, Trace trace, int i)
    {
        var point = $"{LabelText.Cut(data.XText(trace.Xs[i]), 80)}: {NumberText.Of(trace.Ys[i])}";
        return data.HasLegend ? $"{LabelText.Cut(trace.Name)}, {point}" : point;
    }
}
