using Microsoft.CodeAnalysis.Text;

namespace JupyterKernel.Compilation;

/// <summary>One change of a text: so many characters from there on are replaced.</summary>
internal readonly record struct Edit(int Start, int Length, string Text);

/// <summary>
/// A cell's text as it is compiled, where it is not compiled as it was written: what was changed, and where each place was
/// before. Edits contain no line breaks, so a line keeps its number. Immutable; any thread.
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

    /// <summary>What is compiled.</summary>
    public string Text { get; }

    /// <summary>Whether it is what was written.</summary>
    public bool IsOriginal => before is null;

    /// <summary>A text as it was written.</summary>
    public static CellText Of(string text) => new(text, null, []);

    /// <summary>Blanks a part out, so that nothing behind it moves; line breaks stay.</summary>
    public Edit Blank(TextSpan span) => new(span.Start, span.Length, string.Create(span.Length, (Text, span.Start), static (blank, part) =>
    {
        for (var i = 0; i < blank.Length; i++) blank[i] = part.Text[part.Start + i] is var c and ('\r' or '\n' or '\u0085' or '\u2028' or '\u2029') ? c : ' ';
    }));

    /// <summary>This text with changes.</summary>
    /// <param name="changes">In this text's positions; those at one place are made in their order. They must not overlap.</param>
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

    /// <summary>Where a part of the compiled text was in what was written; inserted text is at the place where it was inserted.</summary>
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
