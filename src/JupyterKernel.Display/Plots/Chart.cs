using JupyterKernel.Display.Formatting;
using JupyterKernel.Display.Plots;

namespace JupyterKernel.Display;

/// <summary>
/// A chart, created by <see cref="Plot"/>. Immutable: every method returns a new chart. Displayed as SVG in the colours of the page, with
/// the values as tooltips; in consoles as text. Numbers that are infinite, NaN or greater than 1e307 are omitted; in lines they are gaps.
/// </summary>
/// <example><c>Plot.Line(ys, "measured").Line(model, "model").Title("Fit").XLabel("t / s").Size(800, 300)</c></example>
public sealed class Chart : IDisplayable
{
    private readonly ChartSpec spec;

    internal Chart(ChartSpec spec) => this.spec = spec;

    /// <summary>Adds a line through values. If there are many points, only those that affect the image are drawn.</summary>
    /// <param name="ys">Numbers; null is a gap. Time spans are converted to seconds.</param>
    /// <param name="label">The label in the legend.</param>
    /// <exception cref="ArgumentException">The values are not numbers.</exception>
    /// <example><c>Plot.Line(Enumerable.Range(0, 100).Select(i => Math.Sin(i / 10.0)))</c></example>
    public Chart Line<T>(IEnumerable<T> ys, string? label = null) => Add(Mark.Line, null, SeriesValues.OfNumbers(ys, nameof(ys)), label);

    /// <summary>Adds a line through points, in the given order.</summary>
    /// <param name="xs">Numbers, dates or text.</param>
    /// <param name="ys">As many numbers as xs; null is a gap. Time spans are converted to seconds.</param>
    /// <param name="label">The label in the legend.</param>
    /// <exception cref="ArgumentException">The lengths of xs and ys differ, or the xs do not fit the axes of the other series.</exception>
    /// <example><c>Plot.Line(rates.Select(r => r.Date), rates.Select(r => r.Euro), "€")</c></example>
    public Chart Line<TX, TY>(IEnumerable<TX> xs, IEnumerable<TY> ys, string? label = null) =>
        Add(Mark.Line, SeriesValues.Of(xs, nameof(xs)), SeriesValues.OfNumbers(ys, nameof(ys)), label);

    /// <summary>Adds a bar for each value. Bars of several series are side by side. At most 1,000 are drawn.</summary>
    /// <param name="values">Numbers.</param>
    /// <param name="label">The label in the legend.</param>
    /// <exception cref="ArgumentException">The values are not numbers.</exception>
    /// <example><c>Plot.Bar(new[] { 3, 1, 2 })</c></example>
    public Chart Bar<T>(IEnumerable<T> values, string? label = null) =>
        Add(Mark.Bar, null, SeriesValues.OfNumbers(values, nameof(values)), label);

    /// <summary>Adds a bar for each entry, for example of a dictionary.</summary>
    /// <param name="values">Labels of any type, and numbers.</param>
    /// <param name="label">The label in the legend.</param>
    /// <exception cref="ArgumentException">The values are not numbers.</exception>
    /// <example><c>Plot.Bar(new Dictionary&lt;string, int> { ["apples"] = 3, ["pears"] = 5 })</c></example>
    public Chart Bar<TKey, TValue>(IEnumerable<KeyValuePair<TKey, TValue>> values, string? label = null)
    {
        ArgumentNullException.ThrowIfNull(values);
        var entries = values.Take(SeriesValues.Limit).ToList();
        return Add(
            Mark.Bar,
            SeriesValues.Of(entries.Select(entry => entry.Key), nameof(values)),
            SeriesValues.OfNumbers(entries.Select(entry => entry.Value), nameof(values)),
            label);
    }

