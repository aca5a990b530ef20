using System.Collections.Immutable;
using JupyterKernel.Compilation;
using JupyterKernel.Packages;
using JupyterKernel.Link;
using JupyterKernel.Settings;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Session;

/// <summary>An accepted cell: the unit that a replay sends to a fresh worker.</summary>
/// <param name="Number">The cell's number in the session, which is attached to its output.</param>
/// <param name="Threw">Whether it ended with an exception.</param>
/// <param name="Took">The duration of the cell when the user ran it.</param>
/// <param name="Policy">Whether the cell is replayed.</param>
internal sealed record AcceptedCell(
    long Number, CompiledCell Compiled, bool Threw, TimeSpan Took, ReplayPolicy Policy = ReplayPolicy.Always)
{
    /// <summary>The user's answers to its input requests. In memory only: they may contain passwords.</summary>
    public IReadOnlyList<string> Answers { get; init; } = [];

    /// <summary>The values of all variables after it, for a cell that is not replayed; empty if they could not be read.</summary>
    public byte[] Values { get; init; } = [];

    /// <summary>Its variables that are not plain data, and therefore not among the values.</summary>
    public IReadOnlyList<string> Uncarried { get; init; } = [];

    /// <summary>The variables that may be released after it: it redeclares them, and no live code uses the old ones.</summary>
    public IReadOnlyList<CellVariable> Replaced { get; set; } = [];

    /// <summary>
    /// The values of all variables after later cells that were interrupted: those are not replayed, but the changes that they made before
    /// are kept. Empty if there were none.
    /// </summary>
    public byte[] ChangedLater { get; set; } = [];

    /// <summary>The number of bytes that the worker allocated while it ran.</summary>
    public long AllocatedBytes { get; init; }

    /// <summary>The number of the cell that it is a block of: the number of that cell's first block, usually its own.</summary>
    public long Whole { get; init; } = Number;

    /// <summary>
    /// The number of the earlier cell that submitted it while running, and of which it is a part; 0 for a cell of the user's.
    /// </summary>
    public long SubmittedBy { get; init; }

    /// <summary>The number of the later cell whose packages ran it; 0 for a cell of the user's.</summary>
    public long LoadedFor { get; init; }

    /// <summary>The magics that it has registered.</summary>
    public IReadOnlyList<MagicRegistered> Magics { get; set; } = [];

    /// <summary>The session's packages after it.</summary>
    public SessionPackages Packages { get; init; } = SessionPackages.None;

    /// <summary>The number of workers that ended because of code that it left running.</summary>
    public int WorkersEnded { get; set; }

    /// <summary>Whether it may have to be set aside for that: then a replay reads the state after it.</summary>
    public bool IsSuspect { get; set; }

    /// <summary>The values of all variables after it in a replay, if it is a suspect; null if they are not known.</summary>
    public StateRead? StateAfter { get; set; }

    /// <summary>Returns this cell with the state that it left, for a cell that is not replayed.</summary>
    /// <param name="state">The values of all variables after it; null if they are not known.</param>
    public AcceptedCell With(StateRead? state) => state is { Problem: null, Payload: [var values] }
        ? this with
        {
            Values = values,
            Uncarried = [.. state.Opaque.Where(variable => variable.Assembly == Compiled.AssemblyName).Select(variable => variable.Name)],
        }
        : this with { Uncarried = Compiled.Variables };
}

/// <summary>
/// The state that the user has built up: the history of accepted cells, in order of execution, and the submission that the next cell
/// follows. This state survives a worker. Loop thread.
/// </summary>
/// <param name="compiler">Compiles the cells.</param>
/// <param name="compilationThread">The thread that compiles them.</param>
internal sealed class NotebookSession(CellCompiler compiler, CompilationThread compilationThread)
{
    private readonly List<AcceptedCell> accepted = [];

    // Names that the compiler knows but that have no value: of cells that could not be replayed, or values that could not be carried over.
    // Keyed by the assembly of their cell; null means all its names.
    private readonly Dictionary<string, (string Cell, HashSet<string>? Names)> unset = [];
    private readonly HashSet<string> remarks = [];

