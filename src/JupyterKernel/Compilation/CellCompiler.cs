using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.CodeAnalysis.Text;

namespace JupyterKernel.Compilation;

/// <summary>An assembly as it was emitted, with its portable symbols.</summary>
internal sealed record Image(byte[] Assembly, byte[] Symbols)
{
    /// <summary>The names of the assemblies that it uses, other cells' among them.</summary>
    public IReadOnlySet<string> ReferencedAssemblies()
    {
        using var file = new PEReader(new MemoryStream(Assembly));
        var metadata = file.GetMetadataReader();
        return metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name)).ToHashSet();
    }

    /// <summary>The names of members and nested types of an assembly that it uses.</summary>
    public IReadOnlySet<string> ReferencedMembersOf(string assembly)
    {
        using var file = new PEReader(new MemoryStream(Assembly));
        var metadata = file.GetMetadataReader();
        var names = new HashSet<string>();
        foreach (var handle in metadata.MemberReferences)
        {
            var member = metadata.GetMemberReference(handle);
            if (member.Parent.Kind == HandleKind.TypeReference && AssemblyOf((TypeReferenceHandle)member.Parent) == assembly) names.Add(metadata.GetString(member.Name));
        }

        foreach (var handle in metadata.TypeReferences)
        {
            if (AssemblyOf(handle) == assembly) names.Add(metadata.GetString(metadata.GetTypeReference(handle).Name));
        }

        return names;

        string? AssemblyOf(TypeReferenceHandle handle)
        {
            var scope = metadata.GetTypeReference(handle).ResolutionScope;
            return scope.Kind switch
            {
                HandleKind.TypeReference => AssemblyOf((TypeReferenceHandle)scope),
                HandleKind.AssemblyReference => metadata.GetString(metadata.GetAssemblyReference((AssemblyReferenceHandle)scope).Name),
                _ => null,
            };
        }
    }
}

/// <summary>A cell that compiled: what a worker needs to run it, and what later cells need to compile after it.</summary>
/// <param name="Name">How diagnostics and stack traces call the cell, for example <c>Cell [3]</c>.</param>
/// <param name="AssemblyName">The name of its image's assembly, by which other cells' images refer to it.</param>
/// <param name="DeclaredNames">The variables, methods and types that the cell declares.</param>
/// <param name="Variables">The variables among them.</param>
/// <param name="DeferredNames">The names that its code may look up after it has ended; see <see cref="Compilation.DeferredNames"/>.</param>
/// <param name="Link">What the next cell's compilation follows; see <see cref="SubmissionLink"/>.</param>
/// <param name="AssemblyPaths">Assemblies that the cell's <c>#r</c> directives brought.</param>
internal sealed record CompiledCell(
    string Name, string Code, string AssemblyName, IReadOnlyList<string> DeclaredNames, IReadOnlyList<string> Variables,
    IReadOnlySet<string> DeferredNames, CSharpCompilation Link, Image Image,
    string EntryType, string EntryMethod, IReadOnlyList<string> AssemblyPaths);

/// <summary>What became of a compilation: either a cell or at least one error.</summary>
internal sealed record CompilationOutcome(CompiledCell? Cell, ImmutableArray<Diagnostic> Errors);

/// <summary>
/// Cell text in, image and diagnostics out: each cell becomes one Roslyn submission behind the last accepted one.
/// Immutable but for what is made lazily or ahead; any thread.
/// Source of the model: https://github.com/dotnet/roslyn/blob/main/docs/wiki/Scripting-API-Samples.md
/// </summary>
internal sealed class CellCompiler
{
    private static readonly string[] DefaultUsings =
    [
        "System", "System.IO", "System.Linq", "System.Collections.Generic", "System.Text", "System.Threading",
        "System.Threading.Tasks", "System.Net.Http", "JupyterKernel.Display", "JupyterKernel.Display.Notebook",
    ];

