namespace JupyterKernel.RoslynInternals;

// Written by RoslynPartListTests: WRITE_PART_LIST=1 in that test's environment writes it again after an upgrade of Roslyn.
internal static class RoslynPartList
{
    /// <summary>The parts that completion consists of or requires.</summary>
    public static Type[] Parts() =>
    [
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.AddImport.CSharpAddImportsService, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.CSharpBlockFactsService, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.CSharpCompilationFactoryService, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.CSharpFileBannerFactsService, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.CSharpHeaderFactsServices, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.CSharpSemanticFactsServiceFactory, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.CSharpSymbolDeclarationService, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.CSharpSyntaxFactsServiceFactory, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.CSharpSyntaxTreeFactoryServiceFactory, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.CSharpTypeInferenceService, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.CodeCleanup.CSharpCodeCleanerServiceFactory, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.CodeGeneration.CSharpCodeGenerationServiceFactory, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.CodeGeneration.CSharpSyntaxGenerator, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.CodeGeneration.CSharpSyntaxGeneratorInternal, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.CSharpCompletionService+Factory, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.CompletionProviders.Snippets.CSharpSnippetCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.AggregateEmbeddedLanguageCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.AttributeNamedParameterCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.AwaitCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.CSharpSuggestionModeCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.CrefCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.DeclarationNameCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.EnumAndCompletionListTagCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.ExplicitInterfaceMemberCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.ExplicitInterfaceTypeCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.ExtensionMemberImportCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.ExternAliasCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.FirstBuiltInCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.FunctionPointerUnmanagedCallingConventionCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.IncludeAppDirectiveCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.InternalsVisibleToCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.KeywordCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.LastBuiltInCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.LoadDirectiveCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.NamedParameterCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.ObjectAndWithInitializerCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.ObjectCreationCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.OverrideCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.PackageAppDirectiveCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.PartialMethodCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.PartialTypeCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.PreprocessorCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.ProjectAppDirectiveCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.PropertyAppDirectiveCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.PropertySubpatternCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.RefAppDirectiveCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.ReferenceDirectiveCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.SdkAppDirectiveCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.SnippetCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.SpeculativeTCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.SymbolCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.TupleNameCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.TypeImportCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.TypeImportCompletionServiceFactory, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.UnnamedSymbolCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Completion.Providers.XmlDocCommentCompletionProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.DocumentationComments.CSharpDocumentationCommentFormattingService, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Editing.CSharpImportAdder, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.EmbeddedLanguages.LanguageServices.CSharpEmbeddedLanguagesProvider, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.EmbeddedLanguages.VirtualChars.CSharpVirtualCharLanguageServiceFactory, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Extensions.ContextQuery.CSharpSyntaxContextService, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.FindSymbols.CSharpDeclaredSymbolInfoFactoryService, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Formatting.CSharpFormattingService, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Formatting.CSharpSyntaxFormattingService+Factory, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.GeneratedCodeRecognition.CSharpGeneratedCodeRecognitionService, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.ImplementInterface.CSharpImplementInterfaceService, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Indentation.CSharpIndentationService, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.LanguageService.CSharpSyntaxKindsServiceFactory, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.ObsoleteSymbol.CSharpObsoleteSymbolService, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Recommendations.CSharpRecommendationService, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.SemanticModelReuse.CSharpSemanticModelReuseLanguageService, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Serialization.CSharpOptionsSerializationService, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.CSharp.Simplification.CSharpSimplificationService, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Completion.Providers.DefaultExtensionMethodImportCompletionCacheServiceFactory, Microsoft.CodeAnalysis.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Completion.Providers.DefaultTypeImportCompletionCacheServiceFactory, Microsoft.CodeAnalysis.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.DefaultDocumentTextDifferencingService, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.DefaultSupportedChangesServiceFactory, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Editor.CSharp.LanguageServices.CSharpStructuralTypeDisplayService, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Editor.CSharp.LanguageServices.CSharpSymbolDisplayServiceFactory, Microsoft.CodeAnalysis.CSharp.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Extensions.ServicesLayerExtensionManager, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.FileBasedPrograms.FileBasedProgramService, Microsoft.CodeAnalysis.CSharp.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.FindSymbols.SymbolTree.SymbolTreeInfoCacheServiceFactory, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Formatting.Rules.DefaultFormattingRuleFactoryService, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Host.DefaultAnalyzerAssemblyLoaderProvider, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Host.DefaultAnalyzerService, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Host.DefaultFallbackAnalyzerConfigOptionsProvider, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Host.DefaultPersistentStorageConfiguration, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Host.DefaultSolutionAnalyzerSetterWorkspaceService+Factory, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Host.DefaultWorkspaceConfigurationService, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Host.DefaultWorkspaceEventListenerServiceFactory, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Host.DefaultWorkspaceStatusService, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Host.DocumentationProviderService, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Host.FrameworkAssemblyPathResolverFactory, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Host.LegacyTemporaryStorageService, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Host.MetadataReferenceCacheFactory, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Host.MetadataServiceFactory, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Host.TaskSchedulerProvider, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Host.TemporaryStorageService+Factory, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Host.TextFactoryService, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Host.WorkspaceAsynchronousOperationListenerProvider, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Options.GlobalOptionService, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Options.LegacyGlobalOptionService+WorkspaceService, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Options.LegacyGlobalOptionService, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.SQLite.v2.SQLitePersistentStorageService+ServiceFactory, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.SemanticModelReuse.SemanticModelReuseWorkspaceServiceFactory, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Serialization.SerializerService+Factory, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Shared.DefaultDocumentSupportsFeatureService, Microsoft.CodeAnalysis.Features")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Shared.TestHooks.AsynchronousOperationListenerProvider, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.SolutionCrawler.DefaultDocumentTrackingService, Microsoft.CodeAnalysis.Workspaces")),
        RoslynPartTypes.Part(Type.GetType("Microsoft.CodeAnalysis.Storage.LegacyPersistentStorageService+Factory, Microsoft.CodeAnalysis.Workspaces")),
    ];

    /// <summary>Keeps the properties of the parts' attributes, and the constructors of what reads them.</summary>
    public static void KeepMetadata()
    {
        RoslynPartTypes.Attribute(Type.GetType("Microsoft.CodeAnalysis.Completion.ExportCompletionProviderAttribute, Microsoft.CodeAnalysis.Features"));
        RoslynPartTypes.Attribute(Type.GetType("Microsoft.CodeAnalysis.ExtensionOrderAttribute, Microsoft.CodeAnalysis.Workspaces"));
        RoslynPartTypes.Attribute(Type.GetType("Microsoft.CodeAnalysis.Host.Mef.ExportLanguageServiceAttribute, Microsoft.CodeAnalysis.Workspaces"));
        RoslynPartTypes.Attribute(Type.GetType("Microsoft.CodeAnalysis.Host.Mef.ExportLanguageServiceFactoryAttribute, Microsoft.CodeAnalysis.Workspaces"));
        RoslynPartTypes.Attribute(Type.GetType("Microsoft.CodeAnalysis.Host.Mef.ExportWorkspaceServiceAttribute, Microsoft.CodeAnalysis.Workspaces"));
        RoslynPartTypes.Attribute(Type.GetType("Microsoft.CodeAnalysis.Host.Mef.ExportWorkspaceServiceFactoryAttribute, Microsoft.CodeAnalysis.Workspaces"));
        RoslynPartTypes.Attribute(Type.GetType("System.Composition.ExportAttribute, System.Composition.AttributedModel"));
        RoslynPartTypes.Metadata(Type.GetType("Microsoft.CodeAnalysis.Completion.Providers.CompletionProviderMetadata, Microsoft.CodeAnalysis.Features"));
        RoslynPartTypes.Metadata(Type.GetType("Microsoft.CodeAnalysis.Diagnostics.DiagnosticProviderMetadata, Microsoft.CodeAnalysis.Features"));
        RoslynPartTypes.Metadata(Type.GetType("Microsoft.CodeAnalysis.EmbeddedLanguages.EmbeddedLanguageMetadata, Microsoft.CodeAnalysis.Features"));
        RoslynPartTypes.Metadata(Type.GetType("Microsoft.CodeAnalysis.ExternalAccess.UnitTesting.SolutionCrawler.UnitTestingIncrementalAnalyzerProviderMetadata, Microsoft.CodeAnalysis.Features"));
        RoslynPartTypes.Metadata(Type.GetType("Microsoft.CodeAnalysis.Host.EventListenerMetadata, Microsoft.CodeAnalysis.Workspaces"));
        RoslynPartTypes.Metadata(Type.GetType("Microsoft.CodeAnalysis.Host.Mef.CodeChangeProviderMetadata, Microsoft.CodeAnalysis.Workspaces"));
        RoslynPartTypes.Metadata(Type.GetType("Microsoft.CodeAnalysis.Host.Mef.LanguageMetadata, Microsoft.CodeAnalysis.Workspaces"));
        RoslynPartTypes.Metadata(Type.GetType("Microsoft.CodeAnalysis.Host.Mef.LanguageServiceMetadata, Microsoft.CodeAnalysis.Workspaces"));
        RoslynPartTypes.Metadata(Type.GetType("Microsoft.CodeAnalysis.Host.Mef.OrderableLanguageMetadata, Microsoft.CodeAnalysis.Workspaces"));
        RoslynPartTypes.Metadata(Type.GetType("Microsoft.CodeAnalysis.Host.Mef.WorkspaceServiceMetadata, Microsoft.CodeAnalysis.Workspaces"));
        RoslynPartTypes.Metadata(Type.GetType("Microsoft.CodeAnalysis.Internal.Log.PiiValue, Microsoft.CodeAnalysis.Workspaces"));
        RoslynPartTypes.Metadata(Type.GetType("Microsoft.CodeAnalysis.MetadataAsSource.MetadataAsSourceFileProviderMetadata, Microsoft.CodeAnalysis.Features"));
        RoslynPartTypes.Metadata(Type.GetType("Microsoft.CodeAnalysis.OrderableMetadata, Microsoft.CodeAnalysis.Workspaces"));
        RoslynPartTypes.Metadata(Type.GetType("Microsoft.CodeAnalysis.QuickInfo.QuickInfoProviderMetadata, Microsoft.CodeAnalysis.Features"));
        RoslynPartTypes.Metadata(Type.GetType("Microsoft.CodeAnalysis.Remote.RemoteServiceCallbackDispatcherRegistry+ExportMetadata, Microsoft.CodeAnalysis.Workspaces"));
    }
}
