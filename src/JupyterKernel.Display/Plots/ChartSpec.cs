using System.Globalization;

namespace JupyterKernel.Display.Plots;

/// <summary>The specification of a chart.</summary>
internal sealed record ChartSpec
{
    internal IReadOnlyList<Series> Series { get; init; } = [];

    /// <summary>The cells of a heatmap, which has no series.</summary>
    internal Grid? Grid { get; init; }

    internal string? Title { get; init; }
    internal string? XLabel { get; init; }
    internal string? YLabel { get; init; }
    internal int Width { get; init; } = 640;
    internal int Height { get; init; } = 360;
    internal (double Low, double High)? XRange { get; init; }
    internal (double Low, double High)? YRange { get; init; }
    internal bool IsLogY { get; init; }
    internal bool? ShowsLegend { get; init; }
    internal IReadOnlyList<string>? Colors { get; init; }
    internal bool IsInteractive { get; init; }
}

internal enum Mark
{
    Line,
    Bar,
    Dot,
    Histogram,
}

/// <summary>A series of a chart.</summary>
/// <param name="Mark">The kind of mark.</param>
/// <param name="Xs">The x values; null to number the values from 0.</param>
/// <param name="Ys">The y values.</param>
/// <param name="Size">The sizes of bubbles; null for other marks.</param>
/// <param name="Label">The label in the legend; null for none.</param>
/// <param name="Bins">The number of intervals of a histogram; null for a suitable number.</param>
internal sealed record Series(Mark Mark, SeriesValues? Xs, SeriesValues Ys, SeriesValues? Size, string? Label, int? Bins)
{
    /// <exception cref="ArgumentException">The columns differ in length.</exception>
    internal void CheckLengths()
    {
        foreach (var other in new[] { Xs, Size })
        {
            if (other is null || other.Values.Length == Ys.Values.Length) continue;
            throw new ArgumentException(
                $"There must be as many {other.Name} as {Ys.Name}, but there are {Count(other)} {other.Name} and {Count(Ys)} {Ys.Name}.",
                other.Name);
        }

        static string Count(SeriesValues column) =>
            column.Values.Length.ToString("N0", CultureInfo.InvariantCulture) + (column.IsCut ? " or more" : "");
    }

    /// <exception cref="ArgumentException">The xs and those of the other series are of different kinds.</exception>
    /// <exception cref="InvalidOperationException">These kinds of series cannot be combined.</exception>
    internal void CheckBeside(ChartSpec spec)
    {
        if (spec.Grid is not null) throw new InvalidOperationException("A heatmap cannot have further series.");
        if (spec.Series.Count == 0) return;
        Series[] all = [.. spec.Series, this];
        if (all.Any(series => series.Mark == Mark.Histogram) && all.Any(series => series.Mark == Mark.Bar || series.Xs?.Texts is not null))
            throw new InvalidOperationException("A histogram has an axis of numbers, so it cannot be combined with bars or text.");
        // An axis of places accepts any label.
        if (all.Any(series => series.Mark == Mark.Bar || series.Xs?.Texts is not null)) return;
        if (Array.Find(all, series => (series.Xs?.IsTime ?? false) != (Xs?.IsTime ?? false)) is not null)
            throw new ArgumentException("Either all series or none must have dates as their xs.", Xs?.Name);
    }
}

/// <summary>The cells of a heatmap, as [row, column]; NaN is a missing number.</summary>
internal sealed record Grid(double[,] Values, string[]? Rows, string[]? Columns, string? Note)
{
    private const int MaxRead = 2_000;
    private const int MaxDrawn = 200;

    /// <summary>The number of given rows that are averaged in one cell.</summary>
    internal int RowStep { get; private init; } = 1;

    /// <summary>The number of given columns that are averaged in one cell.</summary>
    internal int ColumnStep { get; private init; } = 1;

    /// <exception cref="ArgumentException">The values are not numbers, or the number of labels is not that of rows or columns.</exception>
    internal static Grid Of<T>(IEnumerable<IEnumerable<T>> rows, IEnumerable<object>? rowLabels, IEnumerable<object>? columnLabels)
    {
        var read = rows.Take(MaxRead + 1).Select(row => SeriesValues.OfNumbers(row.Take(MaxRead + 1), "values").Values).ToList();
        var isCut = read.Count > MaxRead || read.Exists(row => row.Length > MaxRead);
        var (height, width) = (Math.Min(read.Count, MaxRead), Math.Min(read.Select(row => row.Length).DefaultIfEmpty(0).Max(), MaxRead));
        var rowTexts = Labels(rowLabels, read.Count, "rows")?[..height];
        var columnTexts = Labels(columnLabels, read.Select(row => row.Length).DefaultIfEmpty(0).Max(), "columns")?[..width];

        var (tall, wide) = ((height + MaxDrawn - 1) / MaxDrawn, (width + MaxDrawn - 1) / MaxDrawn);
        var note = isCut ? "the first 2,000 rows and columns" : null;
        if (tall <= 1 && wide <= 1) return new Grid(Averaged(read, height, width, 1, 1), rowTexts, columnTexts, note);
        return new Grid(
            Averaged(read, height, width, tall, wide), Thinned(rowTexts, tall), Thinned(columnTexts, wide),
            string.Create(CultureInfo.InvariantCulture, $"{(note is null ? "" : note + ", ")}each cell the average of {tall} × {wide}"))
        {
            RowStep = tall,
            ColumnStep = wide,
        };
    }

    private static double[,] Averaged(List<double[]> read, int height, int width, int tall, int wide)
    {
        var cells = new double[(height + tall - 1) / Math.Max(1, tall), (width + wide - 1) / Math.Max(1, wide)];
        for (var row = 0; row < cells.GetLength(0); row++)
        {
            for (var column = 0; column < cells.GetLength(1); column++)
            {
                var (sum, count) = (0.0, 0);
                foreach (var line in read.Skip(row * tall).Take(Math.Min(tall, height - (row * tall))))
                {
                    for (var i = column * wide; i < Math.Min(Math.Min((column + 1) * wide, width), line.Length); i++)
                    {
                        if (!SeriesValues.IsDrawable(line[i])) continue;
                        count++;
                        // A running average: a sum could overflow.
                        sum += (line[i] - sum) / count;
                    }
                }
                cells[row, column] = count == 0 ? double.NaN : sum;
            }
        }
        return cells;
    }

    private static string[]? Labels(IEnumerable<object>? labels, int count, string name)
    {
        if (labels is null) return null;
        var texts = SeriesValues.Of(labels, name).Labels();
        return texts.Length == count ? texts : throw new ArgumentException(
            string.Create(CultureInfo.InvariantCulture,
                $"There must be a label for each of the {count:N0} {name}, but there are {texts.Length:N0}."), name);
    }

    private static string[]? Thinned(string[]? labels, int step) => labels?.Where((_, i) => i % step == 0).ToArray();
}
