using JupyterKernel.Compilation;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Intelligence;

/// <summary>The completeness of a text: whether a console should run it, ask for more of it, or run it to show its error.</summary>
/// <param name="Status">complete, incomplete or invalid, as the protocol spells them.</param>
/// <param name="Indent">The text that the next line starts with; null unless incomplete.</param>
public sealed record Completeness(string Status, string? Indent = null)
{
    private const int IndentWidth = 4;

    private static readonly CSharpParseOptions Options =
        new(LanguageVersion.Latest, DocumentationMode.None, SourceCodeKind.Script);

    private static readonly CSharpParseOptions ProgramOptions = Options.WithKind(SourceCodeKind.Regular);

    // Errors that further text cannot repair, although Roslyn may call the submission incomplete: a line's end in a string or character
    // literal, and a bracket or brace that closes nothing.
    private static readonly HashSet<string> Beyond = ["CS1010", "CS1011", "CS1012", "CS7017"];

    // Roslyn 5.12 accepts a raw string without its end as a complete submission.
    private const string UnterminatedRawString = "CS8997";

    /// <summary>
    /// Judges a text by Roslyn's own <see cref="SyntaxFactory.IsCompleteSubmission"/>. Pure; any thread; only parses. Text that nests too
    /// deeply to be parsed is invalid.
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

    // A cell may contain features that are allowed in a program only, like a using declaration.
    private static bool HasErrors(SyntaxTree tree) => tree.GetDiagnostics().Any(d => d.Severity == DiagnosticSeverity.Error);

    private static string NextIndent(string code, SyntaxNode root)
    {
        var last = root.GetLastToken();
        var text = code.AsSpan().TrimEnd();
        var line = text[(text.LastIndexOfAny('\r', '\n') + 1)..];
        var indent = line[..^line.TrimStart().Length].ToString();

        // The last token is not the end of the text where a comment or a string is open: there the line's own indent is kept.
        var opens = last.Span.End == text.Length && (IsOpening(last.Kind()) || EndsHeader(last));
        return opens ? indent + new string(' ', IndentWidth) : indent;
    }

    private static bool IsOpening(SyntaxKind kind) => kind is
        SyntaxKind.OpenBraceToken or SyntaxKind.OpenParenToken or SyntaxKind.OpenBracketToken;

    private static bool EndsHeader(SyntaxToken last) => last.Kind() is SyntaxKind.ElseKeyword or SyntaxKind.DoKeyword
        || (last.IsKind(SyntaxKind.CloseParenToken) && last.Parent is IfStatementSyntax or ForStatementSyntax
            or CommonForEachStatementSyntax or WhileStatementSyntax or UsingStatementSyntax or LockStatementSyntax or FixedStatementSyntax);
}
