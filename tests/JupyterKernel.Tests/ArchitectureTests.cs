using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests the dependencies of the source: folders are namespaces, and the arrows between them run one way.</summary>
public sealed class ArchitectureTests
{
    /// <summary>
    /// The rooms and the rooms that each may use; a new folder needs a row here. A room is a folder of the kernel, or a folder of one of
    /// the other projects, under its namespace without "JupyterKernel.". The display API is one room. Program.cs, at the root of the
    /// kernel, starts them all.
    /// </summary>
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Display"] = [],
        ["Link"] = [],
        ["Link.Processes"] = [],
        ["Worker.Values"] = ["Display"],
        ["Worker.Channel"] = ["Link", "Display"],
        ["Worker.Console"] = ["Link", "Worker.Channel", "Worker.Values", "Display"],
        ["Worker.State"] = ["Link", "Worker.Values", "Display"],
        ["Worker.Cells"] = ["Link", "Link.Processes", "Worker.Values", "Worker.Console", "Worker.State", "Display"],
        ["Worker"] = ["Link", "Link.Processes", "Worker.Channel", "Worker.Console", "Worker.State", "Worker.Cells", "Display"],
        ["Protocol"] = [],
        ["Hosting"] = ["Link.Processes"],
        ["Sockets"] = ["Hosting", "Protocol"],
        ["Gateway"] = ["Hosting", "Protocol", "Sockets"],
        ["History"] = ["Protocol"],
        ["RoslynInternals"] = [],
        ["Compilation"] = ["RoslynInternals", "Link", "Display"],
        ["Generators"] = ["RoslynInternals", "Link"],
        ["Packages"] = ["Compilation", "Link"],
        ["Settings"] = ["Hosting", "Compilation"],
        ["Session"] = ["Settings", "Compilation", "Packages", "Link"],
        ["Intelligence"] = ["RoslynInternals", "Compilation", "Packages"],
        ["Supervision"] = ["Hosting", "Link", "Link.Processes", "Settings", "Session", "Compilation"],
        ["NotebookFiles"] = [],
        ["JupyterClient"] = ["Protocol", "NotebookFiles"],
        ["Magics"] =
            ["Hosting", "Link", "Settings", "Session", "Compilation", "Intelligence", "Supervision", "NotebookFiles", "Display"],
        ["Execution"] =
        [
            "Hosting", "Link", "Protocol", "Sockets", "History", "Settings", "Session", "Compilation", "Packages", "Supervision", "Magics",
            "NotebookFiles", "Display",
        ],
        ["Kernel"] =
        [
            "Hosting", "Link", "Protocol", "Sockets", "Gateway", "History", "Settings", "Session", "Compilation", "Intelligence",
            "Packages", "Supervision", "Magics", "NotebookFiles", "Execution",
        ],
        ["Conversion"] = ["Compilation", "Magics", "NotebookFiles"],
        ["Commands"] = ["Link", "Hosting", "Kernel", "NotebookFiles", "JupyterClient", "Conversion", "Protocol", "Settings"],
    };

    /// <summary>The folders of the display API and the folders that each may use; the root is the API for notebooks.</summary>
    private static readonly Dictionary<string, string[]> DisplayMayUse = new()
    {
        ["Bundles"] = [],
        ["Hosting"] = ["Bundles"],
        ["Formatting"] = ["Bundles", "Hosting"],
        ["Tables"] = ["Bundles", "Hosting", "Formatting"],
        ["Progress"] = ["Bundles", "Hosting", "Formatting"],
        ["Comms"] = ["Bundles", "Hosting"],
        ["Plots"] = ["Bundles", "Formatting"],
        [""] = ["Bundles", "Hosting", "Formatting", "Tables", "Progress", "Comms", "Plots"],
    };

    /// <summary>
    /// The assemblies of src/Interactive. Their inner folders are .NET Interactive's namespaces, whose public types use each other in both
    /// directions.
    /// </summary>
    private static readonly Dictionary<string, string[]> InteractiveMayUse = new()
    {
        ["Html"] = [],
        ["Formatting"] = ["Html"],
        ["Kernel"] = ["Html", "Formatting"],
        ["CSharp"] = ["Kernel"],
    };

    /// <summary>The namespaces of the assemblies of src/Interactive.</summary>
    private static readonly Dictionary<string, string> InteractiveNamespaces = new()
    {
        ["Html"] = "Microsoft.AspNetCore.Html",
        ["Formatting"] = "Microsoft.DotNet.Interactive.Formatting",
        ["Kernel"] = "Microsoft.DotNet.Interactive",
        ["CSharp"] = "Microsoft.DotNet.Interactive.CSharp",
    };

    private static readonly FolderArrows DisplayArrows = new("JupyterKernel.Display");

    private static readonly FolderArrows InteractiveArrows = new("Interactive", isTopOnly: true, beside: "JupyterKernel.Display");

    /// <summary>
    /// The projects whose rooms are in the table, with their assembly names, to which the display API shows its internals.
    /// </summary>
    private static readonly Dictionary<string, string> Assemblies = new()
    {
        ["JupyterKernel"] = typeof(Kernel.KernelProcess).Assembly.GetName().Name!,
        ["JupyterKernel.Link"] = "JupyterKernel.Link",
        ["JupyterKernel.Worker"] = "jupyter-csharp-worker",
        ["JupyterKernel.Generators"] = "jupyter-csharp-generators",
    };

    private static readonly string Source = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "src"));

    private static readonly HashSet<string?> Framework =
        [.. Directory.EnumerateFiles(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "*.dll")
            .Select(Path.GetFileNameWithoutExtension)];

    private static readonly Lazy<IReadOnlyList<Use>> Uses = new(() => [.. Assemblies.Keys.SelectMany(FindUses)]);

    [Fact]
    public void Arrows_between_rooms_are_those_of_the_table()
    {
        var forbidden = Uses.Value
            .Where(use => use.TargetRoom is not null && use.Room.Length > 0)
            .Where(use => use.TargetRoom != use.Room && !MayUse[use.Room].Contains(use.TargetRoom))
            .Select(use => $"{use.Place}: {use.Room} uses {use.Target}");

        Assert.Empty(forbidden.Distinct());
    }

    [Fact]
    public void The_table_has_no_circles()
    {
        var left = MayUse.Keys.ToHashSet();
        while (left.RemoveWhere(room => !MayUse[room].Any(left.Contains)) > 0)
        {
            // Each remaining room uses another remaining one.
        }

        Assert.Empty(left);
    }

    [Fact]
    public void Every_file_is_in_the_folder_of_its_namespace()
    {
        var misplaced = Assemblies.Keys.SelectMany(Files).Select(Parse)
            .Where(tree => tree.GetRoot().DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>()
                .Any(space => space.Name.ToString() != NamespaceOf(tree)))
            .Select(tree => tree.FilePath);

        Assert.Empty(misplaced);
    }

    [Theory]
    [InlineData("JupyterKernel.Display")]
    [InlineData("JupyterKernel.Link")]
    [InlineData("jupyter-csharp-worker", "JupyterKernel.Display", "JupyterKernel.Link", "NetMQ")]
    public void An_assembly_of_the_worker_references_neither_the_compiler_nor_a_JSON_library(string assembly,
        params string[] besideFramework) =>
        Assert.Equal(besideFramework,
            Assembly.Load(assembly).GetReferencedAssemblies().Select(name => name.Name).Where(name => !Framework.Contains(name)).Order());

    [Fact]
    public void The_protocol_knows_no_sockets() =>
        Assert.Empty(Uses.Value.Where(use => use.Room == "Protocol" && use.Target.StartsWith("NetMQ", StringComparison.Ordinal))
            .Select(use => use.Place));

    [Fact]
    public void The_names_that_the_source_uses_are_found()
    {
        // If none were found, none could be forbidden.
        Assert.Contains(Uses.Value, use => use is { Room: "Execution", Target: "JupyterKernel.Supervision.Supervisor" });
        Assert.Contains(Uses.Value, use => use is { Room: "Kernel", TargetRoom: "Link", Target: "JupyterKernel.Link.ClearCellOutput" });
        Assert.Contains(Uses.Value,
            use => use is { Room: "Worker.Cells", TargetRoom: "Display", Target: "JupyterKernel.Display.Bundles.TypeNames" });
        Assert.Contains(Uses.Value,
            use => use is { Room: "Worker.Cells", TargetRoom: "Worker.State", Target: "JupyterKernel.Worker.State.Submissions" });
        Assert.Contains(Uses.Value, use => use is { Room: "Worker", TargetRoom: "Link.Processes" });
    }

    [Fact]
    public void Arrows_between_folders_of_the_display_API_are_those_of_its_table()
    {
        Assert.Empty(DisplayArrows.Forbidden(DisplayMayUse));
        Assert.Empty(FolderArrows.Circle(DisplayMayUse));

        // If no use were found, none could be forbidden.
        Assert.Contains(DisplayArrows.Uses, use => use is { Folder: "", Target: "JupyterKernel.Display.MimeBundle" });
        Assert.Contains(
            DisplayArrows.Uses,
            use => use is { Folder: "Tables", Target: "JupyterKernel.Display.Formatting.DisplayTree.Table" });
    }

    [Fact]
    public void Public_types_of_the_display_API_are_in_its_root_namespace_and_others_in_that_of_their_folder()
    {
        var misplaced =
            from tree in DisplayArrows.Trees
            from type in tree.GetRoot().DescendantNodes().OfType<MemberDeclarationSyntax>()
            where type is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax && type.Parent is BaseNamespaceDeclarationSyntax
            let space = ((BaseNamespaceDeclarationSyntax)type.Parent!).Name.ToString()
            let folder = DisplayArrows.FolderOf(tree)
            let isAtRoot = folder.Length == 0 || type.Modifiers.Any(SyntaxKind.PublicKeyword)
            where space != (isAtRoot ? "JupyterKernel.Display" : $"JupyterKernel.Display.{folder}")
            select $"{tree.FilePath}: {space}";

        Assert.Empty(misplaced);
    }

    [Fact]
    public void Arrows_between_the_assemblies_that_stand_in_for_dotnet_interactive_are_those_of_their_table()
    {
        Assert.Empty(InteractiveArrows.Forbidden(InteractiveMayUse));
        Assert.Empty(FolderArrows.Circle(InteractiveMayUse));
        Assert.Contains(
            InteractiveArrows.Uses,
            use => use is { Folder: "Kernel", Target: "Microsoft.DotNet.Interactive.Formatting.FormattedValue" });
    }

    [Fact]
    public void Files_that_stand_in_for_dotnet_interactive_are_in_the_folder_of_their_namespace()
    {
        // .NET Interactive has these in namespaces that cells import.
        string[] exceptions = ["Formatting/DisplayExtensions.cs", "Kernel/Namespaces.cs"];
        var source = Path.GetFullPath(Path.Combine(Source, "Interactive"));
        var misplaced =
            from tree in InteractiveArrows.Trees
            let file = Path.GetRelativePath(source, tree.FilePath).Replace(Path.DirectorySeparatorChar, '/')
            where !exceptions.Contains(file)
            let parts = file.Split('/')
            let expected = string.Join('.', parts[1..^1].Prepend(InteractiveNamespaces[parts[0]]))
            where tree.GetRoot().DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>().Any(space => space.Name.ToString() != expected)
            select file;

        Assert.Empty(misplaced);
    }

    /// <param name="Room">The room of the use; empty at the root of the kernel.</param>
    /// <param name="Target">The full name of the type that is used, or whose member is.</param>
    /// <param name="TargetRoom">The room of that type; null if it is in another assembly.</param>
    private sealed record Use(string Room, string Target, string? TargetRoom, string Place);

    private static IEnumerable<Use> FindUses(string project)
    {
        var trees = Files(project).Select(Parse).Append(CSharpSyntaxTree.ParseText(
            """
            global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq;
            global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;
            """)).ToList();
        var assemblies = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileNameWithoutExtension(path) != Assemblies[project])
            .Select(path => MetadataReference.CreateFromFile(path));

        // A project's internals are visible to another project by its assembly name.
        var compilation =
            CSharpCompilation.Create(Assemblies[project], trees, assemblies, new(OutputKind.ConsoleApplication, allowUnsafe: true));
        return trees.SelectMany(tree => UsesIn(tree, compilation.GetSemanticModel(tree)));
    }

    private static IEnumerable<Use> UsesIn(SyntaxTree tree, SemanticModel model) =>
        from name in tree.GetRoot().DescendantNodes(descendIntoTrivia: false).OfType<SimpleNameSyntax>()
        let symbol = model.GetSymbolInfo(name).Symbol
        let type = symbol as INamedTypeSymbol ?? symbol?.ContainingType
        where type is not null
        select new Use(
            RoomOf(NamespaceOf(tree)) ?? "",
            type.OriginalDefinition.ToDisplayString(SymbolDisplayFormat.CSharpErrorMessageFormat),
            RoomOf(type.ContainingNamespace?.ToDisplayString() ?? ""),
            $"{Path.GetRelativePath(Source, tree.FilePath)}({tree.GetLineSpan(name.Span).StartLinePosition.Line + 1})");

    private static string? RoomOf(string space) =>
        !space.StartsWith("JupyterKernel.", StringComparison.Ordinal) ? null
        : space.StartsWith("JupyterKernel.Display", StringComparison.Ordinal) ? "Display"
        : space["JupyterKernel.".Length..];

    private static string NamespaceOf(SyntaxTree tree) =>
        string.Join('.', Path.GetRelativePath(Source, tree.FilePath).Split(Path.DirectorySeparatorChar)[..^1]);

    private static IEnumerable<string> Files(string project) =>
        Directory.EnumerateFiles(Path.Combine(Source, project), "*.cs", SearchOption.AllDirectories)
            .Where(path => Path.GetRelativePath(Source, path).Split(Path.DirectorySeparatorChar)[1] is not ("bin" or "obj"));

    private static SyntaxTree Parse(string path) => CSharpSyntaxTree.ParseText(File.ReadAllText(path), path: path);

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
