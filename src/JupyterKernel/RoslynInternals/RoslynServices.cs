using System.Collections.Immutable;
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
/// Roslyn's services for editors, composed of the parts that are used: <see cref="MefHostServices.DefaultHost"/> would examine every type
/// of six assemblies, which a native build does not have as files. Any thread.
/// </summary>
internal static class RoslynServices
{
    private const string FeaturesAssembly = "Microsoft.CodeAnalysis.Features";
    private const string OptionsType = "Microsoft.CodeAnalysis.Completion.CompletionOptions, " + FeaturesAssembly;

    /// <summary>Creates a host for workspaces that support C# and completion.</summary>
    public static MefHostServices CreateHost() => new(new RoslynParts(RoslynPartTypes.All()));

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
