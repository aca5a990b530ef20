using JupyterKernel.Compilation;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Intelligence;

/// <summary>The completeness of a text: whether a console should run it or ask for more lines.</summary>
/// <param name="Status">complete, incomplete or invalid, as spelled in the protocol.</param>
/// <param name="Indent">The indentation of the next line; null unless incomplete.</param>
public sealed record Completeness(string Status, string? Indent = null)
{
    private const int IndentWidth = 4;

    private static readonly CSharpParseOptions Options =
        new(LanguageVersion.Latest, DocumentationMode.None, SourceCodeKind.Script);

    private static readonly CSharpParseOptions ProgramOptions = Options.WithKind(SourceCodeKind.Regular);

    // Errors that further text cannot repair, although Roslyn may call the submission incomplete: a line break in a string or character
    // literal, and a closing bracket or brace without an opening one.
    private static readonly HashSet<string> Beyond = ["CS1010", "CS1011", "CS1012", "CS7017"];

    // Roslyn 5.12 accepts an unterminated raw string as a complete submission.
    private const string UnterminatedRawString = "CS8997";

    /// <summary>
    /// Judges a text with Roslyn's <see cref="SyntaxFactory.IsCompleteSubmission"/>. Text that is nested too deeply to be parsed is
    /// invalid. Only parses; pure; any thread.
    /// </summary>
    public static Completeness Judge(string code, CancellationToken cancellation)
    {
        if (Nesting.IsTooDeep(code)) return new("invalid");

        var tree = CSharpSyntaxTree.ParseText(code, Options, cancellationToken: cancellation);
        var errors = tree.GetDiagnostics(cancellation)
            .Where(d => d.Severity == DiagnosticSeverity.Error).Select(d => d.Id).ToHashSet();
        if (errors.Overlaps(Beyond)) return new("invalid");
        if (!SyntaxFactory.IsCompleteSubmission(tree) || errors.Contains(UnterminatedRawString))
            return new("incomplete", NextIndent(code, tree.GetRoot(cancellation)));
        return new(errors.Count > 0 && HasErrors(CSharpSyntaxTree.ParseText(code, ProgramOptions, cancellationToken: cancellation))
            ? "invalid" : "complete");
    }

    // A cell may contain features that are otherwise allowed only in a program, such as a using declaration.
    private static bool HasErrors(SyntaxTree tree) => tree.GetDiagnostics().Any(d => d.Severity == DiagnosticSeverity.Error);

    private static string NextIndent(string code, SyntaxNode root)
    {
        var last = root.GetLastToken();
        var text = code.AsSpan().TrimEnd();
        var line = text[(text.LastIndexOfAny('\r', '\n') + 1)..];
        var indent = line[..^line.TrimStart().Length].ToString();

        // If the last token is not the end of the text, a comment or a string is open; the indentation of the line is then kept.
        var opens = last.Span.End == text.Length && (IsOpening(last.Kind()) || EndsHeader(last));
        return opens ? indent + new string(' ', IndentWidth) : indent;
    }

    private static bool IsOpening(SyntaxKind kind) => kind is
        SyntaxKind.OpenBraceToken or SyntaxKind.OpenParenToken or SyntaxKind.OpenBracketToken;

    private static bool EndsHeader(SyntaxToken last) => last.Kind() is SyntaxKind.ElseKeyword or SyntaxKind.DoKeyword
        || (last.IsKind(SyntaxKind.CloseParenToken) && last.Parent is IfStatementSyntax or ForStatementSyntax
            or CommonForEachStatementSyntax or WhileStatementSyntax or UsingStatementSyntax or LockStatementSyntax or FixedStatementSyntax);
}
