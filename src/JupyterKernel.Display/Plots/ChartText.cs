using System.Globalization;
using System.Text;

namespace JupyterKernel.Display.Plots;

/// <summary>Writes a chart as text for consoles, and as a sentence for screen readers.</summary>
internal static class ChartText
{
    private const int Columns = 60;
    private const int Rows = 10;
    private const int MaxBars = 20;

    /// <summary>Returns a description of the chart, for example <c>Line chart "Sales": north, 12 points from 3 to 9</c>.</summary>
    internal static string Summary(ChartSpec spec, ChartData data)
    {
        var kinds = spec.Grid is not null
            ? "Heatmap"
            : string.Join(" and ", spec.Series.Select(series => series.Mark).Distinct().Select(mark => mark switch
        {
            Mark.Line => "line",
            Mark.Bar => "bar",
            Mark.Dot => "scatter",
            _ => "histogram",
        })) + " chart";
        var title = string.IsNullOrWhiteSpace(spec.Title) ? "" : $" \"{LabelText.Cut(spec.Title, 200)}\"";
        var contents = data.IsEmpty ? "no data"
            : spec.Grid is { } grid
                ? string.Create(CultureInfo.InvariantCulture,
                    $"{grid.Values.GetLength(0)} rows, {grid.Values.GetLength(1)} columns, ")
                    + Extent(grid.Values.Cast<double>().Where(double.IsFinite))
            : string.Join("; ", data.Traces.Take(8).Select(Contents)) + (data.Traces.Count > 8 ? "; …" : "");
        return $"{char.ToUpperInvariant(kinds[0])}{kinds[1..]}{title}: {contents}";
    }

    internal static string Of(ChartSpec spec, ChartData data)
    {
        var text = new StringBuilder(Summary(spec, data));
        if (data.IsEmpty) return text.ToString();
        if (spec.Grid is { } grid) WriteGrid(text, grid);
        else if (data.Traces.FirstOrDefault(trace => trace.Mark is Mark.Bar or Mark.Histogram) is { } bars) WriteBars(text, data, bars);
        else WritePoints(text, spec, data);
        foreach (var note in data.Notes) text.Append("\n(").Append(note).Append(')');
        return text.ToString();
    }

    private static string Contents(Trace trace)
    {
        var count = trace.Points.Count();
        var what = trace.Mark switch { Mark.Bar => "bar", Mark.Histogram => "bin", _ => "point" };
        var extent = count == 0 ? "" : " " + Extent(trace.Points.Select(i => trace.Ys[i]));
        var plural = count == 1 ? "" : "s";
        return string.Create(CultureInfo.InvariantCulture, $"{LabelText.Cut(trace.Name)}, {count:N0} {what}{plural}{extent}");
    }

    private static string Extent(IEnumerable<double> values)
    {
        var (low, high) = (double.MaxValue, double.MinValue);
        foreach (var value in values) (low, high) = (Math.Min(low, value), Math.Max(high, value));
        return $"from {NumberText.Of(low)} to {NumberText.Of(high)}";
    }

    private static void WriteBars(StringBuilder text, ChartData data, Trace trace)
    {
        var points = trace.Points.Take(MaxBars).ToList();
        string[] labels = [.. points.Select(i => trace.Mark == Mark.Bar ? LabelText.Cut(data.XText(trace.Xs[i]), 24)
            : $"{data.XText(trace.Xs[i] - (trace.BinWidth / 2))} – {data.XText(trace.Xs[i] + (trace.BinWidth / 2))}")];
        var widest = labels.Max(label => label.Length);
        var greatest = points.Max(i => Math.Abs(trace.Ys[i]));
        foreach (var (i, label) in points.Zip(labels))
        {
            var length = greatest == 0 ? 0 : (int)Math.Round(Math.Abs(trace.Ys[i]) / greatest * 40);
            text.Append('\n').Append(label.PadRight(widest)).Append(' ').Append(trace.Ys[i] < 0 ? '▒' : '█', length)
                .Append(length > 0 ? " " : "").Append(NumberText.Of(trace.Ys[i]));
        }
        if (trace.Points.Skip(MaxBars).Any()) text.Append("\n…");
    }

    private static void WriteGrid(StringBuilder text, Grid grid)
    {
        var scale = new GridSvg.Scale(new ChartSpec(), grid);
        for (var row = 0; row < Math.Min(grid.Values.GetLength(0), MaxBars); row++)
        {
            text.Append('\n');
            for (var column = 0; column < Math.Min(grid.Values.GetLength(1), Columns / 2); column++)
            {
                var value = grid.Values[row, column];
                text.Append(double.IsFinite(value) ? " ░▒▓█"[(int)Math.Round(scale.Place(value) * 4)] : '·', 2);
            }
        }
    }

    // A braille character has two columns of four dots.
    private static void WritePoints(StringBuilder text, ChartSpec spec, ChartData data)
    {
        var points = data.Traces.SelectMany(trace => trace.Points.Select(i => (X: trace.Xs[i], Y: Height(trace.Ys[i])))).ToList();
        var (left, right, low, high) = (points.Min(p => p.X), points.Max(p => p.X), points.Min(p => p.Y), points.Max(p => p.Y));
        var dots = new int[Rows, Columns];
        foreach (var trace in data.Traces)
        {
            (int X, int Y)? before = null;
            foreach (var i in trace.Points)
            {
                var at = (X: Place(trace.Xs[i], left, right, (Columns * 2) - 1),
                    Y: (Rows * 4) - 1 - Place(Height(trace.Ys[i]), low, high, (Rows * 4) - 1));
                var isJoined = trace.Mark == Mark.Line && before is not null && !double.IsNaN(trace.Ys[i - 1])
                    && !double.IsNaN(trace.Xs[i - 1]);
                var from = isJoined ? before!.Value : at;
                var steps = Math.Max(1, Math.Max(Math.Abs(at.X - from.X), Math.Abs(at.Y - from.Y)));
                for (var step = 0; step <= steps; step++)
                    Set(from.X + ((at.X - from.X) * step / steps), from.Y + ((at.Y - from.Y) * step / steps));
                before = at;
            }
        }

        var (top, bottom) = (NumberText.Of(Unheight(high)), NumberText.Of(Unheight(low)));
        var margin = Math.Max(top.Length, bottom.Length);
        for (var row = 0; row < Rows; row++)
        {
            text.Append('\n').Append((row == 0 ? top : row == Rows - 1 ? bottom : "").PadLeft(margin)).Append(
                row is 0 or Rows - 1 ? " ┤" : " │");
            for (var column = 0; column < Columns; column++) text.Append((char)('\u2800' + dots[row, column]));
        }
        var (first, last) = (LabelText.Cut(data.XText(left), 25), LabelText.Cut(data.XText(right), 25));
        text.Append('\n').Append(' ', margin + 2).Append(first).Append(last.PadLeft(Math.Max(last.Length + 1, Columns - first.Length)));

        double Height(double y) => spec.IsLogY ? Math.Log10(y) : y;

        double Unheight(double y) => spec.IsLogY ? Math.Pow(10, y) : y;

        void Set(int x, int y) => dots[y / 4, x / 2] |= (x % 2, y % 4) switch
        {
            (_, 3) => 0x40 << (x % 2),
            (0, var dot) => 0x01 << dot,
            (_, var dot) => 0x08 << dot,
        };
    }

    private static int Place(double value, double low, double high, int last) =>
        high - low > 0 ? (int)Math.Round((value - low) / (high - low) * last) : last / 2;
}
