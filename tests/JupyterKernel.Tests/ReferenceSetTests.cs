using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using JupyterKernel.Compilation;
using Microsoft.CodeAnalysis;
using Xunit;

namespace JupyterKernel.Tests;

public sealed class ReferenceSetTests
{
    private static readonly string FrameworkDirectory = Path.GetDirectoryName(typeof(object).Assembly.Location)!;

    [Fact]
    public void The_core_defines_every_public_type_of_the_namespaces_that_cells_use_by_default()
    {
        var namespaces = new CellCompiler(FrameworkDirectory).Root.Options.Usings.ToHashSet();
        var core = Names(ReferenceSet.Core).ToHashSet();

        // Access control lists exist only on Windows, and few notebooks need them.
        var missing = Directory.EnumerateFiles(FrameworkDirectory, "*.dll")
            .Where(path => !core.Contains(Path.GetFileNameWithoutExtension(path))
                && !path.EndsWith(".AccessControl.dll", StringComparison.Ordinal))
            .SelectMany(path => PublicTypes(path).Where(type => namespaces.Contains(type.Namespace))
                .Select(type => $"{type.Namespace}.{type.Name} in {Path.GetFileName(path)}"));

        Assert.Empty(missing);
    }

    [Fact]
    public void The_core_holds_the_display_API() => Assert.Contains("JupyterKernel.Display", Names(ReferenceSet.Core));

    [Fact]
    public void Core_and_rest_do_not_overlap() => Assert.Empty(Names(ReferenceSet.Core).Intersect(Names(ReferenceSet.Rest)));

    [Fact]
    public void The_rest_is_the_framework_and_none_of_the_kernels_own_libraries()
    {
        var rest = Names(ReferenceSet.Rest).ToList();

        Assert.Contains("System.Private.Xml", rest);
        Assert.Contains("System.Net.WebSockets", rest);
        Assert.All(ReferenceSet.Rest, reference => Assert.Equal(FrameworkDirectory, Path.GetDirectoryName(reference.Display)));
        Assert.Empty(
            rest.Intersect(Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll")
                .Select(path => Path.GetFileNameWithoutExtension(path)!)));
    }

    private static IEnumerable<string> Names(IEnumerable<MetadataReference> references) =>
        references.Select(reference => Path.GetFileNameWithoutExtension(reference.Display!));

    private static IReadOnlyList<(string Namespace, string Name)> PublicTypes(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        if (!file.HasMetadata) return [];
        var reader = file.GetMetadataReader();
        return
        [
            .. reader.TypeDefinitions.Select(reader.GetTypeDefinition)
                .Where(type => (type.Attributes & TypeAttributes.VisibilityMask) == TypeAttributes.Public)
                .Select(type => (reader.GetString(type.Namespace), reader.GetString(type.Name))),
        ];
    }
}
