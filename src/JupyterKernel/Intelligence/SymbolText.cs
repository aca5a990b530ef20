using Microsoft.CodeAnalysis;

namespace JupyterKernel.Intelligence;

/// <summary>Formats symbols for completions and tooltips.</summary>
internal static class SymbolText
{
    private static readonly SymbolDisplayFormat Format = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameOnly,
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters | SymbolDisplayGenericsOptions.IncludeVariance,
        memberOptions: SymbolDisplayMemberOptions.IncludeType | SymbolDisplayMemberOptions.IncludeRef
            | SymbolDisplayMemberOptions.IncludeParameters | SymbolDisplayMemberOptions.IncludeContainingType
            | SymbolDisplayMemberOptions.IncludeConstantValue,
        delegateStyle: SymbolDisplayDelegateStyle.NameAndSignature,
        extensionMethodStyle: SymbolDisplayExtensionMethodStyle.Default,
        parameterOptions: SymbolDisplayParameterOptions.IncludeType | SymbolDisplayParameterOptions.IncludeName
            | SymbolDisplayParameterOptions.IncludeParamsRefOut | SymbolDisplayParameterOptions.IncludeDefaultValue,
        propertyStyle: SymbolDisplayPropertyStyle.ShowReadWriteDescriptor,
        localOptions: SymbolDisplayLocalOptions.IncludeType | SymbolDisplayLocalOptions.IncludeRef,
        miscellaneousOptions: SymbolDisplayMiscellaneousOptions.UseSpecialTypes
            | SymbolDisplayMiscellaneousOptions.EscapeKeywordIdentifiers
            | SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    private static readonly SymbolDisplayFormat TypeFormat = Format
        .WithKindOptions(SymbolDisplayKindOptions.IncludeTypeKeyword)
        .AddGenericsOptions(SymbolDisplayGenericsOptions.IncludeTypeConstraints);

    private static readonly SymbolDisplayFormat SpecialTypeFormat = TypeFormat
        .RemoveMiscellaneousOptions(SymbolDisplayMiscellaneousOptions.UseSpecialTypes);

    // Does not show the class that Roslyn wraps around a cell.
    private static readonly SymbolDisplayFormat CellMember = Format
        .RemoveMemberOptions(SymbolDisplayMemberOptions.IncludeContainingType);

    /// <summary>Formats a declaration without its body, names unqualified: <c>void Console.WriteLine(string? value)</c>.</summary>
    public static string Signature(ISymbol symbol) => symbol switch
    {
        INamespaceSymbol => "namespace " + symbol.ToDisplayString(),
        // As a keyword (string), a type would show neither its kind nor its name.
        ITypeSymbol { SpecialType: not SpecialType.None } => symbol.ToDisplayString(SpecialTypeFormat),
        ITypeSymbol => symbol.ToDisplayString(TypeFormat),
        _ => symbol.ToDisplayString(IsOfCell(symbol) ? CellMember : Format),
    };

    /// <summary>Formats a declaration as parts, with the name of one parameter in bold.</summary>
    public static IEnumerable<(string Text, bool IsBold)> Signature(ISymbol symbol, IParameterSymbol? active) =>
        symbol.ToDisplayParts(IsOfCell(symbol) ? CellMember : Format).Select(part => (
            part.ToString(), active is not null && part.Kind == SymbolDisplayPartKind.ParameterName && part.Symbol?.Name == active.Name));

    /// <summary>Whether a cell declares the symbol.</summary>
    public static bool IsOfSource(ISymbol symbol) => symbol.DeclaringSyntaxReferences.Length > 0;

    /// <summary>Describes what a symbol is and where it is declared: <c>method of System.Console</c>.</summary>
    public static string Origin(ISymbol symbol)
    {
        var kind = symbol is IMethodSymbol { IsExtensionMethod: true } ? "extension method" : Kind(symbol);
        if (IsOfCell(symbol)) return kind;
        if (symbol is ITypeSymbol and not ITypeParameterSymbol && symbol.ContainingType is null)
            return symbol.ContainingNamespace is { IsGlobalNamespace: false } space ? $"{kind} in {space.ToDisplayString()}" : kind;
        var owner = (symbol as IMethodSymbol)?.ReducedFrom?.ContainingType ?? symbol.ContainingType;
        return symbol is ILocalSymbol or IParameterSymbol or IRangeVariableSymbol or INamespaceSymbol
            || owner is null || owner.IsScriptClass
            ? kind : $"{kind} of {owner.ToDisplayString(SymbolDisplayFormat.CSharpErrorMessageFormat)}";
    }

    /// <summary>Returns a symbol's kind in one word, by which front ends choose icons.</summary>
    public static string Kind(ISymbol symbol) => symbol switch
    {
        INamespaceSymbol => "module",
        INamedTypeSymbol { IsRecord: true } => "class",
        INamedTypeSymbol { TypeKind: TypeKind.Struct } => "struct",
        INamedTypeSymbol { TypeKind: TypeKind.Interface } => "interface",
        INamedTypeSymbol { TypeKind: TypeKind.Enum } => "enum",
        INamedTypeSymbol { TypeKind: TypeKind.Delegate } => "delegate",
        ITypeParameterSymbol => "type parameter",
        ITypeSymbol => "class",
        IMethodSymbol { MethodKind: MethodKind.Constructor } => "constructor",
        IMethodSymbol => "method",
        IPropertySymbol => "property",
        IEventSymbol => "event",
        IParameterSymbol => "parameter",
        IFieldSymbol { IsConst: true } => "constant",
        IFieldSymbol field => IsOfCell(field) ? "variable" : "field",
        ILocalSymbol or IRangeVariableSymbol => "variable",
        _ => symbol.Kind.ToString().ToLowerInvariant(),
    };

    private static bool IsOfCell(ISymbol symbol) => symbol.ContainingType is { IsScriptClass: true };
}
