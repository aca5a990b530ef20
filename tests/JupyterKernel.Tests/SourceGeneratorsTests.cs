using System.Globalization;
using JupyterKernel.Compilation;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Runs generators, which are compiled here, in the real process for source generators.</summary>
public sealed class SourceGeneratorsTests : IDisposable
{
    private static readonly CSharpParseOptions Options = CellCompiler.ParseOptions.WithKind(SourceCodeKind.Regular);

    private readonly string folder = Directory.CreateTempSubdirectory("generators-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void What_a_generator_writes_becomes_part_of_the_library()
    {
        var generator = Generator("""output.AddSource("Made", "partial class C { public int Made => 42; }");""");

        var (compilation, errors) = Run([generator], Cancellation);

        Assert.Empty(errors);
        Assert.Empty(compilation.GetDiagnostics(Cancellation));
        Assert.Equal(["Made"], compilation.GetTypeByMetadataName("C")!.GetMembers("Made").Select(member => member.Name));
        Assert.EndsWith("Made.cs", compilation.SyntaxTrees.Last().FilePath, StringComparison.Ordinal);
    }

    [Fact]
    public void An_error_of_a_generator_has_its_place_in_the_text()
    {
        var generator = Generator(
            """
            output.ReportDiagnostic(Diagnostic.Create(
                new DiagnosticDescriptor("GEN1", "Title", "{0} is odd", "Tests", DiagnosticSeverity.Error, true),
                compilation.SyntaxTrees.Last().GetRoot().DescendantNodes().OfType<ClassDeclarationSyntax>().Last().Identifier
                .GetLocation(), "C"));
            """);

        var (_, errors) = Run([generator], Cancellation);

        var error = Assert.Single(errors);
        Assert.Equal(("GEN1", "C is odd"), (error.Id, MessageOf(error)));
        Assert.Equal("C", error.Location.SourceTree!.GetText(Cancellation).ToString(error.Location.SourceSpan));
    }

    [Fact]
    public void A_generator_reads_build_properties_and_may_print()
    {
        var properties = Path.Combine(folder, "properties.editorconfig");
        File.WriteAllText(properties, "build_property.Color = red\n");
        var generator = Generator(
            """
            Console.WriteLine("printed");
            Console.Error.WriteLine("printed");
            options.GlobalOptions.TryGetValue("build_property.Color", out var color);
            output.AddSource("Made", $"partial class C {{ public string Color => \"{color}\"; }}");
            """);

        var (compilation, errors) = Run([properties, generator], Cancellation);

        Assert.Empty(errors);
        Assert.Contains("\"red\"", compilation.SyntaxTrees.Last().ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Environment.Exit(3);", "exited (code 3)")]
    [InlineData("Environment.FailFast(\"out of order\");", "out of order")]
    public void A_generator_that_ends_its_process_is_an_error_and_the_next_one_runs(string code, string reason)
    {
        var (compilation, errors) = Run([Generator(code)], Cancellation);

        var error = Assert.Single(errors);
        Assert.Equal(DiagnosticSeverity.Error, error.Severity);
        Assert.Contains("The process that runs the source generators exited", MessageOf(error), StringComparison.Ordinal);
        Assert.Contains(reason, MessageOf(error), StringComparison.Ordinal);
        Assert.Single(compilation.SyntaxTrees);
        What_a_generator_writes_becomes_part_of_the_library();
    }

    [Fact]
    public void A_generator_that_never_returns_is_interrupted_and_the_next_one_runs()
    {
        var begun = Path.Combine(folder, "begun");
        var name = SymbolDisplay.FormatLiteral(begun, quote: true);
        var generator = Generator($"System.IO.File.WriteAllText({name}, \"\"); while (true) {{ }}");
        using var interrupt = new CancellationTokenSource();
        var running = Task.Run(() => Run([generator], interrupt.Token), Cancellation);
        Assert.True(SpinWait.SpinUntil(() => File.Exists(begun), TimeSpan.FromSeconds(60)));

        interrupt.Cancel();

        Assert.ThrowsAny<OperationCanceledException>(() => running.GetAwaiter().GetResult());
        What_a_generator_writes_becomes_part_of_the_library();
    }

    [Fact]
    public void A_generator_that_throws_does_not_fail_the_library()
    {
        // As in a build, where it is a warning.
        var (compilation, errors) = Run([Generator("throw new InvalidOperationException();")], Cancellation);

        Assert.Empty(errors);
        Assert.Single(compilation.SyntaxTrees);
    }

    [Fact]
    public void The_metadata_of_a_cell_is_a_reference()
    {
        var cell = CSharpCompilation.Create("Cell", [CSharpSyntaxTree.ParseText("public class OfCell;", cancellationToken: Cancellation)],
            ReferenceSet.Core, new(OutputKind.DynamicallyLinkedLibrary));
        using var image = new MemoryStream();
        Assert.True(cell.Emit(image, cancellationToken: Cancellation).Success);
        var generator = Generator(
            """
            if (compilation.GetTypeByMetadataName("OfCell") is not null) output.AddSource("Made", "partial class C { OfCell Found; }");
            """);

        var (compilation, _) = Run([generator], Cancellation, MetadataReference.CreateFromImage(image.ToArray()));

        Assert.Equal(2, compilation.SyntaxTrees.Length);
    }

    [Theory]
    [InlineData("not an assembly")]
    [InlineData(null)]
    public void A_file_without_a_generator_starts_nothing(string? text)
    {
        var file = Path.Combine(folder, "file.dll");
        if (text is not null) File.WriteAllText(file, text);

        var (compilation, errors) = Run([file], Cancellation);

        Assert.Empty(errors);
        Assert.Single(compilation.SyntaxTrees);
    }

    private static (CSharpCompilation Compilation, IReadOnlyList<Diagnostic> Errors) Run(
        IReadOnlyList<string> analyzers, CancellationToken cancellation, params MetadataReference[] more)
    {
        var compilation = CSharpCompilation.Create("Library",
            [CSharpSyntaxTree.ParseText("partial class C;", Options, "Cell [1]", System.Text.Encoding.UTF8, cancellation)],
            ReferenceSet.Core.Concat(more), new(OutputKind.DynamicallyLinkedLibrary));
        var (updated, errors) = SourceGenerators.Run(compilation, analyzers, Options, cancellation);
        return (updated, errors);
    }

    private static string MessageOf(Diagnostic error) => error.GetMessage(CultureInfo.InvariantCulture);

    /// <summary>Compiles a generator with this code, which may use <c>output</c>, <c>compilation</c> and <c>options</c>.</summary>
    private string Generator(string code)
    {
        var file = Path.Combine(folder, $"Generator{Guid.NewGuid():N}.dll");
        var tree = CSharpSyntaxTree.ParseText(
            $$"""
            using System;
            using System.Linq;
            using Microsoft.CodeAnalysis;
            using Microsoft.CodeAnalysis.CSharp.Syntax;

            [Generator]
            public sealed class Tested : IIncrementalGenerator
            {
                public void Initialize(IncrementalGeneratorInitializationContext context) => context.RegisterSourceOutput(
                    context.CompilationProvider.Combine(context.AnalyzerConfigOptionsProvider), (output, both) =>
                    {
                        var (compilation, options) = both;
                        {{code}}
                    });
            }
            """, cancellationToken: Cancellation);
        string[] compiler = [typeof(Microsoft.CodeAnalysis.Compilation).Assembly.Location, typeof(CSharpCompilation).Assembly.Location];
        var emitted = CSharpCompilation.Create(Path.GetFileNameWithoutExtension(file), [tree],
            ReferenceSet.Core.Concat(ReferenceSet.Rest).Concat(compiler.Select(path => MetadataReference.CreateFromFile(path))),
            new(OutputKind.DynamicallyLinkedLibrary)).Emit(file, cancellationToken: Cancellation);
        Assert.True(emitted.Success, string.Join('\n', emitted.Diagnostics));
        return file;
    }
}
