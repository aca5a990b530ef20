using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Who may use whom: folders are namespaces, and arrows between them run one way.</summary>
public sealed class ArchitectureTests
{
    /// <summary>Every folder of the kernel and what it may use; a new folder wants a row here. Program.cs, at the root, starts them all.</summary>
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Protocol"] = [],
        ["WorkerProtocol"] = [],
        ["Hosting"] = [],
        ["Processes"] = [],
        ["Compilation"] = ["Display"],
        ["Packages"] = ["Compilation"],
        ["Session"] = ["Compilation", "Packages", "Protocol", "WorkerProtocol"],
        ["Intelligence"] = ["Compilation", "Packages", "Magics"],
        ["Settings"] = ["Hosting", "Session", "Compilation"],
        ["Supervision"] = ["Hosting", "Processes", "Settings", "Session", "Compilation", "WorkerProtocol"],
        ["Values"] = ["Display"],
        ["Worker"] = ["Processes", "WorkerProtocol", "Values", "Display"],
        ["Notebooks"] = ["Protocol"],
        ["Magics"] = ["Hosting", "Settings", "Session", "Compilation", "Supervision", "WorkerProtocol", "Notebooks", "Display"],
        ["Kernel"] = ["Hosting", "Protocol", "Settings", "Session", "Compilation", "Intelligence", "Packages", "Supervision", "WorkerProtocol", "Magics", "Notebooks", "Display"],
        ["Conversion"] = ["Compilation", "Magics", "Notebooks"],
        ["Commands"] = ["Hosting", "Kernel", "Notebooks", "Conversion", "Protocol", "Settings"],
        ["Display"] = [],
    };

    private static readonly string Source = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "src", "JupyterKernel"));

    private static readonly Lazy<IReadOnlyList<Use>> Uses = new(FindUses);

    [Fact]
    public void Arrows_between_folders_are_those_of_the_table()
    {
        var forbidden = Uses.Value
            .Where(use => use.Target.StartsWith("JupyterKernel.", StringComparison.Ordinal) && use.Folder.Length > 0)
            .Where(use => use.TargetFolder != use.Folder && !MayUse[use.Folder].Contains(use.TargetFolder))
            .Select(use => $"{use.Place}: {use.Folder} uses {use.Target}");

        Assert.Empty(forbidden.Distinct());
    }

    [Fact]
    public void The_table_has_no_circles()
    {
        var left = MayUse.Keys.ToHashSet();
        while (left.RemoveWhere(folder => !MayUse[folder].Any(left.Contains)) > 0)
        {
            // What is left uses something that is left.
        }

        Assert.Empty(left);
    }

    [Fact]
    public void Every_file_is_in_the_folder_of_its_namespace()
    {
        var misplaced = Files().Select(Parse)
            .Where(tree => tree.GetRoot().DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>().Any(space => space.Name.ToString() != NamespaceOf(tree)))
            .Select(tree => tree.FilePath);

        Assert.Empty(misplaced);
    }

    [Fact]
    public void A_worker_brings_neither_the_compiler_nor_a_JSON_library_that_could_clash_with_the_notebooks_own()
    {
        var brought = Uses.Value
            .Where(use => use.Folder is "Worker" or "WorkerProtocol")
            .Where(use => use.Target.StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal) || use.Target.StartsWith("Newtonsoft", StringComparison.Ordinal))
            .Select(use => $"{use.Place}: {use.Target}");

        Assert.Empty(brought);
    }

    [Fact]
    public void The_protocol_knows_no_sockets() =>
        Assert.Empty(Uses.Value.Where(use => use.Folder == "Protocol" && use.Target.StartsWith("NetMQ", StringComparison.Ordinal)).Select(use => use.Place));

    [Fact]
    public void The_display_API_references_only_the_framework()
    {
        var framework = Directory.EnumerateFiles(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "*.dll").Select(Path.GetFileNameWithoutExtension);

        Assert.Empty(typeof(Display.Notebook).Assembly.GetReferencedAssemblies().Select(name => name.Name).Except(framework));
    }

    [Fact]
    public void The_names_that_the_source_uses_are_found()
    {
        // Were nothing found, nothing could be forbidden.
        Assert.Contains(Uses.Value, use => use is { Folder: "Kernel", Target: "JupyterKernel.Supervision.Supervisor" });
        Assert.Contains(Uses.Value, use => use is { Folder: "Kernel", Target: "JupyterKernel.Link.ClearOutput" });
        Assert.Contains(Uses.Value, use => use is { Folder: "Worker", Target: "JupyterKernel.Display.TypeNames" });
    }

    /// <param name="Folder">Where the use is; empty at the root.</param>
    /// <param name="Target">The full name of a type that is used, or whose member is.</param>
    private sealed record Use(string Folder, string Target, string Place)
    {
        public string TargetFolder => Target.Split('.')[1];
    }

    private static List<Use> FindUses()
    {
        var trees = Files().Select(Parse).Append(CSharpSyntaxTree.ParseText(
            """
            global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq;
            global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;
            """)).ToList();
        var assemblies = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileNameWithoutExtension(path) != typeof(Kernel.KernelProcess).Assembly.GetName().Name)
            .Select(path => MetadataReference.CreateFromFile(path));

        // The display API's internals are visible to the kernel by the kernel's name.
        var compilation = CSharpCompilation.Create(
            typeof(Kernel.KernelProcess).Assembly.GetName().Name, trees, assemblies, new(OutputKind.ConsoleApplication, allowUnsafe: true));
        return [.. trees.SelectMany(tree => UsesIn(tree, compilation.GetSemanticModel(tree)))];
    }

    private static IEnumerable<Use> UsesIn(SyntaxTree tree, SemanticModel model) =>
        from name in tree.GetRoot().DescendantNodes(descendIntoTrivia: false).OfType<SimpleNameSyntax>()
        let symbol = model.GetSymbolInfo(name).Symbol
        let type = symbol as INamedTypeSymbol ?? symbol?.ContainingType
        where type is not null
        select new Use(
            Path.GetDirectoryName(Path.GetRelativePath(Source, tree.FilePath))!,
            type.OriginalDefinition.ToDisplayString(SymbolDisplayFormat.CSharpErrorMessageFormat),
            $"{Path.GetRelativePath(Source, tree.FilePath)}({tree.GetLineSpan(name.Span).StartLinePosition.Line + 1})");

    private static string NamespaceOf(SyntaxTree tree) =>
        string.Join('.', ["JupyterKernel", .. Path.GetRelativePath(Source, tree.FilePath).Split(Path.DirectorySeparatorChar)[..^1]]);

    private static IEnumerable<string> Files() =>
        Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories)
            .Where(path => Path.GetRelativePath(Source, path).Split(Path.DirectorySeparatorChar)[0] is not ("bin" or "obj"));

    private static SyntaxTree Parse(string path) => CSharpSyntaxTree.ParseText(File.ReadAllText(path), path: path);

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
