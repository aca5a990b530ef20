using System.Text.RegularExpressions;
using JupyterKernel.Compilation;
using JupyterKernel.Session;
using JupyterKernel.Link;

namespace JupyterKernel.Execution;

/// <summary>The protocol's ename, evalue and traceback for a failed cell; the traceback is coloured as in IPython.</summary>
internal sealed partial record Traceback(string Ename, string Evalue, IReadOnlyList<string> Lines)
{
    /// <summary>Creates the error of an outcome; null if the outcome is not an error.</summary>
    /// <param name="outcome">The outcome of the cell.</param>
    /// <param name="sourceLine">Returns the text of a line (from 1) of the cell with a given name; null if unknown.</param>
    public static Traceback? Of(CellOutcome outcome, Func<string, int, string?> sourceLine) => outcome switch
    {
        CellOutcome.DidNotCompile failed =>
            new("CompileError", CompileErrorText.Summary(failed.Errors), CompileErrorText.Traceback(failed.Errors)),
        CellOutcome.Threw threw =>
            new(threw.Exception.TypeName, threw.Exception.Message, [.. Describe(threw.Exception, sourceLine, "")]),
        CellOutcome.Interrupted interrupted => OneLine("Interrupted", interrupted.Why ?? "The cell was interrupted."),
        CellOutcome.WorkerLost lost =>
            new("WorkerLost", lost.Cause,
                [Ansi.Red("WorkerLost") + ": " + lost.Cause, .. Folded(lost.Details), .. Restored(lost.Restored)]),
        CellOutcome.Refused { Place: { } place } refused => new(
            refused.Name,
            $"{SourcePlace.Text(place.Source, place.Line)}: {refused.Reason}",
            [Ansi.Red(refused.Name) + ": " + refused.Reason, SourcePlace.Of(place.Source, place.Line)]),
        CellOutcome.Refused refused => OneLine(refused.Name, refused.Reason),
        _ => null,
    };

    private static IEnumerable<string> Describe(ExceptionReport exception, Func<string, int, string?> sourceLine, string prefix)
    {
        yield return prefix + Ansi.Red(exception.TypeName) + ": " + exception.Message;
        var known = exception.Frames.Where(frame => frame.Source is not null).ToList();
        var isFirst = true;
        foreach (var frame in known.Count > 0 ? known : exception.Frames.Where(frame => frame.Method.Length > 0).Take(5))
        {
            yield return frame.Source is null ? $"   at {Ansi.Cyan(frame.Method)}"
                : SourcePlace.Frame(frame.Method, frame.Source, frame.Line);
            foreach (var line in Source(frame, isFirst ? 1 : 0, sourceLine)) yield return line;
            if (frame.Times > 1) yield return $"      … {frame.Times} times in a row";
            isFirst = false;
        }

        if (prefix.Length == 0 && known.Count > 0 && known.Count < exception.Frames.Count)
        {
            yield return "   (#!trace shows the calls in between)";
        }

        foreach (var inner in exception.Inner)
        {
            foreach (var line in Describe(inner, sourceLine, " ---> ")) yield return line;
        }
    }

    /// <summary>Returns the source line of a frame with the lines around it.</summary>
    private static IEnumerable<string> Source(FrameReport frame, int around, Func<string, int, string?> sourceLine)
    {
        if (frame.Source is null || string.IsNullOrWhiteSpace(sourceLine(frame.Source, frame.Line))) yield break;
        for (var number = frame.Line - around; number <= frame.Line + around; number++)
        {
            if (sourceLine(frame.Source, number)?.TrimEnd() is { Length: > 0 } text)
            {
                yield return SourcePlace.Line(number, text, isMeant: number == frame.Line);
            }
        }
    }

    private static Traceback OneLine(string name, string text) => new(name, text, [Ansi.Red(name) + ": " + text]);

    private static IEnumerable<string> Restored(int cells) => cells switch
    {
        0 => [],
        1 => ["One accepted cell is being replayed in a fresh worker to restore its variables. #!undo removes it."],
        _ =>
        [
            $"The {cells} accepted cells are being replayed in a fresh worker to restore their variables. #!undo removes the last of them.",
        ],
    };

    /// <summary>Shortens a very long crash report of the runtime: leaves out the middle.</summary>
    private static IEnumerable<string> Folded(IReadOnlyList<string> lines)
    {
        const int Head = 30;
        const int Tail = 10;
        lines =
            [.. lines.Select(line =>
                SourcePlace.Reported(Submissions().Replace(line, "")
                    .Replace("<<Initialize>>d__0.MoveNext()", "the cell's top-level code", StringComparison.Ordinal)))];
        if (lines.Count <= Head + Tail) return lines;
        return [.. lines.Take(Head), $"   … {lines.Count - Head - Tail} more lines …", .. lines.TakeLast(Tail)];
    }

    [GeneratedRegex(@"\bSubmission_\d+[.+]")]
    private static partial Regex Submissions();
}
