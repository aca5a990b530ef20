using System.Reflection;
using System.Runtime.CompilerServices;
using System.Xml.Linq;
using JupyterKernel.RoslynInternals;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Completion;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>
/// Tests everything that the folder RoslynInternals reaches: after an upgrade of Roslyn, the test that fails names what has changed.
/// </summary>
public sealed class RoslynInternalsTests
{
    private static readonly MetadataReference[] Core = [MetadataReference.CreateFromFile(typeof(object).Assembly.Location)];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void A_lower_version_of_a_reference_can_be_superseded() =>
        SubmissionInternals.SupersedeLowerVersions(new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));

    /// <summary>The native compiler ignores a method that it does not find.</summary>
    [Fact]
    public void The_methods_that_the_native_program_leaves_out_exist()
    {
        var file = Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "src", "JupyterKernel", "NativeSubstitutions.xml");
        var methods =
            from assembly in XDocument.Load(file).Root!.Elements()
            from type in assembly.Elements()
            from method in type.Elements()
            let found = Type.GetType($"{type.Attribute("fullname")!.Value}, {assembly.Attribute("fullname")!.Value}", throwOnError: true)!
                .GetMethods(BindingFlags.Instance | BindingFlags.NonPublic)
                .Where(found => Signature(found) == method.Attribute("signature")!.Value)
            select found.Count();

        Assert.Equal([1, 1], methods);

        static string Signature(MethodInfo method) =>
            $"{method.ReturnType} {method.Name}({string.Join(',', method.GetParameters().Select(parameter => parameter.ParameterType))})";

        static string ThisFile([CallerFilePath] string path = "") => path;
    }

    [Fact]
    public void A_submission_without_anonymous_types_can_be_sealed()
    {
        var link = Submission("int x = 1;");
        SubmissionInternals.SealAnonymousTypes(link);

        Assert.Empty(Submission("x + 1", link).GetDiagnostics(Cancellation));
    }

    [Fact]
    public void Bound_references_and_well_known_types_can_be_shared()
    {
        var first = Submission("var task = System.Threading.Tasks.Task.FromResult(1);");
        Assert.True(first.Emit(Stream.Null, cancellationToken: Cancellation).Success);
        BoundReferences.KeepNeeded(first);
        var second = Submission("", first);
        BoundReferences.Share(first, second);
        second = second.AddSyntaxTrees(Text("await task"));
        BoundReferences.TakeNeeded(second);

        Assert.True(second.Emit(Stream.Null, cancellationToken: Cancellation).Success);
    }

    [Fact]
    public void Extern_aliases_can_be_admitted_and_their_namespaces_removed()
    {
        var reference = MetadataReference.CreateFromFile(typeof(System.Text.Json.JsonSerializer).Assembly.Location, new(aliases: ["Json"]));
        var front = Submission("extern alias Json;", null, reference);
        ExternAliases.Admit(front);
        var cell = Submission("using Json::System.Text.Json; var options = new JsonSerializerOptions();", front);

        Assert.Empty(cell.GetDiagnostics(Cancellation));
        Assert.True(ExternAliases.KeepNamespaces(cell));
    }

    [Fact]
    public async Task Completion_offers_names_that_are_not_imported()
    {
        using var workspace = new AdhocWorkspace(RoslynServices.CreateHost());
        var project = workspace.AddProject(ProjectInfo.Create(
            ProjectId.CreateNewId(), VersionStamp.Default, "cells", "cells", LanguageNames.CSharp, metadataReferences: Core));
        var document = workspace.AddDocument(project.Id, "cell", Microsoft.CodeAnalysis.Text.SourceText.From("class C { StringBuil"));
        var service = CompletionService.GetService(document)!;

        var found = await RoslynServices.CompleteAsync(service, document, 20, unimported: true, Cancellation);

        Assert.Contains(found.ItemsList, item => item.DisplayText == "StringBuilder");
    }

    [Fact]
    public void A_missing_member_is_named()
    {
        var error = Assert.Throws<MissingMethodException>(() => NonPublic.Method(typeof(CSharpCompilation), "NoSuchMethod"));

        Assert.Contains("CSharpCompilation.NoSuchMethod", error.Message, StringComparison.Ordinal);
    }

    private static CSharpCompilation Submission(string code, CSharpCompilation? previous = null, params MetadataReference[] more) =>
        CSharpCompilation.CreateScriptCompilation(
            $"s{Guid.NewGuid():N}", code.Length > 0 ? Text(code) : null, previous is null ? [.. Core, .. more] : more,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary), previous);

    private static SyntaxTree Text(string code) =>
        CSharpSyntaxTree.ParseText(
            code, CSharpParseOptions.Default.WithKind(SourceCodeKind.Script), cancellationToken: Cancellation);
}
