using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Compilation;

/// <summary>A variable, method or type of a cell.</summary>
/// <param name="Name">The name, without type parameters.</param>
/// <param name="Key">
/// Distinguishes overloads, and types with different numbers of type parameters. A later declaration with the same name
/// and key replaces this one.
/// </param>
/// <param name="IsMethod">
/// Whether this is a method. Methods of the same name coexist; any other declaration replaces all declarations of its name.
/// </param>
/// <param name="Text">The declaration for a script that executes nothing; that of a variable contains only the type and the name.</param>
/// <param name="Source">The user's text.</param>
internal sealed record CellDeclaration(string Name, string Key, bool IsMethod, string Text, string Source);

/// <summary>
/// A cell's declarations as text, for queries about names in later cells. Without a chain of submissions, the time of a query does not grow
/// with the number of cells.
/// </summary>
/// <param name="Members">The members that the cell declares.</param>
/// <param name="Usings">The using directives of the cell.</param>
/// <param name="References">The assemblies that the cell added.</param>
internal sealed record CellDeclarations(
    IReadOnlyList<CellDeclaration> Members, IReadOnlyList<string> Usings, IReadOnlyList<MetadataReference> References)
{
    /// <summary>The prefix of methods whose return type stands for a type that cannot be named.</summary>
    public const string ExamplePrefix = "__like_";

    private static readonly SymbolDisplayFormat TypeFormat = SymbolDisplayFormat.FullyQualifiedFormat
        .AddMiscellaneousOptions(
            SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier
                | SymbolDisplayMiscellaneousOptions.EscapeKeywordIdentifiers);

    /// <summary>An empty set of declarations.</summary>
    public static CellDeclarations None { get; } = new([], [], []);

    /// <summary>Returns the declarations of an emitted submission.</summary>
    public static CellDeclarations Of(CSharpCompilation submission)
    {
        var usings = submission.SyntaxTrees.SelectMany(tree => tree.GetCompilationUnitRoot().Usings)
            .Select(directive => directive.ToString()).ToList();
        MetadataReference[] references = [.. submission.ExternalReferences, .. submission.DirectiveReferences];
        var members = submission.ScriptClass!.GetMembers()
            .Where(member =>
                !member.IsImplicitlyDeclared && member.CanBeReferencedByName
                    && !member.Name.EndsWith(SubmissionLink.LatestSuffix, StringComparison.Ordinal))
            .Select(Of).OfType<CellDeclaration>().ToList();
        return members.Count + usings.Count + references.Length == 0 ? None : new(members, usings, references);
    }

    private static CellDeclaration? Of(ISymbol member)
    {
        var nodes = member.DeclaringSyntaxReferences.Select(reference => reference.GetSyntax()).ToList();
        if (nodes.Count == 0) return null;
        return member switch
        {
            IFieldSymbol { IsConst: false } variable =>
                new(variable.Name, "", false, Variable(variable.Name, variable.Type), Written(nodes[0])),
            IFieldSymbol or IEventSymbol or IPropertySymbol => new(member.Name, "", false, Declaration(nodes[0]), Written(nodes[0])),
            IMethodSymbol { MethodKind: MethodKind.Ordinary } method =>
                new(method.Name,
                    $"{method.Arity}({string.Join(',', method.Parameters.Select(parameter => parameter.Type.ToDisplayString()))})", true,
                    Declaration(nodes[0]), Written(nodes[0])),
            INamedTypeSymbol type => new(type.Name, $"{type.Arity}", false, string.Join('\n', nodes.Select(Declaration)),
                string.Join('\n', nodes.Select(Written))),
            _ => null,
        };
    }

    /// <summary>Returns a declaration with its documentation comment, but without other leading text.</summary>
    private static string Declaration(SyntaxNode node)
    {
        var whole = Whole(node);
        var documentation = whole.GetLeadingTrivia()
            .Where(trivia =>
                trivia.Kind() is SyntaxKind.SingleLineDocumentationCommentTrivia or SyntaxKind.MultiLineDocumentationCommentTrivia);
        return string.Concat(documentation.Select(trivia => trivia.ToFullString())) + whole.ToString();
    }

    private static string Written(SyntaxNode node) => Whole(node).ToString();

    /// <summary>Returns the declaration or statement that contains a declared name.</summary>
    private static SyntaxNode Whole(SyntaxNode node) =>
        node is VariableDeclaratorSyntax or SingleVariableDesignationSyntax
        ? node.FirstAncestorOrSelf<MemberDeclarationSyntax>() ?? node : node;

    /// <summary>Returns the declaration of a variable whose type may not have a name; several lines if that requires methods.</summary>
    public static string Variable(string name, ITypeSymbol type)
    {
        var unsafely = type is IPointerTypeSymbol or IFunctionPointerTypeSymbol ? "unsafe " : "";
        var escaped = SyntaxFacts.GetKeywordKind(name) == SyntaxKind.None ? name : "@" + name;
        if (!HasNoName(type)) return $"{unsafely}{type.ToDisplayString(TypeFormat)} {escaped} = default!;";
        var methods = new List<string>();
        return $"var {escaped} = {Example(type, name, methods)};{string.Concat(methods.Select(method => "\n" + method))}";
    }

    /// <summary>
    /// Returns an expression of a type that cannot be named because it contains anonymous types. For example, <c>IEnumerable&lt;{ int
    /// A }&gt;</c> is the type of <c>__like_x(new { A = default(int)! })</c>, where <c>static IEnumerable&lt;T0&gt;
    /// __like_x&lt;T0&gt;(T0 t0)</c>.
    /// </summary>
    private static string Example(ITypeSymbol type, string name, List<string> methods)
    {
        if (!HasNoName(type)) return $"default({type.ToDisplayString(TypeFormat)})!";
        if (type is INamedTypeSymbol { IsAnonymousType: true, TypeKind: not TypeKind.Delegate } anonymous)
        {
            var format = SymbolDisplayFormat.MinimallyQualifiedFormat.WithMemberOptions(SymbolDisplayMemberOptions.None);
            var properties = anonymous.GetMembers().OfType<IPropertySymbol>()
                .Select(property => $"{property.ToDisplayString(format)} = {Example(property.Type, name, methods)}");
            return $"new {{ {string.Join(", ", properties)} }}";
        }

        var unnamed = new List<ITypeSymbol>();
        var spelled = Spell(type, unnamed);
        if (unnamed.Count == 0) return $"default({spelled})!";
        var method = $"{ExamplePrefix}{name}_{methods.Count}";
        var parameters = string.Join(", ", unnamed.Select((_, i) => $"T{i}"));
        methods.Add(
            $"static {spelled} {method}<{parameters}>({string.Join(", ", unnamed.Select((_, i) => $"T{i} t{i}"))}) => throw null!;");
        return $"{method}({string.Join(", ", unnamed.Select(part => Example(part, name, methods)))})";
    }

    /// <summary>Formats the name of a type, with T0, T1, … in place of anonymous types.</summary>
    private static string Spell(ITypeSymbol type, List<ITypeSymbol> unnamed)
    {
        switch (type)
        {
            case INamedTypeSymbol { IsAnonymousType: true, TypeKind: TypeKind.Delegate }:
                return "global::System.Delegate";
            case INamedTypeSymbol { IsAnonymousType: true }:
                var index = unnamed.FindIndex(known => SymbolEqualityComparer.Default.Equals(known, type));
                if (index < 0)
                {
                    index = unnamed.Count;
                    unnamed.Add(type);
                }

                return $"T{index}";
            case IArrayTypeSymbol array:
                return $"{Spell(array.ElementType, unnamed)}[{new string(',', array.Rank - 1)}]";
            case INamedTypeSymbol { IsTupleType: true } tuple:
                return $"({string.Join(", ", tuple.TupleElements.Select(element => $"{Spell(element.Type, unnamed)} {element.Name}"))})";
            case INamedTypeSymbol { IsGenericType: true, ContainingType: null or { IsScriptClass: true } } generic when HasNoName(generic):
                var space = generic.ContainingNamespace is { IsGlobalNamespace: false } named && generic.ContainingType is null
                    ? $"global::{named.ToDisplayString()}." : "";
                return $"{space}{generic.Name}<{string.Join(", ", generic.TypeArguments.Select(argument => Spell(argument, unnamed)))}>";
            default:
                return HasNoName(type) ? "object" : type.ToDisplayString(TypeFormat);
        }
    }

    private static bool HasNoName(ITypeSymbol type) => type switch
    {
        INamedTypeSymbol { IsAnonymousType: true } => true,
        IArrayTypeSymbol array => HasNoName(array.ElementType),
        INamedTypeSymbol named => named.TypeArguments.Any(HasNoName)
            || (named.ContainingType is { IsScriptClass: false } outer && HasNoName(outer)),
        _ => false,
    };
}
