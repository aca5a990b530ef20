using System.Composition;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.CodeAnalysis.Completion;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>
/// The list of Roslyn's parts in RoslynInternals/RoslynPartList.cs is written from Roslyn itself: <c>WRITE_PART_LIST=1</c> in the
/// environment of this test writes it again.
/// </summary>
public sealed class RoslynPartListTests
{
    private const string Root = "Microsoft.CodeAnalysis.";

    /// <summary>
    /// The attributes of parts that completion consists of or requires; code fixes, refactorings and similar parts have others.
    /// </summary>
    private static readonly HashSet<string> Exports =
    [
        "ExportAttribute", "ExportWorkspaceServiceAttribute", "ExportWorkspaceServiceFactoryAttribute",
        "ExportLanguageServiceAttribute", "ExportLanguageServiceFactoryAttribute", "ExportCompletionProviderAttribute",
    ];

    /// <summary>The parts of these namespaces and names are for refactorings, code fixes and navigation.</summary>
    private static readonly string[] LeftOut =
    [
        "UnitTests.", "SymbolSearch.", "ErrorLogger.", "ExternalAccess.", "CSharp.ReplaceDiscardDeclarationsWithAssignments.",
        "CSharp.RemoveUnnecessaryImports.", "CSharp.MoveDeclarationNearReference.", "CSharp.InitializeParameter.",
        "CSharp.CodeFixesAndRefactorings.", "CSharp.CodeRefactorings.", "CSharp.Rename.", "CSharp.ReassignedVariable.",
        "CSharp.OrganizeImports.", "CSharp.Diagnostics.", "CSharp.CaseCorrection.", "CSharp.Classification.",
        "CSharp.CSharpCommandLineParserService",
    ];

    /// <summary>The parts of the assemblies with features that completion requires, by namespace or name.</summary>
    private static readonly string[] Features =
    [
        "Completion.", "CSharp.Completion.", "CSharp.EmbeddedLanguages.", "CSharp.ImplementInterface.",
        "Shared.DefaultDocumentSupportsFeatureService", "Editor.CSharp.LanguageServices.",
        "CSharp.DocumentationComments.CSharpDocumentationCommentFormattingService",
    ];

    [Fact]
    public void It_is_that_of_the_referenced_Roslyn()
    {
        var expected = Written();

        var folder = Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "src", "JupyterKernel", "RoslynInternals");
        var file = Path.Combine(folder, "RoslynPartList.cs");
        if (Environment.GetEnvironmentVariable("WRITE_PART_LIST") is not null) File.WriteAllText(file, expected);
        Assert.Equal(expected, File.ReadAllText(file).ReplaceLineEndings("\n"));
    }

    private static string Written()
    {
        Assembly[] assemblies =
        [
            Assembly.Load(Root + "Workspaces"), Assembly.Load(Root + "CSharp.Workspaces"),
            Assembly.Load(Root + "Features"), Assembly.Load(Root + "CSharp.Features"),
        ];
        var parts = assemblies.SelectMany(assembly => assembly.GetTypes()).Where(IsUsed).ToList();
        var attributes = parts.SelectMany(part => part.GetCustomAttributes(inherit: false)).Select(attribute => attribute.GetType())
            .Where(type => type == typeof(ExportAttribute) || type.IsDefined(typeof(MetadataAttributeAttribute)));
        var metadata = assemblies.SelectMany(assembly => assembly.GetTypes()).Where(type => !type.IsAbstract
            && type.GetConstructor(BindingFlags.Public | BindingFlags.Instance, [typeof(IDictionary<string, object>)]) is not null);

        var text = new StringBuilder("""
            namespace JupyterKernel.RoslynInternals;

            // Written by RoslynPartListTests: WRITE_PART_LIST=1 in that test's environment writes it again after an upgrade of Roslyn.
            internal static class RoslynPartList
            {
                /// <summary>The parts that completion consists of or requires.</summary>
                public static Type[] Parts() =>
                [

            """);
        foreach (var part in Sorted(parts))
            text.AppendLine(CultureInfo.InvariantCulture, $"        RoslynPartTypes.Part(Type.GetType(\"{part}\")),");
        text.Append("""
                ];

                /// <summary>Keeps the properties of the parts' attributes, and the constructors of what reads them.</summary>
                public static void KeepMetadata()
                {

            """);
        foreach (var attribute in Sorted(attributes))
            text.AppendLine(CultureInfo.InvariantCulture, $"        RoslynPartTypes.Attribute(Type.GetType(\"{attribute}\"));");
        foreach (var type in Sorted(metadata))
            text.AppendLine(CultureInfo.InvariantCulture, $"        RoslynPartTypes.Metadata(Type.GetType(\"{type}\"));");
        return text.Append("    }\n}\n").ToString().ReplaceLineEndings("\n");
    }

    private static bool IsUsed(Type type)
    {
        if (type.FullName?.StartsWith(Root, StringComparison.Ordinal) != true) return false;
        var name = type.FullName[Root.Length..];
        var exports = type.GetCustomAttributes(inherit: false).OfType<ExportAttribute>().ToList();
        return exports.Exists(export => Exports.Contains(export.GetType().Name))
            && (exports.Exists(export => export is ExportCompletionProviderAttribute)
                || (type.Assembly.GetName().Name!.EndsWith("Features", StringComparison.Ordinal)
                    ? Features.Any(start => name.StartsWith(start, StringComparison.Ordinal))
                    : !LeftOut.Any(start => name.StartsWith(start, StringComparison.Ordinal))));
    }

    private static IEnumerable<string> Sorted(IEnumerable<Type> types) =>
        types.Select(type => $"{type.FullName}, {type.Assembly.GetName().Name}").Distinct().Order(StringComparer.Ordinal);

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
