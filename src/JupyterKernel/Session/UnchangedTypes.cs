using System.Collections.Frozen;
using JupyterKernel.Compilation;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Session;

/// <summary>
/// Finds the types of a cell that the session already has with the same text and meaning. A cell that is run again does not redeclare them,
/// so earlier values keep a current type. A type with mutable static fields or auto-properties is redeclared, so that they are initialized
/// again. Pure; compilation thread.
/// </summary>
internal static class UnchangedTypes
{
    /// <summary>Returns the names of the unchanged types of a cell.</summary>
    /// <param name="code">The cell's text.</param>
    /// <param name="language">The language settings of the cell.</param>
    /// <param name="history">The accepted cells.</param>
    public static IReadOnlySet<string> In(
        string code, LanguageSettings language, IReadOnlyList<AcceptedCell> history, CancellationToken cancellation)
    {
        var members = MembersOf(code, cancellation);
        var own = TypesIn(members);
        if (own.Count == 0) return FrozenSet<string>.Empty;
        var kept = own.Keys.Where(IsThere).ToHashSet();

        // A type that uses a redeclared name has a different meaning.
        var declared = members.SelectMany(Declared).ToHashSet();
        while (kept.RemoveWhere(name => own[name].SelectMany(UsedBy).Any(used => declared.Contains(used) && !kept.Contains(used))) > 0) { }
        return kept.ToFrozenSet();

        bool IsThere(string name)
        {
            var index = history.Count - 1;
            while (index >= 0 && !Declares(history[index], name)) index--;
            if (index < 0 || history[index].Compiled is var cell && (!cell.Types.Contains(name) || cell.Language != language)) return false;
            return TypesIn(MembersOf(cell.Code, cancellation)).TryGetValue(name, out var before)
                && before.Select(type => type.ToString()).SequenceEqual(own[name].Select(type => type.ToString()))
                && !own[name].Any(HasStaticState)
                && !own[name].SelectMany(UsedBy).Any(used => history.Skip(index + 1).Any(later => Declares(later, used)));
        }
    }

    private static SyntaxList<MemberDeclarationSyntax> MembersOf(string code, CancellationToken cancellation) =>
        CSharpSyntaxTree.ParseText(PackageDirectives.Blank(code), CellCompiler.ParseOptions, cancellationToken: cancellation)
            .GetCompilationUnitRoot(cancellation).Members;

    private static Dictionary<string, MemberDeclarationSyntax[]> TypesIn(SyntaxList<MemberDeclarationSyntax> members) => members
        .Where(member => member is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax).GroupBy(member => Declared(member).Single())
        .ToDictionary(same => same.Key, same => same.ToArray());

    private static bool Declares(AcceptedCell cell, string name) => cell.Compiled.DeclaredNames.Contains(name)
        || cell.Compiled.Library?.Types.Any(type =>
            type.StartsWith(name + "`", StringComparison.Ordinal) || type.Contains($".{name}`", StringComparison.Ordinal)) == true;

    private static IEnumerable<string> Declared(MemberDeclarationSyntax member) => member switch
    {
        BaseTypeDeclarationSyntax type => [type.Identifier.ValueText],
        DelegateDeclarationSyntax type => [type.Identifier.ValueText],
        MethodDeclarationSyntax method => [method.Identifier.ValueText],
        PropertyDeclarationSyntax property => [property.Identifier.ValueText],

        // Variables that a statement declares anywhere inside it.
        _ => member.DescendantNodes().Select(node => node switch
        {
            VariableDeclaratorSyntax variable => variable.Identifier.ValueText,
            SingleVariableDesignationSyntax variable => variable.Identifier.ValueText,
            _ => "",
        }).Where(name => name.Length > 0),
    };

    /// <summary>
    /// Returns the names by which a type may refer to declarations of cells. Compared by spelling, so there may be too many, never too few:
    /// a member's name may be that of an extension method, and an attribute's class may end in "Attribute".
    /// </summary>
    private static IEnumerable<string> UsedBy(MemberDeclarationSyntax type) =>
        type.DescendantNodes().OfType<SimpleNameSyntax>().Where(name => name.Parent is not NameColonSyntax)
        .SelectMany(name =>
            name.Parent is AttributeSyntax or QualifiedNameSyntax or AliasQualifiedNameSyntax
            ? (string[])[name.Identifier.ValueText, name.Identifier.ValueText + "Attribute"] : [name.Identifier.ValueText]);

    private static bool HasStaticState(MemberDeclarationSyntax type) =>
        type.DescendantNodes().OfType<MemberDeclarationSyntax>()
            .Any(member => member.Modifiers.Any(SyntaxKind.StaticKeyword) && member switch
    {
        BaseFieldDeclarationSyntax => !member.Modifiers.Any(SyntaxKind.ReadOnlyKeyword),
        PropertyDeclarationSyntax property =>
            property.AccessorList?.Accessors.Any(accessor =>
                accessor.IsKind(SyntaxKind.SetAccessorDeclaration) && accessor is { Body: null, ExpressionBody: null }) == true,
        _ => false,
    });
}
