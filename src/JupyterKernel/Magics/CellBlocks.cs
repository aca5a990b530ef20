using System.Text;
using JupyterKernel.Compilation;
using JupyterKernel.NotebookFiles;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Magics;

/// <summary>A part of a cell: a magic with its text, or C#. Lines keep their numbers in the cell.</summary>
/// <param name="Line">The number of the block's first line, from 1.</param>
/// <param name="Magic">The magic's name; null for text in the cell's language.</param>
/// <param name="Arguments">The text after the name of the magic.</param>
/// <param name="Text">The C#, or the text of the magic.</param>
internal sealed record CellBlock(int Line, string? Magic, string Arguments, string Text)
{
    /// <summary>The language of the surrounding text, for a magic that does not begin a language.</summary>
    public CellLanguage Language { get; init; } = CellLanguage.CSharp;
}

/// <summary>
/// Splits a cell at its magics. A magic is at the beginning of a line. In C# it must not be within a string, a comment or code excluded by
/// <c>#if</c>; in other text, a magic of that name must exist. Pure; any thread.
/// Source: https://github.com/dotnet/interactive/blob/main/docs/magic-commands.md
/// </summary>
internal static class CellBlocks
{
    private const string Mark = "#!";

    /// <summary>Whether the text of a cell shows that it may contain magics.</summary>
    public static bool MayHave(string code) => code.Contains(Mark, StringComparison.Ordinal);

    /// <summary>Splits a cell into its blocks, in order and without empty ones.</summary>
    /// <param name="find">Finds a magic by name; null if there is none.</param>
    /// <param name="language">The language of the cell, up to a magic that changes the language.</param>
    public static IReadOnlyList<CellBlock> Of(string code, Func<string, MagicDefinition?> find, CellLanguage language)
    {
        var blocks = new List<CellBlock>();

        // The magic whose text the lines are; null if they are C#.
        var current = language == CellLanguage.CSharp ? null : Mark + language.Name;
        var isOpen = false;
        var at = 0;
        while (true)
        {
            var next = current is null ? NextInCSharp(code, at) : NextInText(code, at, find);
            var text = code[at..next];
            if (text.AsSpan().Trim().Length > 0)
            {
                // Text that does not follow its magic: the cell's metadata names the language, or another magic comes between.
                if (current is null) blocks.Add(new(LineAt(code, at), null, "", LineBreaks(code.AsSpan(0, at)) + text));
                else if (isOpen) blocks[^1] = blocks[^1] with { Text = Trimmed(text) };
                else blocks.Add(new(LineAt(code, at), current, "", Trimmed(text)));
            }

            if (next == code.Length) return blocks;
            var end = code.AsSpan(next).IndexOfAny('\r', '\n') is var length and >= 0 ? next + length : code.Length;
            var line = code[next..end];
            var name = line.Split((char[]?)null, 2)[0];
            at = end + (code.AsSpan(end) switch { ['\r', '\n', ..] => 2, [_, ..] => 1, _ => 0 });

            // The shebang line of a script.
            if (name.StartsWith("#!/", StringComparison.Ordinal)) continue;
            blocks.Add(new(LineAt(code, next), name, line[name.Length..], "")
            {
                Language = (current is null ? null : CellLanguage.Find(current[Mark.Length..])) ?? CellLanguage.CSharp,
            });
            isOpen = find(name) is { TakesText: true };
            if (find(name) is { } magic && (magic.TakesText || magic.BeginsCSharp)) current = magic.BeginsCSharp ? null : name;
        }
    }

    /// <summary>Replaces everything except C# with blanks, so that positions do not change.</summary>
    public static string OnlyCSharp(string code, Func<string, MagicDefinition?> find)
    {
        var text = new StringBuilder(code.Length);
        var current = true;
        for (var at = 0; ;)
        {
            var next = current ? NextInCSharp(code, at) : NextInText(code, at, find);
            Append(code.AsSpan(at, next - at), current);
            if (next == code.Length) return text.ToString();
            var end = code.AsSpan(next).IndexOfAny('\r', '\n') is var length and >= 0 ? next + length : code.Length;
            if (find(code[next..end].Split((char[]?)null, 2)[0]) is { } magic && (magic.TakesText || magic.BeginsCSharp))
            {
                current = magic.BeginsCSharp;
            }
            Append(code.AsSpan(next, end - next), false);
            at = end;
        }

        void Append(ReadOnlySpan<char> part, bool asItIs)
        {
            foreach (var c in part) text.Append(asItIs || IsLineBreak(c) ? c : ' ');
        }
    }

    private static int NextInCSharp(string code, int start)
    {
        if (code.IndexOf(Mark, start, StringComparison.Ordinal) < 0) return code.Length;
        var text = code[start..];

        // Tokens are read one by one up to the next magic, because the text after it may not be C#. Code that is nested too deeply for the
        // lexer is treated as if it contained no magic.
        if (Nesting.IsTooDeep(text)) return code.Length;
        foreach (var token in SyntaxFactory.ParseTokens(text, options: CellCompiler.ParseOptions))
        {
            foreach (var trivia in token.LeadingTrivia)
            {
                if (trivia.IsDirective && text.AsSpan(trivia.SpanStart).StartsWith(Mark)
                    && trivia.GetStructure() is DirectiveTriviaSyntax { IsActive: true })
                {
                    return start + trivia.SpanStart;
                }
            }
        }

        return code.Length;
    }

    private static int NextInText(string code, int start, Func<string, MagicDefinition?> find)
    {
        for (var line = start; line < code.Length; line = End(line) + 1)
        {
            var begin = line;
            while (begin < code.Length && code[begin] is ' ' or '\t') begin++;
            if (code.AsSpan(begin).StartsWith(Mark) && find(code[begin..End(begin)].Split((char[]?)null, 2)[0]) is not null) return begin;
        }

        return code.Length;

        int End(int from) => code.AsSpan(from).IndexOfAny('\r', '\n') is var length and >= 0 ? from + length : code.Length;
    }

    private static int LineAt(string code, int position)
    {
        var line = 1;
        for (var i = 0; i < position; i++)
        {
            if (IsLineBreak(code[i]) && !(code[i] == '\r' && i + 1 < code.Length && code[i + 1] == '\n')) line++;
        }

        return line;
    }

    private static string LineBreaks(ReadOnlySpan<char> text)
    {
        var breaks = new StringBuilder();
        foreach (var c in text)
        {
            if (IsLineBreak(c)) breaks.Append(c);
        }

        return breaks.ToString();
    }

    private static string Trimmed(string text)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n').SkipWhile(string.IsNullOrWhiteSpace).ToList();
        while (lines.Count > 0 && string.IsNullOrWhiteSpace(lines[^1])) lines.RemoveAt(lines.Count - 1);
        return string.Join('\n', lines);
    }

    // The line breaks that the C# compiler recognizes.
    private static bool IsLineBreak(char c) => c is '\r' or '\n' or '\u0085' or '\u2028' or '\u2029';
}