    private readonly RepeatableCells repeatable = new();
    private readonly HashSet<string> typesInLibraries = [];
    private readonly HashSet<string> typesInScripts = [];
    private ImmutableDictionary<string, string> offered = ImmutableDictionary<string, string>.Empty;
    private VariableDeclarations variables = VariableDeclarations.None;
    private long lastNumber;

    /// <summary>The accepted cells in the order in which they ran.</summary>
    public IReadOnlyList<AcceptedCell> Accepted => accepted;

    /// <summary>
    /// Returns the compilation that the next cell follows; the returned function may be called on any thread. Before the first cell it is
    /// the compiler's root, which is too slow to create on the loop thread.
    /// </summary>
    public Func<CSharpCompilation> Last
    {
        get
        {
            var last = LastAccepted;
            return () => last ?? compiler.Root;
        }
    }

    private CSharpCompilation? LastAccepted => accepted.Count > 0 ? accepted[^1].Compiled.Link : null;

    /// <summary>The packages that cells can use.</summary>
    public SessionPackages Packages => accepted.Count > 0 ? accepted[^1].Packages : SessionPackages.None;

    /// <summary>The variables that cells can use, in the order of their names.</summary>
    public IReadOnlyList<string> Variables =>
    [
        .. variables.All.Where(declared =>
            !(unset.TryGetValue(declared.Value.Compiled.AssemblyName, out var lost) && lost.Names?.Contains(declared.Key) != false))
            .Select(declared => declared.Key).Order(StringComparer.Ordinal),
    ];

    /// <summary>The magics that cells have registered, in the order of their cells.</summary>
    public IReadOnlyList<MagicRegistered> Magics => [.. accepted.SelectMany(cell => cell.Magics)];

    /// <summary>The last exception of a cell.</summary>
    public ExceptionReport? LastException { get; set; }

    /// <summary>Whether a remark on code is made for the first time in this session.</summary>
    public bool IsNewRemark(string remark) => remarks.Add(remark);

    /// <summary>Remembers the names that completion has proposed without an import: a cell that uses one gets the using.</summary>
    /// <param name="proposals">The names, and the namespaces that they are in.</param>
    public void Offer(IEnumerable<KeyValuePair<string, string>> proposals) => offered = offered.SetItems(proposals);

    /// <summary>Numbers a cell that is about to run.</summary>
    public long NextNumber() => ++lastNumber;

    /// <summary>
    /// Compiles a cell that follows the history, on the compilation thread: Roslyn recurses, and deeply nested code needs a deep stack. A
    /// cell that may run again unchanged (<see cref="RepeatableCells"/>) is returned at once.
    /// </summary>
    /// <param name="packages">The packages that the cell can use: the session's, or others if it references some.</param>
    /// <returns>The cell, and the history that it follows if that had to be rebuilt: see <see cref="Adopt"/>.</returns>
    public Task<(CompilationOutcome Outcome, RebuiltHistory? Rebuilt)> CompileAsync(
        string code, string name, LanguageSettings language, SessionPackages packages, CancellationToken cancellation)
    {
        var (last, before, declared, proposed) = (Last, Packages, variables, offered);
        var mayRebuild = CellLibrary.MayBeIn(code) || (packages.HasGenerators && CellLibrary.MayDeclareType(code))
            || typesInLibraries.Any(type => code.Contains(type, StringComparison.Ordinal));
        if (packages == before && !mayRebuild && repeatable.Find(code, language, LastAccepted, declared) is { } repeated)
            return Task.FromResult<(CompilationOutcome, RebuiltHistory?)>((new(repeated with { Name = name }, []), null));
        var mayRepeatTypes = !mayRebuild && typesInScripts.Any(type => code.Contains(type, StringComparison.Ordinal));
        AcceptedCell[] history = [.. accepted];
        return compilationThread.RunAsync(Compile, cancellation);

        (CompilationOutcome, RebuiltHistory?) Compile()
        {
            var assumed = new HashSet<string>();
            var source = new CellSource(code, name, last()) { Language = language, IsTopLevelOnly = IsTopLevelOnly, Offered = proposed };
            if (mayRepeatTypes) source = source with { Kept = UnchangedTypes.In(code, language, history, cancellation) };
            if (packages != before) return new PackageChange(compiler, history).Compile(source, before, packages, cancellation);
            if (!mayRebuild)
            {
                var outcome = compiler.Compile(source, cancellation);

                // A cell's need for a library is not always visible before it is compiled, and the library may use types that only scripts
                // declare so far.
                if (outcome.Cell is { } cell)
                    return (outcome with { Cell = cell with { AssumedTopLevelOnly = IsRepeatable(cell) ? assumed : null } }, null);
                if (CellCompiler.LibrarySourceOf(source, cancellation) is null) return (outcome, null);
            }

            return new Redefinition(compiler, history).Compile(source with { Analyzers = packages.Analyzers }, cancellation);

            bool IsTopLevelOnly(string variable)
            {
                if (!declared.IsTopLevelOnly(variable)) return false;
                assumed.Add(variable);
                return true;
            }

            // A cell that adds anything for later cells has a link of its own, which they follow.
            bool IsRepeatable(CompiledCell cell) =>
                ReferenceEquals(cell.Link, source.Previous) && cell.Library is null && cell.Warnings.Count == 0
                    && !cell.Emitted.Contains(cell.Name);
        }
    }

