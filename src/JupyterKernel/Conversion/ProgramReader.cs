using System.Globalization;
using System.Text.RegularExpressions;
using JupyterKernel.Compilation;
using JupyterKernel.Magics;
using JupyterKernel.NotebookFiles;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Conversion;

/// <summary>
/// Reads a single-file program as a notebook: each <c>// %%</c> line begins a cell; without such a line there is one cell. Code that
/// <see cref="ProgramWriter"/> moved or commented out is restored. Pure.
/// </summary>
internal static partial class ProgramReader
{
    /// <summary>Reads a program as a notebook.</summary>
    public static NotebookFile Read(string program)
    {
        var notebook = NotebookFile.Create();
        var parts = Parts(program.ReplaceLineEndings("\n")).ToList();
        var types = parts.Where(part => part.Title.StartsWith(ProgramText.TypesOf, StringComparison.Ordinal))
            .ToLookup(part => int.TryParse(part.Title[ProgramText.TypesOf.Length..].TrimEnd(']'), NumberStyles.None,
                CultureInfo.InvariantCulture, out var number) ? number : 0, part => part.Text);
        var cell = -1;
        foreach (var (title, text) in parts)
        {
            if (title.StartsWith(ProgramText.TypesOf, StringComparison.Ordinal) || title == ProgramText.Program) continue;
            cell++;
            if (cell == 0)
            {
                var top = string.Join('\n', text.Split('\n').Where(line => !IsOwn(line))).Trim('\n');
                if (top.Length > 0) notebook.Add(parts.Count == 1 ? WithMagics(top) : top, language: null);
            }
            else if (title == $"[{ProgramText.Raw}]")
            {
                notebook.Add(Uncommented(text), language: null, isRaw: true);
            }
            else if (title.Length > 2 && CellLanguage.Find(title[1..^1]) is { } language && language != CellLanguage.CSharp)
            {
                notebook.Add(Uncommented(text), language);
            }
            else
            {
                var code = WithMagics(WithResult(text));
                notebook.Add(string.Join('\n', types[cell].Append(code).Where(part => part.Length > 0)), language: null);
            }
        }

        return notebook;
    }

    private static bool IsOwn(string line) =>
        line.StartsWith("#!", StringComparison.Ordinal) || line == ProgramText.ShimUsing || ProgramText.OwnDirectives.Contains(line)
            || ProgramText.OwnUsings.Contains(line);

    private static IEnumerable<(string Title, string Text)> Parts(string program)
    {
        var title = "";
        var lines = new List<string>();
        foreach (var line in program.Split('\n'))
        {
            if (Mark().Match(line) is { Success: true } mark)
            {
                yield return (title, Text());
                title = mark.Groups["title"].Value.Trim();
                lines.Clear();
            }
            else
            {
                lines.Add(line);
            }
        }

        yield return (title, Text());

        string Text() => string.Join('\n', lines).Trim('\n').TrimEnd();
    }

    private static string Uncommented(string text) => string.Join('\n', text.Split('\n').Select(UncommentedLine));

    private static string UncommentedLine(string line) =>
        line.StartsWith("// ", StringComparison.Ordinal) ? line[3..] : line.StartsWith("//", StringComparison.Ordinal) ? line[2..] : line;

    /// <summary>Replaces a statement that writes the cell's last expression to the console with the expression itself.</summary>
    private static string WithResult(string code)
    {
        if (!code.Contains("NotebookOutput.Show", StringComparison.Ordinal) || Nesting.IsTooDeep(code)) return code;
        if (CSharpSyntaxTree.ParseText(code, CellCompiler.ParseOptions)
            .GetCompilationUnitRoot().Members is not [.., GlobalStatementSyntax { Statement: ExpressionStatementSyntax last }])
        {
            return code;
        }
        return last.ToString() is var text
            && (text.StartsWith(ProgramText.Show, StringComparison.Ordinal)
                || text.StartsWith(ProgramText.ShowAwaited, StringComparison.Ordinal))
            && last.DescendantNodes().OfType<LambdaExpressionSyntax>().First() is { ExpressionBody: { } value }
            ? code[..last.SpanStart] + value.ToString() + code[last.Span.End..]
            : code;
    }

    /// <summary>Restores magics from comments, including the text below magics that take text.</summary>
    private static string WithMagics(string code)
    {
        var isText = false;
        return string.Join('\n', code.Split('\n').Select(line =>
        {
            if (line.StartsWith("// #!", StringComparison.Ordinal) && MagicTable.Find(line[3..].Split((char[]?)null, 2)[0]) is { } magic)
            {
                isText = magic.TakesText || (isText && !magic.BeginsCSharp);
                return line[3..];
            }

            return isText ? UncommentedLine(line) : Reference().IsMatch(line) ? line[3..] : line;
        }));
    }

    [GeneratedRegex(@"^//\s?%%(?<title>.*)$")]
    private static partial Regex Mark();

    [GeneratedRegex("""^// #\s*(r|load|i)\s*".*""")]
    private static partial Regex Reference();
}
