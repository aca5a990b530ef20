using System.Globalization;
using System.Text;

namespace JupyterKernel.Display.Plots;

/// <summary>Draws the cells of a heatmap, their labels and the colour scale.</summary>
internal static class GridSvg
{
    private const int Shades = 64;
    private const int MaxTooltips = 2_500;

    /// <summary>A rectangle on the page.</summary>
    internal readonly record struct Area(double Left, double Top, double Right, double Bottom);

    internal static void Draw(SvgWriter svg, ChartSpec spec, Grid grid, Area area)
    {
        var scale = new Scale(spec, grid);
        var ticks = Axis.OfNumbers(scale.Low, scale.High, (area.Bottom - area.Top) / 50, isRound: false);
        var right = area.Right - ticks.Ticks.Select(tick => LabelText.Width(tick.Text, SvgWriter.SmallSize)).DefaultIfEmpty(0).Max() - 34;
        var rows = Labels(grid.Rows, grid.Values.GetLength(0), grid.RowStep);
        var columns = Labels(grid.Columns, grid.Values.GetLength(1), grid.ColumnStep);

        string[] rowTexts = [.. rows.Select(text => LabelText.Fitted(text, SvgWriter.SmallSize, Math.Min(140, spec.Width * 0.3)))];
        var left = area.Left + rowTexts.Max(text => LabelText.Width(text, SvgWriter.SmallSize)) + 8;
        var columnLabels = new PlaceLabels(columns, (right - left) / columns.Length, grid.Columns is null);
        left = Math.Min(Math.Max(left, area.Left + columnLabels.Overhang), spec.Width * 0.4);
        var width = (right - left) / columns.Length;
        columnLabels = new PlaceLabels(columns, width, grid.Columns is null);
        var bottom = Math.Max(area.Top + 20, area.Bottom - columnLabels.Height);
        var height = (bottom - area.Top) / rows.Length;

        DrawCells(svg, grid, scale, rows, columns, left, area.Top, width, height);
        columnLabels.Draw(svg, left, width, bottom);
        var step = height >= 13 ? 1 : (int)Axis.RoundStep(Math.Ceiling((grid.Rows is null ? 26 : 13) / height));
        for (var row = 0; row < rows.Length; row += step)
            svg.Text(left - 7, area.Top + ((row + 0.5) * height) + 4, rowTexts[row], SvgWriter.SmallSize, "end", more: " class=\"y\"");
        DrawScale(svg, scale, ticks, right + 18, area.Top, bottom);
    }

    private static void DrawCells(SvgWriter svg, Grid grid, Scale scale, string[] rows, string[] columns, double left, double top,
        double width, double height)
    {
        if (grid.Values.Length > MaxTooltips)
        {
            DrawManyCells(svg, grid, scale, left, top, width, height);
            return;
        }
        var gap = Math.Min(width, height) >= 12 ? 0.5 : 0;
        // Without gaps, the page would be visible between the antialiased edges of the cells.
        if (gap == 0) svg.Append($"""<g shape-rendering="crispEdges">""");
        var texts = grid.Values.Cast<double>().Where(double.IsFinite).Select(CellText).ToList();
        var hasTexts = height >= 18 && texts.TrueForAll(text => LabelText.Width(text, SvgWriter.SmallSize) + 6 <= width);
        for (var row = 0; row < rows.Length; row++)
        {
            for (var column = 0; column < columns.Length; column++)
            {
                var value = grid.Values[row, column];
                var (x, y) = (left + (column * width), top + (row * height));
                var color = scale.Color(value);
                svg.Rect(
                    "cell",
                    x + gap,
                    y + gap,
                    width - (2 * gap),
                    height - (2 * gap),
                    color is { } known ? Palette.Hex(known) : "currentColor",
                    color is null ? 0.12 : 1,
                    $"{LabelText.Cut(rows[row])}, {LabelText.Cut(columns[column])}: {NumberText.Of(value)}");
                if (!hasTexts || color is not { } behind) continue;
                var ink = Palette.Luminance(behind) > 0.2 ? "#111111" : "#ffffff";
                svg.Append($"""<text x="{x + (width / 2):0.##}" y="{y + (height / 2) + 4:0.##}" font-size="{SvgWriter.SmallSize}" """);
                svg.Append($"""text-anchor="middle" fill="{ink}" pointer-events="none">{CellText(value)}</text>""");
            }
        }
        if (gap == 0) svg.Append($"</g>");
    }

