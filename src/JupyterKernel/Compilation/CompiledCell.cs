using System.Collections.Frozen;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Compilation;

/// <summary>A cell that compiled: what a worker needs to run it, and what later cells need to compile after it.</summary>
/// <param name="Name">How diagnostics and stack traces call the cell, for example <c>Cell [3]</c>.</param>
/// <param name="AssemblyName">The name of its image's assembly, by which other cells' images refer to it.</param>
/// <param name="DeclaredNames">The variables, methods and types that the cell declares.</param>
/// <param name="Variables">The variables among them.</param>
/// <param name="DeferredNames">The names that its code may look up after it has ended; see <see cref="Compilation.DeferredNames"/>.</param>
/// <param name="Link">What the next cell's compilation follows; see <see cref="SubmissionLink"/>.</param>
/// <param name="AssemblyPaths">Assemblies that the cell's <c>#r</c> directives brought.</param>
/// <param name="Disposed">Variables that are disposed of at the cell's end, in the order of their declaration.</param>
internal sealed record CompiledCell(
    string Name, string Code, string AssemblyName, IReadOnlyList<string> DeclaredNames, IReadOnlyList<string> Variables,
    IReadOnlySet<string> DeferredNames, CSharpCompilation Link, Image Image,
    string EntryType, string EntryMethod, IReadOnlyList<string> AssemblyPaths, IReadOnlyList<UsingVariable> Disposed)
{
    /// <summary>The types among the names that the script's part declares.</summary>
    public IReadOnlyList<string> Types { get; init; } = [];

    /// <summary>What its packages brought.</summary>
    public CellAssets Assets { get; init; } = CellAssets.None;

    /// <summary>What may have generated sources for its library.</summary>
    public IReadOnlyList<string> Analyzers { get; init; } = [];

    /// <summary>The part that is compiled as a library; null for most cells.</summary>
    public CellLibrary? Library { get; init; }

    /// <summary>What it was compiled with.</summary>
    public LanguageSettings Language { get; init; } = LanguageSettings.Default;

    /// <summary>What it brings to later cells, as text.</summary>
    public CellDeclarations Declarations { get; init; } = CellDeclarations.None;

    /// <summary>Using directives that were put before it; its code has them. Empty for most cells.</summary>
    public string AddedUsings { get; init; } = "";

    /// <summary>The names of tuples' items in its result; null for most cells.</summary>
    public string? ResultNames { get; init; }

    /// <summary>The names of tuple items in values that it displays; empty for most cells.</summary>
    public IReadOnlyList<NamesOfDisplayed> DisplayedNames { get; init; } = [];

    /// <summary>What the compiler thinks doubtful.</summary>
    public IReadOnlyList<Diagnostic> Warnings { get; init; } = [];

    /// <summary>Types of its text that are in another cell's library now, by their full names.</summary>
    public IReadOnlyList<string> Moved { get; init; } = [];

    /// <inheritdoc cref="CellSource.Kept"/>
    public IReadOnlySet<string> Kept { get; init; } = FrozenSet<string>.Empty;

    /// <summary>How its symbols call it: as the cell was called that it repeats, if it repeats one.</summary>
    public string NameInSymbols { get; init; } = Name;

    /// <summary>
    /// For a cell that comes to the same when it is compiled again behind the same cells: the earlier variables that it takes to be reached by no code but
    /// cells' statements. Null for a cell that must be compiled each time.
    /// </summary>
    public IReadOnlySet<string>? AssumedOnlyAtTop { get; init; }
}

/// <summary>Files that a cell's packages brought, beyond those of earlier cells; by full paths.</summary>
/// <param name="References">What it and later cells are compiled against.</param>
/// <param name="Assemblies">What a worker may load for it.</param>
/// <param name="NativeLibraries">What those assemblies call.</param>
internal sealed record CellAssets(IReadOnlyList<string> References, IReadOnlyList<string> Assemblies, IReadOnlyList<string> NativeLibraries)
{
    /// <summary>Those of most cells.</summary>
    public static readonly CellAssets None = new([], [], []);
}

/// <summary>What became of a compilation: either a cell or at least one error.</summary>
internal sealed record CompilationOutcome(CompiledCell? Cell, ImmutableArray<Diagnostic> Errors);

/// <summary>One form of a cell, compiled: the cell, or errors that are about that form's text.</summary>
/// <param name="Tree">The cell's own tree; <c>#load</c> brings others.</param>
internal sealed record CellAttempt(ScriptForm Form, SyntaxTree Tree, CSharpCompilation Submission, CompiledCell? Cell, ImmutableArray<Diagnostic> Errors)
{
    /// <summary>Where the errors are in what was written.</summary>
    public IReadOnlySet<int> ErrorPlaces => Errors.Select(error => Form.Text.ToOriginal(error.Location.SourceSpan).Start).ToHashSet();
}

/// <summary>A cell to compile.</summary>
/// <param name="Name">How diagnostics and stack traces call it.</param>
/// <param name="Previous">What it follows.</param>
internal sealed record CellSource(string Code, string Name, CSharpCompilation Previous)
{
    /// <summary>What it is compiled with.</summary>
    public LanguageSettings Language { get; init; } = LanguageSettings.Default;

    /// <summary>What it was compiled to before: it is to be the same again, for all that knows it by name.</summary>
    public CompiledCell? Again { get; init; }

    /// <summary>What its packages brought.</summary>
    public CellAssets Assets { get; init; } = CellAssets.None;

    /// <summary>What may generate sources for its library, by full paths.</summary>
    public IReadOnlyList<string> Analyzers { get; init; } = [];

    /// <summary>The types that belong into its library, beside those that must.</summary>
    public IReadOnlySet<string> LibraryTypes { get; init; } = FrozenSet<string>.Empty;

    /// <summary>Types of its text that are in another cell's library, by their full names.</summary>
    public IReadOnlyList<string> Moved { get; init; } = [];

    /// <summary>Types of its text that an earlier cell declares with the same text: they are not declared again.</summary>
    public IReadOnlySet<string> Kept { get; init; } = FrozenSet<string>.Empty;

    /// <summary>Whether a name is an earlier cell's variable that no code but cells' statements reaches: no lambda, method, type or query.</summary>
    public Func<string, bool> IsOnlyAtTop { get; init; } = _ => false;

    /// <summary>Namespaces of names that were proposed without being imported; see <see cref="OfferedUsings"/>.</summary>
    public IReadOnlyDictionary<string, string> Offered { get; init; } = FrozenDictionary<string, string>.Empty;

    /// <summary>What its library is compiled of, instead of its own text.</summary>
    public IReadOnlyList<LibrarySource>? Library { get; init; }
}
