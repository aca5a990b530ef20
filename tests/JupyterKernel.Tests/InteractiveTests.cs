using JupyterKernel.Link;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using JupyterKernel.Compilation;
using JupyterKernel.Packages;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>
/// Tests the stand-ins for .NET Interactive: their identity for packages compiled against the original, and that other cells do not load
/// them.
/// </summary>
public sealed class InteractiveTests : IDisposable
{
    private static readonly string Folder = Path.Combine(WorkerPrograms.Directory, "interactive");

    private readonly CellCompiler compiler = new(AppContext.BaseDirectory);
    private readonly string temporary = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(temporary, recursive: true);

    [Theory]
    [InlineData("Microsoft.DotNet.Interactive", "1.0.0.0", "31bf3856ad364e35")]
    [InlineData("Microsoft.DotNet.Interactive.Formatting", "1.0.0.0", "31bf3856ad364e35")]
    [InlineData("Microsoft.DotNet.Interactive.CSharp", "1.0.0.0", "31bf3856ad364e35")]
    [InlineData("Microsoft.AspNetCore.Html.Abstractions", "2.3.0.0", "adb9793829ddae60")]
    public void Assemblies_have_the_identities_that_packages_were_compiled_against(string name, string version, string token) =>
        Assert.Equal($"{name}, Version={version}, Culture=neutral, PublicKeyToken={token}",
            AssemblyName.GetAssemblyName(Path.Combine(Folder, name + ".dll")).FullName);

    [Fact]
    public void They_reference_only_the_framework_the_display_API_and_one_another()
    {
        var framework = Directory.EnumerateFiles(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "*.dll")
            .Select(Path.GetFileNameWithoutExtension);
        var files = Directory.GetFiles(Folder, "*.dll");

        var others = files.SelectMany(ReferencesOf).Except(framework).Except(files.Select(Path.GetFileNameWithoutExtension)).Distinct();

        Assert.Equal(["JupyterKernel.Display"], others);
    }

    [Fact]
    public void Nothing_that_the_kernel_or_a_worker_starts_with_references_them() =>
        Assert.DoesNotContain(ReferencesOf(typeof(CellCompiler).Assembly.Location)
            .Concat(ReferencesOf(typeof(Display.Notebook).Assembly.Location)), name =>
                name.StartsWith("Microsoft.DotNet.Interactive", StringComparison.Ordinal));

    [Fact]
    public void A_cell_that_compiles_without_them_does_not_reference_them()
    {
        var cell =
            compiler.Compile("display(HTML(\"x\")); Formatter.Register<Uri>(uri => uri.Host);", "Cell [1]", compiler.Root,
                CancellationToken.None).Cell!;

        Assert.Same(compiler.Root, cell.Link);
    }

    [Fact]
    public void A_cell_that_names_them_references_those_that_it_uses_and_imports_nothing()
    {
        var cell = compiler.Compile("var view = div(\"x\");", "Cell [1]", compiler.Root, CancellationToken.None).Cell!;

        Assert.Contains("Microsoft.DotNet.Interactive.Formatting", cell.Link.ExternalReferences.Select(ReferenceSet.NameOf));
        Assert.DoesNotContain("Microsoft.DotNet.Interactive.CSharp", cell.Link.ExternalReferences.Select(ReferenceSet.NameOf));
        Assert.Equal("CS0246",
            Assert.Single(compiler.Compile("class Own : PocketViewOf { }", "Cell [2]", cell.Link, CancellationToken.None).Errors).Id);
        Assert.NotNull(
            compiler.Compile("class PocketView { public int Mine; }\nnew PocketView().Mine", "Cell [3]", cell.Link, CancellationToken.None)
                .Cell);
    }

    [Fact]
    public void An_error_next_to_names_of_the_interface_has_its_original_place()
    {
        var error =
            Assert.Single(compiler.Compile("var a1 = div(b(\"x\")); undefined.Member();", "Cell [1]", compiler.Root, CancellationToken.None)
                .Errors);

        Assert.Equal(("CS0103", 22), (error.Id, error.Location.SourceSpan.Start));
    }

    [Fact]
    public void Another_packages_dependency_on_them_is_left_out_of_the_restore()
    {
        var project = PackageSet.Empty.With([new(PackageDirectiveKind.Package, "Some.Package")], temporary).Project(temporary, "linux-x64");

        Assert.All(InteractivePackages.Ids,
            id => Assert.Contains($"<PrunePackageReference Include=\"{id}\"", project, StringComparison.Ordinal));
    }

    [Fact]
    public void Of_an_extensions_script_the_parts_in_CSharp_are_run_and_others_are_named()
    {
        var folder = Directory.CreateDirectory(Path.Combine(temporary, "interactive-extensions", "dotnet")).FullName;
        File.WriteAllText(Path.Combine(folder, "extension.dib"),
            "var first = 1;\n#!markdown\n# Title\n#!fsharp\nlet x = 1\n\n#!C#\n#!unknown\nvar last = 2;\n");
        var warnings = new List<string>();

        var cells = Extension.In("Some.Package", temporary)!.Cells(warnings.Add).ToList();

        Assert.Equal(["var first = 1;", "#!unknown\nvar last = 2;\n"], cells.Select(cell => cell.Code));
        Assert.Contains("fsharp", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Null(Extension.In("Other.Package", folder));
    }

    private static IEnumerable<string> ReferencesOf(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var metadata = file.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
    }
}