    /// <summary>Adds a bar for each label. Bars of several series with the same label are side by side.</summary>
    /// <param name="labels">The labels: text or values of any type.</param>
    /// <param name="values">As many numbers as labels.</param>
    /// <param name="label">The label in the legend.</param>
    /// <exception cref="ArgumentException">The lengths of labels and values differ, or the values are not numbers.</exception>
    /// <example><c>Plot.Bar(["Q1", "Q2"], [10, 12], "2023").Bar(["Q1", "Q2"], [11, 15], "2024")</c></example>
    public Chart Bar<TX, TY>(IEnumerable<TX> labels, IEnumerable<TY> values, string? label = null) =>
        Add(Mark.Bar, SeriesValues.Of(labels, nameof(labels)), SeriesValues.OfNumbers(values, nameof(values)), label);

    /// <summary>Adds a dot for each point. If there are more than 10,000 points, an even selection is drawn, with a note.</summary>
    /// <param name="xs">Numbers, dates or text.</param>
    /// <param name="ys">As many numbers as xs.</param>
    /// <param name="label">The label in the legend.</param>
    /// <exception cref="ArgumentException">The lengths of xs and ys differ, or the xs do not fit the axes of the other series.</exception>
    /// <example><c>Plot.Scatter(people.Select(p => p.Height), people.Select(p => p.Weight))</c></example>
    public Chart Scatter<TX, TY>(IEnumerable<TX> xs, IEnumerable<TY> ys, string? label = null) =>
        Add(Mark.Dot, SeriesValues.Of(xs, nameof(xs)), SeriesValues.OfNumbers(ys, nameof(ys)), label);

    /// <summary>Adds a bubble for each point.</summary>
    /// <param name="xs">Numbers, dates or text.</param>
    /// <param name="ys">As many numbers as xs.</param>
    /// <param name="size">As many numbers as xs; the areas of the bubbles are proportional to them.</param>
    /// <param name="label">The label in the legend.</param>
    /// <exception cref="ArgumentException">The lengths differ, or the xs do not fit the axes of the other series.</exception>
    /// <example><c>Plot.Scatter(incomes, lifespans, populations, "countries")</c></example>
    public Chart Scatter<TX, TY, TSize>(IEnumerable<TX> xs, IEnumerable<TY> ys, IEnumerable<TSize> size, string? label = null) =>
        Add(Mark.Dot, SeriesValues.Of(xs, nameof(xs)), SeriesValues.OfNumbers(ys, nameof(ys)), label,
            SeriesValues.OfNumbers(size, nameof(size)));

    /// <summary>Adds a histogram: the number of values in each of several equal intervals.</summary>
    /// <param name="values">Numbers or dates.</param>
    /// <param name="bins">The number of intervals, 1 to 1,000; null for a suitable number with round limits.</param>
    /// <param name="label">The label in the legend.</param>
    /// <exception cref="ArgumentException">The values are text.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The number of bins is out of range.</exception>
    /// <exception cref="InvalidOperationException">The chart has bars or an x axis of text.</exception>
    /// <example><c>Plot.Histogram(measurements, bins: 20)</c></example>
    public Chart Histogram<T>(IEnumerable<T> values, int? bins = null, string? label = null)
    {
        if (bins is < 1 or > 1000) throw new ArgumentOutOfRangeException(nameof(bins), bins, "The number of bins must be 1 to 1,000.");
        var column = SeriesValues.Of(values, nameof(values));
        if (column.Texts is not null)
            throw new ArgumentException($"A histogram needs numbers or dates, but values[0] is {PlainTextWriter.Of(column.Texts[0])}.",
                nameof(values));
        return Add(Mark.Histogram, column, column, label, bins: bins);
    }

    /// <summary>Sets the title above the chart.</summary>
    public Chart Title(string title) => new(spec with { Title = title });

    /// <summary>Sets the label of the x axis.</summary>
    public Chart XLabel(string label) => new(spec with { XLabel = label });

    /// <summary>Sets the label of the y axis.</summary>
    public Chart YLabel(string label) => new(spec with { YLabel = label });

