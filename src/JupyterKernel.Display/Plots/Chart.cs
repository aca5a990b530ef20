using JupyterKernel.Display.Formatting;
using JupyterKernel.Display.Plots;

namespace JupyterKernel.Display;

/// <summary>
/// A chart, made by <see cref="Plot"/>. Immutable: every method returns another one. DisplayTree as SVG in the colours of the page, with
/// the values as tooltips; in consoles as text. Numbers that are not finite, or greater than 1e307, are left out, and are gaps in lines.
/// </summary>
/// <example><c>Plot.Line(ys, "measured").Line(model, "model").Title("Fit").XLabel("t / s").Size(800, 300)</c></example>
public sealed class Chart : IDisplayable
{
    private readonly ChartSpec spec;

    internal Chart(ChartSpec spec) => this.spec = spec;

    /// <summary>A line through values, one after the other. Of many points those are drawn that can be seen.</summary>
    /// <param name="ys">Numbers; null is a gap. Time spans count in seconds.</param>
    /// <param name="label">For the legend.</param>
    /// <exception cref="ArgumentException">The values are no numbers.</exception>
    /// <example><c>Plot.Line(Enumerable.Range(0, 100).Select(i => Math.Sin(i / 10.0)))</c></example>
    public Chart Line<T>(IEnumerable<T> ys, string? label = null) => Add(Mark.Line, null, SeriesValues.OfNumbers(ys, nameof(ys)), label);

    /// <summary>A line through points, in the order in which they are given.</summary>
    /// <param name="xs">Numbers, dates or text.</param>
    /// <param name="ys">Numbers, as many; null is a gap. Time spans count in seconds.</param>
    /// <param name="label">For the legend.</param>
    /// <exception cref="ArgumentException">There are more or fewer xs than ys, or they cannot be shown on the axes that there are.</exception>
    /// <example><c>Plot.Line(rates.Select(r => r.Date), rates.Select(r => r.Euro), "€")</c></example>
    public Chart Line<TX, TY>(IEnumerable<TX> xs, IEnumerable<TY> ys, string? label = null) =>
        Add(Mark.Line, SeriesValues.Of(xs, nameof(xs)), SeriesValues.OfNumbers(ys, nameof(ys)), label);

    /// <summary>A bar for each value. Bars of several series stand side by side. At most 1,000 are drawn.</summary>
    /// <param name="values">Numbers.</param>
    /// <param name="label">For the legend.</param>
    /// <exception cref="ArgumentException">The values are no numbers.</exception>
    /// <example><c>Plot.Bar(new[] { 3, 1, 2 })</c></example>
    public Chart Bar<T>(IEnumerable<T> values, string? label = null) => Add(Mark.Bar, null, SeriesValues.OfNumbers(values, nameof(values)), label);

    /// <summary>A bar for each entry, for example of a dictionary.</summary>
    /// <param name="values">Labels of any type, and numbers.</param>
    /// <param name="label">For the legend.</param>
    /// <exception cref="ArgumentException">The values are no numbers.</exception>
    /// <example><c>Plot.Bar(new Dictionary&lt;string, int> { ["apples"] = 3, ["pears"] = 5 })</c></example>
    public Chart Bar<TKey, TValue>(IEnumerable<KeyValuePair<TKey, TValue>> values, string? label = null)
    {
        ArgumentNullException.ThrowIfNull(values);
        var entries = values.Take(SeriesValues.Limit).ToList();
        return Add(
            Mark.Bar, SeriesValues.Of(entries.Select(entry => entry.Key), nameof(values)), SeriesValues.OfNumbers(entries.Select(entry => entry.Value), nameof(values)), label);
    }

    /// <summary>A bar for each label. Series share the bars' places by their labels.</summary>
    /// <param name="labels">Text, or anything else.</param>
    /// <param name="values">Numbers, as many.</param>
    /// <param name="label">For the legend.</param>
    /// <exception cref="ArgumentException">There are more or fewer labels than values, or the values are no numbers.</exception>
    /// <example><c>Plot.Bar(["Q1", "Q2"], [10, 12], "2023").Bar(["Q1", "Q2"], [11, 15], "2024")</c></example>
    public Chart Bar<TX, TY>(IEnumerable<TX> labels, IEnumerable<TY> values, string? label = null) =>
        Add(Mark.Bar, SeriesValues.Of(labels, nameof(labels)), SeriesValues.OfNumbers(values, nameof(values)), label);

    /// <summary>A dot for each point. Of more than 10,000 an even choice is drawn, and said to be.</summary>
    /// <param name="xs">Numbers, dates or text.</param>
    /// <param name="ys">Numbers, as many.</param>
    /// <param name="label">For the legend.</param>
    /// <exception cref="ArgumentException">There are more or fewer xs than ys, or they cannot be shown on the axes that there are.</exception>
    /// <example><c>Plot.Scatter(people.Select(p => p.Height), people.Select(p => p.Weight))</c></example>
    public Chart Scatter<TX, TY>(IEnumerable<TX> xs, IEnumerable<TY> ys, string? label = null) =>
        Add(Mark.Dot, SeriesValues.Of(xs, nameof(xs)), SeriesValues.OfNumbers(ys, nameof(ys)), label);