    private static readonly CSharpParseOptions ParseOptions =
        new(LanguageVersion.Latest, DocumentationMode.Parse, SourceCodeKind.Script);

    private static readonly EmitOptions EmitOptions = new(debugInformationFormat: DebugInformationFormat.PortablePdb);

    // Roslyn has an error of this number and meaning, but does not always get as far as to report it.
    private static readonly DiagnosticDescriptor TooDeep = new(
        "CS8078", "Too deep", "The code nests too deeply to be compiled: split it up", "Compiler", DiagnosticSeverity.Error, isEnabledByDefault: true);

    private readonly CSharpCompilationOptions options;
    private readonly Lazy<CSharpCompilation> root;
    private readonly Lazy<CSharpCompilation> pattern;
    private volatile CSharpCompilation? prepared;
    private long serial;

    /// <param name="baseDirectory">What relative paths in <c>#r</c> and <c>#load</c> start from.</param>
    public CellCompiler(string baseDirectory)
    {
        options = new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary,
            optimizationLevel: OptimizationLevel.Release,
            allowUnsafe: true,
            concurrentBuild: false,
            metadataReferenceResolver: new AssemblyFileResolver(baseDirectory),
            sourceReferenceResolver: new CellSourceResolver(baseDirectory));

        // References and usings are given once, here: every later submission inherits them. Given again with each cell,
        // memory would grow with the square of the number of cells.
        root = new(() => CSharpCompilation.CreateScriptCompilation(
            "Root", references: ReferenceSet.Core, options: options.WithUsings(DefaultUsings), syntaxTree: Parse("", "")));
        pattern = new(() => CSharpCompilation.CreateScriptCompilation("Pattern", options: options, previousScriptCompilation: Root, returnType: typeof(object)));
    }

    /// <summary>What the first cell follows: no code, but every default reference and using.</summary>
    public CSharpCompilation Root => root.Value;

    /// <summary>Compiles and forgets a cell, so that the first real one finds the compiler loaded and jitted.</summary>
    public CompilationOutcome Warm()
    {
        var outcome = Compile("1+1", "Warming", Root, CancellationToken.None);
        Prepare(Root);
        return outcome;
    }

    /// <summary>Compiles a cell behind the session's last accepted one.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public CompilationOutcome Compile(string code, string name, CSharpCompilation previous, CancellationToken cancellation)
    {
        if (Nesting.IsTooDeep(code, Nesting.DeepStack)) return new(null, [Diagnostic.Create(TooDeep, Location.None)]);
        var tree = Parse(code, name, cancellation);

        // Roslyn emits nothing for a submission of only usings, references or comments, and says not why.
        if (tree.GetCompilationUnitRoot(cancellation).Members.Count == 0) tree = Parse(code + "\n;", name, cancellation);
        if (Nesting.IsTooDeep(tree.GetRoot(cancellation), cancellation, Nesting.DeepStack)) return new(null, [Diagnostic.Create(TooDeep, Location.None)]);

        // Taken away, since it has a name for one cell only.
        var empty = Interlocked.Exchange(ref prepared, null);
        if (!IsBehind(empty, previous)) empty = EmptySubmission(previous);
        var outcome = Emit(empty.AddSyntaxTrees(tree), code, name, cancellation);
        if (outcome.Cell is not null || tree.GetDiagnostics(cancellation).Any(IsError)) return outcome;

        // It may only lack a part of the framework that few cells use; then that is none of its errors.
        var complete = Extended(ReferenceSet.Rest);
        var second = Emit(complete, code, name, cancellation);
        if (second.Cell is null) return second.Errors.Length < outcome.Errors.Length ? second : outcome;

        // Later cells inherit no more than what turned out to be used: what the image names, which is next to nothing; or,
        // where that does not do, what the compiler looked at.
        return EmitWith(ReferencesOf(second.Cell.Image))
            ?? EmitWith(complete.GetUsedAssemblyReferences(cancellation).Intersect(ReferenceSet.Rest))
            ?? second;

        CompilationOutcome? EmitWith(IEnumerable<MetadataReference> used) =>
            Emit(Extended(used), code, name, cancellation) is { Cell: not null } slim ? slim : null;

        CSharpCompilation Extended(IEnumerable<MetadataReference> added) => EmptySubmission(previous).AddReferences(added).AddSyntaxTrees(tree);
    }

    /// <summary>A compilation of a text behind the session, for questions about it: completion, inspection.</summary>
    public CSharpCompilation CreateSubmission(string code, CSharpCompilation previous) => Prepare(previous).AddSyntaxTrees(Parse(code, "Cell"));

    /// <summary>
    /// Does ahead of the next cell what its compilation needs whatever its text is: binds the references, a sixth of the
    /// whole. Worth its while when nobody waits.
    /// </summary>
    /// <returns>The submission without a text, which stays with this.</returns>
    public CSharpCompilation Prepare(CSharpCompilation previous)
    {
        var next = prepared;
        if (IsBehind(next, previous)) return next;
        next = EmptySubmission(previous);
        _ = next.Assembly;
        prepared = next;
        return next;
    }

    private static bool IsBehind([NotNullWhen(true)] CSharpCompilation? submission, CSharpCompilation previous) =>
        submission is not null && submission.ScriptCompilationInfo!.PreviousScriptCompilation == previous;

    /// <remarks>
    /// <see cref="CSharpCompilation.CreateScriptCompilation"/> would analyse the previous submission all over again, to be
    /// sure that it has no errors and knows its anonymous types. It was emitted, so both is certain.
    /// </remarks>
    private CSharpCompilation EmptySubmission(CSharpCompilation previous)
    {
        // A name of its own: assemblies of one name cannot live in one load context.
        var id = Interlocked.Increment(ref serial);
        return pattern.Value
            .WithAssemblyName($"Cell#{id}")
            .WithOptions(options.WithScriptClassName($"Submission#{id}"))
            .WithScriptCompilationInfo(pattern.Value.ScriptCompilationInfo!.WithPreviousScriptCompilation(previous));
    }

    private static CompilationOutcome Emit(CSharpCompilation submission, string code, string name, CancellationToken cancellation)
    {
        using var assembly = new MemoryStream(4096);
        using var symbols = new MemoryStream(4096);
        var emitted = submission.Emit(assembly, symbols, options: EmitOptions, cancellationToken: cancellation);
        if (!emitted.Success) return new(null, [.. emitted.Diagnostics.Where(IsError)]);

        var image = new Image(assembly.ToArray(), symbols.ToArray());
        var entry = submission.GetEntryPoint(cancellation)!;
        var names = SubmissionLink.DeclaredNames(submission);
        var paths = submission.DirectiveReferences.OfType<PortableExecutableReference>().Select(reference => reference.FilePath!);
        return new(
            new CompiledCell(
                name, code, submission.AssemblyName!, names, SubmissionLink.Variables(submission), DeferredNames.In(submission.SyntaxTrees),
                SubmissionLink.Of(submission, image, names), image,
                entry.ContainingType.MetadataName, entry.MetadataName, [.. paths]),
            []);
    }

    private static MetadataReference[] ReferencesOf(Image image)
    {
        var names = image.ReferencedAssemblies();
        return [.. ReferenceSet.Rest.Where(reference => names.Contains(Path.GetFileNameWithoutExtension(reference.Display!)))];
    }

    private static SyntaxTree Parse(string code, string name, CancellationToken cancellation = default) =>
        CSharpSyntaxTree.ParseText(SourceText.From(code, Encoding.UTF8), ParseOptions, name, cancellation);

    private static bool IsError(Diagnostic diagnostic) => diagnostic.Severity == DiagnosticSeverity.Error;
}
