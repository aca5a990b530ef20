using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using JupyterKernel.RoslynInternals;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace JupyterKernel.Compilation;

/// <summary>
/// Compiles the text of a cell to an emitted assembly and diagnostics. Each cell becomes a Roslyn submission that follows the last accepted
/// cell. Immutable except for lazily created parts; any thread.
/// Source of the model: https://github.com/dotnet/roslyn/blob/main/docs/wiki/Scripting-API-Samples.md
/// </summary>
internal sealed class CellCompiler
{
    private static readonly string[] DefaultUsings =
    [
        "System", "System.IO", "System.Linq", "System.Collections.Generic", "System.Text", "System.Threading",
        "System.Threading.Tasks", "System.Net.Http", "JupyterKernel.Display", .. DefaultStaticUsings,
    ];

    // In a program, statements are in a class, which inherits the methods of object.
    private static string[] DefaultStaticUsings => ["JupyterKernel.Display.Notebook", "System.Object"];

    // https://learn.microsoft.com/dotnet/csharp/language-reference/preprocessor-directives#conditional-compilation
    private static readonly string[] Symbols =
    [
        "NET", "NETCOREAPP", "NET10_0", "RELEASE", "TRACE",
        .. Enumerable.Range(5, 6).Select(version => $"NET{version}_0_OR_GREATER"),
        .. ((string[])["1_0", "1_1", "2_0", "2_1", "2_2", "3_0", "3_1"]).Select(version => $"NETCOREAPP{version}_OR_GREATER"),
    ];

    /// <summary>The options with which a cell's text is parsed.</summary>
    public static readonly CSharpParseOptions ParseOptions =
        new(LanguageVersion.Latest, DocumentationMode.Parse, SourceCodeKind.Script, Symbols);

    // Roslyn has an error with this number and meaning, but does not always get as far as reporting it.
    private static readonly DiagnosticDescriptor TooDeep = new(
        "CS8078", "Too deep", "The code is nested too deeply to be compiled. Split it into smaller parts.", "Compiler",
        DiagnosticSeverity.Error, isEnabledByDefault: true);

    private static readonly DiagnosticDescriptor UsingOfOther = new(
        "CS1674", "Using", "'{0}': type used in a using statement must implement 'System.IDisposable'", "Compiler",
        DiagnosticSeverity.Error, isEnabledByDefault: true);

    // The parser's own errors are about the declaration that it expects.
    private static readonly DiagnosticDescriptor KeywordAsName = new(
        "CS1001", "Keyword", "'{0}' is a contextual keyword at the start of a statement. Write @{0} to use it as a name.", "Compiler",
        DiagnosticSeverity.Error, isEnabledByDefault: true);

    /// <summary>
    /// The warnings that are not useful in a notebook: about variables that only later cells use, about version differences between
    /// assemblies of the framework, and about nullable annotations where they are not enabled.
    /// </summary>
    private static readonly HashSet<string> Noise =
        ["CS0105", "CS0108", "CS0168", "CS0169", "CS0219", "CS0414", "CS0436", "CS0649", "CS1591", "CS1701", "CS1702", "CS1998", "CS7022",
            "CS8321", "CS8618", "CS8632", "CS8933"];

    /// <summary>
    /// The number of characters from which compilation on several threads is faster than on one. The stacks of those threads are not deep,
    /// but code of this size is not deeply nested.
    /// </summary>
    private const int MuchCode = 3000;

    /// <summary>Yields other forms of a cell that did not compile, to be tried in turn; none if the errors have other causes.</summary>
    private delegate IEnumerable<ScriptForm> OtherForms(
        ScriptForm form, CSharpCompilation submission, SyntaxTree tree, IReadOnlyCollection<Diagnostic> errors,
        CancellationToken cancellation);

    private static readonly OtherForms[] Others = [ProgramForms.WithLatest, StaticImports.WithTypes, PinnedVariables.WithAddresses,
        ProgramForms.WithLocals];

    private static readonly string[] Disposables = ["System.IDisposable", "System.IAsyncDisposable"];

    private readonly CSharpCompilationOptions options;
    private readonly CSharpCompilationOptions safeOptions;
    private readonly Lazy<CSharpCompilation> root;
    private readonly Lazy<CSharpCompilation> pattern;
    private volatile CSharpCompilation? lastUnshared;
    private long serial;