    /// <summary>Records how a cell has ended, accepted or not, to decide whether it may run again unchanged.</summary>
    public void Ended(CompiledCell cell, CellOutcome outcome)
    {
        if (outcome is CellOutcome.Returned) repeatable.Add(cell);
        else repeatable.Remove(cell);
    }

    /// <summary>Compiles code that follows a running cell, which is not in the history yet.</summary>
    /// <param name="previous">The cell, or the code that it has submitted last.</param>
    /// <param name="assets">The files that the code's packages added.</param>
    public Task<CompilationOutcome> CompileSubmittedAsync(
        string code, string name, LanguageSettings language, CompiledCell previous, CellAssets assets, IReadOnlyList<string> analyzers,
        CancellationToken cancellation)
    {
        var source = new CellSource(code, name, previous.Link) { Language = language, Assets = assets, Analyzers = analyzers };
        return compilationThread.RunAsync(() => compiler.Compile(source, cancellation), cancellation);
    }

    /// <summary>Returns the packages that a cell references, itself or in the files that it loads.</summary>
    /// <param name="baseDirectory">The directory that relative paths start from.</param>
    public Task<IReadOnlyList<PackageDirective>> FindPackagesAsync(string code, string baseDirectory, CancellationToken cancellation) =>
        PackageDirectives.MayBeIn(code)
        ? compilationThread.RunAsync(() => PackageDirectives.In(code, baseDirectory), cancellation)
        : Task.FromResult<IReadOnlyList<PackageDirective>>([]);

    /// <summary>Replaces the history by a recompiled one; the worker knows only the old one.</summary>
    public void Adopt(RebuiltHistory rebuilt)
    {
        accepted.Clear();
        accepted.AddRange(rebuilt.Cells);
        variables = VariableDeclarations.Of(accepted);
        typesInScripts.UnionWith(accepted.SelectMany(cell => cell.Compiled.Types));
        typesInLibraries.UnionWith(Redefinition.TypesInLibraries(accepted));
    }

    /// <summary>Adds a cell that ran to its own end to the history.</summary>
    public void Accept(AcceptedCell cell)
    {
        accepted.Add(cell);
        cell.Replaced =
        [
            .. cell.Compiled.Variables.Select(name => (Name: name, Cell: variables.DeclarerOfTopLevelOnly(name)))
                .Where(old => old.Cell is not null)
                .Select(old => new CellVariable(old.Cell!.Compiled.AssemblyName, old.Name)),
        ];
        variables = variables.After(cell);
        typesInScripts.UnionWith(cell.Compiled.Types);
        typesInLibraries.UnionWith(Redefinition.TypesInLibraries([cell]));
    }

    /// <summary>
    /// Removes a cell from the history. Later cells that use its names were compiled against it and stay; from the next replay on these
    /// names have no value (<see cref="WhyUnusable"/>).
    /// </summary>
    public void Remove(AcceptedCell cell)
    {
        foreach (var part in accepted.Where(part => part == cell || part.SubmittedBy == cell.Number).ToList())
        {
            accepted.Remove(part);
            unset[part.Compiled.AssemblyName] = ($"{part.Compiled.Name} ({string.Join(", ", part.Compiled.DeclaredNames)})", null);
            variables = variables.Without(part, accepted);
        }
    }

