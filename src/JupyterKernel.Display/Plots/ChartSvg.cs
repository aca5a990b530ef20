using System.Globalization;

namespace JupyterKernel.Display.Plots;

/// <summary>Draws a chart as SVG: the layout, the axes and the legend. Other classes draw the marks.</summary>
internal sealed class ChartSvg
{
    private const double Edge = 8;
    private const double LegendRow = 19;
    private readonly ChartSpec spec;
    private readonly ChartData data;
    private readonly SvgWriter svg;
    private readonly List<string> notes;

    private ChartSvg(ChartSpec spec, ChartData data, bool isAlone)
    {
        (this.spec, this.data) = (spec, data);
        notes = [.. data.Notes, .. MarksSvg.Notes(data)];
        svg = new SvgWriter(spec.Width, spec.Height, ChartText.Summary(spec, data), isAlone);
    }

    internal static string Draw(ChartSpec spec, ChartData data, bool isAlone)
    {
        var chart = new ChartSvg(spec, data, isAlone);
        var top = chart.DrawHead();
        var bottom = chart.DrawFoot();
        if (data.IsEmpty) chart.DrawNothing(top, bottom);
        else if (spec.Grid is { } grid) GridSvg.Draw(chart.svg, spec, grid, new(Edge, top, spec.Width - Edge, bottom));
        else chart.DrawAxesAndMarks(top, bottom);
        return chart.svg.Finish();
    }

    /// <summary>Draws the title, the legend and the y label; returns the top of the remaining area.</summary>
    private double DrawHead()
    {
        var y = Edge;
        if (!string.IsNullOrWhiteSpace(spec.Title))
        {
            svg.Text(Edge, y + 14, LabelText.Fitted(spec.Title, SvgWriter.TitleSize, spec.Width - (2 * Edge)), SvgWriter.TitleSize,
                opacity: 1, more: " font-weight=\"600\"");
            y += 27;
        }
        if (data.HasLegend) y = DrawLegend(y) + 5;
        if (!string.IsNullOrWhiteSpace(spec.YLabel))
        {
            svg.Text(Edge, y + 11, LabelText.Fitted(spec.YLabel, SvgWriter.LabelSize, spec.Width - (2 * Edge)), SvgWriter.LabelSize);
            y += 18;
        }
        return y + 6;
    }

    private double DrawLegend(double y)
    {
        var x = Edge;
        var rows = 1;
        foreach (var (trace, i) in data.Traces.Select((trace, i) => (trace, i)))
        {
            var name = LabelText.Fitted(LabelText.Cut(trace.Name), SvgWriter.LabelSize, spec.Width - (2 * Edge) - 24);
            var width = 22 + LabelText.Width(name, SvgWriter.LabelSize) + 14;
            if (x > Edge && x + width > spec.Width)
            {
                if (rows == 3)
                {
                    svg.Text(x, y + 12, string.Create(CultureInfo.InvariantCulture, $"+ {data.Traces.Count - i}"), SvgWriter.LabelSize);
                    break;
                }
                (x, y, rows) = (Edge, y + LegendRow, rows + 1);
            }
            if (trace.Mark == Mark.Line) svg.Path("swatch", FormattableString.Invariant($"M{x + 1} {y + 8}h14"), trace.Color, 2.5, 1, null);
            else if (trace.Mark == Mark.Dot) svg.Circle("swatch", x + 8, y + 8, 4.5, trace.Color, 1, null);
            else
            {
                svg.Append($"""<rect class="swatch" x="{x + 3}" y="{y + 2.5}" width="11" height="11" rx="2" """);
                svg.Append($"""fill="{LabelText.Escaped(trace.Color)}"/>""");
            }
            svg.Text(x + 22, y + 12, name, SvgWriter.LabelSize, opacity: 0.9);
            // The last entry of the second row leaves room for the number of omitted entries.
            x += width + (rows == 3 ? 8 : 0);
        }
        return y + LegendRow;
    }

