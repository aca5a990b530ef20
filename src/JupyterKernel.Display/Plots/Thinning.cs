namespace JupyterKernel.Display.Plots;

/// <summary>Of a line with many points those that can be seen.</summary>
internal static class Thinning
{
    private const int Few = 2_000;
    private const int MaxPoints = 20_000;

    /// <summary>
    /// Indices of points in their order, and -1 where there is a gap. While a line stays within one of the columns that the axis is
    /// divided into, only its first, lowest, highest and last point count.
    /// </summary>
    internal static List<int> OfLine(Trace trace, Axis x, int columns)
    {
        var chosen = new List<int>();
        var isGap = false;
        var isDense = trace.Ys.Length > Few;
        // Of the column that the line is in.
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
                // A gap that is narrower than a column is not seen.
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
        // A line that goes to and fro.
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
