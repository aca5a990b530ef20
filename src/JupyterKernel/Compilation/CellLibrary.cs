using System.Collections.Frozen;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace JupyterKernel.Compilation;

/// <summary>A source text of a library.</summary>
/// <param name="Cell">The name of the cell that the text belongs to.</param>
/// <param name="Text">The cell's text, in which everything outside the library is blank.</param>
internal sealed record LibrarySource(string Cell, string Text);

/// <summary>
/// The part of a cell that a script cannot contain, compiled as a library that this cell and later ones reference: namespaces,
/// extension blocks, types that source generators extend, types that share their name with a variable, and assembly attributes together
/// with all types of the cell.
/// </summary>
/// <param name="Sources">The source texts.</param>
/// <param name="Types">
/// The full names of the library's types. A type can exist only once in a session: when it is redeclared, the library is rebuilt.
/// </param>
internal sealed record CellLibrary(IReadOnlyList<LibrarySource> Sources, IReadOnlySet<string> Types, EmittedAssembly Emitted)
{
    private static readonly string[] TypeKeywords = ["class", "interface", "record", "struct", "enum", "delegate"];

    private static readonly CSharpParseOptions ParseOptions = CellCompiler.ParseOptions.WithKind(SourceCodeKind.Regular)
        .WithDocumentationMode(DocumentationMode.None);

    /// <summary>Splits a cell into its script and its library.</summary>
    /// <param name="form">The cell's text.</param>
    /// <param name="script">The syntax tree of the text, parsed as a script.</param>
    /// <param name="libraryTypes">The names of other types that belong in the library.</param>
    /// <param name="kept">The names of types to omit from both, because an earlier cell declares them.</param>
    /// <returns>The script and the library; the library is null for most cells.</returns>
    public static (CellText Script, CellText? Library) Split(
        CellText form, SyntaxTree script, IReadOnlySet<string> libraryTypes, IReadOnlySet<string> kept, CancellationToken cancellation)
    {
        var root = script.GetCompilationUnitRoot(cancellation);

        // Assembly attributes apply to the assembly that contains the types.
        var attributes = root.AttributeLists.Select(list => list.Span).ToList();
        var others = root.Members.SelectMany(NamesBesideTypes).ToHashSet();
        var leftOut = root.Members.Where(member => IsType(member) && kept.Contains(NameOf(member))).ToList();
        var moved = root.Members.Except(leftOut).Where(Belongs).ToList();
        var neither = root.Externs.Select(directive => directive.Span).Concat(leftOut.Select(member => member.Span));
        if (moved.Count == 0 && attributes.Count == 0) return (form.With(neither.Select(form.Blank)), null);

        // Types that the moved types use are moved too. The other types can use types of the library and of the script.
        var types = root.Members.Where(IsType).Except(moved).Except(leftOut).ToList();
        for (var i = 0; i < moved.Count; i++)
        {
            var names = moved[i].DescendantTokens().Where(token => token.IsKind(SyntaxKind.IdentifierToken))
                .Select(token => token.ValueText).ToHashSet();
            var used = types.Where(type => names.Contains(NameOf(type))).ToList();
            moved.AddRange(used);
            types.RemoveAll(used.Contains);
        }

        var inScript = root.Members.Except(moved).Except(leftOut).Select(member => member.Span);
        var directives = root.DescendantTrivia()
            .Where(trivia => trivia.Kind() is SyntaxKind.ReferenceDirectiveTrivia or SyntaxKind.LoadDirectiveTrivia)
            .Select(trivia => trivia.Span);
        return (form.With(moved.Select(member => member.Span).Concat(attributes).Concat(neither).Select(form.Blank)),
            form.With(inScript.Concat(leftOut.Select(member => member.Span)).Concat(directives).Select(form.Blank)
                .Concat(moved.SelectMany(Publish))));

        bool Belongs(MemberDeclarationSyntax member) => BelongsIntoLibrary(member)
            || (IsType(member) && (attributes.Count > 0 || libraryTypes.Contains(NameOf(member)) || others.Contains(NameOf(member))));
    }

