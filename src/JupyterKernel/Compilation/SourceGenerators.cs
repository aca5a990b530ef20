using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;

namespace JupyterKernel.Compilation;

/// <summary>
/// What writes code for a library: the generators of the framework (regular expressions, JSON) and of packages. They are
/// loaded apart from the kernel's own assemblies, and run in this process, as they do in any compiler. Any thread.
/// Source: https://github.com/dotnet/roslyn/blob/main/docs/features/incremental-generators.md
/// </summary>
internal static class SourceGenerators
{
    private static readonly ConcurrentDictionary<string, ImmutableArray<ISourceGenerator>> Known = new();

    /// <summary>Whether a type asks for code that somebody else writes: it is partial, and it or a member has an attribute.</summary>
    public static bool MayWrite(MemberDeclarationSyntax member) => member is TypeDeclarationSyntax type && type.Modifiers.Any(SyntaxKind.PartialKeyword)
        && (type.AttributeLists.Count > 0 || type.Members.Any(inner => inner.AttributeLists.Count > 0));

    /// <summary>A compilation and what generators have added to it.</summary>
    /// <param name="analyzers">Paths of the assemblies that may have generators.</param>
    public static CSharpCompilation Run(CSharpCompilation compilation, IReadOnlyList<string> analyzers, CSharpParseOptions options, CancellationToken cancellation)
    {
        var generators = analyzers.SelectMany(path => Known.GetOrAdd(path, Load)).ToImmutableArray();
        if (generators.IsEmpty) return compilation;
        CSharpGeneratorDriver.Create(generators, parseOptions: options).RunGeneratorsAndUpdateCompilation(compilation, out var updated, out _, cancellation);
        return (CSharpCompilation)updated;
    }

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

    /// <summary>Loads an analyzer and what lies beside it; the compiler's own assemblies are this process's.</summary>
    private sealed class Loader(string analyzer) : AssemblyLoadContext(Path.GetFileName(analyzer)), IAnalyzerAssemblyLoader
    {
        public void AddDependencyLocation(string fullPath)
        {
            // Dependencies are looked for beside the analyzer.
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