    /// <summary>Draws the notes and the x label; returns the bottom of the remaining area.</summary>
    private double DrawFoot()
    {
        var y = spec.Height - Edge;
        if (notes.Count > 0)
        {
            svg.Text(spec.Width - Edge, y, LabelText.Fitted(string.Join("; ", notes), 10, spec.Width - (2 * Edge)), 10, "end", 0.6);
            y -= 15;
        }
        if (!string.IsNullOrWhiteSpace(spec.XLabel))
        {
            svg.Text(spec.Width / 2.0, y - 1, LabelText.Fitted(spec.XLabel, SvgWriter.LabelSize, spec.Width - (2 * Edge)),
                SvgWriter.LabelSize, "middle");
            y -= 20;
        }
        return y;
    }

    private void DrawNothing(double top, double bottom)
    {
        svg.Line("axis", Edge, bottom, spec.Width - Edge, bottom, 0.45);
        svg.Text(spec.Width / 2.0, (top + bottom) / 2, "no data", SvgWriter.LabelSize, "middle", 0.6);
    }

    private void DrawAxesAndMarks(double top, double bottom)
    {
        var y = YAxis((bottom - top - 30) / 48);
        var left = Edge + y.Ticks.Select(tick => LabelText.Width(tick.Text, SvgWriter.SmallSize)).DefaultIfEmpty(0).Max() + 8;
        double right = spec.Width - 16;
        PlaceLabels? places = null;
        if (data.HasPlaces)
        {
            places = new PlaceLabels(data.Places, (right - left) / data.Places.Count, data.ArePlacesOrdered);
            left = Math.Min(Math.Max(left, places.Overhang + left + 4 - Math.Max(0, left - Edge)), spec.Width * 0.4);
            places = new PlaceLabels(data.Places, (right - left) / data.Places.Count, data.ArePlacesOrdered);
        }
        var x = XAxis(left, ref right);
        bottom = Math.Max(top + 20, bottom - (places?.Height ?? (x.Ticks.Any(tick => tick.Context is not null) ? 33 : 20)));
        (x.From, x.To, y.From, y.To) = (left, right, bottom, top);

        foreach (var tick in y.Ticks)
        {
            svg.Line("grid", left, y.At(tick.Value), right, y.At(tick.Value), 0.12);
            svg.Text(left - 8, y.At(tick.Value) + 4, tick.Text, SvgWriter.SmallSize, "end", more: " class=\"y\"");
        }
        if (places is null) DrawXTicks(x, top, bottom);
        else places.Draw(svg, left, (right - left) / data.Places.Count, bottom);

        var clips = spec.XRange is not null || spec.YRange is not null;
        // A nested viewport clips its contents. Unlike a clip path, it needs no id, which could also occur in another chart of the page.
        if (clips)
        {
            var (width, height) = (right - left, bottom - top);
            svg.Append($"""<svg x="{left:0.##}" y="{top:0.##}" width="{width:0.##}" height="{height:0.##}" """);
            svg.Append($"""viewBox="{left:0.##} {top:0.##} {width:0.##} {height:0.##}">""");
        }
        MarksSvg.Draw(svg, data, x, y);
        if (clips) svg.Append($"</svg>");

        var hasBase = y.Low < 0 && y.High > 0 && !spec.IsLogY;
        svg.Line("axis", left, hasBase ? y.At(0) : bottom, right, hasBase ? y.At(0) : bottom, 0.5);
    }

    private void DrawXTicks(Axis x, double top, double bottom)
    {
        var isGrid = data.Traces.All(trace => trace.Mark == Mark.Dot);
        var contexts = x.Ticks.Where(tick => tick.Context is not null).ToList();
        // The first context only marks the beginning of the axis, so a change of context close to it replaces it.
        if (contexts.Count > 1
            && x.At(contexts[1].Value) - x.At(contexts[0].Value) < LabelText.Width(contexts[0].Context!, SvgWriter.SmallSize) + 8)
            contexts.RemoveAt(0);
        foreach (var tick in x.Ticks)
        {
            var at = x.At(tick.Value);
            if (isGrid) svg.Line("grid", at, top, at, bottom, 0.12);
            svg.Line("tick", at, bottom, at, bottom + 4, 0.5);
            svg.Text(at, bottom + 17, tick.Text, SvgWriter.SmallSize, "middle", more: " class=\"x\"");
        }
        foreach (var tick in contexts) svg.Text(x.At(tick.Value), bottom + 30, tick.Context!, SvgWriter.SmallSize, "middle", 0.55);
    }