    /// <param name="baseDirectory">The directory that relative paths in <c>#r</c> and <c>#load</c> refer to.</param>
    public CellCompiler(string baseDirectory)
    {
        options = new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary,
            optimizationLevel: OptimizationLevel.Release,
            allowUnsafe: true,
            concurrentBuild: false,
            metadataReferenceResolver: new AssemblyFileResolver(baseDirectory),
            sourceReferenceResolver: new CellSourceResolver(baseDirectory));
        SubmissionInternals.SupersedeLowerVersions(options);
        safeOptions = options.WithAllowUnsafe(false);

        // References and usings are added only here: later submissions inherit them. If each cell added them again, memory would grow with
        // the square of the number of cells.
        root = new(() => CSharpCompilation.CreateScriptCompilation(
            "Root", references: ReferenceSet.Core.Concat(ReferenceSet.CoreDependencies), options: options.WithUsings(DefaultUsings),
            syntaxTree: Parse("", "")));
        pattern = new(() => CSharpCompilation.CreateScriptCompilation("Pattern", options: options, previousScriptCompilation: Root));
    }

    /// <summary>The options with which cells are compiled.</summary>
    public CSharpCompilationOptions Options => options;

    /// <summary>The names that are imported by default: namespaces, and types whose static members are imported.</summary>
    public static IReadOnlyList<string> ImportedNames => DefaultUsings;

    /// <summary>The compilation that the first cell follows: it has no code, but all default references and usings.</summary>
    public CSharpCompilation Root => root.Value;

    /// <summary>
    /// Compiles a cell and discards it, so that the code of the compiler is loaded and compiled when the first real cell arrives.
    /// </summary>
    public CompilationOutcome Warm() => Compile("1+1", "Warming", Root, CancellationToken.None);

    /// <summary>Compiles a cell that follows the last accepted cell of the session.</summary>
    public CompilationOutcome Compile(string code, string name, CSharpCompilation previous, CancellationToken cancellation) =>
        Compile(new CellSource(code, name, previous), cancellation);

    /// <summary>Compiles a cell.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public CompilationOutcome Compile(CellSource source, CancellationToken cancellation)
    {
        if (Nesting.IsTooDeep(source.Code, Nesting.DeepStack)) return new(null, [Diagnostic.Create(TooDeep, Location.None)]);
        var code = PackageDirectives.Blank(source.Code);
        var written = Parse(code, source, cancellation);
        if (Nesting.IsTooDeep(written.GetRoot(cancellation), cancellation, Nesting.DeepStack))
            return new(null, [Diagnostic.Create(TooDeep, Location.None)]);

        var form = ProgramForms.Of(code, written, cancellation);
        var (script, libraryText) = Split(form.Text,
            form.Text.IsOriginal ? written : Parse(form.Text.Text, source, cancellation), source, cancellation);
        var behind = source;
        if (PutAfterAliases(ref behind, written, cancellation) is { IsEmpty: false } unknown) return new(null, unknown);
        var attempts = new Attempts(this, behind, written, cancellation);
        if (attempts.CompileLibrary(libraryText) is { IsEmpty: false } errors) return new(null, errors);

        form = form with { Text = script };
        if (attempts.CompileFast(form) is { } fast) return new(fast, []);
        var best = attempts.Compile(form);
        if (best.Cell is not null) return new(attempts.WithScripts(best), []);
        if (OfferedUsings.Missing(best.Errors, best.Tree, source.Offered, cancellation) is { Length: > 0 } usings)
        {
            // A position in the cell's original text, because that text is compiled again.
            var place = form.Text.ToOriginal(new TextSpan(OfferedUsings.Place(best.Tree, cancellation), 0)).Start;
            var outcome = Compile(
                source with { Code = source.Code.Insert(place, usings), Offered = FrozenDictionary<string, string>.Empty }, cancellation);
            if (outcome.Cell is { } added) return new(added with { AddedUsings = usings.TrimEnd() }, []);
        }

        foreach (var next in InteractiveNames.Forms(best, attempts.Compile, cancellation))
        {
            if (next.Cell is not null) return new(attempts.WithScripts(next), []);

            // At least one more name was resolved. If the number of errors is the same, an error at another position shows that.
            if (next.Errors.Length < best.Errors.Length
                || (next.Errors.Length == best.Errors.Length && !next.ErrorPlaces.SetEquals(best.ErrorPlaces)))
            {
                best = next;
            }
        }

        for (CellAttempt? tried = null; tried != best;)
        {
            tried = best;
            foreach (var other in Others.SelectMany(forms => forms(tried.Form, tried.Submission, tried.Tree, tried.Errors, cancellation)))
            {
                var next = attempts.Compile(other);
                if (next.Cell is not null) return new(next.Cell, []);
                if (next.Errors.Length < best.Errors.Length) best = next;
            }
        }

        return new(null, attempts.Explain(best));
    }

    /// <summary>Returns the source of a cell's library; null if the cell has none.</summary>
    public static LibrarySource? LibrarySourceOf(CellSource source, CancellationToken cancellation)
    {
        if (Nesting.IsTooDeep(source.Code, Nesting.DeepStack)) return null;
        var code = PackageDirectives.Blank(source.Code);
        var form = ProgramForms.Of(code, Parse(code, source, cancellation), cancellation).Text;
        return Split(form, Parse(form.Text, source, cancellation), source, cancellation).Library is { } library
            ? new(source.Name, library.Text) : null;
    }

    private static (CellText Script, CellText? Library) Split(
        CellText form, SyntaxTree script, CellSource source, CancellationToken cancellation)
    {
        var generated = CellLibrary.TypesOfGenerators(
            form, script, source.Name, LibraryUsings(source, cancellation),
            LibraryReferences(source).Concat(source.Assets.References.Select(ReferenceSet.Of)), source.Analyzers, cancellation);
        return CellLibrary.Split(form, script,
            generated.Count == 0 ? source.LibraryTypes : source.LibraryTypes.Concat(generated).ToHashSet(), source.Kept, cancellation);
    }

    /// <summary>Returns the usings of a cell's library: everything that the script would import.</summary>
    private static IEnumerable<string> LibraryUsings(CellSource source, CancellationToken cancellation) =>
        DefaultUsings.Select(name => DefaultStaticUsings.Contains(name) ? $"global using static {name};" : $"global using {name};")
            .Concat(
                UsingsBefore(source, cancellation)
                    .Select(directive =>
                        "global " + directive.WithGlobalKeyword(default).WithoutTrivia().NormalizeWhitespace("", " ").ToString()));

    private static IEnumerable<MetadataReference> LibraryReferences(CellSource source) =>
        SubmissionLink.Chain(source.Previous).SelectMany(link => link.ExternalReferences.Concat(link.DirectiveReferences)).Distinct();

    private static IEnumerable<UsingDirectiveSyntax> UsingsBefore(CellSource source, CancellationToken cancellation) =>
        SubmissionLink.Chain(source.Previous).SelectMany(link => link.SyntaxTrees)
            .SelectMany(tree => tree.GetCompilationUnitRoot(cancellation).Usings);

    /// <summary>
    /// Compiles the <c>extern alias</c> directives of a cell as a separate submission, which the cell then follows. That submission has no
    /// code, so it is not one of those that run.
    /// </summary>
    /// <returns>The errors in the directives.</returns>
    private ImmutableArray<Diagnostic> PutAfterAliases(ref CellSource source, SyntaxTree written, CancellationToken cancellation)
    {
        var root = written.GetCompilationUnitRoot(cancellation);
        if (root.Externs.Count == 0) return [];
        var front = EmptySubmission(source with { Again = null }).AddSyntaxTrees(Parse(InFrontOf(root), source, cancellation));
        ExternAliases.Admit(front);
        source = source with { Previous = front };

        // All other errors are reported for the cell itself.
        return
        [
            .. front.GetDiagnostics(cancellation)
                .Where(error => IsError(error) && root.Externs.Any(directive => directive.Span.Contains(error.Location.SourceSpan)))
                .Select(error =>
                    At(error, Location.Create(written, error.Location.SourceSpan),
                        Suggestions.For(error, front, FrozenSet<string>.Empty, cancellation))),
        ];
    }

    /// <summary>Tries the forms of a cell in turn until one compiles.</summary>
    private sealed class Attempts(CellCompiler compiler, CellSource source, SyntaxTree written, CancellationToken cancellation)
    {
        private readonly CSharpCompilation empty = compiler.EmptySubmission(source)
            .AddReferences(source.Assets.References.Select(ReferenceSet.Of));
        private readonly List<MetadataReference> libraries = [];
        private IReadOnlyList<MetadataReference>? optional;
        private CellLibrary? library;

        /// <summary>
        /// The references that are tried if the cell does not compile without them; excludes those that the cell or its
        /// packages already reference.
        /// </summary>
        private IReadOnlyList<MetadataReference> Optional =>
            optional ??= ReferenceSet.OptionalBeside(Known(source).Concat(empty.ExternalReferences));

        /// <summary>Compiles the part of the cell that a script cannot contain.</summary>
        /// <returns>The errors of the library.</returns>
        public ImmutableArray<Diagnostic> CompileLibrary(CellText? own)
        {
            IReadOnlyList<LibrarySource> sources = source.Library ?? (own is null ? [] : [new(source.Name, own.Text)]);
            if (sources.Count == 0) return [];
            var imports = LibraryUsings(source, cancellation);
            IEnumerable<MetadataReference> references =
            [
                .. LibraryReferences(source), .. empty.ExternalReferences, .. empty.AddSyntaxTrees(written).DirectiveReferences,
            ];
            var (made, errors) = With(references);
            if (made is null) (made, _) = With(references.Concat(Optional));
            if (made is null)
                return [
                    .. errors.Select(error =>
                        own is not null && error.Location.GetLineSpan().Path == source.Name
                        ? At(error, Location.Create(written, own.ToOriginal(error.Location.SourceSpan))) : error)];
            library = made;
            libraries.Add(MetadataReference.CreateFromImage(made.Emitted.Assembly));
            return [];

            (CellLibrary? Library, ImmutableArray<Diagnostic> Errors) With(IEnumerable<MetadataReference> all) =>
                CellLibrary.Compile(sources, empty.AssemblyName + ".Library", imports, all.Distinct(), source.Analyzers,
                    source.Language.Apply(compiler.options), cancellation);
        }

        /// <summary>
        /// Compiles the script part of the cell with loop variables as locals; returns null if there are no loops or
        /// they cannot be rewritten.
        /// </summary>
        public CompiledCell? CompileFast(ScriptForm form)
        {
            var tree = form.Text.IsOriginal ? written : Parse(form.Text.Text, source, cancellation);
            if (LoopVariables.In(form, tree, source.IsTopLevelOnly, cancellation) is not { } localized) return null;
            var attempt = Compile(localized);
            return attempt.Cell is not null && LoopVariables.IsSound(attempt.Submission, attempt.Tree, cancellation) ? attempt.Cell : null;
        }

        /// <summary>Returns the compiled cell, rewritten to run the scripts of <c>Javascript</c> calls whose results it ignores.</summary>
        public CompiledCell WithScripts(CellAttempt compiled) =>
            source.Code.Contains("Javascript(", StringComparison.Ordinal)
                && InteractiveNames.WithScripts(compiled, cancellation) is { } form
            ? Compile(form).Cell ?? compiled.Cell!
            : compiled.Cell!;

        /// <summary>Compiles the script part of the cell in one form.</summary>
        public CellAttempt Compile(ScriptForm form)
        {
            var tree = form.Text.IsOriginal ? written : Parse(form.Text.Text, source, cancellation);

            // Roslyn emits nothing for a submission that contains only usings, references or comments, and reports no error.
            if (tree.GetCompilationUnitRoot(cancellation).Members.Count == 0) tree = Parse(form.Text.Text + "\n;", source, cancellation);

            var first = With([]);
            if (first.Cell is not null || tree.GetDiagnostics(cancellation).Any(IsError)) return first;

            // If the cell lacks only an optional reference to the framework, the error is not an error of the cell.
            var complete = With(Optional);
            if (complete.Cell is null) return complete.Errors.Length < first.Errors.Length ? complete : first;

            // Later cells inherit only the references that are needed: those that the emitted assembly uses, which are very few, or, if the
            // cell does not compile with these alone, those that the compiler has used.
            var names = complete.Cell.Emitted.ReferencedAssemblies();
            var slim = With(Optional.Where(reference => names.Contains(ReferenceSet.NameOf(reference))));
            if (slim.Cell is null) slim = With(complete.Submission.GetUsedAssemblyReferences(cancellation).Intersect(Optional));
            return slim.Cell is null ? complete : slim;

            CellAttempt With(IEnumerable<MetadataReference> added)
            {
                MetadataReference[] all = [.. libraries, .. added];
                var submission = (all.Length > 0 ? empty.AddReferences(all) : empty).AddSyntaxTrees(tree);
                if (!submission.Options.AllowUnsafe && MayBeUnsafe(form.Text.Text))
                    submission = submission.WithOptions(submission.Options.WithAllowUnsafe(true));
                if (source.Code.Length > MuchCode) submission = submission.WithOptions(submission.Options.WithConcurrentBuild(true));
                var (cell, errors) = Emit(submission, form, source, library, cancellation);
                return new(form, tree, submission, cell, errors);
            }
        }

        /// <summary>Maps the errors of an attempt to the user's text and adds suggestions.</summary>
        public ImmutableArray<Diagnostic> Explain(CellAttempt failed)
        {
            var tree = failed.Tree;
            var usings = UsingsBefore(source, cancellation).Concat(tree.GetCompilationUnitRoot(cancellation).Usings)
                .Select(directive => directive.Name?.ToString() ?? "").Concat(DefaultUsings).ToHashSet();

            // Other errors in a text that does not parse follow from this one, or are reported the next time.
            if (written.GetRoot(cancellation).ContainsDiagnostics && ProgramForms.KeywordAsName(written, cancellation) is { } name)
                return [Diagnostic.Create(KeywordAsName, name.GetLocation(), name.Text)];
            var syntax = tree.GetDiagnostics(cancellation).Where(IsError).OrderBy(error => error.Location.SourceSpan.Start).ToList();
            if (syntax.Count > 0)
            {
                var explainsAll = true;
                var hint = Reference(syntax[0]) ?? Suggestions.ForSyntax(syntax[0], tree, cancellation, out explainsAll);
                return [Placed(syntax[0], hint), .. syntax.Skip(1).Where(_ => !explainsAll).Select(error => Placed(error, null))];
            }

            return [
                .. failed.Errors.Select(error =>
                    error.Location.SourceTree != tree
                    ? error : Placed(error, Reference(error) ?? Suggestions.For(error, failed.Submission, usings, cancellation)))];

            // The line in the user's text, because some forms add a semicolon.
            string? Reference(Diagnostic error) => PackageHints.ForLine(
                written.GetText(cancellation).Lines.GetLineFromPosition(failed.Form.Text.ToOriginal(error.Location.SourceSpan).Start)
                    .ToString());

            Diagnostic Placed(Diagnostic error, string? suggestion) =>
                At(error, Location.Create(written, failed.Form.Text.ToOriginal(error.Location.SourceSpan)), suggestion);
        }

        private static IEnumerable<MetadataReference> Known(CellSource source) =>
            SubmissionLink.Chain(source.Previous).SelectMany(link => link.ExternalReferences);
    }

    /// <param name="suggestion">
    /// The text to show below the error; stored under the property <see cref="CompileErrorText.Suggestion"/>.
    /// </param>
    private static Diagnostic At(Diagnostic error, Location place, string? suggestion = null) => Diagnostic.Create(
        error.Id, error.Descriptor.Category, error.GetMessage(CultureInfo.InvariantCulture), error.Severity, error.DefaultSeverity,
        isEnabledByDefault: true, error.WarningLevel, helpLink: error.Descriptor.HelpLinkUri, location: place,
        properties: suggestion is null ? null : ImmutableDictionary<string, string?>.Empty.Add(CompileErrorText.Suggestion, suggestion));

    /// <summary>Creates a compilation of a text that follows the session, for completion and inspection.</summary>
    public CSharpCompilation CreateSubmission(string code, CSharpCompilation previous) =>
        EmptySubmission(new("", "", previous)).AddSyntaxTrees(Parse(PackageDirectives.Blank(code), "Cell"));

    /// <summary>
    /// Whether a text may contain code that requires the assembly to be marked as unsafe. The mark takes the compiler a tenth of the time
    /// of a short cell, and current runtimes ignore it.
    /// </summary>
    private static bool MayBeUnsafe(string code) => code.Contains("unsafe", StringComparison.Ordinal)
        || code.Contains("SkipLocalsInit", StringComparison.Ordinal) || code.Contains("#load", StringComparison.Ordinal);

    /// <summary>Creates a submission without code.</summary>
    /// <remarks>
    /// <see cref="CSharpCompilation.CreateScriptCompilation"/> would analyse the previous submission again, to check it for errors and to
    /// find its anonymous types. This is not necessary, because that submission was emitted.
    /// </remarks>
    private CSharpCompilation EmptySubmission(CellSource source)
    {
        // The name is unique, because a load context cannot load two assemblies of the same name.
        var (assembly, type) = source.Again is { } again ? (again.AssemblyName, again.EntryType)
            : Interlocked.Increment(ref serial) is var id
            ? ($"{TopLevelTypes.AssemblyPrefix}{id}", $"{TopLevelTypes.SubmissionPrefix}{id}") : default;
        var empty = pattern.Value
            .WithAssemblyName(assembly)
            .WithOptions(source.Language.Apply(MayBeUnsafe(source.Code) ? options : safeOptions).WithScriptClassName(type))
            .WithScriptCompilationInfo(pattern.Value.ScriptCompilationInfo!.WithPreviousScriptCompilation(source.Previous));
        if (BoundReferences.SourceFor(source.Previous, lastUnshared) is { } bound) BoundReferences.Share(bound, empty);
        else _ = (lastUnshared = empty).Assembly;
        return empty;
    }

    private static CompilationOutcome Emit(
        CSharpCompilation submission, ScriptForm form, CellSource source, CellLibrary? library, CancellationToken cancellation)
    {
        BoundReferences.TakeNeeded(submission);
        var (emitted, problems) = EmittedAssembly.Of(submission, cancellation);
        BoundReferences.KeepNeeded(submission);
        if (emitted is null) return new(null, problems);
        if (form.Disposed.Select(variable => NotDisposable(submission, variable.Name))
            .FirstOrDefault(error => error is not null) is { } problem)
        {
            return new(null, [problem]);
        }
        var entry = submission.GetEntryPoint(cancellation)!;
        var names = SubmissionLink.DeclaredNames(submission);
        var paths = submission.DirectiveReferences.OfType<PortableExecutableReference>().Select(reference => reference.FilePath!)
            .Where(path => !ReferenceSet.IsOfFramework(path));
        var hasTuples = DisplayedTupleNames.MayBeIn(emitted);
        return new(
            new CompiledCell(
                source.Name, source.Code, submission.AssemblyName!, names, SubmissionLink.Variables(submission),
                DeferredNames.In(submission.SyntaxTrees),
                SubmissionLink.Of(submission, emitted, names), emitted,
                entry.ContainingType.MetadataName, entry.MetadataName, [.. paths], form.Disposed)
            {
                Types = SubmissionLink.Types(submission),
                ResultNames = hasTuples ? DisplayedTupleNames.InResult(submission, cancellation) : null,
                DisplayedNames = hasTuples ? DisplayedTupleNames.InDisplayed(submission, cancellation) : [],
                Declarations = CellDeclarations.Of(submission),
                Assets = source.Assets,
                Analyzers = source.Analyzers,
                Library = library,
                Moved = source.Moved,
                Kept = source.Kept,
                Language = source.Language,
                Warnings = [.. problems.Where(warning => !Noise.Contains(warning.Id))],
            },
            []);
    }

    /// <summary>
    /// Returns the compiler's error for a <c>using</c> declaration of a value that cannot be disposed of; null if the value can be.
    /// </summary>
    private static Diagnostic? NotDisposable(CSharpCompilation submission, string variable)
    {
        if (submission.ScriptClass!.GetMembers(variable).OfType<IFieldSymbol>().FirstOrDefault() is not { } field) return null;
        return field.Type.TypeKind == TypeKind.Dynamic
            || Disposables.Any(name => submission.ClassifyConversion(field.Type, submission.GetTypeByMetadataName(name)!).IsImplicit)
            ? null
            : Diagnostic.Create(UsingOfOther, field.Locations[0], field.Type.ToDisplayString());
    }

    private static SyntaxTree Parse(string code, string name, CancellationToken cancellation = default) =>
        CSharpSyntaxTree.ParseText(SourceText.From(code, Encoding.UTF8), ParseOptions, name, cancellation);

    private static SyntaxTree Parse(string code, CellSource source, CancellationToken cancellation) =>
        source.Language.Version == LanguageVersion.Latest
        ? Parse(code, source.Name, cancellation)
        : CSharpSyntaxTree.ParseText(SourceText.From(code, Encoding.UTF8), ParseOptions.WithLanguageVersion(source.Language.Version),
            source.Name, cancellation);

    /// <summary>
    /// Returns the text of the submission that precedes a cell: the extern alias directives and the references with these aliases.
    /// </summary>
    private static string InFrontOf(CompilationUnitSyntax root)
    {
        var text = CellText.Of(root.ToFullString());
        var loads = root.DescendantTrivia().Where(trivia => trivia.IsKind(SyntaxKind.LoadDirectiveTrivia)).Select(trivia => trivia.Span);
        SyntaxNode[] others = [.. root.Usings, .. root.AttributeLists, .. root.Members];
        return text.With(others.Select(node => node.Span).Concat(loads).Select(text.Blank)).Text;
    }

    private static bool IsError(Diagnostic diagnostic) => diagnostic.Severity == DiagnosticSeverity.Error;
}
