using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using JupyterKernel.Display;
using JupyterKernel.Display.Plots;
using Xunit;

namespace JupyterKernel.Tests;

public sealed class PlotTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";
    private static readonly string[] Quarters = ["Q1", "Q2", "Q3"];

    // Forms of a chart

    [Fact]
    public void A_chart_is_HTML_that_inherits_the_pages_colours_an_image_that_does_not_and_text()
    {
        var bundle = Plot.Line([1, 2, 3]).Title("Rise").ToMimeBundle();
        Assert.Equal(["text/html", "text/plain", "image/svg+xml"], bundle.Data.Keys);

        var html = (string)bundle.Data["text/html"];
        Assert.Contains("currentColor", html);
        Assert.DoesNotMatch("<script|<style|fill=\"(#fff|#000|white|black)", html);
        var page = XElement.Parse(html);
        Assert.Equal(("img", "0 0 640 360"), (page.Attribute("role")!.Value, page.Attribute("viewBox")!.Value));
        Assert.Contains("max-width:100%", page.Attribute("style")!.Value);
        Assert.Equal("Line chart \"Rise\": series 1, 3 points from 1 to 3", page.Attribute("aria-label")!.Value);

        var image = XElement.Parse((string)bundle.Data["image/svg+xml"]);
        Assert.NotNull(image.Attribute("color"));
        Assert.Equal(("640", "#ffffff"),
            (image.Element(Svg + "rect")!.Attribute("width")!.Value, image.Element(Svg + "rect")!.Attribute("fill")!.Value));
    }

    [Fact]
    public void Formulas_are_not_looked_for_in_a_chart() =>
        Assert.Contains("mathjax_ignore", Drawn(Plot.Bar(["$5 and $10"], [1])).Attribute("class")!.Value);

    [Fact]
    public void A_chart_is_immutable()
    {
        var chart = Plot.Line([1, 2, 3]);
        var before = chart.ToString();
        chart.Title("x").Line([7]).LogY().Size(300, 300);
        Assert.Equal(before, chart.ToString());
    }

    [Fact]
    public void Every_colour_of_the_palette_can_be_seen_on_white_and_on_black_paper()
    {
        foreach (var color in Palette.Series)
        {
            var luminance = Palette.Luminance(Palette.Parsed(color));
            Assert.True(1.05 / (luminance + 0.05) >= 3, $"{color} on #fff");
            Assert.True((luminance + 0.05) / (Palette.Luminance((17, 17, 17)) + 0.05) >= 3, $"{color} on #111");
        }
        Assert.Equal(8, Palette.Series.Distinct().Count());
    }

    // Lines

    [Fact]
    public void A_lines_points_are_where_the_axes_say()
    {
        var svg = Drawn(Plot.Line([0, 10, 20], [0, 50, 100]));
        var points = Points(svg);
        Assert.Equal(3, points.Count);
        Assert.Equal((X(svg, "0"), Y(svg, "0")), points[0], Near);
        Assert.Equal((points[0].X + points[2].X) / 2, points[1].X, 0.1);
        Assert.Equal((points[0].Y + points[2].Y) / 2, points[1].Y, 0.1);
        Assert.Equal((X(svg, "20"), Y(svg, "100")), points[2], Near);
    }

    [Fact]
    public void A_value_that_is_not_finite_is_a_gap_in_a_line()
    {
        var svg = Drawn(Plot.Line(new double?[] { 1, 2, double.NaN, 3, null, 5, double.PositiveInfinity, 7, 8 }));
        var path = One(svg, "path", "line").Attribute("d")!.Value;
        Assert.Equal(4, path.Count(c => c == 'M'));
        // The 3 and the 5 have gaps on both sides: dots.
        Assert.Equal(2, Regex.Count(path, "h0"));
        Assert.Equal(6, All(svg, "circle", "point").Count);
    }

    [Fact]
    public void Numbers_of_every_type_are_numbers()
    {
        var expected = One(Drawn(Plot.Line([1.0, 2, 4])), "path", "line").Attribute("d")!.Value;
        Chart[] charts =
        [
            Plot.Line([1, 2, 4]), Plot.Line([1L, 2L, 4L]), Plot.Line([1f, 2f, 4f]), Plot.Line([1m, 2m, 4m]), Plot.Line<byte>([1, 2, 4]),
            Plot.Line<ushort>([1, 2, 4]),
            Plot.Line<BigInteger>([1, 2, 4]), Plot.Line<Half>([(Half)1, (Half)2, (Half)4]), Plot.Line<Int128>([1, 2, 4]),
            Plot.Line<nint>([1, 2, 4]), Plot.Line<object>([1, 2.0, 4m]),
            Plot.Line([TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4)]), Plot.Line<int?>([1, 2, 4]),
        ];
        Assert.All(charts, chart => Assert.Equal(expected, One(Drawn(chart), "path", "line").Attribute("d")!.Value));
    }

    [Fact]
    public void A_million_points_become_few_and_the_highest_is_among_them()
    {
        var values = new double[1_000_000];
        var random = new Random(1);
        for (var i = 0; i < values.Length; i++) values[i] = random.NextDouble();
        values[777_777] = 10;
        values[222_222] = -10;
        var svg = Drawn(Plot.Line(values));

        var points = Points(svg);
        Assert.InRange(points.Count, 1_200, 4 * 640);
        Assert.InRange(svg.ToString().Length, 10_000, 60_000);
        Assert.Equal(Y(svg, "10"), points.Min(point => point.Y), 0.1);
        Assert.Equal(Y(svg, "−10"), points.Max(point => point.Y), 0.1);
        Assert.Equal(points.MinBy(point => point.Y).X, points[0].X + ((points[^1].X - points[0].X) * 0.777777), 1.5);
    }

    [Fact]
    public void An_endless_sequence_is_cut_with_a_note()
    {
        var svg = Drawn(Plot.Line(Endless()));
        Assert.Contains("the first 1,000,000 points", Texts(svg));

        static IEnumerable<int> Endless()
        {
            for (var i = 0; ; i++) yield return i % 7;
        }
    }

    [Fact]
    public void A_sequence_is_enumerated_once_and_at_once()
    {
        var times = 0;
        var chart = Plot.Line(Counted(), Counted()).Bar(Counted().Select(i => KeyValuePair.Create(i, i))).Title("x");
        Assert.Equal(3, times);
        chart.ToMimeBundle();
        chart.Interactive().ToMimeBundle();
        Assert.Equal(3, times);

        IEnumerable<int> Counted()
        {
            times++;
            yield return 1;
            yield return 2;
        }
    }

    [Fact]
    public void A_fault_of_a_sequence_comes_out_where_the_chart_is_made() =>
        Assert.Throws<FormatException>(() => Plot.Line(Enumerable.Range(0, 5).Select(i => i == 3 ? throw new FormatException("no") : i)));

    [Fact]
    public void Unequal_lengths_are_rejected_with_both_values()
    {
        Assert.Contains("3 xs and 2 ys", Assert.Throws<ArgumentException>(() => Plot.Line([1, 2, 3], [1, 2])).Message);
        Assert.Contains("1 labels and 2 values", Assert.Throws<ArgumentException>(() => Plot.Bar(["a"], [1, 2])).Message);
        Assert.Contains("1 size and 2 ys", Assert.Throws<ArgumentException>(() => Plot.Scatter([1, 2], [1, 2], [1])).Message);
    }

    [Fact]
    public void Values_that_are_not_numbers_are_rejected()
    {
        Assert.Contains("ys[0] is \"a\"", Assert.Throws<ArgumentException>(() => Plot.Line(["a", "b"])).Message);
        Assert.Contains("ys[0] is a date", Assert.Throws<ArgumentException>(() => Plot.Line([DateTime.UnixEpoch])).Message);
        Assert.Contains("xs[1] is x", Assert.Throws<ArgumentException>(() => Plot.Line<object, int>([1, "x"], [1, 2])).Message);
        Assert.Throws<ArgumentException>(() => Plot.Histogram(["a"]));
        Assert.Throws<ArgumentException>(() => Plot.Line([DateTime.UnixEpoch], [1]).Line([1], [1]));
        Assert.Throws<InvalidOperationException>(() => Plot.Bar([1]).Histogram([1]));
        Assert.Throws<InvalidOperationException>(() => Plot.Heatmap(new[,] { { 1 } }).Line([1]));
    }

    // Axes

    [Theory]
    [InlineData(0, 97, "0 20 40 60 80 100")]
    [InlineData(-0.31, 0.28, "−0.4 −0.3 −0.2 −0.1 0 0.1 0.2 0.3")]
    [InlineData(0, 45_000, "0 10k 20k 30k 40k 50k")]
    [InlineData(0, 2_700_000, "0 0.5M 1M 1.5M 2M 2.5M 3M")]
    [InlineData(1e300, 5e300, "1e300 2e300 3e300 4e300 5e300")]
    [InlineData(0, 4e-9, "0 1e−9 2e−9 3e−9 4e−9")]
    [InlineData(1_000_000, 1_000_004, "1,000,000 1,000,001 1,000,002 1,000,003 1,000,004")]
    public void Ticks_are_at_round_numbers(double low, double high, string expected) =>
        Assert.Equal(expected, string.Join(' ', Ticks(Drawn(Plot.Line([low, high])), "y")));

    [Fact]
    public void Whole_numbers_have_no_ticks_between_them()
    {
        var svg = Drawn(Plot.Line([1, 2, 3]));
        Assert.Equal(["0", "1", "2"], Ticks(svg, "x"));
        Assert.Equal(["1", "2", "3"], Ticks(svg, "y"));
    }

    public static TheoryData<string, string, string> Times => new()
    {
        { "2001-01-01", "2023-06-01", "2005 2010 2015 2020" },
        { "2023-11-05", "2024-12-09", "Jan 2024 Apr Jul Oct" },
        { "2024-01-30", "2024-02-04", "Jan 30 2024 Jan 31 Feb 1 Feb 2 Feb 3 Feb 4" },
        { "2024-03-01T21:00", "2024-03-02T03:00", "21:00 Mar 1, 2024 22:00 23:00 00:00 Mar 2, 2024 01:00 02:00 03:00" },
        { "2024-03-01T21:00:00", "2024-03-01T21:00:20", "21:00:00 Mar 1, 2024 21:00:05 21:00:10 21:00:15 21:00:20" },
    };

    [Theory]
    [MemberData(nameof(Times), DisableDiscoveryEnumeration = true)]
    public void Ticks_are_at_round_times_and_show_the_year_or_day_once(string from, string to, string expected)
    {
        DateTime[] times = [DateTime.Parse(from, CultureInfo.InvariantCulture), DateTime.Parse(to, CultureInfo.InvariantCulture)];
        var svg = Drawn(Plot.Line(times, [0, 100]));
        var axis = Axis.OfTimes(times[0].Ticks, times[1].Ticks, 7);
        Assert.Equal(expected, string.Join(' ', axis.Ticks.SelectMany(tick => new[] { tick.Text, tick.Context }).OfType<string>()));
        Assert.Equal(axis.Ticks.Select(tick => tick.Text), Ticks(svg, "x"));
    }

    [Fact]
    public void Dates_of_each_kind_are_dates()
    {
        DateOnly[] days = [new(2024, 1, 1), new(2024, 1, 5)];
        var expected = Ticks(Drawn(Plot.Line(days, [1, 2])), "x");
        Assert.Contains("Jan 3", expected);
        Assert.Equal(expected, Ticks(Drawn(Plot.Line(days.Select(day => day.ToDateTime(default)), [1, 2])), "x"));
        Assert.Equal(expected,
            Ticks(Drawn(Plot.Scatter(days.Select(day => new DateTimeOffset(day.ToDateTime(default), TimeSpan.FromHours(2))), [1, 2])
                .XRange(new DateTime(2024, 1, 1), new DateTime(2024, 1, 5))), "x"));
        Assert.Contains("Line chart", Plot.Line([DateTime.MinValue, DateTime.MaxValue], [1, 2]).ToString());
    }

    [Fact]
    public void A_given_range_is_the_axis_and_what_is_outside_is_cut_off()
    {
        var svg = Drawn(Plot.Line(Enumerable.Range(0, 101)).XRange(20, 60).YRange(30, 50));
        Assert.Equal(("20", "60"), (Ticks(svg, "x")[0], Ticks(svg, "x")[^1]));
        Assert.Equal(("30", "50"), (Ticks(svg, "y")[0], Ticks(svg, "y")[^1]));
        var cut = svg.Element(Svg + "svg")!;
        Assert.Equal(Y(svg, "50"), Number(cut, "y"), 0.1);
        Assert.Equal(Y(svg, "30"), Number(cut, "y") + Number(cut, "height"), 0.1);
        Assert.NotEmpty(cut.Elements(Svg + "path"));
        Assert.Throws<ArgumentException>(() => Plot.Line([1]).YRange(3, 3));
        Assert.Throws<ArgumentException>(() => Plot.Line([1]).XRange(0, double.PositiveInfinity));
    }

    [Fact]
    public void On_a_logarithmic_axis_equal_ratios_are_equal_distances()
    {
        var svg = Drawn(Plot.Line([1.0, 100, 10_000, 0, -5]).LogY());
        var points = Points(svg);
        Assert.Equal(3, points.Count);
        Assert.Equal(points[0].Y - points[1].Y, points[1].Y - points[2].Y, 0.1);
        Assert.Equal(["1", "10", "100", "1000", "10k"], Ticks(svg, "y"));
    }

    // Bars

    [Fact]
    public void Bars_are_as_high_as_their_values_and_stand_on_zero()
    {
        var svg = Drawn(Plot.Bar(["a", "b", "c"], [4, 2, -1]));
        var bars = All(svg, "rect", "bar");
        Assert.Equal(2, Number(bars[0], "height") / Number(bars[1], "height"), 0.01);
        Assert.Equal(2, Number(bars[1], "height") / Number(bars[2], "height"), 0.01);
        Assert.Equal(Y(svg, "0"), Number(bars[0], "y") + Number(bars[0], "height"), 0.1);
        Assert.Equal(Y(svg, "0"), Number(bars[2], "y"), 0.1);
        Assert.Equal(Y(svg, "4"), Number(bars[0], "y"), 0.1);
        Assert.Equal(["a", "b", "c"], Ticks(svg, "x"));
        Assert.Equal(["a: 4", "b: 2", "c: -1"], bars.Select(bar => bar.Element(Svg + "title")!.Value));
    }

    [Fact]
    public void A_dictionary_is_bars()
    {
        var svg = Drawn(Plot.Bar(new Dictionary<string, int> { ["pears"] = 2, ["plums"] = 3 }));
        Assert.Equal(["pears", "plums"], Ticks(svg, "x"));
        Assert.Equal(2 / 3.0, Heights(svg)[0] / Heights(svg)[1], 0.01);
        Assert.Equal(["1", "2"],
            Ticks(Drawn(Plot.Bar(new[] { 'x', 'y', 'y' }.CountBy(c => c).Select(pair => KeyValuePair.Create(pair.Value, 1)))), "x"));
    }

    [Fact]
    public void Bars_of_several_series_stand_side_by_side_at_their_common_labels()
    {
        var svg = Drawn(Plot.Bar(Quarters, [1, 2, 3], "2023").Bar(["Q3", "Q1", "Q4"], [3, 1, 4], "2024"));
        Assert.Equal(["Q1", "Q2", "Q3", "Q4"], Ticks(svg, "x"));
        var bars = All(svg, "rect", "bar").OrderBy(bar => Number(bar, "x")).ToList();
        Assert.Equal([1, 1, 2, 3, 3, 4], bars.Select(bar => Math.Round(Number(bar, "height") / Heights(svg).Min())));
        for (var i = 1; i < bars.Count; i++) Assert.True(Number(bars[i - 1], "x") + Number(bars[i - 1], "width") <= Number(bars[i], "x"));
        Assert.Equal(2, bars.Select(bar => bar.Attribute("fill")!.Value).Distinct().Count());
        Assert.Equal(2, All(svg, "rect", "swatch").Count);
    }

    [Fact]
    public void A_label_that_is_there_twice_has_two_bars()
    {
        var svg = Drawn(Plot.Bar(["a", "a", "b"], [1, 2, 3]));
        Assert.Equal(["a", "a", "b"], Ticks(svg, "x"));
        Assert.Equal(3, All(svg, "rect", "bar").Select(bar => Number(bar, "x")).Distinct().Count());
    }

    [Fact]
    public void A_line_that_is_only_numbered_follows_the_bars()
    {
        var svg = Drawn(Plot.Line([1, 2, 3], "trend").Bar(Quarters, [1, 2, 3], "bars"));
        Assert.Equal(Quarters, Ticks(svg, "x"));
        var middles = All(svg, "rect", "bar").Select(bar => Number(bar, "x") + (Number(bar, "width") / 2)).ToList();
        Assert.Equal(middles, Points(svg).Select(point => point.X), (a, b) => Math.Abs(a - b) < 0.1);
    }

    [Theory]
    [InlineData(12)]
    [InlineData(40)]
    [InlineData(200)]
    [InlineData(3_000)]
    public void Labels_of_bars_do_not_run_into_each_other(int count)
    {
        var svg = Drawn(Plot.Bar(Enumerable.Range(0, count).Select(i => $"label {i}"), Enumerable.Range(0, count)));
        var labels = All(svg, "text", "x");
        Assert.InRange(labels.Count, 5, 60);
        for (var i = 1; i < labels.Count; i++)
        {
            var apart = Number(labels[i], "x") - Number(labels[i - 1], "x");
            // Aslant at 45°, lines of 11 need 11 between them.
            Assert.True(labels[i].Attribute("transform") is not null
                ? apart * Math.Sqrt(0.5) >= 11
                : apart >= LabelText.Width(labels[i].Value, 11), $"{apart} between {labels[i - 1].Value} and {labels[i].Value}");
        }
        Assert.InRange(All(svg, "rect", "bar").Count, Math.Min(count - 1, 999), 1_000);
        Assert.Equal(count > 1_000, Texts(svg).Contains("the first 1,000 of 3,000 categories"));
    }

    // Dots

    [Fact]
    public void Bubbles_have_areas_in_proportion()
    {
        var radii = All(Drawn(Plot.Scatter([1, 2, 3], [1, 2, 3], [1, 4, 16])), "circle", "dot").Select(dot => Number(dot, "r")).ToList();
        Assert.Equal(3, radii.Count);
        Assert.Equal([2, 2], [radii[0] / radii[1], radii[1] / radii[2]], (double a, double b) => Math.Abs(a - b) < 0.01);
    }

    [Fact]
    public void Of_very_many_dots_a_sample_is_drawn_with_a_note()
    {
        var svg = Drawn(Plot.Scatter(Enumerable.Range(0, 100_000), Enumerable.Range(0, 100_000)));
        Assert.Contains("10,000 of 100,000 points", Texts(svg));
        Assert.Equal(10_000, All(svg, "path", "dots").Sum(path => path.Attribute("d")!.Value.Count(c => c == 'M')));
    }

    // Histograms

    [Fact]
    public void A_histogram_counts_every_value_once()
    {
        int[] values = [1, 1, 1, 1, 2, 2, 6];
        var svg = Drawn(Plot.Histogram(values));
        Assert.Equal(["0.5 – 1.5: 4", "1.5 – 2.5: 2", "5.5 – 6.5: 1"], Titles(svg, "bar"));
        Assert.Equal([4, 2, 1], Heights(svg).Select(height => Math.Round(height / Heights(svg).Min())));

        Assert.Equal(["1 – 3.5: 6", "3.5 – 6: 1"], Titles(Drawn(Plot.Histogram(values, bins: 2)), "bar"));
        Assert.Throws<ArgumentOutOfRangeException>(() => Plot.Histogram(values, bins: 0));
    }

    [Fact]
    public void Bins_have_round_limits_and_hold_all_there_is()
    {
        var random = new Random(1);
        double[] values =
            [.. Enumerable.Range(0, 3_000).Select(_ => (random.NextDouble() + random.NextDouble() + random.NextDouble()) * 13.7)];
        var bins = Bins.Of([new Series(Mark.Histogram, null, SeriesValues.Of(values, "values"), null, null, null)], isTime: false)!;
        Assert.Contains(bins.Width, new[] { 0.5, 1, 2, 5 });
        Assert.Equal(0, bins.Low % bins.Width, 1e-9);
        Assert.True(bins.Low <= values.Min() && bins.Low + (bins.Count * bins.Width) >= values.Max());
        var counts = Titles(Drawn(Plot.Histogram(values)), "bar")
            .Select(title => double.Parse(title.Split(": ")[1], CultureInfo.InvariantCulture));
        Assert.Equal(3_000, counts.Sum());
    }

    // Heatmaps

    [Fact]
    public void A_heatmap_has_a_cell_for_each_value_in_the_colour_of_its_scale()
    {
        var svg = Drawn(Plot.Heatmap(new double[,] { { 0, 5 }, { 10, double.NaN } }, ["r0", "r1"], ["c0", "c1"]));
        var cells = All(svg, "rect", "cell");
        Assert.Equal([Palette.Rising[0], Palette.Rising[4], Palette.Rising[8], "currentColor"],
            cells.Select(cell => cell.Attribute("fill")!.Value));
        Assert.Equal(["r0, c0: 0", "r0, c1: 5", "r1, c0: 10", "r1, c1: NaN"], Titles(svg, "cell"));
        Assert.True(Number(cells[0], "x") < Number(cells[1], "x") && Number(cells[0], "y") < Number(cells[2], "y"));
        Assert.Equal(("0", "10"), (All(svg, "text", "scale")[0].Value, All(svg, "text", "scale")[^1].Value));
    }

    [Fact]
    public void Zero_is_in_the_middle_of_the_colours_where_values_are_on_both_sides() =>
        Assert.Equal(
            [Palette.TwoSided[4], Palette.TwoSided[8], Palette.TwoSided[2]],
            All(Drawn(Plot.Heatmap(new[] { [0, 8], new[] { -4 } })), "rect", "cell").Take(3).Select(cell => cell.Attribute("fill")!.Value));

    [Fact]
    public void A_large_heatmap_is_averaged_with_a_note()
    {
        var svg = Drawn(Plot.Heatmap(Enumerable.Range(0, 600).Select(row => Enumerable.Range(0, 400).Select(column => row + column))));
        Assert.Contains("each cell the average of 3 × 2", Texts(svg));
        Assert.InRange(svg.ToString().Length, 10_000, 1_000_000);
        Assert.Contains("540", Ticks(svg, "y"));
        Assert.Contains("each of the 1 rows, but there are 2",
            Assert.Throws<ArgumentException>(() => Plot.Heatmap(new[,] { { 1 } }, ["a", "b"])).Message);
    }

    // Hostile data

    public static TheoryData<string, Chart> Hostile => new()
    {
        { "one point", Plot.Line([1]) },
        { "first date", Plot.Scatter([DateTime.MinValue], [1]) },
        { "equal", Plot.Line([5, 5, 5]) },
        { "equal, huge", Plot.Scatter([1e306, 1e306], [-1e306, -1e306]) },
        { "huge range", Plot.Line([-1e307, 1e307]) },
        { "beyond", Plot.Line([double.MaxValue, 1, double.MinValue]) },
        { "tiny range", Plot.Line([1, 1 + 1e-15]) },
        { "denormal", Plot.Line([double.Epsilon, 2 * double.Epsilon]).LogY() },
        { "denormal bars", Plot.Bar([double.Epsilon, 1e307]).LogY() },
        { "no positive", Plot.Bar([0, -1]).LogY() },
        { "range without positive", Plot.Bar([1, 2]).LogY().YRange(-5, -1) },
        { "bins of nothing", Plot.Histogram([double.NaN, double.PositiveInfinity]) },
        { "bins of one", Plot.Histogram([3.0, 3.0]) },
        { "bins of the first date", Plot.Histogram([DateTime.MinValue]) },
        { "bins, huge", Plot.Histogram([-1e307, 0, 1e307]) },
        { "dates", Plot.Line([DateTime.MaxValue], [1]) },
        { "range that is no date", Plot.Line([DateTime.UnixEpoch], [1]).XRange(-1e20, 1e20) },
        { "far outside", Plot.Line([1, 1e300]).YRange(0, 1) },
        { "grid of NaN", Plot.Heatmap(new[,] { { double.NaN } }) },
        { "grid of infinity", Plot.Heatmap(new[,] { { double.PositiveInfinity, 1 }, { 1e307, -1e307 } }) },
        { "many small",
            Plot.Bar(Enumerable.Range(0, 1000).Select(i => new string('w', 1000))  , Enumerable.Range(0, 1000)).Size(100, 100) },
        { "many series",
            Enumerable.Range(0, 60).Aggregate(Plot.Line([1, 2], "first"), (chart, i) => chart.Line([i, 3], $"series number {i}")) },
        { "sizes of nothing", Plot.Scatter([1, 2], [1, 2], [double.NaN, -1]) },
        { "to and fro", Plot.Line(Enumerable.Range(0, 100_000).Select(i => (i * 7919) % 1000), Enumerable.Range(0, 100_000)) },
        { "every other missing", Plot.Line(Enumerable.Range(0, 100_000).Select(i => i % 2 == 0 ? i : double.NaN)) },
    };

    [Theory]
    [MemberData(nameof(Hostile), DisableDiscoveryEnumeration = true)]
    public void Every_number_of_a_chart_is_one_that_can_be_drawn(string what, Chart chart)
    {
        Assert.NotEmpty(what);
        var svg = Drawn(chart);
        Assert.DoesNotMatch("NaN|∞|Infinity", Regex.Replace(svg.ToString(), "<title>.*?</title>|aria-label=\"[^\"]*\"", ""));
        Assert.InRange(svg.ToString().Length, 300, 1_000_000);
        var (width, height) = (Number(svg, "width"), Number(svg, "height"));
        foreach (var rect in svg.Descendants(Svg + "rect"))
        {
            Assert.True(Number(rect, "width") >= 0 && Number(rect, "height") >= 0, rect.ToString());
            Assert.InRange(Number(rect, "x"), -1, width);
        }
        foreach (var text in svg.Descendants(Svg + "text"))
        {
            Assert.InRange(Number(text, "x"), 0, width);
            Assert.InRange(Number(text, "y"), 0, height);
        }
        // Vega-Lite does not accept NaN: JSON has none.
        Assert.NotEmpty(((JsonObject)chart.Interactive().ToMimeBundle().Data[VegaLite.MimeType]).ToJsonString());
    }

    public static TheoryData<Chart> Empty =>
    [
        Plot.Line(Array.Empty<int>()), Plot.Line([double.NaN, double.NegativeInfinity]), Plot.Bar(new Dictionary<string, int>()),
        Plot.Histogram(new List<double>()),
        Plot.Heatmap(new int[0, 3]), Plot.Heatmap(new int[3, 0]), Plot.Scatter(Array.Empty<DateTime>(), Array.Empty<int>()),
        Plot.Line([-1.0]).LogY(),
    ];

    [Theory]
    [MemberData(nameof(Empty), DisableDiscoveryEnumeration = true)]
    public void An_empty_chart_has_a_note(Chart chart)
    {
        Assert.Contains("no data", Texts(Drawn(chart)));
        Assert.EndsWith(": no data", chart.ToString());
    }

    [Fact]
    public void Texts_are_escaped_and_cut()
    {
        var evil = "<script>alert('1')</script>&\"\0\uD800";
        var longest = new string('m', 1_000);
        var chart = Plot.Bar([evil, longest], [1, 2], evil).Bar([evil, longest], [1, 2], longest).Title(longest).XLabel(evil).YLabel(evil)
            .Colors("red\"/><script/>");
        var html = (string)chart.ToMimeBundle().Data["text/html"];
        Assert.DoesNotContain("<script", html);
        var svg = Drawn(chart);
        Assert.Contains("<script>alert('1')</script>&\"\uFFFD\uFFFD", Texts(svg));
        Assert.All(Texts(svg), text => Assert.InRange(text.Length, 1, 100));
        foreach (var text in svg.Descendants(Svg + "text").Where(text => text.Attribute("text-anchor")!.Value == "start"))
            Assert.True(Number(text, "x") + LabelText.Width(text.Value, Number(text, "font-size")) <= 640, text.Value);
        Assert.DoesNotContain(svg.Descendants(), element => element.Name.LocalName == "script");
    }

    [Fact]
    public void Numbers_are_the_same_in_every_culture()
    {
        var chart = Plot.Line([0.5, 1.25, 12_345.5], "x").Bar([1.5]).Title("t");
        var expected = (chart.ToString(), Drawn(chart).ToString());
        var culture = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");
        try
        {
            Assert.Equal(expected, (chart.ToString(), Drawn(chart).ToString()));
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    // Layout

    [Fact]
    public void A_labelled_series_has_a_legend_unless_it_is_turned_off()
    {
        Assert.Empty(All(Drawn(Plot.Line([1, 2])), "path", "swatch"));
        Assert.Equal(["a", "series 2"], Texts(Drawn(Plot.Line([1, 2], "a").Line([2, 1]))).Take(2));
        Assert.Empty(All(Drawn(Plot.Line([1, 2], "a").Legend(false)), "path", "swatch"));
        Assert.Single(All(Drawn(Plot.Line([1, 2]).Legend(true)), "path", "swatch"));
    }

    [Fact]
    public void Parts_of_a_chart_do_not_overlap()
    {
        var svg =
            Drawn(Plot.Line([1_000_000, 2_000_000], "a rather long label").Line([2_000_000, 1_000_000], "another").Title("Title")
                .XLabel("x").YLabel("y"));
        var boxes = svg.Descendants(Svg + "text").Select(text =>
        {
            var width = LabelText.Width(text.Value, Number(text, "font-size"));
            var left = Number(text, "x") - text.Attribute("text-anchor")!.Value switch { "end" => width, "middle" => width / 2, _ => 0 };
            return (text.Value, Left: left, Right: left + width, Top: Number(text, "y") - (Number(text, "font-size") * 0.8),
                Bottom: Number(text, "y"));
        }).ToList();
        Assert.True(boxes.Count >= 10);
        foreach (var (a, i) in boxes.Select((box, i) => (box, i)))
        {
            Assert.True(a.Left >= 0 && a.Right <= 640 && a.Top >= 0 && a.Bottom <= 360, a.ToString());
            foreach (var b in boxes.Skip(i + 1))
                Assert.False(a.Left < b.Right && b.Left < a.Right && a.Top < b.Bottom && b.Top < a.Bottom, $"{a} on {b}");
        }
    }

    [Fact]
    public void Size_and_colours_are_as_given()
    {
        var svg = Drawn(Plot.Line([1, 2]).Line([2, 1]).Line([1, 1]).Size(800, 200).Colors("tomato", "#123456"));
        Assert.Equal("0 0 800 200", svg.Attribute("viewBox")!.Value);
        Assert.Equal(["tomato", "#123456", "tomato"], All(svg, "path", "line").Select(line => line.Attribute("stroke")!.Value));
        Assert.Throws<ArgumentOutOfRangeException>(() => Plot.Line([1]).Size(10, 10));
        Assert.Throws<ArgumentException>(() => Plot.Line([1]).Colors());
        Assert.Throws<ArgumentException>(() => Plot.Heatmap(new[,] { { 1 } }).Colors("tomato"));
    }

    // Other forms

    [Fact]
    public void An_interactive_chart_is_VegaLite_whose_scales_follow_the_mouse()
    {
        var bundle = Plot.Line([new DateTime(2024, 1, 1), new DateTime(2024, 1, 2)], [1.5, double.NaN], "a").Interactive().ToMimeBundle();
        // If HTML were included, JupyterLab would show that.
        Assert.Equal([VegaLite.MimeType, "text/plain", "image/svg+xml"], bundle.Data.Keys);
        var layer = ((JsonObject)bundle.Data[VegaLite.MimeType])["layer"]![0]!;
        Assert.Equal("scales", (string?)layer["params"]![0]!["bind"]);
        Assert.Equal("temporal", (string?)layer["encoding"]!["x"]!["type"]);
        Assert.Equal("""[{"s":"a","x":"2024-01-01T00:00:00","y":1.5}]""", layer["data"]!["values"]!.ToJsonString());
    }

    [Fact]
    public void Interactive_bars_stand_on_zero_or_where_there_is_none_below_the_lowest()
    {
        Assert.Equal(0, Foot(Plot.Histogram([1, 2, 2])));
        Assert.InRange(Foot(Plot.Bar([10, 1000]).LogY()), 1, 9);

        static double Foot(Chart chart) =>
            (double)((JsonObject)chart.Interactive().ToMimeBundle().Data[VegaLite.MimeType])["layer"]![0]!["encoding"]!["y2"]!["datum"]!;
    }

    [Fact]
    public void A_console_gets_bars_of_characters()
    {
        var lines = Plot.Bar(["a", "bb"], [20, -10]).ToString().Split('\n');
        Assert.Equal(
            ["Bar chart: series 1, 2 bars from -10 to 20", "a  " + new string('█', 40) + " 20", "bb " + new string('▒', 20) + " -10"],
                lines);
    }

    [Fact]
    public void A_console_gets_a_line_of_dots()
    {
        var lines = Plot.Line([0, 1]).ToString().Split('\n');
        Assert.Equal(12, lines.Length);
        // From the bottom left to the top right: U+2840 is the bottom left dot, U+2808 the top right one.
        Assert.Equal("0 ┤", lines[10][..3]);
        Assert.NotEqual(0, (lines[10][3] - '\u2800') & 0x40);
        Assert.NotEqual(0, (lines[1][^1] - '\u2800') & 0x08);
        Assert.Equal('\u2800', lines[10][^1]);
        Assert.Equal('\u2800', lines[1][3]);
    }

    private static bool Near((double X, double Y) a, (double X, double Y) b) => Math.Abs(a.X - b.X) < 0.1 && Math.Abs(a.Y - b.Y) < 0.1;

    private static XElement Drawn(Chart chart) => XDocument.Parse((string)chart.ToMimeBundle().Data["text/html"]).Root!;

    private static List<XElement> All(XElement svg, string element, string name) =>
        [.. svg.Descendants(Svg + element).Where(one => one.Attribute("class")?.Value == name)];

    private static XElement One(XElement svg, string element, string name) => Assert.Single(All(svg, element, name));

    private static double Number(XElement element, string attribute) =>
        double.Parse(element.Attribute(attribute)!.Value, CultureInfo.InvariantCulture);

    private static List<string> Texts(XElement svg) => [.. svg.Descendants(Svg + "text").Select(text => text.Value)];

    private static List<string> Titles(XElement svg, string name) =>
        [.. All(svg, "rect", name).Select(rect => rect.Element(Svg + "title")!.Value)];

    private static List<double> Heights(XElement svg) => [.. All(svg, "rect", "bar").Select(bar => Number(bar, "height"))];

    /// <summary>The labels of an axis, from low to high.</summary>
    private static List<string> Ticks(XElement svg, string axis) =>
        [.. All(svg, "text", axis).OrderBy(text => axis == "x" ? Number(text, "x") : -Number(text, "y")).Select(text => text.Value)];

    private static double X(XElement svg, string label) =>
        Number(All(svg, "text", "x").Find(text => text.Value == label) ?? throw new KeyNotFoundException(label), "x");

    // Labels extend slightly below their line.
    private static double Y(XElement svg, string label) =>
        Number(All(svg, "text", "y").Find(text => text.Value == label) ?? throw new KeyNotFoundException(label), "y") - 4;

    private static List<(double X, double Y)> Points(XElement svg) =>
        [.. Regex.Matches(One(svg, "path", "line").Attribute("d")!.Value, "[ML]([-0-9.]+) ([-0-9.]+)").Select(match =>
            (double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture),
                double.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture)))];
}
