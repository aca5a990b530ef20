using Microsoft.CodeAnalysis.Text;

namespace JupyterKernel.Compilation;

/// <summary>An edit of a text: replaces <c>Length</c> characters from <c>Start</c>.</summary>
internal readonly record struct Edit(int Start, int Length, string Text);

/// <summary>
/// The text of a cell as it is compiled: the user's text with edits, and a mapping back to the user's text. Edits contain no line breaks,
/// so lines keep their numbers. Immutable; any thread.
/// </summary>
internal sealed class CellText
{
    private readonly CellText? before;
    private readonly Edit[] edits;

    private CellText(string text, CellText? before, Edit[] edits)
    {
        Text = text;
        this.before = before;
        this.edits = edits;
    }

    /// <summary>The compiled text.</summary>
    public string Text { get; }

    /// <summary>Whether this is the user's text.</summary>
    public bool IsOriginal => before is null;

    /// <summary>Wraps the user's text.</summary>
    public static CellText Of(string text) => new(text, null, []);

    /// <summary>Returns an edit that replaces a span with blanks; line breaks are kept, so the text after it does not move.</summary>
    public Edit Blank(TextSpan span) => new(span.Start, span.Length, string.Create(span.Length, (Text, span.Start), static (blank, part) =>
    {
        for (var i = 0; i < blank.Length; i++)
            blank[i] = part.Text[part.Start + i] is var c and ('\r' or '\n' or '\u0085' or '\u2028' or '\u2029') ? c : ' ';
    }));

    /// <summary>Returns this text with edits.</summary>
    /// <param name="changes">
    /// The edits, with positions in this text. They must not overlap; edits at the same position are applied in order.
    /// </param>
    public CellText With(IEnumerable<Edit> changes)
    {
        var ordered = changes.OrderBy(edit => edit.Start).ToArray();
        if (ordered.Length == 0) return this;
        var text = new System.Text.StringBuilder();
        var position = 0;
        foreach (var edit in ordered)
        {
            text.Append(Text, position, edit.Start - position).Append(edit.Text);
            position = edit.Start + edit.Length;
        }

        return new(text.Append(Text, position, Text.Length - position).ToString(), this, ordered);
    }

    /// <summary>Maps a span of this text to the user's text; inserted text is mapped to the position of its insertion.</summary>
    public TextSpan ToOriginal(TextSpan span)
    {
        if (before is null) return span;
        var start = Before(span.Start);
        return before.ToOriginal(TextSpan.FromBounds(start, Math.Max(start, Before(span.End))));
    }

    private int Before(int position)
    {
        var shift = 0;
        foreach (var edit in edits)
        {
            if (position < edit.Start + shift) break;
            if (position < edit.Start + shift + edit.Text.Length) return edit.Start + Math.Min(edit.Length, position - edit.Start - shift);
            shift += edit.Text.Length - edit.Length;
        }

        return Math.Clamp(position - shift, 0, before!.Text.Length);
    }
}
