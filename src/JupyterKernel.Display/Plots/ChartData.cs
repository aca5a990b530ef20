using System.Globalization;

namespace JupyterKernel.Display.Plots;

/// <summary>The drawable points of a chart's series on common axes, with places for texts and bins for histograms.</summary>
internal sealed class ChartData
{
    internal const int MaxPlaces = 1_000;
    private readonly ChartSpec spec;
    private readonly Dictionary<(string Text, int Occurrence), int> places = [];
    private readonly List<string> labels = [];
    private readonly List<string> notes = [];

    internal ChartData(ChartSpec spec)
    {
        this.spec = spec;
        IsTime = spec.Series.Any(series => series.Xs?.IsTime == true);
        HasPlaces = spec.Series.Any(series => series.Mark == Mark.Bar || series.Xs?.Texts is not null);
        ArePlacesOrdered = spec.Series.All(series => series.Xs?.Texts is null);
        IsTime &= !HasPlaces;
        if (spec.Series.Any(series => series.Ys.IsCut))
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"the first {SeriesValues.Limit:N0} points"));
        var bins = Bins.Of(spec.Series, IsTime);
        var traces = new Trace[spec.Series.Count];
        // Series without xs get the places that other series name.
        foreach (var (i, series) in spec.Series.Index().OrderBy(entry => entry.Item.Xs is null))
            traces[i] = series.Mark == Mark.Histogram ? Counted(series, i, bins!) : Placed(series, i);
        Traces = traces;
        if (labels.Count > MaxPlaces)
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"the first {MaxPlaces:N0} of {labels.Count:N0} categories"));
        if (labels.Count > MaxPlaces) labels.RemoveRange(MaxPlaces, labels.Count - MaxPlaces);
        if (spec.Grid?.Note is { } note) notes.Add(note);
    }

    internal IReadOnlyList<Trace> Traces { get; }

    /// <summary>Whether the x values are dates, stored as <see cref="DateTime.Ticks"/>.</summary>
    internal bool IsTime { get; }

    /// <summary>Whether the x values are indices of <see cref="Places"/>.</summary>
    internal bool HasPlaces { get; }

    internal IReadOnlyList<string> Places => labels;

    /// <summary>Whether the places are consecutive numbers or dates, so that some labels can be omitted.</summary>
    internal bool ArePlacesOrdered { get; }

    /// <summary>Notes about data that is not shown.</summary>
    internal IReadOnlyList<string> Notes => notes;

    internal bool IsEmpty =>
        spec.Grid is { } grid ? !grid.Values.Cast<double>().Any(double.IsFinite) : Traces.All(trace => !trace.Points.Any());

    internal bool HasLegend => spec.Grid is null && (spec.ShowsLegend ?? spec.Series.Any(series => series.Label is not null));

    /// <summary>Returns an x value as text for a tooltip.</summary>
    internal string XText(double x)
    {
        if (HasPlaces) return labels[(int)x];
        if (!IsTime) return NumberText.Plain(x);
        return Axis.TimeAt(x).ToString(x % TimeSpan.TicksPerDay == 0 ? "yyyy-MM-dd" : "yyyy-MM-dd HH:mm:ss.FFF",
            CultureInfo.InvariantCulture);
    }

    private Trace Placed(Series series, int index)
    {
        var count = series.Ys.Values.Length;
        double[] xs;
        if (!HasPlaces) xs = series.Xs?.Values ?? [.. Enumerable.Range(0, count).Select(i => (double)i)];
        else if (series.Xs is null) xs = [.. Enumerable.Range(0, count).Select(Place)];
        else xs = PlacesOf(series.Xs.Labels());

        var ys = series.Ys.Values.Select(y => SeriesValues.IsDrawable(y) && (y >= Axis.MinPositive || !spec.IsLogY) ? y : double.NaN)
            .ToArray();
        if (HasPlaces) xs = [.. xs.Select(x => x < MaxPlaces ? x : double.NaN)];
        else xs = [.. xs.Select(x => SeriesValues.IsDrawable(x) ? x : double.NaN)];
        return new Trace(series.Mark, Name(series, index), Color(index), xs, ys, series.Size?.Values, 0);
    }

    // Values without labels get the existing places in order.
    private double Place(int index)
    {
        while (labels.Count <= index) labels.Add(labels.Count.ToString(CultureInfo.InvariantCulture));
        return index;
    }

    // A label that occurs twice in a series gets two places.
    private double[] PlacesOf(string[] texts)
    {
        var seen = new Dictionary<string, int>();
        return [.. texts.Select(text =>
        {
            var key = (text, seen[text] = seen.GetValueOrDefault(text) + 1);
            if (!places.TryGetValue(key, out var place))
            {
                places[key] = place = labels.Count;
                labels.Add(text);
            }
            return (double)place;
        })];
    }

    private Trace Counted(Series series, int index, Bins bins)
    {
        var counts = new double[bins.Count];
        foreach (var value in series.Ys.Values)
        {
            if (SeriesValues.IsDrawable(value)) counts[Math.Clamp((int)((value - bins.Low) / bins.Width), 0, bins.Count - 1)]++;
        }
        double[] centres = [.. Enumerable.Range(0, bins.Count).Select(i => bins.Low + ((i + 0.5) * bins.Width))];
        var isEmpty = counts.All(n => n == 0);
        return new Trace(
            Mark.Histogram, Name(series, index), Color(index), isEmpty ? [] : centres,
            isEmpty ? [] : [.. counts.Select(n => n > 0 || !spec.IsLogY ? n : double.NaN)], null, bins.Width);
    }

    private static string Name(Series series, int index) =>
        series.Label ?? string.Create(CultureInfo.InvariantCulture, $"series {index + 1}");

    private string Color(int index)
    {
        var colors = spec.Colors ?? Palette.Series;
        return colors[index % colors.Count];
    }
}