    /// <summary>Whether the spelling of a cell shows that it may have a library.</summary>
    public static bool MayBeIn(string code) =>
        code.Contains("namespace", StringComparison.Ordinal) || code.Contains("extension", StringComparison.Ordinal)
            || code.Contains("partial", StringComparison.Ordinal);

    /// <summary>Whether the spelling of a cell shows that it may declare a type.</summary>
    public static bool MayDeclareType(string code) => TypeKeywords.Any(keyword => code.Contains(keyword, StringComparison.Ordinal));

    /// <summary>
    /// Returns the names of a cell's types that are not partial but for which a package's generator writes code: it would not see them in a
    /// script. Empty, at no cost, if the session has no such generators or the cell has no types.
    /// </summary>
    public static IReadOnlyCollection<string> TypesOfGenerators(
        CellText form, SyntaxTree script, string cell, IEnumerable<string> usings, IEnumerable<MetadataReference> references,
        IReadOnlyList<string> analyzers, CancellationToken cancellation)
    {
        if (!SourceGenerators.AreOfPackages(analyzers)) return [];
        var types = script.GetCompilationUnitRoot(cancellation).Members.Where(IsType).Select(NameOf).ToHashSet();
        if (types.Count == 0 || Split(form, script, types, kept: FrozenSet<string>.Empty, cancellation).Library is not { } text) return [];
        var imports = CSharpSyntaxTree.ParseText(string.Join('\n', usings.Distinct()), ParseOptions, cancellationToken: cancellation);
        var compilation = CSharpCompilation.Create("Types", [imports, Parse(new(cell, text.Text))], references,
            new(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
        return SourceGenerators.Wanted(compilation, types, analyzers, cancellation);
    }

    /// <summary>Returns the full names of the types that a source declares.</summary>
    public static IReadOnlySet<string> TypesOf(LibrarySource source) => TypesOf(Parse(source)).ToHashSet();

    /// <summary>Returns the names that a source uses or declares.</summary>
    public static IReadOnlySet<string> NamesIn(LibrarySource source) =>
        Parse(source).GetRoot().DescendantTokens().Where(token => token.IsKind(SyntaxKind.IdentifierToken))
            .Select(token => token.ValueText).ToHashSet();

    /// <summary>Returns a source without the types that are now declared elsewhere.</summary>
    public static LibrarySource Without(LibrarySource source, IReadOnlyCollection<string> types)
    {
        var declared = Parse(source).GetRoot().DescendantNodes()
            .Where(node => IsTopLevelType(node) && types.Contains(FullName((MemberDeclarationSyntax)node)));
        var text = CellText.Of(source.Text);
        return source with { Text = text.With(declared.Select(node => text.Blank(node.Span))).Text };
    }

    /// <summary>Compiles a library.</summary>
    /// <param name="sources">The source texts.</param>
    /// <param name="assemblyName">The name of the assembly.</param>
    /// <param name="usings">The usings imported in all source texts; those that cannot be resolved are omitted.</param>
    /// <param name="references">The references that the library may use.</param>
    /// <param name="analyzers">The assemblies that may contain source generators.</param>
    /// <returns>The library, or the errors.</returns>
    public static (CellLibrary? Library, ImmutableArray<Diagnostic> Errors) Compile(
        IReadOnlyList<LibrarySource> sources, string assemblyName, IEnumerable<string> usings, IEnumerable<MetadataReference> references,
        IReadOnlyList<string> analyzers, CSharpCompilationOptions options, CancellationToken cancellation)
    {
        SyntaxTree[] trees = [.. sources.Select(Parse)];
        var imports = CSharpSyntaxTree.ParseText(string.Join('\n', usings.Distinct()), ParseOptions, cancellationToken: cancellation);
        var compilation = CSharpCompilation.Create(assemblyName, [imports, .. trees], references, options);

        // Some of the imports are types declared in scripts, which a library cannot reference.
        var unknown = compilation.GetDiagnostics(cancellation)
            .Where(error => error.Severity == DiagnosticSeverity.Error && error.Location.SourceTree == imports)
            .Select(error =>
                imports.GetText(cancellation).Lines.GetLineFromPosition(error.Location.SourceSpan.Start).Span).Distinct().ToList();
        if (unknown.Count > 0)
        {
            var text = CellText.Of(imports.ToString());
            var known = CSharpSyntaxTree.ParseText(text.With(unknown.Select(text.Blank)).Text, ParseOptions,
                cancellationToken: cancellation);
            compilation = compilation.ReplaceSyntaxTree(imports, known);
        }

        var reported = ImmutableArray<Diagnostic>.Empty;
        if (SourceGenerators.AreOfPackages(analyzers)
            || trees.Any(tree =>
                tree.GetRoot(cancellation).DescendantNodes().OfType<MemberDeclarationSyntax>().Any(SourceGenerators.MayWrite)))
            (compilation, reported) = SourceGenerators.Run(compilation, analyzers, ParseOptions, cancellation);
        var (emitted, errors) = EmittedAssembly.Of(compilation, cancellation);
        if (reported.Length > 0) return (null, [.. reported, .. emitted is null ? errors : []]);
        return emitted is null ? (null, errors) : (new(sources, trees.SelectMany(TypesOf).ToHashSet(), emitted), []);
    }

    private static IEnumerable<string> TypesOf(SyntaxTree tree) =>
        tree.GetRoot().DescendantNodes().Where(IsTopLevelType).Cast<MemberDeclarationSyntax>().Select(FullName);

    private static SyntaxTree Parse(LibrarySource source) =>
        CSharpSyntaxTree.ParseText(SourceText.From(source.Text, System.Text.Encoding.UTF8), ParseOptions, source.Cell);

    private static bool BelongsIntoLibrary(MemberDeclarationSyntax member) =>
        member is BaseNamespaceDeclarationSyntax || SourceGenerators.MayWrite(member)
        || (member is ClassDeclarationSyntax type && type.Members.Any(inner => inner is ExtensionBlockDeclarationSyntax));

    /// <summary>
    /// Returns the names of fields and methods. In a program a type may have the same name, but a type nested in a class may not.
    /// </summary>
    private static IEnumerable<string> NamesBesideTypes(MemberDeclarationSyntax member) => member switch
    {
        FieldDeclarationSyntax field => field.Declaration.Variables.Select(variable => variable.Identifier.ValueText),
        MethodDeclarationSyntax method => [method.Identifier.ValueText],
        _ => [],
    };

    private static bool IsType(SyntaxNode node) => node is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax;

    private static bool IsTopLevelType(SyntaxNode node) =>
        IsType(node) && node.Parent is BaseNamespaceDeclarationSyntax or CompilationUnitSyntax;

    private static string NameOf(MemberDeclarationSyntax type) =>
        type is BaseTypeDeclarationSyntax named ? named.Identifier.ValueText : ((DelegateDeclarationSyntax)type).Identifier.ValueText;

    private static string FullName(MemberDeclarationSyntax type)
    {
        var arity = (type as TypeDeclarationSyntax)?.Arity ?? (type as DelegateDeclarationSyntax)?.Arity ?? 0;
        var spaces = type.Ancestors().OfType<BaseNamespaceDeclarationSyntax>().Reverse().Select(space => space.Name.ToString() + ".");
        return $"{string.Concat(spaces)}{NameOf(type)}`{arity}";
    }

    /// <summary>
    /// Makes internal members public, because other files of a program can use them; so later cells must be able to, although
    /// they are other assemblies.
    /// </summary>
    private static IEnumerable<Edit> Publish(MemberDeclarationSyntax member)
    {
        foreach (var node in member.DescendantNodesAndSelf().OfType<MemberDeclarationSyntax>())
        {
            if (IsTopLevelType(node))
            {
                // A file-local type is visible only in its own file.
                if (node.Modifiers.Any(SyntaxKind.FileKeyword)) continue;
                foreach (var edit in ProgramForms.Accessible(node)) yield return edit;
            }
            else if (node.Modifiers.Where(modifier => SyntaxFacts.IsAccessibilityModifier(modifier.Kind()))
                .ToList() is [{ RawKind: (int)SyntaxKind.InternalKeyword } inner])
            {
                yield return new(inner.SpanStart, inner.Span.Length, "public  ");
            }
        }
    }
}
