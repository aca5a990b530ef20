using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Metadata;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Completion;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Host.Mef;
using Microsoft.CodeAnalysis.Options;
using Document = Microsoft.CodeAnalysis.Document;
using RoslynCompletionList = Microsoft.CodeAnalysis.Completion.CompletionList;

namespace JupyterKernel.RoslynInternals;

/// <summary>
/// Loads the parts of Roslyn's services for editors that are used: <see cref="MefHostServices.DefaultHost"/> examines every type of six
/// assemblies, which takes ten times as long and 60 MB more. Any thread.
/// </summary>
internal static class RoslynServices
{
    private const string FeaturesAssembly = "Microsoft.CodeAnalysis.Features";
    private const string OptionsType = "Microsoft.CodeAnalysis.Completion.CompletionOptions, " + FeaturesAssembly;

    private static readonly string[] Assemblies =
        ["Microsoft.CodeAnalysis.Workspaces", "Microsoft.CodeAnalysis.CSharp.Workspaces", FeaturesAssembly,
            "Microsoft.CodeAnalysis.CSharp.Features"];

    /// <summary>
    /// The attributes of parts that completion consists of or needs; code fixes, refactorings and similar parts have others.
    /// </summary>
    private static readonly HashSet<string> Exports =
    [
        "ExportAttribute", "ExportWorkspaceServiceAttribute", "ExportWorkspaceServiceFactoryAttribute",
        "ExportLanguageServiceAttribute", "ExportLanguageServiceFactoryAttribute", "ExportCompletionProviderAttribute",
    ];

    /// <summary>The name of a part that needs a code fix, and that no other part needs.</summary>
    private const string LeftOut = "SyncNamespaces";

    /// <summary>Creates a host for workspaces that support C# and completion; takes a fifth of a second.</summary>
    public static MefHostServices CreateHost() =>
        new(new RoslynParts(Assemblies.Select(Assembly.Load).SelectMany(Parts)));

    /// <summary>Returns the completions at a position, with or without unimported types and extension methods.</summary>
    /// <remarks>Roslyn's public method has no option for unimported names.</remarks>
    public static Task<RoslynCompletionList> CompleteAsync(
        CompletionService service, Document document, int position, bool unimported, CancellationToken cancellation)
    {
        var options = NewCompletionOptions();
        SetShowItemsFromUnimportedNamespaces(options, unimported);
        SetForceExpandedCompletionIndexCreation(options, unimported);
        SetUnnamedSymbolCompletionDisabled(options, true);
        SetShowXmlDocCommentCompletion(options, false);
        SetSnippetsBehavior(options, SnippetsRule.NeverInclude);
        return GetCompletionsAsync(service, document, position, options, document.Project.Solution.Options,
            CompletionTrigger.Invoke, null, cancellation);
    }

    private static IEnumerable<Type> Parts(Assembly assembly)
    {
        var metadata = MetadataOf(assembly);
        foreach (var handle in metadata.TypeDefinitions)
        {
            var type = metadata.GetTypeDefinition(handle);
            if (!type.GetCustomAttributes().Any(attribute => Exports.Contains(NameOf(metadata, metadata.GetCustomAttribute(attribute)))))
                continue;
            var name = FullName(metadata, type);
            if (!name.Contains(LeftOut, StringComparison.Ordinal)) yield return assembly.GetType(name, throwOnError: true)!;
        }
    }

    private static unsafe MetadataReader MetadataOf(Assembly assembly) => assembly.TryGetRawMetadata(out var blob, out var length)
        ? new(blob, length)
        : throw new InvalidOperationException($"{assembly} has no metadata");

    private static string NameOf(MetadataReader metadata, CustomAttribute attribute) => attribute.Constructor.Kind switch
    {
        HandleKind.MemberReference =>
            metadata.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent is { Kind: HandleKind.TypeReference } type
            ? metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)type).Name)
            : "",
        _ =>
            metadata.GetString(
                metadata.GetTypeDefinition(
                    metadata.GetMethodDefinition((MethodDefinitionHandle)attribute.Constructor).GetDeclaringType()).Name),
    };

    private static string FullName(MetadataReader metadata, TypeDefinition type) => type.GetDeclaringType() is { IsNil: false } outer
        ? $"{FullName(metadata, metadata.GetTypeDefinition(outer))}+{metadata.GetString(type.Name)}"
        : $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}";

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "GetCompletionsAsync")]
    private static extern Task<RoslynCompletionList> GetCompletionsAsync(
        CompletionService service, Document document, int position,
        [UnsafeAccessorType(OptionsType)] object options, OptionSet passedThrough,
        CompletionTrigger trigger, ImmutableHashSet<string>? roles, CancellationToken cancellation);

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    [return: UnsafeAccessorType(OptionsType)]
    private static extern object NewCompletionOptions();

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_ShowItemsFromUnimportedNamespaces")]
    private static extern void SetShowItemsFromUnimportedNamespaces([UnsafeAccessorType(OptionsType)] object options, bool? value);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_ForceExpandedCompletionIndexCreation")]
    private static extern void SetForceExpandedCompletionIndexCreation([UnsafeAccessorType(OptionsType)] object options, bool value);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_UnnamedSymbolCompletionDisabled")]
    private static extern void SetUnnamedSymbolCompletionDisabled([UnsafeAccessorType(OptionsType)] object options, bool value);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_ShowXmlDocCommentCompletion")]
    private static extern void SetShowXmlDocCommentCompletion([UnsafeAccessorType(OptionsType)] object options, bool value);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_SnippetsBehavior")]
    private static extern void SetSnippetsBehavior([UnsafeAccessorType(OptionsType)] object options, SnippetsRule value);
}
