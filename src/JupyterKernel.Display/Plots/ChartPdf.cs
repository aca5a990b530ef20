using System.Drawing;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Xml.Linq;

namespace JupyterKernel.Display.Plots;

/// <summary>
/// Converts the SVG of a chart to a PDF of one page, for documents (LaTeX has no SVG). It knows the elements and steps that
/// <see cref="SvgWriter"/> and the drawing classes write, and the font Helvetica, which every PDF reader has: letters beyond Western
/// European ones become question marks.
/// Source: https://opensource.adobe.com/dc-acrobat-sdk-docs/pdfstandards/PDF32000_2008.pdf
/// </summary>
internal sealed class ChartPdf
{
    private const int FirstWidth = ' ';

    /// <summary>The points of a CSS pixel.</summary>
    private const double Points = 0.75;

    /// <summary>The widths of the letters of Helvetica from the space on, in thousandths of the font size.</summary>
    private static readonly int[] Widths =
    [
        278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556,
        556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667,
        778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222,
        222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
    ];

    /// <summary>The letters of WinAnsiEncoding that differ from Latin-1, and those that stand in for others.</summary>
    private static readonly Dictionary<char, byte> WinAnsi = new()
    {
        ['€'] = 0x80, ['…'] = 0x85, ['‘'] = 0x91, ['’'] = 0x92, ['“'] = 0x93, ['”'] = 0x94, ['•'] = 0x95, ['–'] = 0x96, ['−'] = 0x96,
        ['—'] = 0x97, ['™'] = 0x99,
    };

    private readonly StringBuilder page = new();
    private readonly Dictionary<double, string> opacities = [];

    /// <summary>Converts an SVG.</summary>
    public static byte[] Of(string svg)
    {
        var root = XElement.Parse(svg);
        var pdf = new ChartPdf();
        var (width, height) = (Number(root, "width"), Number(root, "height"));

        // SVG counts downwards.
        pdf.Append($"{Points} 0 0 {-Points} 0 {height * Points} cm 1 j 1 J ");
        foreach (var element in root.Elements()) pdf.Draw(element);
        return pdf.Finish(width, height);
    }

    private void Append(FormattableString text) => page.Append(Invariant(text));

    // PDF has no exponents.
    private static string Invariant(FormattableString text) =>
        string.Format(CultureInfo.InvariantCulture, text.Format, [.. text.GetArguments().Select(Plain)]);

    private static object? Plain(object? argument) =>
        argument is double number ? number.ToString("0.###", CultureInfo.InvariantCulture) : argument;

    private void Draw(XElement element)
    {
        Append($"q ");
        switch (element.Name.LocalName)
        {
            case "svg":
                Append($"{Number(element, "x")} {Number(element, "y")} {Number(element, "width")} {Number(element, "height")} re W n ");
                foreach (var child in element.Elements()) Draw(child);
                break;
            case "g":
                foreach (var child in element.Elements()) Draw(child);
                break;
            case "rect":
                Paint(element, $"{Number(element, "x")} {Number(element, "y")} {Number(element, "width")} {Number(element, "height")} re");
                break;
            case "circle":
                Paint(element, Circle(Number(element, "cx"), Number(element, "cy"), Number(element, "r")));
                break;
            case "line":
                Paint(element, $"{Number(element, "x1")} {Number(element, "y1")} m {Number(element, "x2")} {Number(element, "y2")} l");
                break;
            case "path":
                Paint(element, $"{Steps((string)element.Attribute("d")!)}");
                break;
            case "text":
                Text(element);
                break;
        }

        Append($"Q\n");
    }

    private void Paint(XElement element, FormattableString path)
    {
        if ((string?)element.Attribute("stroke") is { } stroke)
        {
            State(stroke, Number(element, "stroke-opacity", 1), "RG");
            Append($"{Number(element, "stroke-width", 1)} w ");
            Append(path);
            Append($" S ");
        }
        else
        {
            State((string?)element.Attribute("fill") ?? "currentColor", Number(element, "fill-opacity", 1), "rg");
            Append(path);
            Append($" f ");
        }
    }

    private void State(string color, double opacity, string operation)
    {
        var (red, green, blue) = ColorOf(color);
        Append($"{red / 255.0} {green / 255.0} {blue / 255.0} {operation} ");
        if (opacity >= 1) return;
        if (!opacities.TryGetValue(opacity, out var name)) opacities.Add(opacity, name = $"G{opacities.Count}");
        Append($"/{name} gs ");
    }

    private static (int Red, int Green, int Blue) ColorOf(string text)
    {
        if (text == "currentColor") return (0x22, 0x22, 0x22);
        try
        {
            var color = ColorTranslator.FromHtml(text);
            return (color.R, color.G, color.B);
        }
        catch (Exception unknown) when (unknown is ArgumentException or FormatException)
        {
            // A browser draws a colour that it does not know in black too.
            return (0, 0, 0);
        }
    }