    private Axis YAxis(double labels)
    {
        var ys = data.Traces.SelectMany(trace => trace.Points.Select(i => trace.Ys[i])).ToList();
        var leastStep = MinStep(ys);
        var (low, high) = (ys.Min(), ys.Max());
        var hasBars = data.Traces.Any(trace => trace.Mark is Mark.Bar or Mark.Histogram);
        if (spec.IsLogY)
        {
            // The lowest bar must be visible too.
            if (hasBars) low *= 0.9;
            if (spec.YRange is not { High: > 0 } range) return Axis.OfPowers(low, high, labels, isRound: true);
            return Axis.OfPowers(range.Low > 0 ? Math.Max(range.Low, Axis.MinPositive) : Math.Min(low, range.High / 10), range.High, labels,
                isRound: false);
        }
        if (spec.YRange is { } given) return Axis.OfNumbers(given.Low, given.High, labels, isRound: false, leastStep);
        if (hasBars) (low, high) = (Math.Min(low, 0), Math.Max(high, 0));
        if (data.Traces.Any(trace => trace.Size is not null)) (low, high) = (low - ((high - low) * 0.05), high + ((high - low) * 0.05));
        return Axis.OfNumbers(low, high, labels, isRound: true, leastStep);
    }

    // Whole numbers need no labels between them.
    private static double MinStep(IEnumerable<double> values) => values.All(double.IsInteger) ? 1 : 0;

    /// <remarks><paramref name="right"/> is reduced if the last label needs room.</remarks>
    private Axis XAxis(double left, ref double right)
    {
        if (data.HasPlaces) return new Axis(-0.5, data.Places.Count - 0.5);
        var (low, high) = XExtent();
        if (data.IsTime)
        {
            var areDays = data.Traces.All(trace => trace.BinWidth == 0 && trace.Points.All(i => trace.Xs[i] % TimeSpan.TicksPerDay == 0));
            var times = Axis.OfTimes(low, high, (right - left) / 75, areDays ? TimeSpan.TicksPerDay : 0);
            right -= 14;
            return times;
        }
        var leastStep = MinStep(data.Traces.SelectMany(trace => trace.Points.Select(i => trace.Xs[i])));
        for (var labels = Math.Max(1, Math.Floor((right - left) / 70)); ; labels--)
        {
            var numbers = Axis.OfNumbers(low, high, labels, isRound: false, leastStep);
            var widest = numbers.Ticks.Select(tick => LabelText.Width(tick.Text, SvgWriter.SmallSize)).DefaultIfEmpty(0).Max();
            var apart = numbers.Ticks.Count < 2
                ? double.MaxValue
                : (numbers.Ticks[1].Value - numbers.Ticks[0].Value) / (numbers.High - numbers.Low) * (right - left);
            if (widest + 10 > apart && labels > 1) continue;
            right = Math.Min(right, spec.Width - 4 - (widest / 2));
            return numbers;
        }
    }

    private (double Low, double High) XExtent()
    {
        if (spec.XRange is { } range) return range;
        var (low, high) = (double.MaxValue, double.MinValue);
        foreach (var trace in data.Traces)
        {
            foreach (var i in trace.Points)
            {
                low = Math.Min(low, trace.Xs[i] - (trace.BinWidth / 2));
                high = Math.Max(high, trace.Xs[i] + (trace.BinWidth / 2));
            }
        }
        if (!Axis.HasExtent(low, high)) return (low, high);
        var beside = (high - low) * (
            data.Traces.Any(trace => trace.Size is not null) ? 0.06 : data.Traces.Any(trace => trace.Mark == Mark.Dot) ? 0.03 : 0);
        return (low - beside, high + beside);
    }
}
