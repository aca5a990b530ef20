using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace JupyterKernel.Compilation;

/// <summary>
/// Adds using directives for names that completion proposed without an import. A front end inserts only the name, so the directive is added
/// when the cell is run. Pure; compilation thread.
/// </summary>
internal static class OfferedUsings
{
    /// <summary>Returns the using directives that resolve the undefined names in a cell.</summary>
    /// <param name="errors">Errors in the tree.</param>
    /// <param name="offered">The proposed names, with their namespaces.</param>
    /// <returns>The using directives on one line, followed by a blank; empty if no undefined name was proposed.</returns>
    public static string Missing(
        IEnumerable<Diagnostic> errors, SyntaxTree tree, IReadOnlyDictionary<string, string> offered, CancellationToken cancellation)
    {
        if (offered.Count == 0) return "";
        var text = tree.GetText(cancellation);
        var spaces = errors.Where(error => error.Id is "CS0103" or "CS0246" or "CS1061" && error.Location.SourceTree == tree)
            .Select(error => offered.GetValueOrDefault(NameAt(text, error.Location.SourceSpan))).OfType<string>().Distinct()
            .Order(StringComparer.Ordinal);
        return string.Concat(spaces.Select(space => $"using {space}; "));
    }

    /// <summary>
    /// Returns the position for using directives in a text: before the first token and after any preprocessor directives.
    /// </summary>
    public static int Place(SyntaxTree tree, CancellationToken cancellation) =>
        tree.GetRoot(cancellation).GetFirstToken(includeZeroWidth: true).SpanStart;

    /// <summary>Returns a cell's text with using directives added on separate lines.</summary>
    public static string AddTo(string code, string usings)
    {
        var place = Place(CSharpSyntaxTree.ParseText(PackageDirectives.Blank(code), CellCompiler.ParseOptions), CancellationToken.None);
        return code.Insert(code.LastIndexOf('\n', Math.Max(0, place - 1)) + 1,
            usings.Replace("; ", ";\n", StringComparison.Ordinal) + "\n");
    }

    /// <summary>Returns the name at a span, which for a generic type also covers the type arguments.</summary>
    private static string NameAt(SourceText text, TextSpan span)
    {
        var end = span.Start;
        while (end < span.End && SyntaxFacts.IsIdentifierPartCharacter(text[end])) end++;
        return text.ToString(TextSpan.FromBounds(span.Start, end));
    }
}
