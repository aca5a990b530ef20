using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Intelligence;

/// <summary>What can be written where no dot came before: the names in scope and the keywords.</summary>
internal static class Scope
{
    private static readonly string[] Types =
    [
        "bool", "byte", "char", "decimal", "double", "dynamic", "float", "int", "long", "nint", "nuint", "object", "sbyte",
        "short", "string", "uint", "ulong", "ushort", "void",
    ];

    private static readonly string[] Expressions =
    [
        "and", "as", "async", "await", "base", "by", "checked", "default", "delegate", "descending", "equals", "false", "from",
        "group", "in", "into", "is", "join", "let", "nameof", "new", "not", "null", "on", "or", "orderby", "out", "ref",
        "select", "sizeof", "stackalloc", "switch", "this", "throw", "true", "typeof", "unchecked", "var", "when", "where", "with",
    ];

    private static readonly string[] Statements =
    [
        "abstract", "break", "case", "catch", "class", "const", "continue", "do", "else", "enum", "event", "extern", "finally",
        "fixed", "for", "foreach", "get", "goto", "if", "init", "interface", "internal", "lock", "operator", "override",
        "partial", "private", "protected", "public", "readonly", "record", "required", "return", "sealed", "set", "static",
        "struct", "try", "unsafe", "using", "virtual", "volatile", "while", "yield",
    ];

    /// <summary>Every name that means something here, each one's innermost meaning first.</summary>
    public static IEnumerable<ISymbol> Names(Cursor cursor)
    {
        var at = cursor.WordStart;
        if (WantsType(cursor)) return cursor.Model.LookupNamespacesAndTypes(at);
        return cursor.Model.LookupSymbols(at).Where(s => !IsDeclaredLater(s, at) && !IsOfEveryObject(s));
    }

    /// <summary>The keywords that can stand here, roughly: a statement's only where one can start.</summary>
    public static IEnumerable<string> Keywords(Cursor cursor)
    {
        if (cursor.Left.Kind() is SyntaxKind.DotToken or SyntaxKind.MinusGreaterThanToken or SyntaxKind.ColonColonToken) return [];
        if (WantsType(cursor)) return cursor.Left.IsKind(SyntaxKind.UsingKeyword) ? ["static", "var"] : Types;
        return StartsStatement(cursor.Left) ? [.. Types, .. Expressions, .. Statements] : [.. Types, .. Expressions];
    }

    private static bool WantsType(Cursor cursor) => cursor.Left.Kind() is SyntaxKind.NewKeyword or SyntaxKind.UsingKeyword
        || (cursor.Left.IsKind(SyntaxKind.StaticKeyword) && cursor.Left.GetPreviousToken().IsKind(SyntaxKind.UsingKeyword));

    private static bool StartsStatement(SyntaxToken left) =>
        left.Kind() is SyntaxKind.None or SyntaxKind.SemicolonToken or SyntaxKind.OpenBraceToken or SyntaxKind.CloseBraceToken
            or SyntaxKind.CloseParenToken or SyntaxKind.CloseBracketToken or SyntaxKind.ColonToken
        || (SyntaxFacts.IsKeywordKind(left.Kind()) && !SyntaxFacts.IsPredefinedType(left.Kind()))
        || left.TrailingTrivia.Any(SyntaxKind.EndOfLineTrivia);

    private static bool IsDeclaredLater(ISymbol symbol, int position) =>
        symbol is ILocalSymbol && symbol.Locations is [{ IsInSource: true } place, ..] && place.SourceSpan.End >= position;

    // The class around a cell brings Equals, ToString and the like into scope; at home they are an object's, not a notebook's.
    private static bool IsOfEveryObject(ISymbol symbol) => symbol.ContainingType is { SpecialType: SpecialType.System_Object };
}
