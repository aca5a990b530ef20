namespace JupyterKernel.Display.Plots;

/// <summary>The labels below the places of an axis: horizontal if they fit, otherwise slanted; only some if there are too many.</summary>
internal sealed class PlaceLabels
{
    private const double Slant = 45 * Math.PI / 180;
    private const double MaxLabelWidth = 130;
    private readonly List<(int Index, string Text)> shown = [];
    private readonly bool isAslant;

    /// <param name="labels">The labels.</param>
    /// <param name="band">The width of a place.</param>
    /// <param name="areOrdered">Whether labels may be omitted, which is then preferred to slanting.</param>
    internal PlaceLabels(IReadOnlyList<string> labels, double band, bool areOrdered)
    {
        string[] texts = [.. labels.Select(label => LabelText.Fitted(label, SvgWriter.SmallSize, MaxLabelWidth))];
        var widest = texts.Select(Width).DefaultIfEmpty(0).Max();
        isAslant = widest + 6 > band && (!areOrdered || widest > 70);
        var least = (isAslant ? (SvgWriter.SmallSize + 1) / Math.Sin(Slant) : widest + 14) / band;
        var step = widest + 6 <= band || least <= 1 ? 1 : (int)Axis.RoundStep(Math.Ceiling(least));
        for (var i = 0; i < texts.Length; i += step) shown.Add((i, texts[i]));
        var tallest = shown.Select(label => Width(label.Text)).DefaultIfEmpty(0).Max() * Math.Sin(Slant);
        Height = isAslant ? tallest + 22 : 20;
        Overhang = isAslant
            ? shown.Select(label => (Width(label.Text) * Math.Cos(Slant)) - ((label.Index + 0.5) * band)).DefaultIfEmpty(0).Max()
            : 0;
    }

    /// <summary>The height of the labels below the axis.</summary>
    internal double Height { get; }

    /// <summary>How far the labels extend to the left of the axis.</summary>
    internal double Overhang { get; }

    internal void Draw(SvgWriter svg, double left, double band, double y)
    {
        foreach (var (index, text) in shown)
        {
            var x = left + ((index + 0.5) * band);
            if (!isAslant)
                svg.Text(Math.Min(x, svg.Width - 2 - (Width(text) / 2)), y + 17, text, SvgWriter.SmallSize, "middle", more: " class=\"x\"");
            else svg.Text(x + 4, y + 13, text, SvgWriter.SmallSize, "end",
                more: FormattableString.Invariant($" class=\"x\" transform=\"rotate(-45 {x + 4:0.##} {y + 13:0.##})\""));
        }
    }

    private static double Width(string text) => LabelText.Width(text, SvgWriter.SmallSize);
}
