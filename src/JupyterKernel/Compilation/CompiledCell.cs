using System.Collections.Frozen;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Compilation;

/// <summary>A compiled cell: the parts that a worker needs to run it, and that later cells need to compile after it.</summary>
/// <param name="Name">The cell's name in diagnostics and stack traces, for example <c>Cell [3]</c>.</param>
/// <param name="AssemblyName">The name of its image's assembly, by which other cells' images refer to it.</param>
/// <param name="DeclaredNames">The variables, methods and types that the cell declares.</param>
/// <param name="Variables">The variables among them.</param>
/// <param name="DeferredNames">The names that its code may look up after it has ended; see <see cref="Compilation.DeferredNames"/>.</param>
/// <param name="Link">The compilation that the next cell follows; see <see cref="SubmissionLink"/>.</param>
/// <param name="AssemblyPaths">The assemblies that the cell's <c>#r</c> directives added.</param>
/// <param name="Disposed">The variables that are disposed of at the cell's end, in the order of their declaration.</param>
internal sealed record CompiledCell(
    string Name, string Code, string AssemblyName, IReadOnlyList<string> DeclaredNames, IReadOnlyList<string> Variables,
    IReadOnlySet<string> DeferredNames, CSharpCompilation Link, EmittedAssembly Emitted,
    string EntryType, string EntryMethod, IReadOnlyList<string> AssemblyPaths, IReadOnlyList<UsingVariable> Disposed)
{
    /// <summary>The types among the names that the script's part declares.</summary>
    public IReadOnlyList<string> Types { get; init; } = [];

    /// <summary>The files that its packages added.</summary>
    public CellAssets Assets { get; init; } = CellAssets.None;

    /// <summary>The assemblies that may have generated sources for its library.</summary>
    public IReadOnlyList<string> Analyzers { get; init; } = [];

    /// <summary>The part that is compiled as a library; null for most cells.</summary>
    public CellLibrary? Library { get; init; }

    /// <summary>The language settings that it was compiled with.</summary>
    public LanguageSettings Language { get; init; } = LanguageSettings.Default;

    /// <summary>Its declarations for later cells, as text.</summary>
    public CellDeclarations Declarations { get; init; } = CellDeclarations.None;

    /// <summary>The using directives that were added to its code; empty for most cells.</summary>
    public string AddedUsings { get; init; } = "";

    /// <summary>The names of the tuple items in its result; null for most cells.</summary>
    public string? ResultNames { get; init; }

    /// <summary>The names of the tuple items in values that it displays; empty for most cells.</summary>
    public IReadOnlyList<NamesOfDisplayed> DisplayedNames { get; init; } = [];

    /// <summary>The compiler's warnings.</summary>
    public IReadOnlyList<Diagnostic> Warnings { get; init; } = [];

    /// <summary>The full names of its types that are now in another cell's library.</summary>
    public IReadOnlyList<string> Moved { get; init; } = [];

    /// <inheritdoc cref="CellSource.Kept"/>
    public IReadOnlySet<string> Kept { get; init; } = FrozenSet<string>.Empty;

    /// <summary>Its name in debug symbols: that of the cell that it repeats, if it repeats one.</summary>
    public string NameInSymbols { get; init; } = Name;

    /// <summary>
    /// For a cell whose compilation can be reused after the same cells: the earlier variables that it assumes are used by cells' statements
    /// only. Null for a cell that must be compiled each time.
    /// </summary>
    public IReadOnlySet<string>? AssumedTopLevelOnly { get; init; }
}

/// <summary>The files that a cell's packages added to those of earlier cells, by full paths.</summary>
/// <param name="References">The assemblies that it and later cells are compiled against.</param>
/// <param name="Assemblies">The assemblies that a worker may load for it.</param>
/// <param name="NativeLibraries">The native libraries that those assemblies call.</param>
internal sealed record CellAssets(IReadOnlyList<string> References, IReadOnlyList<string> Assemblies, IReadOnlyList<string> NativeLibraries)
{
    /// <summary>The assets of most cells: none.</summary>
    public static readonly CellAssets None = new([], [], []);
}

/// <summary>The result of a compilation: either a cell or at least one error.</summary>
internal sealed record CompilationOutcome(CompiledCell? Cell, ImmutableArray<Diagnostic> Errors);

/// <summary>One form of a cell, compiled: the cell, or errors that are about that form's text.</summary>
/// <param name="Tree">The cell's own tree; <c>#load</c> adds others.</param>
internal sealed record CellAttempt(
    ScriptForm Form, SyntaxTree Tree, CSharpCompilation Submission, CompiledCell? Cell, ImmutableArray<Diagnostic> Errors)
{
    /// <summary>The positions of the errors in the text as it was written.</summary>
    public IReadOnlySet<int> ErrorPlaces => Errors.Select(error => Form.Text.ToOriginal(error.Location.SourceSpan).Start).ToHashSet();
}

/// <summary>A cell to compile.</summary>
/// <param name="Name">Its name in diagnostics and stack traces.</param>
/// <param name="Previous">The compilation that it follows.</param>
internal sealed record CellSource(string Code, string Name, CSharpCompilation Previous)
{
    /// <summary>The language settings to compile it with.</summary>
    public LanguageSettings Language { get; init; } = LanguageSettings.Default;

    /// <summary>The earlier compilation of the same cell: the new one keeps its names, for everything that refers to it by name.</summary>
    public CompiledCell? Again { get; init; }

    /// <summary>The files that its packages added.</summary>
    public CellAssets Assets { get; init; } = CellAssets.None;

    /// <summary>The full paths of the assemblies that may generate sources for its library.</summary>
    public IReadOnlyList<string> Analyzers { get; init; } = [];

    /// <summary>The types that belong in its library in addition to those that must.</summary>
    public IReadOnlySet<string> LibraryTypes { get; init; } = FrozenSet<string>.Empty;

    /// <summary>The full names of its types that are in another cell's library.</summary>
    public IReadOnlyList<string> Moved { get; init; } = [];

    /// <summary>The types of the cell that an earlier cell declares identically; they are not declared again.</summary>
    public IReadOnlySet<string> Kept { get; init; } = FrozenSet<string>.Empty;

    /// <summary>Whether a name is an earlier cell's variable that only cells' statements use: no lambda, method, type or query.</summary>
    public Func<string, bool> IsTopLevelOnly { get; init; } = _ => false;

    /// <summary>The namespaces of names that completion proposed without an import; see <see cref="OfferedUsings"/>.</summary>
    public IReadOnlyDictionary<string, string> Offered { get; init; } = FrozenDictionary<string, string>.Empty;

    /// <summary>The sources of its library, if other than its own text.</summary>
    public IReadOnlyList<LibrarySource>? Library { get; init; }
}
