using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using JupyterKernel.Link;
using JupyterKernel.RoslynInternals;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace JupyterKernel.Generators;

/// <summary>
/// Loads and runs source generators. What was read and loaded is kept for the next request. One request at a time. Source:
/// https://github.com/dotnet/roslyn/blob/main/docs/features/incremental-generators.md
/// </summary>
internal sealed class LoadedGenerators
{
    private readonly Dictionary<string, ImmutableArray<ISourceGenerator>> loaded = [];
    private readonly Dictionary<(string Path, DateTime Written), MetadataReference> files = [];
    private GeneratorDriver? driver;
    private (string Path, DateTime Written)[] ofDriver = [];

    /// <summary>Runs the generators on a compilation.</summary>
    public GeneratorReply Run(GeneratorRequest request)
    {
        var options = CSharpParseOptions.Default.WithLanguageVersion((LanguageVersion)request.LanguageVersion)
            .WithDocumentationMode(DocumentationMode.None).WithPreprocessorSymbols(request.Symbols);
        var trees = request.Texts.Select(text => CSharpSyntaxTree.ParseText(SourceOf(text), options, text.Path)).ToList();
        var how = new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, allowUnsafe: request.AllowUnsafe,
            checkOverflow: request.CheckOverflow, nullableContextOptions: (NullableContextOptions)request.Nullable);
        SubmissionInternals.SupersedeLowerVersions(how);
        var compilation = CSharpCompilation.Create(request.Assembly, trees, request.References.Select(ReferenceOf), how);

        // The driver of the last request with the same generators repeats only what has changed.
        (string, DateTime)[] generators =
            [.. request.Analyzers.Select(path => (path, IsProperties(path) ? File.GetLastWriteTimeUtc(path) : default))];
        if (driver is null || !ofDriver.SequenceEqual(generators)) (driver, ofDriver) = (DriverOf(request.Analyzers, options), generators);
        driver = driver.WithUpdatedParseOptions(options).RunGenerators(compilation);
        var result = driver.GetRunResult();
        List<SyntaxTree> all = [.. trees, .. result.GeneratedTrees];
        return new(
            [.. result.GeneratedTrees.Select(TextOf)],
            [.. result.Diagnostics.Where(problem => problem.Severity == DiagnosticSeverity.Error).Select(error => ErrorOf(error, all))]);
    }

    private CSharpGeneratorDriver DriverOf(IReadOnlyList<string> analyzers, CSharpParseOptions options) =>
        CSharpGeneratorDriver.Create(
            analyzers.Where(path => !IsProperties(path)).SelectMany(path => GeneratorsIn(path)), parseOptions: options,
            optionsProvider: new BuildProperties([.. analyzers.Where(IsProperties)]));

    private static bool IsProperties(string path) => path.EndsWith(".editorconfig", StringComparison.Ordinal);

    private ImmutableArray<ISourceGenerator> GeneratorsIn(string path)
    {
        if (loaded.TryGetValue(path, out var known)) return known;
        ImmutableArray<ISourceGenerator> found = [];
        try
        {
            found = new AnalyzerFileReference(path, new Loader(path)).GetGenerators(LanguageNames.CSharp);
        }
        catch (Exception unusable) when (unusable is IOException or BadImageFormatException or ReflectionTypeLoadException)
        {
            // As in a build: a file that is not an assembly has no generators.
        }

        return loaded[path] = found;
    }

    private MetadataReference ReferenceOf(GeneratorReference reference)
    {
        MetadataReference made;
        if (reference.Path.Length == 0)
        {
            made = Pinned(reference.Metadata);
        }
        else
        {
            var key = (reference.Path, File.GetLastWriteTimeUtc(reference.Path));
            if (!files.TryGetValue(key, out made!)) made = files[key] = MetadataReference.CreateFromFile(reference.Path);
        }

        return reference.Aliases.Count == 0 ? made : made.WithAliases(reference.Aliases);
    }

    /// <summary>The metadata of a cell's assembly, which is never moved nor freed: the compiler keeps its address.</summary>
    private static unsafe PortableExecutableReference Pinned(byte[] metadata)
    {
        var kept = GC.AllocateUninitializedArray<byte>(metadata.Length, pinned: true);
        metadata.CopyTo(kept, 0);
        fixed (byte* start = kept)
        {
            return AssemblyMetadata.Create(ModuleMetadata.CreateFromMetadata((nint)start, kept.Length, () => GC.KeepAlive(kept)))
                .GetReference();
        }
    }

    private static SourceText SourceOf(GeneratorText text) =>
        SourceText.From(text.Text, text.IsUtf8 ? Encoding.UTF8 : null, (SourceHashAlgorithm)text.Checksum);

    private static GeneratorText TextOf(SyntaxTree tree)
    {
        var text = tree.GetText();
        return new(tree.FilePath, text.ToString(), text.Encoding is not null, (int)text.ChecksumAlgorithm);
    }

    private static GeneratorError ErrorOf(Diagnostic error, List<SyntaxTree> texts)
    {
        var span = error.Location.SourceSpan;
        return new(error.Id, error.Descriptor.Category, error.Descriptor.Title.ToString(CultureInfo.InvariantCulture),
            error.GetMessage(CultureInfo.InvariantCulture),
            error.Descriptor.HelpLinkUri, error.Location.SourceTree is { } tree ? texts.IndexOf(tree) : -1, span.Start, span.Length);
    }

    /// <summary>
    /// Loads an analyzer and its dependencies from one directory; the compiler's own assemblies are shared with this process.
    /// </summary>
    private sealed class Loader(string analyzer) : AssemblyLoadContext(Path.GetFileName(analyzer)), IAnalyzerAssemblyLoader
    {
        public void AddDependencyLocation(string fullPath)
        {
            // Dependencies are resolved from the analyzer's directory.
        }

        public Assembly LoadFromPath(string fullPath) => LoadFromAssemblyPath(fullPath);

        protected override Assembly? Load(AssemblyName assemblyName)
        {
            if (assemblyName.Name!.StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal)) return null;
            var beside = Path.Combine(Path.GetDirectoryName(analyzer)!, assemblyName.Name + ".dll");
            return File.Exists(beside) ? LoadFromAssemblyPath(beside) : null;
        }
    }
}
