using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace JupyterKernel.Tests;

/// <summary>A use of a type, or of one of its members, by a file in another folder.</summary>
/// <param name="Folder">The folder of the use, below its project; empty at the root.</param>
/// <param name="TargetFolder">The folder of the file that declares the type.</param>
/// <param name="Target">The type's full name.</param>
/// <param name="Place">File and line of the use.</param>
internal sealed record FolderUse(string Folder, string TargetFolder, string Target, string Place);

/// <summary>
/// The arrows between the folders of a project, by the files that declare the types, since the public types of several folders share a
/// namespace.
/// </summary>
internal sealed class FolderArrows
{
    private static readonly string[] ImplicitUsings =
        ["System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading",
            "System.Threading.Tasks"];

    private readonly string root;
    private readonly bool isTopOnly;
    private readonly Lazy<IReadOnlyList<FolderUse>> uses;

    /// <param name="project">The project's folder below src.</param>
    /// <param name="isTopOnly">Whether nested folders count as part of the top-level ones.</param>
    /// <param name="beside">A project whose internals this one uses; it is compiled with it.</param>
    internal FolderArrows(string project, bool isTopOnly = false, string? beside = null)
    {
        (root, this.isTopOnly) = (Path.Combine(Source, project), isTopOnly);
        Trees = [.. FilesOf(root).Select(Parse)];
        SyntaxTree[] others = beside is null ? [] : [.. FilesOf(Path.Combine(Source, beside)).Select(Parse)];
        uses = new(() => Find(others));
    }

    internal IReadOnlyList<SyntaxTree> Trees { get; }

    internal IReadOnlyList<FolderUse> Uses => uses.Value;

    private static string Source => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "src"));

    /// <summary>The uses that a table does not allow; a folder without a row is an error.</summary>
    internal IEnumerable<string> Forbidden(IReadOnlyDictionary<string, string[]> mayUse) =>
        Uses.Where(use => !mayUse[use.Folder].Contains(use.TargetFolder)).Select(use => $"{use.Place}: {use.Folder} uses {use.Target}")
            .Distinct();

    /// <summary>The rows of a table that form a circle, or depend on one.</summary>
    internal static IEnumerable<string> Circle(IReadOnlyDictionary<string, string[]> mayUse)
    {
        var left = mayUse.Keys.ToHashSet();
        while (left.RemoveWhere(folder => !mayUse[folder].Any(left.Contains)) > 0)
        {
            // Removed rows make others removable.
        }

        return left;
    }

    /// <summary>The folder of a file, below the project, with slashes.</summary>
    internal string FolderOf(SyntaxTree tree)
    {
        var parts = Path.GetRelativePath(root, tree.FilePath).Split(Path.DirectorySeparatorChar)[..^1];
        return string.Join('/', isTopOnly ? parts.Take(1) : parts);
    }

    private List<FolderUse> Find(SyntaxTree[] others)
    {
        var usings = CSharpSyntaxTree.ParseText(string.Concat(ImplicitUsings.Select(name => $"global using {name};\n")));
        var ours = Trees.Select(tree => tree.FilePath).ToHashSet();
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileNameWithoutExtension(path) is var name && !IsProject(name))
            .Select(path => MetadataReference.CreateFromFile(path));
        var compilation = CSharpCompilation.Create("all", [.. Trees, .. others, usings], references,
            new(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
        return [.. Trees.SelectMany(tree => In(tree, compilation.GetSemanticModel(tree), ours))];
    }

    private IEnumerable<FolderUse> In(SyntaxTree tree, SemanticModel model, HashSet<string> ours) =>
        from name in tree.GetRoot().DescendantNodes(descendIntoTrivia: false).OfType<SimpleNameSyntax>()
        let symbol = model.GetSymbolInfo(name).Symbol
        let type = (symbol as INamedTypeSymbol ?? symbol?.ContainingType)?.OriginalDefinition
        where type is not null
        let declaration = type.DeclaringSyntaxReferences.Select(reference => reference.SyntaxTree)
            .FirstOrDefault(file => ours.Contains(file.FilePath))
        where declaration is not null && FolderOf(declaration) != FolderOf(tree)
        select new FolderUse(
            FolderOf(tree), FolderOf(declaration), type.ToDisplayString(SymbolDisplayFormat.CSharpErrorMessageFormat),
            $"{Path.GetRelativePath(root, tree.FilePath)}({tree.GetLineSpan(name.Span).StartLinePosition.Line + 1})");

    private static bool IsProject(string assembly) =>
        assembly is "jupyter-csharp" or "Microsoft.AspNetCore.Html.Abstractions"
        || assembly.StartsWith("JupyterKernel", StringComparison.Ordinal)
        || assembly.StartsWith("Microsoft.DotNet.Interactive", StringComparison.Ordinal);

    /// <summary>Returns the C# files of a folder and those below it, without what builds create.</summary>
    public static IEnumerable<string> FilesOf(string folder) =>
        Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(path => !Path.GetRelativePath(folder, path).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));

    private static SyntaxTree Parse(string path) => CSharpSyntaxTree.ParseText(File.ReadAllText(path), path: path);

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