    /// <summary>Finds the accepted cell with a number, or that code belongs to; null if there is none.</summary>
    /// <param name="number">The number of the cell; 0 if it is not known.</param>
    /// <param name="code">The name of its assembly, its library's assembly or its submission's class.</param>
    public AcceptedCell? FindOwner(long number, string? code) => accepted.FindLast(cell => number != 0 ? cell.Number == number
        : code is not null
            && (code == cell.Compiled.AssemblyName || code == cell.Compiled.AssemblyName + ".Library" || code == cell.Compiled.EntryType));

    /// <summary>Keeps a cell in the history without replaying it: the known values of its variables are carried over.</summary>
    /// <returns>The cell as it is in the history from now on.</returns>
    public AcceptedCell SetAside(AcceptedCell cell)
    {
        var aside = cell.With(cell.StateAfter) with { Policy = ReplayPolicy.Never, StateAfter = null };
        accepted[accepted.IndexOf(cell)] = aside;
        variables = VariableDeclarations.Of(accepted);
        return aside;
    }

    /// <summary>Marks the variables of a cell that was not replayed as having no value where they are not plain data.</summary>
    public void MarkUncarried(AcceptedCell cell)
    {
        if (cell.Uncarried.Count > 0) unset[cell.Compiled.AssemblyName] = (cell.Compiled.Name, [.. cell.Uncarried]);
    }

    /// <summary>Returns the reason why a cell cannot run (it uses names that have no value); null if it can.</summary>
    public string? WhyUnusable(CompiledCell cell)
    {
        if (unset.Count == 0) return null;
        foreach (var assembly in cell.Emitted.ReferencedAssemblies())
        {
            if (!unset.TryGetValue(assembly, out var known)) continue;
            var used = cell.Emitted.ReferencedMembersOf(assembly);
            if (known.Names is null)
                return $"{known.Cell} could not be replayed, so its declarations do not exist any more. Run it again first.";
            if (known.Names.FirstOrDefault(used.Contains) is { } name)
                return $"{name} is not set: {known.Cell} is not replayed, and {name} held a value that cannot be carried over. "
                    + $"Run {known.Cell} again first.";
        }

        return null;
    }

    /// <summary>Returns the first block of the last accepted cell; there must be one.</summary>
    public AcceptedCell BeginOfLastCell() => accepted.Find(cell => cell.Whole == accepted[^1].Whole)!;

    /// <summary>Removes all cells from a given one on.</summary>
    /// <returns>The removed cells, including the one that submitted the first, and those that its packages ran.</returns>
    public IReadOnlyList<AcceptedCell> TruncateFrom(AcceptedCell first)
    {
        var index = accepted.IndexOf(first);
        while (index > 0 && accepted[index].SubmittedBy != 0
            && (accepted[index - 1].SubmittedBy == accepted[index].SubmittedBy
                || accepted[index - 1].Number == accepted[index].SubmittedBy))
        {
            index--;
        }
        while (index > 0 && accepted[index - 1].LoadedFor != 0 && accepted[index - 1].LoadedFor == accepted[index].Number) index--;
        var gone = accepted[index..];
        accepted.RemoveRange(index, gone.Count);
        foreach (var cell in gone.Reverse<AcceptedCell>()) variables = variables.Without(cell, accepted);
        return gone;
    }

    /// <summary>Returns the source line that a stack frame points to; null if the source is not an accepted cell.</summary>
    public string? SourceLine(string cellName, int line)
    {
        // A block of a cell has blank lines in place of the other blocks.
        string? found = null;
        for (var i = accepted.Count - 1; i >= 0 && string.IsNullOrEmpty(found); i--)
        {
            if (accepted[i].Compiled.Name == cellName) found = LineOf(accepted[i].Compiled.Code, line);
        }

        return found;
    }

    /// <summary>Returns a line of a cell's text, counted from 1.</summary>
    public static string? LineOf(string code, int line) => code.ReplaceLineEndings("\n").Split('\n').ElementAtOrDefault(line - 1);
}