    private static FormattableString Circle(double x, double y, double radius)
    {
        var (left, right, top, bottom, bend) = (x - radius, x + radius, y - radius, y + radius, radius * 0.5523);
        return $"""
            {right} {y} m {right} {y + bend} {x + bend} {bottom} {x} {bottom} c {x - bend} {bottom} {left} {y + bend} {left} {y} c
            {left} {y - bend} {x - bend} {top} {x} {top} c {x + bend} {top} {right} {y - bend} {right} {y} c
            """;
    }

    private static string Steps(string steps)
    {
        var path = new StringBuilder();
        var (x, y) = (0.0, 0.0);
        for (var i = 0; i < steps.Length;)
        {
            var step = steps[i++];
            if (step == 'z')
            {
                path.Append("h ");
                continue;
            }

            var first = Next();
            (x, y) = step switch
            {
                'H' => (first, y),
                'h' => (x + first, y),
                'V' => (x, first),
                _ => (first, Next()),
            };
            path.Append(Invariant($"{x} {y} {(step == 'M' ? "m" : "l")} "));

            double Next()
            {
                while (steps[i] == ' ') i++;
                var from = i;
                while (i < steps.Length && (char.IsAsciiDigit(steps[i]) || steps[i] is '.' or '-')) i++;
                return double.Parse(steps.AsSpan(from, i - from), CultureInfo.InvariantCulture);
            }
        }

        return path.ToString();
    }

    private void Text(XElement element)
    {
        var (x, y, size) = (Number(element, "x"), Number(element, "y"), Number(element, "font-size"));
        var letters = ((string)element).Select(Letter).ToArray();
        var width = letters.Sum(letter => letter - FirstWidth < Widths.Length ? Widths[letter - FirstWidth] : 556) * size / 1000;
        var shift = (string?)element.Attribute("text-anchor") switch { "middle" => width / 2, "end" => width, _ => 0 };
        State((string)element.Attribute("fill")!, Number(element, "fill-opacity", 1), "rg");

        // The only transformation is a turn by -45 degrees around the text's point.
        var turn = element.Attribute("transform") is null ? 0 : -Math.PI / 4;
        var (cos, sin) = (Math.Cos(turn), Math.Sin(turn));
        Append($"{cos} {sin} {-sin} {cos} {x} {y} cm ");
        var bold = (string?)element.Attribute("font-weight") is null ? "F" : "B";
        Append($"BT /{bold} {size} Tf 1 0 0 -1 {-shift} 0 Tm <{Convert.ToHexString(letters)}> Tj ET ");
    }

    private static byte Letter(char letter) =>
        WinAnsi.TryGetValue(letter, out var known) ? known
        : letter is (>= ' ' and <= '~') or (>= '\u00A0' and <= '\u00FF') ? (byte)letter : (byte)'?';

    private static double Number(XElement element, string name, double otherwise = 0) =>
        element.Attribute(name) is { } attribute ? double.Parse(attribute.Value, CultureInfo.InvariantCulture) : otherwise;

    private byte[] Finish(double width, double height)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZLibStream(stream, CompressionLevel.Optimal, leaveOpen: true))
        {
            zip.Write(Encoding.ASCII.GetBytes(page.ToString()));
        }

        var states = string.Join(' ', opacities.Select(state => Invariant($"/{state.Value} << /ca {state.Key} /CA {state.Key} >>")));
        byte[][] objects =
        [
            Bytes($"<< /Type /Catalog /Pages 2 0 R >>"),
            Bytes($"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"),
            Bytes($"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width * Points} {height * Points}] /Contents 4 0 R /Resources 5 0 R >>"),
            [.. Bytes($"<< /Length {stream.Length} /Filter /FlateDecode >>\nstream\n"), .. stream.ToArray(), .. Bytes($"\nendstream")],
            Bytes($"<< /Font << /F {Font("")} /B {Font("-Bold")} >> /ExtGState << {states} >> >>"),
        ];
        using var file = new MemoryStream();
        file.Write(Bytes($"%PDF-1.6\n"));
        var places = new List<long>();
        foreach (var (number, content) in objects.Index())
        {
            places.Add(file.Length);
            file.Write([.. Bytes($"{number + 1} 0 obj\n"), .. content, .. Bytes($"\nendobj\n")]);
        }

        var table = file.Length;
        file.Write(Bytes($"xref\n0 {objects.Length + 1}\n0000000000 65535 f \n"));
        foreach (var place in places) file.Write(Bytes($"{place:0000000000} 00000 n \n"));
        file.Write(Bytes($"trailer\n<< /Size {objects.Length + 1} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"));
        return file.ToArray();

        static string Font(string kind) => $"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica{kind} /Encoding /WinAnsiEncoding >>";

        static byte[] Bytes(FormattableString text) => Encoding.ASCII.GetBytes(Invariant(text));
    }
}
