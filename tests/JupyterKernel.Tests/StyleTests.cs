using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests the rules of CONTRIBUTING.md that no analyzer knows.</summary>
public sealed class StyleTests
{
    private const int MaxColumns = 140;

    private const int MaxLines = 400;

    /// <summary>The longer files, with the reason.</summary>
    private static readonly Dictionary<string, string> LongFiles = new()
    {
        ["JupyterKernel.Worker/Values/ValueReader.cs"] = "one format, read in one pass; its writer and its forms are files of their own",
        ["JupyterKernel.Worker/Values/Conversion.cs"] = "a table: one row for each type of the framework that is carried over",
        ["JupyterKernel/Compilation/ProgramForms.cs"] = "one rewriter of syntax, whose cases share its scopes",
        ["JupyterKernel/Compilation/CellCompiler.cs"] = "the steps of one compilation, in their order",
        ["JupyterKernel/Packages/PackageRestore.cs"] = "the steps of one restore, in their order",
    };

    private static readonly string Root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", ".."));

    [Fact]
    public void Lines_end_at_140_columns()
    {
        // A link cannot be wrapped, and a list that a test writes has one name to a line.
        var files = Files("src").Where(file => Path.GetFileName(file) != "RoslynPartList.cs").Concat(Files("tests/JupyterKernel.Tests"));
        var tooLong = files.SelectMany(file => File.ReadLines(file)
            .Select((line, index) => (line, place: $"{Path.GetRelativePath(Root, file)}:{index + 1}")))
            .Where(line => line.line.Length > MaxColumns && !line.line.Contains("https://", StringComparison.Ordinal))
            .Select(line => line.place);

        Assert.Empty(tooLong);
    }

    [Fact]
    public void Files_of_more_than_400_lines_have_a_reason()
    {
        var tooLong = Files("src").Where(file => File.ReadLines(file).Count() > MaxLines)
            .Select(file => Path.GetRelativePath(Path.Combine(Root, "src"), file).Replace('\\', '/'));

        Assert.Equal(LongFiles.Keys.Order(), tooLong.Order());
    }

    [Fact]
    public void Names_of_types_are_unique()
    {
        // The assemblies that stand in for .NET Interactive have the names of its types.
        var names = Files("src").Where(file => !Path.GetRelativePath(Root, file).Contains("Interactive", StringComparison.Ordinal))
            .SelectMany(file => TypesIn(file).Select(type => (Name: NameOf(type), file)).Distinct());
        var repeated = names.GroupBy(type => type.Name).Where(group => group.Count() > 1).SelectMany(group => group)
            .Where(type => !IsPartial(type.file, type.Name))
            .Select(type => $"{type.Name} in {Path.GetRelativePath(Root, type.file)}");

        Assert.Empty(repeated);
    }

    private static string NameOf(BaseTypeDeclarationSyntax type) =>
        type is TypeDeclarationSyntax { Arity: > 0 } generic ? $"{type.Identifier.Text}`{generic.Arity}" : type.Identifier.Text;

    private static bool IsPartial(string file, string name) =>
        TypesIn(file).Any(type => NameOf(type) == name && type.Modifiers.Any(modifier => modifier.IsKind(SyntaxKind.PartialKeyword)));

    private static IEnumerable<BaseTypeDeclarationSyntax> TypesIn(string file) =>
        CSharpSyntaxTree.ParseText(File.ReadAllText(file), cancellationToken: Cancellation).GetRoot(Cancellation)
            .DescendantNodes().OfType<BaseTypeDeclarationSyntax>();

    private static IEnumerable<string> Files(string folder) => FolderArrows.FilesOf(Path.Combine(Root, folder));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