/// <summary>A series on the axes. A point whose x or y is NaN is not drawn.</summary>
/// <param name="Mark">The kind of mark.</param>
/// <param name="Name">The label of the series, or its number if it has none.</param>
/// <param name="Color">A CSS colour.</param>
/// <param name="Xs">The x values.</param>
/// <param name="Ys">The same number of y values.</param>
/// <param name="Size">The sizes of bubbles; null for other marks.</param>
/// <param name="BinWidth">The width of a histogram's bars.</param>
internal sealed record Trace(Mark Mark, string Name, string Color, double[] Xs, double[] Ys, double[]? Size, double BinWidth)
{
    /// <summary>The indices of the points that can be drawn.</summary>
    internal IEnumerable<int> Points => Enumerable.Range(0, Ys.Length).Where(i => !double.IsNaN(Xs[i]) && !double.IsNaN(Ys[i]));
}

/// <summary>
/// The intervals shared by the histograms of a chart. A bin includes its lower limit but not its upper one; the last bin includes both.
/// </summary>
internal sealed record Bins(double Low, double Width, int Count)
{
    private const int MaxBins = 80;

    /// <summary>Returns the bins for the histograms of a chart; null if it has none.</summary>
    internal static Bins? Of(IReadOnlyList<Series> series, bool isTime)
    {
        var histograms = series.Where(one => one.Mark == Mark.Histogram).ToList();
        if (histograms.Count == 0) return null;
        var values = histograms.SelectMany(one => one.Ys.Values).Where(SeriesValues.IsDrawable).ToArray();
        if (values.Length == 0) return new Bins(0, 1, 1);
        Array.Sort(values);
        var (low, high) = (values[0], values[^1]);
        var asked = histograms.Select(one => one.Bins).FirstOrDefault(bins => bins is not null);
        if (!Axis.HasExtent(low, high))
        {
            var around = isTime ? TimeSpan.TicksPerDay : Math.Max(Math.Abs(low) * 0.1, low == 0 ? 1 : double.Epsilon);
            return new Bins(isTime ? Axis.TimeAt(low - (around / 2)).Ticks : low - (around / 2), around / (asked ?? 1), asked ?? 1);
        }
        if (asked is { } count) return new Bins(low, (high - low) / count, count);

        // The Freedman–Diaconis rule, or Sturges' rule if the middle half of the values is a single value.
        var middle = values[values.Length * 3 / 4] - values[values.Length / 4];
        var width = 2 * middle / Math.Cbrt(values.Length);
        if (width <= 0) width = (high - low) / (1 + Math.Log2(values.Length));
        var step = isTime
            ? (high - low) / Math.Clamp((high - low) / width, 1, MaxBins)
            : Axis.RoundStep(Math.Max(width, (high - low) / MaxBins));
        // Whole numbers are at the centres of their bins.
        if ((step <= 1 || high - low < MaxBins / 2) && high - low < MaxBins && Array.TrueForAll(values, double.IsInteger))
            return new Bins(low - 0.5, 1, (int)(high - low) + 1);
        var first = isTime ? low : Math.Floor(low / step) * step;
        return new Bins(first, step, Math.Max(1, (int)Math.Ceiling(((high - first) / step) - 1e-9)));
    }
}
