using System.Globalization;
using System.Text;

namespace JupyterKernel.Display.Plots;

/// <summary>
/// Writes the SVG elements of charts. Except for the series, everything has the text colour of the page, at different opacities.
/// </summary>
internal sealed class SvgWriter
{
    internal const double SmallSize = 11;
    internal const double LabelSize = 12;
    internal const double TitleSize = 15;
    private readonly StringBuilder svg = new();

    /// <param name="width">The width in CSS pixels.</param>
    /// <param name="height">The height in CSS pixels.</param>
    /// <param name="description">The text for screen readers.</param>
    /// <param name="isAlone">Whether the SVG is a separate file with its own background; otherwise it is part of a page.</param>
    internal SvgWriter(int width, int height, string description, bool isAlone)
    {
        Width = width;
        // Prevents JupyterLab from rendering text between dollar signs as formulas.
        var look = isAlone ? "color=\"#222222\"" : "class=\"mathjax_ignore tex2jax_ignore\" style=\"max-width:100%;height:auto\"";
        Append($"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" """);
        Append($"""role="img" aria-label="{LabelText.Escaped(description)}" {look} """);
        Append($"""font-family="system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif">""");
        if (isAlone) Append($"""<rect width="{width}" height="{height}" fill="#ffffff"/>""");
    }

    internal int Width { get; }

    internal string Finish() => svg.Append("</svg>").ToString();

    /// <summary>Appends text with numbers in the format of SVG.</summary>
    internal void Append(FormattableString text) => svg.AppendFormat(CultureInfo.InvariantCulture, text.Format, text.GetArguments());

    internal void Text(double x, double y, string text, double size, string anchor = "start", double opacity = 0.75, string more = "")
    {
        Append($"""<text x="{x:0.##}" y="{y:0.##}" font-size="{size}" text-anchor="{anchor}" fill="currentColor" """);
        Append($"""fill-opacity="{opacity}"{more}>{LabelText.Escaped(text)}</text>""");
    }

    internal void Line(string name, double x1, double y1, double x2, double y2, double opacity)
    {
        Append($"""<line class="{name}" x1="{x1:0.##}" y1="{y1:0.##}" x2="{x2:0.##}" y2="{y2:0.##}" """);
        Append($"""stroke="currentColor" stroke-opacity="{opacity}"/>""");
    }

    internal void Rect(string name, double x, double y, double width, double height, string color, double opacity, string? tooltip)
    {
        Append($"""<rect class="{name}" x="{x:0.##}" y="{y:0.##}" width="{width:0.##}" height="{height:0.##}" """);
        Append($"""fill="{LabelText.Escaped(color)}" """);
        if (opacity < 1) Append($"""fill-opacity="{opacity}" """);
        Close("rect", tooltip);
    }

    internal void Circle(string name, double x, double y, double radius, string color, double opacity, string? tooltip)
    {
        Append($"""<circle class="{name}" cx="{x:0.##}" cy="{y:0.##}" r="{radius:0.##}" fill="{LabelText.Escaped(color)}" """);
        if (opacity < 1) Append($"""fill-opacity="{opacity}" """);
        Close("circle", tooltip);
    }

    internal void Path(string name, string steps, string color, double width, double opacity, string? tooltip)
    {
        Append($"""<path class="{name}" d="{steps}" fill="none" stroke="{LabelText.Escaped(color)}" """);
        Append($"""stroke-width="{width:0.##}" stroke-opacity="{opacity}" stroke-linejoin="round" stroke-linecap="round" """);
        Close("path", tooltip);
    }

    private void Close(string element, string? tooltip)
    {
        if (tooltip is null) Append($"/>");
        else Append($"><title>{LabelText.Escaped(tooltip)}</title></{element}>");
    }
}
