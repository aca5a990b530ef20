using Microsoft.CodeAnalysis.Text;

namespace JupyterKernel.Compilation;

/// <summary>An edit of a text: <c>Length</c> characters from <c>Start</c> are replaced.</summary>
internal readonly record struct Edit(int Start, int Length, string Text);

/// <summary>
/// A cell's text as it is compiled: the edits made to the text as it was written, and the mapping back to it. Edits contain no line breaks,
/// so a line keeps its number. Immutable; any thread.
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

    /// <summary>Whether the text is unchanged.</summary>
    public bool IsOriginal => before is null;

    /// <summary>Wraps a text as it was written.</summary>
    public static CellText Of(string text) => new(text, null, []);

    /// <summary>Blanks a part out without moving the text after it; line breaks stay.</summary>
    public Edit Blank(TextSpan span) => new(span.Start, span.Length, string.Create(span.Length, (Text, span.Start), static (blank, part) =>
    {
        for (var i = 0; i < blank.Length; i++)
            blank[i] = part.Text[part.Start + i] is var c and ('\r' or '\n' or '\u0085' or '\u2028' or '\u2029') ? c : ' ';
    }));

    /// <summary>Returns this text with changes.</summary>
    /// <param name="changes">The changes, in this text's positions; those at one place are applied in order. They must not overlap.</param>
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

    /// <summary>Maps a span of the compiled text to the text as it was written; inserted text maps to the place of its insertion.</summary>
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
