using System.Collections.Concurrent;
using JupyterKernel.Compilation;
using JupyterKernel.RoslynInternals;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace JupyterKernel.Intelligence;

/// <summary>
/// Provides documents to Roslyn's editor services: a cell is a document that follows the session's document (<see cref="SessionText"/>).
/// Nothing is loaded before the first query or the warm-up. Any thread; documents are immutable.
/// </summary>
/// <param name="compiler">The compiler whose options are used.</param>
internal sealed class LanguageService(CellCompiler compiler)
{
    /// <summary>The name of the session's document.</summary>
    public const string SessionName = "Session";

    private static readonly string[] NotImported = ["System.Object"];

    private readonly Lock gate = new();
    private readonly SessionText session = new();
    private MemberLists members = new();
    private Solution? solution;
    private ProjectId? sessionProject;
    private DocumentId? sessionDocument;
    private DocumentId? cellDocument;

    /// <summary>Opens a cell's text as a document that follows the accepted cells.</summary>
    /// <param name="accepted">The declarations of the accepted cells, in the order in which they ran.</param>
    public CellDocument Open(string code, IReadOnlyList<CellDeclarations> accepted, CancellationToken cancellation)
    {
        lock (gate)
        {
            cancellation.ThrowIfCancellationRequested();
            var opened = solution ?? Create();
            if (session.Follow(accepted) || solution is null)
            {
                opened = opened.WithDocumentText(sessionDocument!, SourceText.From(session.Script.Text));
                var references = AllReferences();
                if (opened.GetProject(sessionProject!)!.MetadataReferences.Count != references.Count)
                    opened = opened.WithProjectMetadataReferences(sessionProject!, references)
                    .WithProjectMetadataReferences(cellDocument!.ProjectId, references);

                // The compilation, most of all the list of assemblies, is then shared by all cells opened later.
#pragma warning disable RS0030 // The service's own thread, and the work is done here and now.
                opened.GetProject(cellDocument!.ProjectId)!.GetCompilationAsync(CancellationToken.None).GetAwaiter().GetResult();
#pragma warning restore RS0030
                members = new();
            }

            solution = opened;
            var document = opened.WithDocumentText(cellDocument!, SourceText.From(Blank(code))).GetDocument(cellDocument!)!;
            return new CellDocument(code, document, session.Script, members);
        }
    }

    private Solution Create()
    {
        var workspace = new AdhocWorkspace(RoslynServices.CreateHost());
        var options = compiler.Options;
        var (before, cell) = (ProjectId.CreateNewId(), ProjectId.CreateNewId());
        (sessionProject, sessionDocument, cellDocument) = (before, DocumentId.CreateNewId(before), DocumentId.CreateNewId(cell));
        return workspace.CurrentSolution
            .AddProject(Project(before, SessionName, options.WithUsings(CellCompiler.ImportedNames.Except(NotImported)), []))
            .AddProject(Project(cell, "Cell", options, [new(before)]))
            .AddDocument(sessionDocument, SessionName, SourceText.From(""), filePath: SessionName)
            .AddDocument(cellDocument, "Cell", SourceText.From(""));

        ProjectInfo Project(ProjectId id, string name, CSharpCompilationOptions how, IEnumerable<ProjectReference> behind) =>
            ProjectInfo.Create(
                id, VersionStamp.Default, name, name, LanguageNames.CSharp, compilationOptions: how.WithScriptClassName(name),
                parseOptions: CellCompiler.ParseOptions,
                projectReferences: behind, metadataReferences: AllReferences(), isSubmission: true);
    }

    private List<MetadataReference> AllReferences() =>
        [.. session.References.Concat(ReferenceSet.Core).Concat(ReferenceSet.Rest).Distinct()];

    /// <summary>Replaces text that is not C# with blanks, so that positions do not change.</summary>
    private static string Blank(string code) => PackageDirectives.Blank(code);
}

/// <summary>A cell that is being edited.</summary>
/// <param name="Code">The cell's text.</param>
/// <param name="Document">The document for Roslyn's services, in which text that is not C# is blank.</param>
/// <param name="Session">The session's script that the cell follows.</param>
/// <param name="Members">The member lists of types that are declared before the cell.</param>
internal sealed record CellDocument(string Code, Document Document, SessionScript Session, MemberLists Members);

/// <summary>A cache of the members of types, as seen by every cell that follows the same session. Any thread.</summary>
internal sealed class MemberLists
{
    private const int MaxLists = 50;

    private readonly ConcurrentDictionary<ITypeSymbol, NamesInScope> lists = new(SymbolEqualityComparer.IncludeNullability);

    /// <summary>Returns the members of a type, created on first use.</summary>
    public NamesInScope GetOrAdd(ITypeSymbol type, Func<ITypeSymbol, NamesInScope> make)
    {
        if (lists.Count >= MaxLists) lists.Clear();
        return lists.GetOrAdd(type, make);
    }
}