    /// <summary>Sets the size in CSS pixels; 640 × 360 by default. The chart is scaled down on a narrower page.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A length is less than 100 or more than 10,000.</exception>
    public Chart Size(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 100);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, 10_000);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 100);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(height, 10_000);
        return new(spec with { Width = width, Height = height });
    }

    /// <summary>Sets the visible range of the x axis. It has no effect on a categorical axis.</summary>
    /// <exception cref="ArgumentException">The limits are not finite numbers in ascending order.</exception>
    public Chart XRange(double low, double high) => new(spec with { XRange = Checked(low, high) });

    /// <summary>Sets the visible range of an x axis of dates.</summary>
    /// <inheritdoc cref="XRange(double, double)"/>
    public Chart XRange(DateTime low, DateTime high) => XRange((double)low.Ticks, high.Ticks);

    /// <summary>Sets the visible range of the y axis; for a heatmap, the range of values that the colours represent.</summary>
    /// <exception cref="ArgumentException">The limits are not finite numbers in ascending order.</exception>
    public Chart YRange(double low, double high) => new(spec with { YRange = Checked(low, high) });

    /// <summary>Makes the y axis logarithmic. Numbers that are not positive are omitted.</summary>
    public Chart LogY(bool on = true) => new(spec with { IsLogY = on });

    /// <summary>Shows or hides the legend; by default it is shown if a series has a label.</summary>
    public Chart Legend(bool show) => new(spec with { ShowsLegend = show });

    /// <summary>
    /// Sets the colours of the series in order, repeated as needed; for a heatmap, the colours from low to high (<c>#rrggbb</c>).
    /// </summary>
    /// <param name="colors">CSS colours: <c>"#0072b2"</c>, <c>"tomato"</c>.</param>
    /// <exception cref="ArgumentException">There is no colour, or a colour of a heatmap is not <c>#rrggbb</c>.</exception>
    public Chart Colors(params string[] colors)
    {
        ArgumentNullException.ThrowIfNull(colors);
        if (colors.Length == 0) throw new ArgumentException("At least one colour is required.", nameof(colors));
        if (spec.Grid is not null) _ = Palette.Between(colors, 0);
        return new(spec with { Colors = [.. colors] });
    }

    /// <summary>
    /// Displays the chart as Vega-Lite, which JupyterLab and VS Code render: it can be zoomed with the wheel and dragged. Other clients
    /// display the SVG. Lines are limited to 10,000 points.
    /// </summary>
    /// <example><c>Plot.Line(ys).Interactive()</c></example>
    public Chart Interactive(bool on = true) => new(spec with { IsInteractive = on });

    /// <inheritdoc/>
    public MimeBundle ToMimeBundle()
    {
        var data = new ChartData(spec);
        // JupyterLab prefers HTML to Vega-Lite, and both to SVG, which it displays as an image without the page's theme.
        var (mimeType, form) = spec.IsInteractive
            ? (VegaLite.MimeType, (object)VegaLite.Of(spec, data))
            : ("text/html", ChartSvg.Draw(spec, data, isAlone: false));
        var svg = ChartSvg.Draw(spec, data, isAlone: true);
        var bundle = MimeBundle.Of(mimeType, form, ChartText.Of(spec, data)).With("image/svg+xml", svg);
        return Plot.IsPrintable ? bundle.With("application/pdf", ChartPdf.Of(svg)) : bundle;
    }

    /// <summary>The chart as text.</summary>
    public override string ToString() => ChartText.Of(spec, new ChartData(spec));

    private Chart Add(Mark mark, SeriesValues? xs, SeriesValues ys, string? label, SeriesValues? size = null, int? bins = null)
    {
        var series = new Series(mark, xs, ys, size, label, bins);
        series.CheckLengths();
        series.CheckBeside(spec);
        return new(spec with { Series = [.. spec.Series, series] });
    }

    private static (double, double) Checked(double low, double high) =>
        SeriesValues.IsDrawable(low) && SeriesValues.IsDrawable(high) && low < high
            ? (low, high)
            : throw new ArgumentException(string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"A range needs two finite numbers, the lower one first, not {low} and {high}."));
}
