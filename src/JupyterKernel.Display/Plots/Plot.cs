namespace JupyterKernel.Display;

/// <summary>
/// Small charts without a package. Every method makes a <see cref="Chart"/>, which can be given a title, ranges and further series.
/// Sequences may hold numbers of any type; for x also dates and text. They are enumerated at once, once, and at most 1,000,000 items far.
/// </summary>
/// <example><code>
/// Plot.Line(days, sales, "sales").Line(days, costs, "costs").Title("Two years").YLabel("€")
/// Plot.Bar(words.CountBy(w => w.Length))
/// </code></example>
public static class Plot
{
    private static readonly Chart Empty = new(new Plots.ChartSpec());

    /// <inheritdoc cref="Chart.Line{T}(IEnumerable{T}, string?)"/>
    public static Chart Line<T>(IEnumerable<T> ys, string? label = null) => Empty.Line(ys, label);

    /// <inheritdoc cref="Chart.Line{TX, TY}(IEnumerable{TX}, IEnumerable{TY}, string?)"/>
    public static Chart Line<TX, TY>(IEnumerable<TX> xs, IEnumerable<TY> ys, string? label = null) => Empty.Line(xs, ys, label);

    /// <inheritdoc cref="Chart.Bar{T}(IEnumerable{T}, string?)"/>
    public static Chart Bar<T>(IEnumerable<T> values, string? label = null) => Empty.Bar(values, label);

    /// <inheritdoc cref="Chart.Bar{TKey, TValue}(IEnumerable{KeyValuePair{TKey, TValue}}, string?)"/>
    public static Chart Bar<TKey, TValue>(IEnumerable<KeyValuePair<TKey, TValue>> values, string? label = null) => Empty.Bar(values, label);

    /// <inheritdoc cref="Chart.Bar{TX, TY}(IEnumerable{TX}, IEnumerable{TY}, string?)"/>
    public static Chart Bar<TX, TY>(IEnumerable<TX> labels, IEnumerable<TY> values, string? label = null) => Empty.Bar(labels, values, label);

    /// <inheritdoc cref="Chart.Scatter{TX, TY}(IEnumerable{TX}, IEnumerable{TY}, string?)"/>
    public static Chart Scatter<TX, TY>(IEnumerable<TX> xs, IEnumerable<TY> ys, string? label = null) => Empty.Scatter(xs, ys, label);

    /// <inheritdoc cref="Chart.Scatter{TX, TY, TSize}(IEnumerable{TX}, IEnumerable{TY}, IEnumerable{TSize}, string?)"/>
    public static Chart Scatter<TX, TY, TSize>(IEnumerable<TX> xs, IEnumerable<TY> ys, IEnumerable<TSize> size, string? label = null) =>
        Empty.Scatter(xs, ys, size, label);

    /// <inheritdoc cref="Chart.Histogram{T}(IEnumerable{T}, int?, string?)"/>
    public static Chart Histogram<T>(IEnumerable<T> values, int? bins = null, string? label = null) => Empty.Histogram(values, bins, label);

    /// <summary>A rectangle of coloured cells, the first row on top. Of more than 200 rows or columns, neighbours are averaged.</summary>
    /// <param name="values">Numbers; those that are not finite are left grey. At most 2,000 rows and columns are looked at.</param>
    /// <param name="rows">A label for each row, if there are any.</param>
    /// <param name="columns">A label for each column, if there are any.</param>
    /// <exception cref="ArgumentException">The values are no numbers, or there are more or fewer labels than rows or columns.</exception>
    /// <example><c>Plot.Heatmap(new[,] { { 1, 0.3 }, { 0.3, 1 } }, ["a", "b"], ["a", "b"])</c></example>
    public static Chart Heatmap<T>(T[,] values, IEnumerable<object>? rows = null, IEnumerable<object>? columns = null)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Heatmap(
            Enumerable.Range(0, values.GetLength(0)).Select(row => Enumerable.Range(0, values.GetLength(1)).Select(column => values[row, column])),
            rows, columns);
    }

    /// <summary>The same for rows that are sequences; short ones are filled up with grey.</summary>
    /// <inheritdoc cref="Heatmap{T}(T[,], IEnumerable{object}?, IEnumerable{object}?)"/>
    /// <example><c>Plot.Heatmap(new double[][] { [1, 2], [3, 4] })</c></example>
    public static Chart Heatmap<T>(IEnumerable<IEnumerable<T>> values, IEnumerable<object>? rows = null, IEnumerable<object>? columns = null)
    {
        ArgumentNullException.ThrowIfNull(values);
        return new Chart(new Plots.ChartSpec { Grid = Plots.Grid.Of(values, rows, columns) });
    }
}
