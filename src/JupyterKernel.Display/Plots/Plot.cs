namespace JupyterKernel.Display;

/// <summary>
/// Creates small charts without a package. Every method returns a <see cref="Chart"/>, to which a title, ranges and further
/// series can be added. Sequences may contain numbers of any type; x values may also be dates or text. At most 1,000,000 items
/// are read, once and immediately.
/// </summary>
/// <example><code>
/// Plot.Line(days, sales, "sales").Line(days, costs, "costs").Title("Two years").YLabel("€")
/// Plot.Bar(words.CountBy(w => w.Length))
/// </code></example>
public static class Plot
{
    private static readonly Chart Empty = new(new Plots.ChartSpec());

    /// <summary>
    /// Whether charts that are displayed from now on also have a PDF, which nbconvert puts into LaTeX and PDF documents; for the SVG alone
    /// it needs Inkscape. Each chart takes some kilobytes more in the notebook.
    /// </summary>
    /// <example><c>Plot.IsPrintable = true;</c></example>
    public static bool IsPrintable { get; set; }

    /// <inheritdoc cref="Chart.Line{T}(IEnumerable{T}, string?)"/>
    public static Chart Line<T>(IEnumerable<T> ys, string? label = null) => Empty.Line(ys, label);

    /// <inheritdoc cref="Chart.Line{TX, TY}(IEnumerable{TX}, IEnumerable{TY}, string?)"/>
    public static Chart Line<TX, TY>(IEnumerable<TX> xs, IEnumerable<TY> ys, string? label = null) => Empty.Line(xs, ys, label);

    /// <inheritdoc cref="Chart.Bar{T}(IEnumerable{T}, string?)"/>
    public static Chart Bar<T>(IEnumerable<T> values, string? label = null) => Empty.Bar(values, label);

    /// <inheritdoc cref="Chart.Bar{TKey, TValue}(IEnumerable{KeyValuePair{TKey, TValue}}, string?)"/>
    public static Chart Bar<TKey, TValue>(IEnumerable<KeyValuePair<TKey, TValue>> values, string? label = null) => Empty.Bar(values, label);

    /// <inheritdoc cref="Chart.Bar{TX, TY}(IEnumerable{TX}, IEnumerable{TY}, string?)"/>
    public static Chart Bar<TX, TY>(IEnumerable<TX> labels, IEnumerable<TY> values, string? label = null) =>
        Empty.Bar(labels, values, label);

    /// <inheritdoc cref="Chart.Scatter{TX, TY}(IEnumerable{TX}, IEnumerable{TY}, string?)"/>
    public static Chart Scatter<TX, TY>(IEnumerable<TX> xs, IEnumerable<TY> ys, string? label = null) => Empty.Scatter(xs, ys, label);

    /// <inheritdoc cref="Chart.Scatter{TX, TY, TSize}(IEnumerable{TX}, IEnumerable{TY}, IEnumerable{TSize}, string?)"/>
    public static Chart Scatter<TX, TY, TSize>(IEnumerable<TX> xs, IEnumerable<TY> ys, IEnumerable<TSize> size, string? label = null) =>
        Empty.Scatter(xs, ys, size, label);

    /// <inheritdoc cref="Chart.Histogram{T}(IEnumerable{T}, int?, string?)"/>
    public static Chart Histogram<T>(IEnumerable<T> values, int? bins = null, string? label = null) => Empty.Histogram(values, bins, label);

    /// <summary>
    /// A heatmap: a grid of coloured cells, with the first row on top. If there are more than 200 rows or columns,
    /// adjacent ones are averaged.
    /// </summary>
    /// <param name="values">Numbers; cells with numbers that are not finite are grey. At most 2,000 rows and columns are read.</param>
    /// <param name="rows">A label for each row; null for none.</param>
    /// <param name="columns">A label for each column; null for none.</param>
    /// <exception cref="ArgumentException">The values are not numbers, or the number of labels is not that of rows or columns.</exception>
    /// <example><c>Plot.Heatmap(new[,] { { 1, 0.3 }, { 0.3, 1 } }, ["a", "b"], ["a", "b"])</c></example>
    public static Chart Heatmap<T>(T[,] values, IEnumerable<object>? rows = null, IEnumerable<object>? columns = null)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Heatmap(
            Enumerable.Range(0, values.GetLength(0)).Select(
                row => Enumerable.Range(0, values.GetLength(1)).Select(column => values[row, column])),
            rows, columns);
    }

    /// <summary>A heatmap of rows that are sequences; short rows are filled up with grey cells.</summary>
    /// <inheritdoc cref="Heatmap{T}(T[,], IEnumerable{object}?, IEnumerable{object}?)"/>
    /// <example><c>Plot.Heatmap(new double[][] { [1, 2], [3, 4] })</c></example>
    public static Chart Heatmap<T>(IEnumerable<IEnumerable<T>> values, IEnumerable<object>? rows = null,
        IEnumerable<object>? columns = null)
    {
        ArgumentNullException.ThrowIfNull(values);
        return new Chart(new Plots.ChartSpec { Grid = Plots.Grid.Of(values, rows, columns) });
    }
}
