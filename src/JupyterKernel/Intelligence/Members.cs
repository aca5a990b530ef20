using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Intelligence;

/// <summary>What can follow a dot: <c>.</c>, <c>?.</c>, <c>-&gt;</c> and <c>::</c>.</summary>
internal static class Members
{
    /// <summary>Null where the cursor does not follow a dot; empty where it does and nothing is known of its left side.</summary>
    public static IEnumerable<ISymbol>? Of(Cursor cursor, CancellationToken cancellation)
    {
        var model = cursor.Model;
        var at = cursor.WordStart;
        if (cursor.Left.Kind() is not (SyntaxKind.DotToken or SyntaxKind.MinusGreaterThanToken or SyntaxKind.ColonColonToken))
            return null;

        switch (cursor.Left.Parent)
        {
            case MemberAccessExpressionSyntax access:
                return Behind(access.Expression);
            case MemberBindingExpressionSyntax binding when
                binding.Ancestors().OfType<ConditionalAccessExpressionSyntax>()
                    .FirstOrDefault(a => a.WhenNotNull.Span.Contains(binding.SpanStart)) is { } conditional:
                return OfInstance(WithoutNullable(TypeOf(conditional.Expression)));
            case AliasQualifiedNameSyntax alias:
                return model.GetSymbolInfo(alias.Alias, cancellation).Symbol is INamespaceOrTypeSymbol aliased ? OfContainer(aliased) : [];
            // `text.` on a line before `var y = 1;` parses as the type name `text.var`: the left side may well be a value.
            case QualifiedNameSyntax name:
                return model.GetSymbolInfo(name.Left, cancellation).Symbol is INamespaceOrTypeSymbol container
                    ? OfContainer(container)
                    : OfInstance(TypeAt(name.Left));
            default:
                return [];
        }

        IEnumerable<ISymbol> Behind(ExpressionSyntax left) =>
            model.GetSymbolInfo(left, cancellation).Symbol is INamespaceOrTypeSymbol container
                ? OfContainer(container)
                : OfInstance(TypeOf(left) is IPointerTypeSymbol pointer ? pointer.PointedAtType : TypeOf(left));

        // A call with an argument still missing has no type, but its candidates mostly agree on one.
        ITypeSymbol? TypeOf(ExpressionSyntax value) => model.GetTypeInfo(value, cancellation).Type is { TypeKind: not TypeKind.Error } type
            ? type
            : model.GetSymbolInfo(value, cancellation).CandidateSymbols.OfType<IMethodSymbol>().FirstOrDefault()?.ReturnType;

        ITypeSymbol? TypeAt(NameSyntax name)
        {
            var value = SyntaxFactory.ParseExpression(name.ToString());
            return model.GetSpeculativeTypeInfo(name.SpanStart, value, SpeculativeBindingOption.BindAsExpression).Type;
        }

        IEnumerable<ISymbol> OfContainer(INamespaceOrTypeSymbol container) => container switch
        {
            INamespaceSymbol when IsUsed(cursor.Left) => model.LookupNamespacesAndTypes(at, container).OfType<INamespaceSymbol>(),
            INamespaceSymbol => model.LookupNamespacesAndTypes(at, container),
            // An enum's inherited statics (Parse, GetNames) are legal behind its name, but never what is looked for.
            INamedTypeSymbol { TypeKind: TypeKind.Enum } => container.GetMembers().OfType<IFieldSymbol>(),
            _ => model.LookupStaticMembers(at, container),
        };

        IEnumerable<ISymbol> OfInstance(ITypeSymbol? type) => type is null or { TypeKind: TypeKind.Error } or { SpecialType: SpecialType.System_Void }
            ? []
            : model.LookupSymbols(at, type, includeReducedExtensionMethods: true).Where(s => !s.IsStatic && s is not ITypeSymbol);
    }

    // A using names a namespace, unless it is static or names an alias.
    private static bool IsUsed(SyntaxToken dot) =>
        dot.Parent?.FirstAncestorOrSelf<UsingDirectiveSyntax>() is { Alias: null } directive && directive.StaticKeyword.IsKind(SyntaxKind.None);

    private static ITypeSymbol? WithoutNullable(ITypeSymbol? type) =>
        type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable ? nullable.TypeArguments[0] : type;
}
