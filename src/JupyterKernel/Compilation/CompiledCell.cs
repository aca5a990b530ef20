using System.Collections.Frozen;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Compilation;

/// <summary>A compiled cell: what a worker needs to run it, and what is needed to compile later cells.</summary>
/// <param name="Name">The cell's name in diagnostics and stack traces, for example <c>Cell [3]</c>.</param>
/// <param name="AssemblyName">The name of the emitted assembly, by which those of other cells refer to it.</param>
/// <param name="DeclaredNames">The variables, methods and types that the cell declares.</param>
/// <param name="Variables">The variables among the declared names.</param>
/// <param name="DeferredNames">
/// The names that the cell's code may look up after the cell has ended; see <see cref="Compilation.DeferredNames"/>.
/// </param>
/// <param name="Link">The compilation that the next cell follows; see <see cref="SubmissionLink"/>.</param>
/// <param name="AssemblyPaths">The assemblies that <c>#r</c> directives of the cell added.</param>
/// <param name="Disposed">The variables to dispose of when the cell ends, in order of declaration.</param>
internal sealed record CompiledCell(
    string Name, string Code, string AssemblyName, IReadOnlyList<string> DeclaredNames, IReadOnlyList<string> Variables,
    IReadOnlySet<string> DeferredNames, CSharpCompilation Link, EmittedAssembly Emitted,
    string EntryType, string EntryMethod, IReadOnlyList<string> AssemblyPaths, IReadOnlyList<UsingVariable> Disposed)
{
    /// <summary>The types that the script part of the cell declares.</summary>
    public IReadOnlyList<string> Types { get; init; } = [];

    /// <summary>The files that the cell's packages added.</summary>
    public CellAssets Assets { get; init; } = CellAssets.None;

    /// <summary>The assemblies that may contain source generators for the cell's library.</summary>
    public IReadOnlyList<string> Analyzers { get; init; } = [];

    /// <summary>The part of the cell that is compiled as a library; null for most cells.</summary>
    public CellLibrary? Library { get; init; }

    /// <summary>The language settings that the cell was compiled with.</summary>
    public LanguageSettings Language { get; init; } = LanguageSettings.Default;

    /// <summary>The cell's declarations as text, for queries in later cells.</summary>
    public CellDeclarations Declarations { get; init; } = CellDeclarations.None;

    /// <summary>The using directives that were added to the code; empty for most cells.</summary>
    public string AddedUsings { get; init; } = "";

    /// <summary>The names of tuple items in the cell's result; null for most cells.</summary>
    public string? ResultNames { get; init; }

    /// <summary>The names of tuple items in values that the cell displays; empty for most cells.</summary>
    public IReadOnlyList<NamesOfDisplayed> DisplayedNames { get; init; } = [];

    /// <summary>The compiler's warnings.</summary>
    public IReadOnlyList<Diagnostic> Warnings { get; init; } = [];

    /// <summary>The full names of the cell's types that are now in another cell's library.</summary>
    public IReadOnlyList<string> Moved { get; init; } = [];

    /// <inheritdoc cref="CellSource.Kept"/>
    public IReadOnlySet<string> Kept { get; init; } = FrozenSet<string>.Empty;

    /// <summary>The cell's name in the debug symbols: for a repeated cell, the name of the cell that it repeats.</summary>
    public string NameInSymbols { get; init; } = Name;

    /// <summary>
    /// If the cell can run again without being compiled: the variables of earlier cells that only top-level statements use, as the
    /// compilation assumed. Null if the cell must be compiled each time.
    /// </summary>
    public IReadOnlySet<string>? AssumedTopLevelOnly { get; init; }
}

/// <summary>The files that a cell's packages added to those of earlier cells, by full path.</summary>
/// <param name="References">The assemblies that this cell and later ones are compiled against.</param>
/// <param name="Assemblies">The assemblies that a worker may load for the cell.</param>
/// <param name="NativeLibraries">The native libraries that a worker may load for the cell.</param>
internal sealed record CellAssets(IReadOnlyList<string> References, IReadOnlyList<string> Assemblies, IReadOnlyList<string> NativeLibraries)
{
    /// <summary>No files, as for most cells.</summary>
    public static readonly CellAssets None = new([], [], []);
}

/// <summary>The result of a compilation: either a cell or at least one error.</summary>
internal sealed record CompilationOutcome(CompiledCell? Cell, ImmutableArray<Diagnostic> Errors);

/// <summary>The compilation of one form of a cell: the cell, or errors in the text of that form.</summary>
/// <param name="Tree">The syntax tree of the cell itself; <c>#load</c> adds others.</param>
internal sealed record CellAttempt(
    ScriptForm Form, SyntaxTree Tree, CSharpCompilation Submission, CompiledCell? Cell, ImmutableArray<Diagnostic> Errors)
{
    /// <summary>The positions of the errors in the user's text.</summary>
    public IReadOnlySet<int> ErrorPlaces => Errors.Select(error => Form.Text.ToOriginal(error.Location.SourceSpan).Start).ToHashSet();
}

/// <summary>A cell to compile.</summary>
/// <param name="Name">The cell's name in diagnostics and stack traces.</param>
/// <param name="Previous">The compilation that the cell follows.</param>
internal sealed record CellSource(string Code, string Name, CSharpCompilation Previous)
{
    /// <summary>The language settings to compile the cell with.</summary>
    public LanguageSettings Language { get; init; } = LanguageSettings.Default;

    /// <summary>
    /// The earlier compilation of the same cell, whose names the new one keeps because other assemblies refer to them; null if none.
    /// </summary>
    public CompiledCell? Again { get; init; }

    /// <summary>The files that the cell's packages added.</summary>
    public CellAssets Assets { get; init; } = CellAssets.None;

    /// <summary>The full paths of the assemblies that may contain source generators for the cell's library.</summary>
    public IReadOnlyList<string> Analyzers { get; init; } = [];

    /// <summary>The types that belong in the cell's library in addition to those that a script cannot contain.</summary>
    public IReadOnlySet<string> LibraryTypes { get; init; } = FrozenSet<string>.Empty;

    /// <summary>The full names of the cell's types that are in another cell's library.</summary>
    public IReadOnlyList<string> Moved { get; init; } = [];

    /// <summary>The types that an earlier cell declares identically; this cell does not declare them again.</summary>
    public IReadOnlySet<string> Kept { get; init; } = FrozenSet<string>.Empty;

    /// <summary>
    /// Whether a name is a variable of an earlier cell that only top-level statements use, but no lambda, method, type or query.
    /// </summary>
    public Func<string, bool> IsTopLevelOnly { get; init; } = _ => false;

    /// <summary>The names that completion proposed without an import, with their namespaces; see <see cref="OfferedUsings"/>.</summary>
    public IReadOnlyDictionary<string, string> Offered { get; init; } = FrozenDictionary<string, string>.Empty;

    /// <summary>The sources of the cell's library; null to use the cell's own text.</summary>
    public IReadOnlyList<LibrarySource>? Library { get; init; }
}
