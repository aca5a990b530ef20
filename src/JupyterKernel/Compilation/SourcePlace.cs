using System.Globalization;
using System.Text.RegularExpressions;

namespace JupyterKernel.Compilation;

/// <summary>
/// Formats source locations for tracebacks as <c>Cell In[3], line 2</c>, as in IPython, which VS Code converts to a link. VS Code drops
/// text after the line number, so there is none. Text before the cell must begin with a colour; otherwise it would become part of the
/// link's address. Any thread.
/// Source: https://github.com/microsoft/vscode/blob/main/extensions/notebook-renderers/src/stackTraceHelper.ts
/// </summary>
internal static partial class SourcePlace
{
    private const int NumberWidth = 7;

    /// <summary>Blanks of the width of a line number, for the lines below it.</summary>
    public static readonly string Margin = new(' ', NumberWidth + 1);

    /// <summary>Formats a location without colours.</summary>
    /// <param name="source">The name of the cell or file.</param>
    /// <param name="line">The line number, from 1.</param>
    public static string Text(string source, int line) => $"{Linked(source)}, line {line.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Formats a location for a traceback.</summary>
    /// <param name="source">The name of the cell or file.</param>
    /// <param name="line">The line number, from 1.</param>
    public static string Of(string source, int line) => $"{Ansi.Green(Linked(source))}, line {line.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Formats a stack frame: the method and the location in it.</summary>
    /// <param name="method">The name of the method; empty for the top-level code of a cell.</param>
    /// <param name="source">The name of the cell or file.</param>
    /// <param name="line">The line number, from 1.</param>
    public static string Frame(string method, string source, int line) =>
        $"{Ansi.Cyan(method.Length > 0 ? $"   at {method}" : "   at")} {(method.Length > 0 ? "in " : "")}{Of(source, line)}";

    /// <summary>Formats a source line below its location; VS Code converts its number to a link.</summary>
    /// <param name="number">The line number, from 1.</param>
    /// <param name="isMeant">Whether this is the line of the location; otherwise it is one of the lines around it.</param>
    public static string Line(int number, string text, bool isMeant)
    {
        var digits = number.ToString(CultureInfo.InvariantCulture);
        return isMeant
            ? $"{Ansi.Red(new string('-', Math.Max(0, NumberWidth - 2 - digits.Length)) + "> ")}{digits} {text}"
            : $"{digits.PadLeft(NumberWidth)} {text}";
    }

    /// <summary>Formats a line of the runtime's crash report; a stack frame of a cell is formatted like other frames.</summary>
    public static string Reported(string line) => Report().Match(line) is { Success: true } frame
        ? Frame(frame.Groups["method"].Value, frame.Groups["cell"].Value,
            int.Parse(frame.Groups["line"].Value, CultureInfo.InvariantCulture))
        : line;

    private static string Linked(string source) => Cell().Replace(source, "Cell In[$1]");

    [GeneratedRegex(@"\ACell \[(\d+)\]\z")]
    private static partial Regex Cell();

    [GeneratedRegex(@"\A\s+at (?<method>.*) in (?<cell>Cell \[\d+\]):line (?<line>\d+)\z")]
    private static partial Regex Report();
}
