using System.Globalization;
using System.Net;
using System.Text;
using JupyterKernel.Display.Formatting;

namespace JupyterKernel.Display.Progress;

/// <summary>Writes progress bars as a line of text, and as HTML without scripts and style sheets, for light and dark pages.</summary>
internal static class ProgressText
{
    private const int LabelLimit = 120;
    private const int LineLabelLimit = 40;
    private const int BarWidth = 18;

    // On a narrow page, the bar shrinks first, then the label, and the rate before the count.
    private const string LabelColumn = "fit-content(32%) ";
    private const string Columns = "minmax(3em,18em) minmax(3.2em,max-content) minmax(9em,max-content)";
    private const string Grid =
        "display:grid;gap:.3em .8em;align-items:center;padding:.2em 0;overflow:hidden;color:inherit;"
        + "font:13px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-variant-numeric:tabular-nums";

    private const string Track = "display:block;height:6px;border-radius:3px;background:rgba(128,128,128,.3);overflow:hidden";
    private const string Fill = "display:block;height:100%;border-radius:3px";

    /// <summary>Returns the bundle for the bars of a display.</summary>
    /// <param name="rows">The bars, the outermost first.</param>
    /// <param name="hidden">The number of bars that are not shown.</param>
    /// <param name="isFirst">
    /// Whether this is the first state. Clients without display updates, such as jupyter console, keep showing it, so its text must
    /// stay valid until the end.
    /// </param>
    internal static MimeBundle Bundle(IReadOnlyList<ProgressState> rows, int hidden, bool isFirst = false)
    {
        var hasLabels = rows.Any(row => row.Label.Length > 0);
        var html = new StringBuilder($"<div style=\"{Grid};grid-template-columns:{(hasLabels ? LabelColumn : "")}{Columns}\">");
        foreach (var row in rows) AppendHtml(html, row, hasLabels);
        if (hidden > 0)
            html.Append(CultureInfo.InvariantCulture, $"<span style=\"grid-column:1/-1;opacity:.7\">and {hidden:N0} more</span>");
        html.Append("</div>");
        var text = isFirst && rows[0].Phase == ProgressPhase.Running ? Announcement(rows[0]) : string.Join('\n', rows.Select(Line));
        return MimeBundle.Of("text/html", html.ToString(),
            hidden > 0 ? string.Create(CultureInfo.InvariantCulture, $"{text}\nand {hidden:N0} more") : text);
    }

    /// <summary>Returns a bar as a line of text.</summary>
    /// <example><c>Reading  42% ███████▌          | 42/100 [00:03&lt;00:04, 14.1/s]</c></example>
    internal static string Line(ProgressState row)
    {
        var line = new StringBuilder().Append(' ', 2 * row.Depth);
        if (row.Label.Length > 0) line.Append(CutText.Of(row.Label, LineLabelLimit)).Append(' ');
        if (HasBar(row)) line.Append(CultureInfo.InvariantCulture, $"{Percent(row),4} ").Append(Blocks(row.Fraction)).Append("| ");
        if (!row.IsFraction) line.Append(Count(row)).Append(' ');
        line.Append('[').Append(Clock(row.Elapsed));
        if (row.Left is { } left) line.Append('<').Append(Clock(left));
        if (Rate(row) is { } rate) line.Append(", ").Append(rate);
        line.Append(']');
        if (row.Phase == ProgressPhase.Stopped) line.Append(" stopped");
        return line.ToString();
    }

    /// <summary>Converts a label to one line and cuts it without splitting a character.</summary>
    internal static string Clean(string label)
    {
        var isClean = label.Length <= LabelLimit;
        foreach (var c in label) isClean &= !char.IsControl(c) && !char.IsSurrogate(c);
        if (isClean) return label;

        var text = new StringBuilder();
        foreach (var rune in label.EnumerateRunes())
        {
            if (text.Length >= LabelLimit) return text.Append('…').ToString();
            if (Rune.IsControl(rune)) text.Append(' ');
            else text.Append(rune);
        }
        return text.ToString();
    }

