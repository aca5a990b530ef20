using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;
using JupyterKernel.Link;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace JupyterKernel.Compilation;

/// <summary>
/// Adds the sources of generators to a library: those of the framework (regular expressions, JSON) and of packages. They run in a separate
/// process (<see cref="GeneratorProcess"/>). Any thread. Source:
/// https://github.com/dotnet/roslyn/blob/main/docs/features/incremental-generators.md
/// </summary>
internal static class SourceGenerators
{
    private const string Interception = "InterceptsLocation";

    private static readonly ConcurrentDictionary<string, bool> WithGenerators = new();

    /// <summary>The sources that packages' generators write even without any type, by the session's list of generators.</summary>
    private static readonly ConditionalWeakTable<IReadOnlyList<string>, HashSet<string>> WithoutTypes = [];

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
        CSharpCompilation compilation, IReadOnlyCollection<string> types, IReadOnlyList<string> analyzers, CancellationToken cancellation)
    {
        if (!analyzers.Any(path => IsOfPackage(path) && HasGenerators(path))) return [];
        var own = analyzers.Where(path => IsOfPackage(path) || IsProperties(path)).ToList();
        if (!WithoutTypes.TryGetValue(analyzers, out var unconditional))
        {
            unconditional = SourcesOf(compilation.RemoveAllSyntaxTrees()).ToHashSet();
            WithoutTypes.AddOrUpdate(analyzers, unconditional);
        }

        var written = SourcesOf(compilation).Where(source => !unconditional.Contains(source)).ToList();
        if (written.Exists(source => source.Contains(Interception, StringComparison.Ordinal))) return types;
        var names = written.SelectMany(source => SyntaxFactory.ParseTokens(source)).Where(token => token.IsKind(SyntaxKind.IdentifierToken))
            .Select(token => token.ValueText).ToHashSet();
        return [.. types.Where(names.Contains)];

        // A failure is reported when the library is compiled, if it still occurs.
        IEnumerable<string> SourcesOf(CSharpCompilation texts)
        {
            try
            {
                return GeneratorProcess.Run(RequestOf(texts, own), cancellation).Texts.Select(text => text.Text).ToList();
            }
            catch (GeneratorFailedException)
            {
                return [];
            }
        }
    }

    /// <summary>Returns a compilation with the sources that generators add to it.</summary>
    /// <param name="analyzers">Paths of the assemblies that may have generators.</param>
    /// <returns>The compilation, and the errors that the generators report.</returns>
    public static (CSharpCompilation Compilation, ImmutableArray<Diagnostic> Errors) Run(
        CSharpCompilation compilation, IReadOnlyList<string> analyzers, CSharpParseOptions options, CancellationToken cancellation)
    {
        if (!analyzers.Any(path => !IsProperties(path) && HasGenerators(path))) return (compilation, []);
        GeneratorReply reply;
        try
        {
            reply = GeneratorProcess.Run(RequestOf(compilation, analyzers), cancellation);
        }
        catch (GeneratorFailedException failure)
        {
            return (compilation, [ErrorOf("SourceGenerators", "SourceGenerators", "", failure.Message, "", Location.None)]);
        }

        // The compiler requires the namespaces of interceptors to be listed in an option of every text.
        var interceptors = reply.Texts.Where(text => text.Text.Contains(Interception, StringComparison.Ordinal))
            .SelectMany(text => Parse(text, options, cancellation).GetRoot(cancellation).DescendantNodes()
                .OfType<BaseNamespaceDeclarationSyntax>())
            .Select(space => space.Name.ToString()).Distinct().ToList();
        if (interceptors.Count > 0)
        {
            options = options.WithFeatures([new("InterceptorsNamespaces", string.Join(';', interceptors))]);
            compilation = compilation.RemoveAllSyntaxTrees().AddSyntaxTrees(
                compilation.SyntaxTrees.Select(tree => tree.WithRootAndOptions(tree.GetRoot(cancellation), options)));
        }

        var texts = compilation.SyntaxTrees.AddRange(reply.Texts.Select(text => Parse(text, options, cancellation)));
        return (compilation.AddSyntaxTrees(texts.Skip(compilation.SyntaxTrees.Length)),
            [.. reply.Errors.Select(error => ErrorOf(error.Id, error.Category, error.Title, error.Message, error.HelpLink,
                error.Text < 0 ? Location.None : texts[error.Text].GetLocation(new(error.Start, error.Length))))]);
    }

    private static GeneratorRequest RequestOf(CSharpCompilation compilation, IReadOnlyList<string> analyzers)
    {
        var options = (CSharpParseOptions?)compilation.SyntaxTrees.FirstOrDefault()?.Options ?? CellCompiler.ParseOptions;
        return new(
            compilation.AssemblyName!,
            [.. compilation.SyntaxTrees.Select(tree => tree.GetText()).Zip(compilation.SyntaxTrees, (text, tree) =>
                new GeneratorText(tree.FilePath, text.ToString(), text.Encoding is not null, (int)text.ChecksumAlgorithm))],
            [.. compilation.References.Select(ReferenceOf)],
            analyzers, (int)options.LanguageVersion, [.. options.PreprocessorSymbolNames], (int)compilation.Options.NullableContextOptions,
            compilation.Options.AllowUnsafe, compilation.Options.CheckOverflow);
    }

    private static unsafe GeneratorReference ReferenceOf(MetadataReference reference)
    {
        if (reference is PortableExecutableReference { FilePath: { } path }) return new(path, [], reference.Properties.Aliases);
        var metadata = ((AssemblyMetadata)((PortableExecutableReference)reference).GetMetadata()).GetModules()[0].GetMetadataReader();
        return new("", new ReadOnlySpan<byte>(metadata.MetadataPointer, metadata.MetadataLength).ToArray(), reference.Properties.Aliases);
    }

    private static SyntaxTree Parse(GeneratorText text, CSharpParseOptions options, CancellationToken cancellation) =>
        CSharpSyntaxTree.ParseText(
            SourceText.From(text.Text, text.IsUtf8 ? System.Text.Encoding.UTF8 : null, (SourceHashAlgorithm)text.Checksum),
            options, text.Path, cancellation);

    private static Diagnostic ErrorOf(string id, string category, string title, string message, string help, Location location) =>
        Diagnostic.Create(
            new DiagnosticDescriptor(id, title, "{0}", category, DiagnosticSeverity.Error, true, null, help), location, message);

    private static bool IsOfPackage(string analyzer) =>
        !IsProperties(analyzer) && !analyzer.Contains("Microsoft.NETCore.App.Ref", StringComparison.OrdinalIgnoreCase);

    private static bool IsProperties(string path) => path.EndsWith(".editorconfig", StringComparison.Ordinal);

    /// <summary>
    /// Whether an assembly uses the attribute of generators. Many analyzers do not, and the process need not be started for them.
    /// </summary>
    private static bool HasGenerators(string path) => WithGenerators.GetOrAdd(path, static path =>
    {
        try
        {
            using var file = new PEReader(File.OpenRead(path));
            if (!file.HasMetadata) return false;
            var metadata = file.GetMetadataReader();
            return metadata.TypeReferences.Any(handle =>
                metadata.StringComparer.Equals(metadata.GetTypeReference(handle).Name, nameof(GeneratorAttribute)));
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException or BadImageFormatException)
        {
            return false;
        }
    });
}
