using System.Collections.Frozen;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace JupyterKernel.Compilation;

/// <summary>
/// Finds the names of tuple items in the values that a cell displays, for the column names of tables. The values themselves do not contain
/// the names, so they are passed to the worker as text. Pure; compilation thread.
/// </summary>
internal static class DisplayedTupleNames
{
    private const int MaxLevels = 6;

    /// <summary>The methods of the display API that display their first argument or their receiver.</summary>
    private static readonly FrozenSet<string> Shows = FrozenSet.Create("display", "Display", "DisplayTable", "Update");

    /// <summary>Whether a cell uses tuples at all; a fast check.</summary>
    public static bool MayBeIn(EmittedAssembly emitted) => emitted.Assembly.AsSpan().IndexOf("ValueTuple`"u8) >= 0;

    /// <summary>Returns the names in the value of the cell's last expression; null if there are none.</summary>
    public static string? InResult(CSharpCompilation submission, CancellationToken cancellation)
    {
        if (submission.SyntaxTrees[^1]
            .GetCompilationUnitRoot(cancellation).Members.LastOrDefault() is not GlobalStatementSyntax { Statement: var statement })
        {
            return null;
        }
        var result = statement switch
        {
            ExpressionStatementSyntax { SemicolonToken.IsMissing: true } last => last.Expression,
            ReturnStatementSyntax { Expression: { } returned } => returned,
            _ => null,
        };
        return result is not null
            && submission.GetSemanticModel(result.SyntaxTree).GetTypeInfo(result, cancellation).Type is { } type ? Of(type, 0) : null;
    }

    /// <summary>Returns the names in the values that calls of the display API display, each with the position of the call.</summary>
    public static IReadOnlyList<NamesOfDisplayed> InDisplayed(CSharpCompilation submission, CancellationToken cancellation)
    {
        var found = new List<NamesOfDisplayed>();
        foreach (var tree in submission.SyntaxTrees)
        {
            SemanticModel? model = null;
            foreach (var call in tree.GetRoot(cancellation).DescendantNodes().OfType<InvocationExpressionSyntax>())
            {
                var name = call.Expression switch
                {
                    IdentifierNameSyntax { Identifier.Text: var text } => text,
                    MemberAccessExpressionSyntax { Name.Identifier.Text: var text } => text,
                    MemberBindingExpressionSyntax { Name.Identifier.Text: var text } => text,
                    _ => "",
                };
                if (!Shows.Contains(name)) continue;
                model ??= submission.GetSemanticModel(tree);
                if (model.GetOperation(call, cancellation) is not IInvocationOperation { Arguments: [{ Value: var value }, ..],
                    TargetMethod.ContainingAssembly.Name: "JupyterKernel.Display" or "Microsoft.DotNet.Interactive"
                        or "Microsoft.DotNet.Interactive.Formatting" })
                {
                    continue;
                }
                while (value is IConversionOperation { IsImplicit: true, Operand: var operand }) value = operand;
                if (value.Type is not { } type || Of(type, 0) is not { } names) continue;
                found.Add(At(call, names));
            }
        }

        return found;
    }

    /// <summary>Returns the sequence point of a call: the start of its statement or of its expression body.</summary>
    private static NamesOfDisplayed At(InvocationExpressionSyntax call, string names)
    {
        SyntaxNode at = call;
        while (at is not (StatementSyntax or VariableDeclaratorSyntax)
            && at.Parent is { } parent and not (ArrowExpressionClauseSyntax or AnonymousFunctionExpressionSyntax))
        {
            at = parent;
        }
        var span = at.SyntaxTree.GetMappedLineSpan(at.Span);
        return new(span.Path, span.StartLinePosition.Line + 1, span.StartLinePosition.Character + 1, names);
    }

    private static string? Of(ITypeSymbol type, int level)
    {
        if (level == MaxLevels) return null;
        if (type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable)
            return Of(nullable.TypeArguments[0], level);
        if (type is INamedTypeSymbol { IsTupleType: true } tuple)
        {
            var items = tuple.TupleElements.Select(item =>
                (Name: item.IsExplicitlyNamedTupleElement ? item.Name : "?", Names: Of(item.Type, level + 1))).ToList();
            return items.TrueForAll(item => item is { Name: "?", Names: null })
                ? null : $"{items.Count} {string.Join(' ', items.Select(item => $"{item.Name} {item.Names ?? "-"}"))}";
        }

        if (type is INamedTypeSymbol { Name: "KeyValuePair" or "IGrouping", TypeArguments: [var key, var value] } entry)
        {
            var (keys, values) = (Of(key, level + 1), Of(value, level + 1));
            return keys is null && values is null ? null
                : $": {keys ?? "-"} {(entry.Name == "IGrouping" && values is not null ? "* " : "")}{values ?? "-"}";
        }

        var item = type is IArrayTypeSymbol array ? array.ElementType
            : type.AllInterfaces.Append(type).OfType<INamedTypeSymbol>()
                .FirstOrDefault(at =>
                    at.OriginalDefinition.SpecialType == SpecialType.System_Collections_Generic_IEnumerable_T)?.TypeArguments[0];
        return item is not null && type.SpecialType != SpecialType.System_String && Of(item, level + 1) is { } names ? "* " + names : null;
    }
}

/// <summary>The names of tuple items in a value that a call of the display API displays.</summary>
/// <param name="Source">The source of the call, as in the debug symbols.</param>
/// <param name="Line">The line of the call's sequence point, from 1.</param>
/// <param name="Column">The column of the call's sequence point, from 1.</param>
/// <param name="Names">The names as text; see <see cref="DisplayedTupleNames"/>.</param>
internal sealed record NamesOfDisplayed(string Source, int Line, int Column, string Names);
