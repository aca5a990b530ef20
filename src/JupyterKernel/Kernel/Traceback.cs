using JupyterKernel.Compilation;
using JupyterKernel.Session;
using JupyterKernel.WorkerProtocol;

namespace JupyterKernel.Kernel;

/// <summary>A failed cell as the protocol's ename, evalue and traceback. The traceback is coloured as IPython's is.</summary>
internal sealed record Traceback(string Ename, string Evalue, IReadOnlyList<string> Lines)
{
    /// <summary>The error of an outcome; null if the outcome is none.</summary>
    /// <param name="outcome">How the cell ended.</param>
    /// <param name="sourceLine">The text of a line (from 1) of a cell by its name, or null.</param>
    public static Traceback? Of(CellOutcome outcome, Func<string, int, string?> sourceLine) => outcome switch
    {
        CellOutcome.DidNotCompile failed =>
            new("CompileError", CompileErrorText.Summary(failed.Errors), CompileErrorText.Traceback(failed.Errors)),
        CellOutcome.Threw threw =>
            new(threw.Exception.TypeName, threw.Exception.Message, [.. Describe(threw.Exception, sourceLine, "")]),
        CellOutcome.Interrupted interrupted => OneLine("Interrupted", interrupted.Why ?? "The cell was interrupted."),
        CellOutcome.WorkerLost lost =>
            new("WorkerLost", lost.Cause, [Ansi.Red("WorkerLost") + ": " + lost.Cause, .. Folded(lost.Details), .. Restored(lost.Restored)]),
        CellOutcome.Refused refused => OneLine(refused.Name, refused.Reason),
        _ => null,
    };

    private static IEnumerable<string> Describe(ExceptionReport exception, Func<string, int, string?> sourceLine, string prefix)
    {
        yield return prefix + Ansi.Red(exception.TypeName) + ": " + exception.Message;
        var known = exception.Frames.Where(frame => frame.Source is not null).ToList();
        foreach (var frame in known.Count > 0 ? known : exception.Frames.Take(5))
        {
            var method = frame.Method.Length > 0 ? Ansi.Cyan(frame.Method) + " in " : "";
            yield return frame.Source is null
                ? $"   at {Ansi.Cyan(frame.Method)}"
                : $"   at {method}{Ansi.Green($"{frame.Source}, line {frame.Line}")}";
            if (frame.Source is not null && sourceLine(frame.Source, frame.Line)?.Trim() is { Length: > 0 } line) yield return "      " + line;
        }

        foreach (var inner in exception.Inner)
        {
            foreach (var line in Describe(inner, sourceLine, " ---> ")) yield return line;
        }
    }

    private static Traceback OneLine(string name, string text) => new(name, text, [Ansi.Red(name) + ": " + text]);

    private static IEnumerable<string> Restored(int cells) => cells switch
    {
        0 => [],
        1 => ["The cell before it is executed again in a fresh worker, so its variables are there."],
        _ => [$"The {cells} cells before it are executed again in a fresh worker, so their variables are there."],
    };

    /// <summary>The runtime's own report, without the middle of a very long one.</summary>
    private static IEnumerable<string> Folded(IReadOnlyList<string> lines)
    {
        const int Head = 30;
        const int Tail = 10;
        if (lines.Count <= Head + Tail) return lines;
        return [.. lines.Take(Head), $"   … {lines.Count - Head - Tail} more lines …", .. lines.TakeLast(Tail)];
    }
}
