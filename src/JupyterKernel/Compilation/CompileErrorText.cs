using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;

namespace JupyterKernel.Compilation;

/// <summary>
/// Formats compile errors for the user: the message, the cell and line, and the source line with the faulty part underlined.
/// </summary>
internal static partial class CompileErrorText
{
    private const int Shown = 10;
    private const int MaxLineLength = 200;

    /// <summary>The property of a diagnostic that contains a suggestion.</summary>
    public const string Suggestion = "suggestion";

    /// <summary>Formats the errors as the lines of a traceback.</summary>
    public static IReadOnlyList<string> Traceback(IReadOnlyList<Diagnostic> errors)
    {
        var lines = new List<string>();
        var said = new HashSet<string>();
        var ordered = errors.OrderBy(error => error.Location.SourceSpan.Start).DistinctBy(error => (error.Id, error.Location))
            .GroupBy(error => (error.Id, Message(error))).Select(same => (First: same.First(), Count: same.Count())).ToList();
        foreach (var (error, count) in ordered.Take(Shown))
        {
            var span = error.Location.GetMappedLineSpan();
            lines.Add($"{Ansi.Red($"error {error.Id}")}: {Message(error)}");
            if (span.IsValid) lines.Add(SourcePlace.Of(span.Path, span.StartLinePosition.Line + 1));
            lines.AddRange(Underlined(error.Location, span.StartLinePosition.Line + 1));
            if (error.Properties.GetValueOrDefault(Suggestion) is { } suggestion && said.Add(suggestion)) lines.Add("    " + suggestion);
            if (count > 1) lines.Add($"    … and {count - 1} more {(count == 2 ? "occurrence" : "occurrences")}");
        }

        // Front ends convert it to a link, which must not end at the parenthesis.
        if (ordered is [{ First: { Descriptor.HelpLinkUri: { Length: > 0 } link } first }, ..])
            lines.Add(
                $"About {first.Id}: {link.Replace("(", "%28", StringComparison.Ordinal).Replace(")", "%29", StringComparison.Ordinal)}");
        if (ordered.Count > Shown) lines.Add($"… and {ordered.Count - Shown} more errors");
        return lines;
    }

    /// <summary>Formats the first error on one line.</summary>
    public static string Summary(IReadOnlyList<Diagnostic> errors)
    {
        var first = errors.MinBy(error => error.Location.SourceSpan.Start)!;
        var span = first.Location.GetMappedLineSpan();
        return span.IsValid
            ? $"({span.StartLinePosition.Line + 1},{span.StartLinePosition.Character + 1}): error {first.Id}: {Message(first)}"
            : $"error {first.Id}: {Message(first)}";
    }

    /// <summary>Formats a warning on one line.</summary>
    public static string Warning(Diagnostic warning)
    {
        var span = warning.Location.GetMappedLineSpan();
        return $"{(span.IsValid ? $"{SourcePlace.Text(span.Path, span.StartLinePosition.Line + 1)}: " : "")}warning {warning.Id}: "
            + $"{Message(warning)}";
    }

    /// <summary>
    /// Returns the compiler's message without generated names: the name of a cell's class is replaced by that of the cell, or removed.
    /// </summary>
    private static string Message(Diagnostic error)
    {
        var message = error.GetMessage(CultureInfo.InvariantCulture);
        if (!message.Contains(TopLevelTypes.SubmissionPrefix, StringComparison.Ordinal)) return message;
        return CellsClass()
            .Replace(message, match => match.Value[^1] == '.' ? "" : match.Value[0] == 'T' || match.Index == 0 ? "This cell" : "this cell");
    }

    [GeneratedRegex(@"(?:[Tt](?:he t)?ype )?'Submission_[0-9]+'|(?<!\w)Submission_[0-9]+\.")]
    private static partial Regex CellsClass();

    /// <param name="number">The line number.</param>
    private static IEnumerable<string> Underlined(Location location, int number)
    {
        if (location.SourceTree is not { } tree) yield break;
        var line = tree.GetText().Lines.GetLineFromPosition(location.SourceSpan.Start);
        var start = location.SourceSpan.Start - line.Start;
        var text = line.ToString();
        if (start > MaxLineLength) yield break;
        if (text.Length > MaxLineLength) text = text[..MaxLineLength] + "…";
        var length = Math.Clamp(location.SourceSpan.Length, 1, Math.Max(1, text.Length - start));

        // The padding contains the line's tabs, so that the underline is aligned for every tab width.
        var padding = string.Concat(text.Take(start).Select(c => c == '\t' ? '\t' : ' '));
        yield return SourcePlace.Line(number, text, isMeant: true);
        yield return SourcePlace.Margin + padding + Ansi.Red(new string('~', length));
    }
}