    private static void AppendHtml(StringBuilder html, ProgressState row, bool hasLabels)
    {
        var label = WebUtility.HtmlEncode(row.Label);
        var colour = row.Phase switch
        {
            ProgressPhase.Done => "#2aa36b",
            ProgressPhase.Stopped => "#d98324",
            _ => "#4285f4",
        };
        if (hasLabels)
            html.Append(CultureInfo.InvariantCulture,
                $"<span title=\"{label}\" style=\"overflow:hidden;text-overflow:ellipsis;white-space:nowrap;"
                + $"min-width:min(4.5em,{0.8 * row.Label.Length:0.#}ch);padding-left:{1.2 * row.Depth:0.#}em\">{label}</span>");
        if (HasBar(row))
        {
            var percent = 100 * row.Fraction;
            html.Append(CultureInfo.InvariantCulture,
                $"<span role=\"progressbar\" aria-valuemin=\"0\" aria-valuemax=\"100\" aria-valuenow=\"{Math.Floor(percent)}\" "
                + $"style=\"{Track}\"><span style=\"{Fill};width:{percent:0.0}%;background:{colour}\"></span></span>");
            html.Append(CultureInfo.InvariantCulture, $"<span style=\"text-align:right\">{Percent(row)}</span>");
        }
        else
        {
            // The total is unknown: stripes while it runs.
            var fill = row.Phase == ProgressPhase.Done ? colour : $"repeating-linear-gradient(-45deg,{colour} 0 5px,transparent 5px 10px)";
            html.Append(CultureInfo.InvariantCulture,
                $"<span role=\"progressbar\" style=\"{Track}\"><span style=\"{Fill};background:{fill}\"></span></span>");
        }

        var details = new List<string>(5);
        if (!row.IsFraction) details.Add(Count(row));
        details.Add(Clock(row.Elapsed));
        if (row.Left is { } left) details.Add($"{Clock(left)} left");
        if (Rate(row) is { } rate) details.Add(rate);
        if (row.Phase == ProgressPhase.Stopped) details.Add("stopped");
        html.Append(CultureInfo.InvariantCulture,
            $"<span style=\"{(HasBar(row) ? "" : "grid-column:span 2;")}opacity:.7;white-space:nowrap;"
            + $"overflow:hidden;text-overflow:ellipsis\">{string.Join(" · ", details)}</span>");
    }

    private static string Announcement(ProgressState row)
    {
        var label = row.Label.Length > 0 ? row.Label : "Progress";
        return HasBar(row) && !row.IsFraction ? $"{label} ({Number(row.Total)}) …" : $"{label} …";
    }

    private static bool HasBar(ProgressState row) => !double.IsNaN(row.Fraction);

    // Rounded down, so that 100% is shown only at the end.
    private static string Percent(ProgressState row) =>
        string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(Math.Clamp(100 * row.Fraction, 0, 100))}%");

    private static string Count(ProgressState row) =>
        double.IsNaN(row.Total) ? Number(row.Done) : $"{Number(row.Done)}/{Number(row.Total)}";

    private static string Number(double number) => number.ToString("#,0.##", CultureInfo.InvariantCulture);

    private static string Clock(TimeSpan time) => time switch
    {
        { TotalDays: >= 1 } => time.ToString(@"d\d\ hh\:mm\:ss", CultureInfo.InvariantCulture),
        { TotalHours: >= 1 } => time.ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture),
        _ => time.ToString(@"mm\:ss", CultureInfo.InvariantCulture),
    };

    private static string? Rate(ProgressState row)
    {
        if (row.IsFraction || !(row.PerSecond > 0) || !double.IsFinite(row.PerSecond)) return null;
        return row.PerSecond switch
        {
            >= 1e9 => $"{Figures(row.PerSecond / 1e9)}G/s",
            >= 1e6 => $"{Figures(row.PerSecond / 1e6)}M/s",
            >= 1e3 => $"{Figures(row.PerSecond / 1e3)}k/s",
            >= 1 => $"{Figures(row.PerSecond)}/s",
            _ => $"{Figures(1 / row.PerSecond)} s each",
        };
    }

    private static string Figures(double number) =>
        number.ToString(number < 10 ? "0.00" : number < 100 ? "0.0" : "#,0", CultureInfo.InvariantCulture);

    private static string Blocks(double fraction)
    {
        var eighths = (int)(Math.Clamp(fraction, 0, 1) * BarWidth * 8);
        var bar = new string('█', eighths / 8);
        if (eighths % 8 > 0) bar += (char)('█' + 8 - eighths % 8); // U+2588 is the whole block, U+258F an eighth
        return bar.PadRight(BarWidth);
    }
}
