namespace JupyterKernel.Display.Plots;

/// <summary>Selects the points of a long line that affect the image.</summary>
internal static class Thinning
{
    private const int Few = 2_000;
    private const int MaxPoints = 20_000;

    /// <summary>
    /// Returns the indices of the selected points in order, with -1 for a gap. The axis is divided into columns; of consecutive points in
    /// the same column, only the first, lowest, highest and last are kept.
    /// </summary>
    internal static List<int> OfLine(Trace trace, Axis x, int columns)
    {
        var chosen = new List<int>();
        var isGap = false;
        var isDense = trace.Ys.Length > Few;
        // The points of the current column.
        var (column, first, lowest, highest, last) = (int.MinValue, -1, -1, -1, -1);
        for (var i = 0; i < trace.Ys.Length; i++)
        {
            if (double.IsNaN(trace.Xs[i]) || double.IsNaN(trace.Ys[i]))
            {
                isGap = true;
                continue;
            }
            var its = isDense ? (int)Math.Clamp((trace.Xs[i] - x.Low) / (x.High - x.Low) * columns, -1, columns) : i;
            if (its == column)
            {
                // A gap narrower than a column is not visible.
                isGap = false;
                last = i;
                if (trace.Ys[i] < trace.Ys[lowest]) lowest = i;
                if (trace.Ys[i] > trace.Ys[highest]) highest = i;
                continue;
            }
            Flush();
            if (isGap && chosen.Count > 0) chosen.Add(-1);
            isGap = false;
            (column, first, lowest, highest, last) = (its, i, i, i, i);
        }
        Flush();
        if (chosen.Count <= MaxPoints) return chosen;
        // A line that goes back and forth, so that it is still too long.
        var step = (chosen.Count / MaxPoints) + 1;
        return [.. chosen.Where((_, i) => i % step == 0)];

        void Flush()
        {
            if (first < 0) return;
            chosen.Add(first);
            if (Math.Min(lowest, highest) > first) chosen.Add(Math.Min(lowest, highest));
            if (Math.Max(lowest, highest) > Math.Max(first, Math.Min(lowest, highest))) chosen.Add(Math.Max(lowest, highest));
            if (last > Math.Max(lowest, highest)) chosen.Add(last);
        }
    }
}
