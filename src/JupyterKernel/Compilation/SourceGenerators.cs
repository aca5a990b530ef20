using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;

namespace JupyterKernel.Compilation;

/// <summary>
/// Runs the source generators of a library: those of the framework (regular expressions, JSON) and of packages. They are loaded separately
/// from the kernel's own assemblies, and run in this process, as in any compiler. Any thread. Source:
/// https://github.com/dotnet/roslyn/blob/main/docs/features/incremental-generators.md
/// </summary>
internal static class SourceGenerators
{
    private const string Interception = "InterceptsLocation";

    private static readonly ConcurrentDictionary<string, ImmutableArray<ISourceGenerator>> Known = new();

    /// <summary>The sources that packages' generators write even without any type, by the session's list of generators.</summary>
    private static readonly ConditionalWeakTable<IReadOnlyList<string>, Unconditional> WithoutTypes = [];

    /// <summary>Whether a type requests generated code: it is partial, and it or a member has an attribute.</summary>
    public static bool MayWrite(MemberDeclarationSyntax member) =>
        member is TypeDeclarationSyntax type && type.Modifiers.Any(SyntaxKind.PartialKeyword)
        && (type.AttributeLists.Count > 0 || type.Members.Any(inner => inner.AttributeLists.Count > 0));

    /// <summary>
    /// Whether any of the assemblies may have generators that are not the core framework's, which act on partial types only.
    /// </summary>
    /// <param name="analyzers">Paths of the assemblies that may have generators.</param>
    public static bool AreOfPackages(IReadOnlyList<string> analyzers) => analyzers.Any(IsOfPackage);

    /// <summary>
    /// Returns the types that packages' generators write code for: those that the code names, and all types where it intercepts calls.
    /// </summary>
    /// <param name="compilation">The compilation that contains the types.</param>
    /// <param name="types">The names of the types.</param>
    /// <param name="analyzers">Paths of the assemblies that may have generators.</param>
    public static IReadOnlyCollection<string> Wanted(
        CSharpCompilation compilation, IReadOnlyCollection<string> types, IReadOnlyList<string> analyzers, CSharpParseOptions options,
        CancellationToken cancellation)
    {
        if (!analyzers.Where(IsOfPackage).Any(path => !Known.GetOrAdd(path, Load).IsEmpty)) return [];
        var (empty, unconditional) = WithoutTypes.GetValue(analyzers, _ =>
        {
            var driver = Driver(analyzers.Where(path => IsOfPackage(path) || IsOptions(path)), options)
                .RunGenerators(compilation.RemoveAllSyntaxTrees(), cancellation);
            return new(driver, Sources(driver).ToHashSet());
        });
        var written = Sources(empty.RunGenerators(compilation, cancellation)).Where(source => !unconditional.Contains(source)).ToList();
        if (written.Exists(source => source.Contains(Interception, StringComparison.Ordinal))) return types;
        var names = written.SelectMany(source => SyntaxFactory.ParseTokens(source)).Where(token => token.IsKind(SyntaxKind.IdentifierToken))
            .Select(token => token.ValueText).ToHashSet();
        return [.. types.Where(names.Contains)];

        static IEnumerable<string> Sources(GeneratorDriver driver) => driver.GetRunResult().GeneratedTrees.Select(tree => tree.ToString());
    }

    /// <summary>Returns a compilation with the sources that generators add to it.</summary>
    /// <param name="analyzers">Paths of the assemblies that may have generators.</param>
    /// <returns>The compilation, and the errors that the generators report.</returns>
    public static (CSharpCompilation Compilation, ImmutableArray<Diagnostic> Errors) Run(
        CSharpCompilation compilation, IReadOnlyList<string> analyzers, CSharpParseOptions options, CancellationToken cancellation)
    {
        var written = compilation.SyntaxTrees.ToHashSet();
        Driver(analyzers, options).RunGeneratorsAndUpdateCompilation(compilation, out var updated, out var problems, cancellation);
        var interceptors =
            updated.SyntaxTrees.Where(tree => !written.Contains(tree) && tree.ToString().Contains(Interception, StringComparison.Ordinal))
            .SelectMany(tree => tree.GetRoot(cancellation).DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>())
            .Select(space => space.Name.ToString()).Distinct().ToList();
        if (interceptors.Count > 0)
        {
            // The compiler requires their namespaces to be listed in an option of every text.
            var withInterceptors = options.WithFeatures([new("InterceptorsNamespaces", string.Join(';', interceptors))]);
            updated = updated.RemoveAllSyntaxTrees()
                .AddSyntaxTrees(updated.SyntaxTrees.Select(tree => tree.WithRootAndOptions(tree.GetRoot(cancellation), withInterceptors)));
        }

        return ((CSharpCompilation)updated, [.. problems.Where(problem => problem.Severity == DiagnosticSeverity.Error)]);
    }

    private static CSharpGeneratorDriver Driver(IEnumerable<string> analyzers, CSharpParseOptions options)
    {
        var paths = analyzers.ToList();
        return CSharpGeneratorDriver.Create(
            paths.Where(path => !IsOptions(path)).SelectMany(path => Known.GetOrAdd(path, Load)), parseOptions: options,
            optionsProvider: new Options([.. paths.Where(IsOptions)]));
    }

    private static bool IsOfPackage(string analyzer) =>
        !IsOptions(analyzer) && !analyzer.Contains("Microsoft.NETCore.App.Ref", StringComparison.OrdinalIgnoreCase);

    private static bool IsOptions(string path) => path.EndsWith(".editorconfig", StringComparison.Ordinal);

    private static ImmutableArray<ISourceGenerator> Load(string path)
    {
        try
        {
            return new AnalyzerFileReference(path, new Loader(path)).GetGenerators(LanguageNames.CSharp);
        }
        catch (Exception unusable) when (unusable is IOException or BadImageFormatException or ReflectionTypeLoadException)
        {
            return [];
        }
    }

    /// <summary>The build properties that packages expose to their generators, identical for every text.</summary>
    private sealed class Options : AnalyzerConfigOptionsProvider
    {
        private readonly Properties properties;

        /// <param name="files">The files with lines <c>build_property.Name = value</c>.</param>
        public Options(IReadOnlyList<string> files) => properties = new(files.SelectMany(Lines)
            .Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2)
            .DistinctBy(pair => pair[0].Trim(), AnalyzerConfigOptions.KeyComparer)
            .ToDictionary(pair => pair[0].Trim(), pair => pair[1].Trim(), AnalyzerConfigOptions.KeyComparer));

        public override AnalyzerConfigOptions GlobalOptions => properties;

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => properties;

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => properties;

        private static IEnumerable<string> Lines(string file)
        {
            try
            {
                return File.ReadAllLines(file);
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
            {
                return []; // The generators' defaults apply.
            }
        }

        private sealed class Properties(Dictionary<string, string> values) : AnalyzerConfigOptions
        {
            public override bool TryGetValue(string key, [NotNullWhen(true)] out string? value) => values.TryGetValue(key, out value);
        }
    }

    /// <param name="Driver">The driver after its run, so that it does not repeat all of it.</param>
    /// <param name="Sources">The texts that it has generated.</param>
    private sealed record Unconditional(GeneratorDriver Driver, IReadOnlySet<string> Sources);

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
