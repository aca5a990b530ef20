using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Intelligence;

/// <summary>A call whose argument list contains the cursor.</summary>
/// <param name="Chosen">The called symbol: the candidate that fits the present arguments best.</param>
/// <param name="Overloads">All candidates, including the chosen one.</param>
/// <param name="Active">The parameter of the argument at the cursor; null if there is none.</param>
internal sealed record CallAtCursor(ISymbol Chosen, IReadOnlyList<ISymbol> Overloads, IParameterSymbol? Active)
{
    /// <summary>Returns the innermost call around the cursor; null if there is none.</summary>
    public static CallAtCursor? Around(Cursor cursor, CancellationToken cancellation)
    {
        for (var node = cursor.Left.Parent; node is not null; node = node.Parent)
        {
            if (node is StatementSyntax or AnonymousFunctionExpressionSyntax { Body: BlockSyntax }) return null;
            var (arguments, index, name) = node switch
            {
                BaseArgumentListSyntax list when IsOpenAt(list, cursor.Index) =>
                    (list.Arguments.Count, Before(list.Arguments.GetSeparators(), cursor), At(list.Arguments, cursor)?.NameColon?.Name),
                AttributeArgumentListSyntax list when IsOpenAt(list, cursor.Index) =>
                    (list.Arguments.Count, Before(list.Arguments.GetSeparators(), cursor), At(list.Arguments, cursor)?.NameColon?.Name),
                _ => (-1, 0, null),
            };
            if (arguments < 0) continue;
            List<ISymbol> meant = node.Parent switch
            {
                InvocationExpressionSyntax call => Meant(cursor.Model, call.Expression, cancellation),
                ElementAccessExpressionSyntax access => Indexers(cursor.Model, access, cancellation),
                { } creation => Meant(cursor.Model, creation, cancellation),
                null => [],
            };
            var decided = meant is [_, ..] && node.Parent is not null
                && cursor.Model.GetSymbolInfo(node.Parent, cancellation).Symbol is { } symbol ? symbol : null;
            var callable = meant.Select(Callable).OfType<ISymbol>().Distinct(SymbolEqualityComparer.Default).ToList();
            if (callable.Count == 0) return null;
            var written = (node as BaseArgumentListSyntax)?.Arguments.Select(argument => argument.Expression).ToList() ?? [];
            var chosen = (decided is null ? null : Callable(decided)) ?? callable.Where(overload => Takes(overload, index))
                .OrderByDescending(overload => Fit(overload, written, cursor.Model)).ThenBy(overload => Parameters(overload).Length)
                .FirstOrDefault() ?? callable[0];
            var parameters = Parameters(chosen);
            var active = name is not null ? parameters.FirstOrDefault(parameter => parameter.Name == name.Identifier.ValueText)
                : index < parameters.Length ? parameters[index]
                : parameters is [.., { IsParams: true } rest] ? rest : null;
            return new(chosen, [chosen, .. callable.Where(overload => !overload.Equals(chosen, SymbolEqualityComparer.Default))], active);
        }

        return null;
    }

    /// <summary>
    /// Returns the symbol that a name or an expression refers to, followed by its overloads; or all candidates if the code does
    /// not determine the symbol.
    /// </summary>
    public static List<ISymbol> Meant(SemanticModel model, SyntaxNode node, CancellationToken cancellation)
    {
        var info = model.GetSymbolInfo(node, cancellation);
        var candidates = info.Symbol is { } symbol ? [symbol] : info.CandidateSymbols;
        return [.. candidates.Concat(model.GetMemberGroup(node, cancellation)).Distinct(SymbolEqualityComparer.Default)];
    }

    private static List<ISymbol> Indexers(SemanticModel model, ElementAccessExpressionSyntax access, CancellationToken cancellation) =>
        model.GetTypeInfo(access.Expression, cancellation).Type is { } type
            ? [.. model.LookupSymbols(access.SpanStart, type, WellKnownMemberNames.Indexer).OfType<IPropertySymbol>()]
            : [];

    /// <summary>Returns the symbol that takes the arguments: the symbol itself or, for a delegate, its Invoke method.</summary>
    private static ISymbol? Callable(ISymbol symbol) => symbol switch
    {
        IMethodSymbol or IPropertySymbol { IsIndexer: true } => symbol,
        _ => (TypeOf(symbol) as INamedTypeSymbol)?.DelegateInvokeMethod,
    };

    private static ITypeSymbol? TypeOf(ISymbol symbol) => symbol switch
    {
        ILocalSymbol local => local.Type,
        IFieldSymbol field => field.Type,
        IPropertySymbol property => property.Type,
        IParameterSymbol parameter => parameter.Type,
        IEventSymbol raised => raised.Type,
        _ => null,
    };

    private static System.Collections.Immutable.ImmutableArray<IParameterSymbol> Parameters(ISymbol callable) =>
        callable switch { IMethodSymbol method => method.Parameters, IPropertySymbol indexer => indexer.Parameters, _ => [] };

    private static bool Takes(ISymbol callable, int index) =>
        Parameters(callable) is var parameters && (index < parameters.Length || parameters is [.., { IsParams: true }]);

    /// <summary>
    /// Rates how well the present arguments fit a method: 2 for each argument of exactly the parameter's type plus 1 for each convertible
    /// one; -1 if an argument is not convertible.
    /// </summary>
    private static int Fit(ISymbol callable, List<ExpressionSyntax> arguments, SemanticModel model)
    {
        var parameters = Parameters(callable);
        var sum = 0;
        for (var i = 0; i < Math.Min(arguments.Count, parameters.Length); i++)
        {
            if (arguments[i].IsMissing) continue;
            var conversion = model.ClassifyConversion(arguments[i], parameters[i].Type);
            if (!conversion.IsImplicit) return -1;
            sum += conversion.IsIdentity ? 2 : 1;
        }

        return sum;
    }

    private static int Before(IEnumerable<SyntaxToken> separators, Cursor cursor) =>
        separators.Count(separator => !separator.IsMissing && separator.Span.End <= cursor.Index);

    private static T? At<T>(SeparatedSyntaxList<T> arguments, Cursor cursor)
        where T : SyntaxNode =>
            arguments.FirstOrDefault(argument => argument.FullSpan.Start <= cursor.Index && cursor.Index <= argument.FullSpan.End);

    private static bool IsOpenAt(SyntaxNode list, int index) =>
        index > list.SpanStart && list.GetLastToken(includeZeroWidth: true) is var close && (close.IsMissing || index < close.Span.End);
}