    // One path per shade reduces the size to a tenth.
    private static void DrawManyCells(SvgWriter svg, Grid grid, Scale scale, double left, double top, double width, double height)
    {
        var shades = new StringBuilder[Shades + 1];
        for (var row = 0; row < grid.Values.GetLength(0); row++)
        {
            var first = 0;
            for (var column = 1; column <= grid.Values.GetLength(1); column++)
            {
                // Adjacent cells of the same shade are merged.
                var shade = Shade(row, first);
                if (column < grid.Values.GetLength(1) && Shade(row, column) == shade) continue;
                var (x, right) = (left + (first * width), left + (column * width));
                var (y, bottom) = (top + (row * height), top + ((row + 1) * height));
                (shades[shade] ??= new()).Append(CultureInfo.InvariantCulture, $"M{x:0.#} {y:0.#}H{right:0.#}V{bottom:0.#}H{x:0.#}z");
                first = column;
            }
        }
        for (var shade = 0; shade <= Shades; shade++)
        {
            if (shades[shade] is null) continue;
            var color = shade == Shades ? "currentColor" : Palette.Hex(Palette.Between(scale.Colors, shade / (Shades - 1.0)));
            svg.Append($"""<path class="cells" shape-rendering="crispEdges" fill="{color}" """);
            svg.Append($"""fill-opacity="{(shade == Shades ? 0.12 : 1)}" d="{shades[shade].ToString()}"/>""");
        }

        int Shade(int row, int column) =>
            double.IsFinite(grid.Values[row, column]) ? (int)(scale.Place(grid.Values[row, column]) * (Shades - 1)) : Shades;
    }

    private static void DrawScale(SvgWriter svg, Scale scale, Axis ticks, double x, double top, double bottom)
    {
        (ticks.From, ticks.To) = (bottom, top);
        svg.Append($"""<g shape-rendering="crispEdges">""");
        var height = (bottom - top) / Shades;
        for (var shade = 0; shade < Shades; shade++)
            svg.Rect("shade", x, bottom - ((shade + 1) * height), 12, height + 0.5,
                Palette.Hex(Palette.Between(scale.Colors, shade / (Shades - 1.0))), 1, null);
        svg.Append($"</g>");
        foreach (var tick in ticks.Ticks)
            svg.Text(x + 17, ticks.At(tick.Value) + 4, tick.Text, SvgWriter.SmallSize, more: " class=\"scale\"");
    }

    private static string CellText(double value) =>
        (Math.Abs(value) is >= 1000 ? NumberText.Of(value)
            : value.ToString(Math.Abs(value) >= 100 ? "0" : "0.##", CultureInfo.InvariantCulture)).Replace('-', '−');

    private static string[] Labels(string[]? labels, int count, int step) =>
        labels ?? [.. Enumerable.Range(0, count).Select(i => (i * step).ToString(CultureInfo.InvariantCulture))];

    /// <summary>Maps values to colours. If there are values on both sides of 0, 0 is in the middle.</summary>
    internal sealed class Scale
    {
        internal Scale(ChartSpec spec, Grid grid)
        {
            var values = grid.Values.Cast<double>().Where(double.IsFinite).ToList();
            (Low, High) = spec.YRange ?? (values.Min(), values.Max());
            var isTwoSided = Low < 0 && High > 0;
            if (isTwoSided && spec.YRange is null) (Low, High) = (-Math.Max(-Low, High), Math.Max(-Low, High));
            if (!Axis.HasExtent(Low, High))
            {
                var axis = Axis.OfNumbers(Low, High, 2, isRound: false);
                (Low, High) = (axis.Low, axis.High);
            }
            Colors = spec.Colors ?? (isTwoSided ? Palette.TwoSided : Palette.Rising);
        }

        internal double Low { get; }
        internal double High { get; }
        internal IReadOnlyList<string> Colors { get; }

        /// <summary>Returns the position of a value on the scale, from 0 to 1.</summary>
        internal double Place(double value) => Math.Clamp((value - Low) / (High - Low), 0, 1);

        internal (int Red, int Green, int Blue)? Color(double value) =>
            double.IsFinite(value) ? Palette.Between(Colors, Place(value)) : null;
    }
}
