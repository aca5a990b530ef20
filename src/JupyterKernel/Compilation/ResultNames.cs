using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Compilation;

/// <summary>
/// The names of tuples' items in a cell's result, which the value itself does not have: for the columns of tables. As text, which the worker reads. Pure;
/// compilation thread.
/// </summary>
internal static class ResultNames
{
    private const int MostLevels = 6;

    /// <summary>The names; null where there are none.</summary>
    /// <param name="image">A cell without tuples is recognised by it, which takes no time.</param>
    public static string? Of(CSharpCompilation submission, Image image, CancellationToken cancellation)
    {
        if (image.Assembly.AsSpan().IndexOf("ValueTuple`"u8) < 0) return null;
        if (submission.SyntaxTrees[^1].GetCompilationUnitRoot(cancellation).Members.LastOrDefault() is not GlobalStatementSyntax { Statement: var statement }) return null;
        var result = statement switch
        {
            ExpressionStatementSyntax { SemicolonToken.IsMissing: true } last => last.Expression,
            ReturnStatementSyntax { Expression: { } returned } => returned,
            _ => null,
        };
        return result is not null && submission.GetSemanticModel(result.SyntaxTree).GetTypeInfo(result, cancellation).Type is { } type ? Of(type, 0) : null;
    }

    private static string? Of(ITypeSymbol type, int level)
    {
        if (level == MostLevels) return null;
        if (type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable) return Of(nullable.TypeArguments[0], level);
        if (type is INamedTypeSymbol { IsTupleType: true } tuple)
        {
            var items = tuple.TupleElements.Select(item => (Name: item.IsExplicitlyNamedTupleElement ? item.Name : "?", Names: Of(item.Type, level + 1))).ToList();
            return items.TrueForAll(item => item is { Name: "?", Names: null }) ? null : $"{items.Count} {string.Join(' ', items.Select(item => $"{item.Name} {item.Names ?? "-"}"))}";
        }

        if (type is INamedTypeSymbol { Name: "KeyValuePair" or "IGrouping", TypeArguments: [var key, var value] } entry)
        {
            var (keys, values) = (Of(key, level + 1), Of(value, level + 1));
            return keys is null && values is null ? null : $": {keys ?? "-"} {(entry.Name == "IGrouping" && values is not null ? "* " : "")}{values ?? "-"}";
        }

        var item = type is IArrayTypeSymbol array ? array.ElementType
            : type.AllInterfaces.Append(type).OfType<INamedTypeSymbol>().FirstOrDefault(at => at.OriginalDefinition.SpecialType == SpecialType.System_Collections_Generic_IEnumerable_T)?.TypeArguments[0];
        return item is not null && type.SpecialType != SpecialType.System_String && Of(item, level + 1) is { } names ? "* " + names : null;
    }
}
