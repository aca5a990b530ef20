using JupyterKernel.Compilation;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Intelligence;

/// <summary>A place in a cell's text, and the syntax around it.</summary>
internal sealed class Cursor
{
    private readonly SyntaxNode _root;

    private Cursor(CSharpCompilation compilation, SyntaxTree tree, SyntaxNode root, string code, int index)
    {
        _root = root;
        Model = compilation.GetSemanticModel(tree, ignoreAccessibility: false);
        Index = index;
        WordStart = StartOfWord(code, index);
        Word = code[WordStart..index];
        var token = root.FindToken(WordStart);
        Left = token.SpanStart >= WordStart ? token.GetPreviousToken() : token;
    }

    public SemanticModel Model { get; }

    /// <summary>In UTF-16 units, within the text.</summary>
    public int Index { get; }

    /// <summary>Where the identifier that ends at the cursor starts; the cursor where there is none.</summary>
    public int WordStart { get; }

    /// <summary>What is typed of that identifier, with its @ if it has one.</summary>
    public string Word { get; }

    /// <summary>The token before the word; of kind None at the start of the text.</summary>
    public SyntaxToken Left { get; }

    /// <summary>Null where the text nests too deep for Roslyn.</summary>
    public static Cursor? In(
        string code, int index, Func<string, CSharpCompilation> compile, CancellationToken cancellation)
    {
        if (Nesting.IsTooDeep(code)) return null;
        var compilation = compile(code);
        cancellation.ThrowIfCancellationRequested();
        var tree = compilation.SyntaxTrees.Single();
        var root = tree.GetRoot(cancellation);
        if (Nesting.IsTooDeep(root, cancellation)) return null;
        return new Cursor(compilation, tree, root, code, Math.Clamp(index, 0, code.Length));
    }

    /// <summary>The token that covers a position, or ends there: at a border the one on the right wins.</summary>
    public SyntaxToken TokenAt(int position) => _root.FindToken(position);

    /// <summary>Whether the cursor is in a comment, a directive, a literal or disabled code: where no name is meant.</summary>
    public bool IsInText()
    {
        if (Index == 0) return false;
        var trivia = _root.FindTrivia(Index - 1);
        if (trivia.IsDirective || trivia.IsKind(SyntaxKind.DisabledTextTrivia)) return true;
        if (trivia.Kind() is SyntaxKind.SingleLineCommentTrivia or SyntaxKind.SingleLineDocumentationCommentTrivia) return true;
        if (trivia.Kind() is SyntaxKind.MultiLineCommentTrivia or SyntaxKind.MultiLineDocumentationCommentTrivia)
            return Index < trivia.FullSpan.End || trivia.ToFullString() is not ['/', '*', .., '*', '/'];

        var token = _root.FindToken(Index - 1);
        if (!token.Span.Contains(Index - 1)) return false;
        return token.Kind() switch
        {
            SyntaxKind.InterpolatedStringTextToken or SyntaxKind.InterpolatedStringStartToken
                or SyntaxKind.InterpolatedVerbatimStringStartToken or SyntaxKind.InterpolatedSingleLineRawStringStartToken
                or SyntaxKind.InterpolatedMultiLineRawStringStartToken or SyntaxKind.NumericLiteralToken => true,
            SyntaxKind.CloseBraceToken => token.Parent.IsKind(SyntaxKind.Interpolation),
            SyntaxKind.StringLiteralToken or SyntaxKind.CharacterLiteralToken or SyntaxKind.Utf8StringLiteralToken
                or SyntaxKind.SingleLineRawStringLiteralToken or SyntaxKind.MultiLineRawStringLiteralToken
                or SyntaxKind.Utf8SingleLineRawStringLiteralToken or SyntaxKind.Utf8MultiLineRawStringLiteralToken =>
                Index < token.Span.End || token.ContainsDiagnostics,
            _ => false,
        };
    }

    private static int StartOfWord(string code, int index)
    {
        var start = index;
        while (start > 0 && SyntaxFacts.IsIdentifierPartCharacter(code[start - 1])) start--;
        return start > 0 && code[start - 1] == '@' ? start - 1 : start;
    }
}