    /// <summary>A bubble for each point.</summary>
    /// <param name="xs">Numbers, dates or text.</param>
    /// <param name="ys">Numbers, as many.</param>
    /// <param name="size">Numbers, as many, to which the bubbles' areas are proportional.</param>
    /// <param name="label">For the legend.</param>
    /// <exception cref="ArgumentException">There are not equally many of each, or they cannot be shown on the axes that there are.</exception>
    /// <example><c>Plot.Scatter(incomes, lifespans, populations, "countries")</c></example>
    public Chart Scatter<TX, TY, TSize>(IEnumerable<TX> xs, IEnumerable<TY> ys, IEnumerable<TSize> size, string? label = null) =>
        Add(Mark.Dot, SeriesValues.Of(xs, nameof(xs)), SeriesValues.OfNumbers(ys, nameof(ys)), label, SeriesValues.OfNumbers(size, nameof(size)));

    /// <summary>How many values there are in each of several equal intervals.</summary>
    /// <param name="values">Numbers or dates.</param>
    /// <param name="bins">How many intervals, 1 to 1,000; null for as many as suit the values, with round limits.</param>
    /// <param name="label">For the legend.</param>
    /// <exception cref="ArgumentException">The values are text.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There cannot be as many bins.</exception>
    /// <exception cref="InvalidOperationException">The chart has bars, or text as its x axis.</exception>
    /// <example><c>Plot.Histogram(measurements, bins: 20)</c></example>
    public Chart Histogram<T>(IEnumerable<T> values, int? bins = null, string? label = null)
    {
        if (bins is < 1 or > 1000) throw new ArgumentOutOfRangeException(nameof(bins), bins, "There can be 1 to 1,000 bins.");
        var column = SeriesValues.Of(values, nameof(values));
        if (column.Texts is not null) throw new ArgumentException($"A histogram is of numbers, but values[0] is {PlainTextWriter.Of(column.Texts[0])}.", nameof(values));
        return Add(Mark.Histogram, column, column, label, bins: bins);
    }

    /// <summary>A title above the chart.</summary>
    public Chart Title(string title) => new(spec with { Title = title });

    /// <summary>What the x axis shows.</summary>
    public Chart XLabel(string label) => new(spec with { XLabel = label });

    /// <summary>What the y axis shows.</summary>
    public Chart YLabel(string label) => new(spec with { YLabel = label });

    /// <summary>The size in CSS pixels, 640 × 360 unless it is set. A narrower page shows it smaller.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 100, or more than 10,000.</exception>
    public Chart Size(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 100);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, 10_000);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 100);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(height, 10_000);
        return new(spec with { Width = width, Height = height });
    }

    /// <summary>What part of the x axis is shown; what is outside is cut off. Without effect on an axis of text.</summary>
    /// <exception cref="ArgumentException">Not two finite numbers, the lower one first.</exception>
    public Chart XRange(double low, double high) => new(spec with { XRange = Checked(low, high) });

    /// <summary>The same for an axis of dates.</summary>
    /// <inheritdoc cref="XRange(double, double)"/>
    public Chart XRange(DateTime low, DateTime high) => XRange((double)low.Ticks, high.Ticks);

    /// <summary>What part of the y axis is shown, or for a heatmap what values the colours stand for.</summary>
    /// <exception cref="ArgumentException">Not two finite numbers, the lower one first.</exception>
    public Chart YRange(double low, double high) => new(spec with { YRange = Checked(low, high) });

    /// <summary>A logarithmic y axis: each step is ten times the one before. Numbers that are not positive are left out.</summary>
    public Chart LogY(bool on = true) => new(spec with { IsLogY = on });

    /// <summary>Whether there is a legend; without this call there is if a series has a label.</summary>
    public Chart Legend(bool show) => new(spec with { ShowsLegend = show });

    /// <summary>The series' colours, in their order, or a heatmap's from low to high (<c>#rrggbb</c>); they are repeated as needed.</summary>
    /// <param name="colors">As CSS has them: <c>"#0072b2"</c>, <c>"tomato"</c>.</param>
    /// <exception cref="ArgumentException">None, or for a heatmap one that is not <c>#rrggbb</c>.</exception>
    public Chart Colors(params string[] colors)
    {
        ArgumentNullException.ThrowIfNull(colors);
        if (colors.Length == 0) throw new ArgumentException("There must be at least one colour.", nameof(colors));
        if (spec.Grid is not null) _ = Palette.Between(colors, 0);
        return new(spec with { Colors = [.. colors] });
    }

    /// <summary>
    /// The chart as Vega-Lite, which JupyterLab and VS Code draw by themselves: to be zoomed with the wheel and dragged. Others show the SVG.
    /// Lines have 10,000 points at most.
    /// </summary>
    /// <example><c>Plot.Line(ys).Interactive()</c></example>
    public Chart Interactive(bool on = true) => new(spec with { IsInteractive = on });

    /// <inheritdoc/>
    public MimeBundle ToMimeBundle()
    {
        var data = new ChartData(spec);
        // JupyterLab takes HTML before Vega-Lite, and both before SVG, which it makes an image of that knows no theme.
        var (mimeType, form) = spec.IsInteractive ? (VegaLite.MimeType, (object)VegaLite.Of(spec, data)) : ("text/html", ChartSvg.Draw(spec, data, isAlone: false));
        return MimeBundle.Of(mimeType, form, ChartText.Of(spec, data)).With("image/svg+xml", ChartSvg.Draw(spec, data, isAlone: true));
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
            : throw new ArgumentException(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"A range is of two finite numbers, the lower one first, not {low} and {high}."));
}
