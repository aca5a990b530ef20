using System.Collections.Immutable;
using JupyterKernel.Compilation;
using JupyterKernel.Packages;
using JupyterKernel.Link;
using JupyterKernel.Settings;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Session;

/// <summary>An accepted cell: the unit that a replay sends to a fresh worker.</summary>
/// <param name="Number">The cell's number in the session; it identifies the cell's output.</param>
/// <param name="Threw">Whether the cell ended with an exception.</param>
/// <param name="Took">The duration of the cell when the user ran it.</param>
/// <param name="Policy">Whether the cell is replayed.</param>
internal sealed record AcceptedCell(
    long Number, CompiledCell Compiled, bool Threw, TimeSpan Took, ReplayPolicy Policy = ReplayPolicy.Always)
{
    /// <summary>The user's answers to the cell's input requests. In memory only: they may contain passwords.</summary>
    public IReadOnlyList<string> Answers { get; init; } = [];

    /// <summary>For a cell that is not replayed: the values of all variables after the cell; empty if they could not be read.</summary>
    public byte[] Values { get; init; } = [];

    /// <summary>The cell's variables that are not plain data, and therefore not in <see cref="Values"/>.</summary>
    public IReadOnlyList<string> Uncarried { get; init; } = [];

    /// <summary>The old variables that the cell redeclares and no live code uses; their values can be released.</summary>
    public IReadOnlyList<CellVariable> Replaced { get; set; } = [];

    /// <summary>
    /// The values of all variables after the last interrupted cell that followed this one; empty if there was none. Interrupted cells are
    /// not replayed, but their changes to variables are kept.
    /// </summary>
    public byte[] ChangedLater { get; set; } = [];

    /// <summary>The number of bytes that the worker allocated while the cell ran.</summary>
    public long AllocatedBytes { get; init; }

    /// <summary>For a block of a cell, the number of the cell's first block; otherwise the cell's own number.</summary>
    public long Whole { get; init; } = Number;

    /// <summary>
    /// The number of the cell that submitted this code while it ran, and that the code is a part of; 0 for a cell of the user.
    /// </summary>
    public long SubmittedBy { get; init; }

    /// <summary>The number of the cell for whose packages this code ran; 0 for a cell of the user.</summary>
    public long LoadedFor { get; init; }

    /// <summary>The magics that the cell registered.</summary>
    public IReadOnlyList<MagicRegistered> Magics { get; set; } = [];

    /// <summary>The session's packages after the cell.</summary>
    public SessionPackages Packages { get; init; } = SessionPackages.None;

    /// <summary>The number of workers ended by code that the cell left running.</summary>
    public int WorkersEnded { get; set; }

    /// <summary>Whether the cell may have to be set aside because it ends workers; a replay then stores <see cref="StateAfter"/>.</summary>
    public bool IsSuspect { get; set; }

    /// <summary>For a suspect: the values of all variables after the cell in a replay; null if unknown.</summary>
    public StateRead? StateAfter { get; set; }

    /// <summary>Returns this cell, which is not replayed, with the values of the variables after it.</summary>
    /// <param name="state">The values of all variables after the cell; null if unknown.</param>
    public AcceptedCell With(StateRead? state) => state is { Problem: null, Payload: [var values] }
        ? this with
        {
            Values = values,
            Uncarried = [.. state.Opaque.Where(variable => variable.Assembly == Compiled.AssemblyName).Select(variable => variable.Name)],
        }
        : this with { Uncarried = Compiled.Variables };
}

/// <summary>
/// The state of the session: the history (the accepted cells in order of execution) and the compilation that the next cell follows. It
/// survives the loss of a worker. Loop thread.
/// </summary>
/// <param name="compiler">Compiles the cells.</param>
/// <param name="compilationThread">The thread that compiles them.</param>
internal sealed class NotebookSession(CellCompiler compiler, CompilationThread compilationThread)
{
    private readonly List<AcceptedCell> accepted = [];

    // The names that the compiler knows but that have no value: those of cells that could not be replayed, and those whose values could not
    // be carried over. Keyed by the assembly of the cell; null means all names of the cell.
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
    /// Returns a function, callable on any thread, that gets the compilation which the next cell follows. Before the first cell that is the
    /// compiler's root compilation, which takes too long to create on the loop thread.
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

    /// <summary>The names of the variables that cells can use, sorted.</summary>
    public IReadOnlyList<string> Variables =>
    [
        .. variables.All.Where(declared =>
            !(unset.TryGetValue(declared.Value.Compiled.AssemblyName, out var lost) && lost.Names?.Contains(declared.Key) != false))
            .Select(declared => declared.Key).Order(StringComparer.Ordinal),
    ];

    /// <summary>The magics that cells have registered, in the order of their cells.</summary>
    public IReadOnlyList<MagicRegistered> Magics => [.. accepted.SelectMany(cell => cell.Magics)];

    /// <summary>The exception of the last cell that threw; null if none did.</summary>
    public ExceptionReport? LastException { get; set; }

    /// <summary>Records a remark on code; returns whether it is new in this session.</summary>
    public bool IsNewRemark(string remark) => remarks.Add(remark);

    /// <summary>Records the names that completion proposed without an import: a cell that uses one gets the using directive.</summary>
    /// <param name="proposals">Each name with its namespace.</param>
    public void Offer(IEnumerable<KeyValuePair<string, string>> proposals) => offered = offered.SetItems(proposals);

    /// <summary>Returns the number for the next cell.</summary>
    public long NextNumber() => ++lastNumber;

    /// <summary>
    /// Compiles a cell that follows the history, on the compilation thread, whose deep stack Roslyn needs for deeply nested code. A cell
    /// that may run again unchanged (<see cref="RepeatableCells"/>) is returned at once.
    /// </summary>
    /// <param name="packages">The packages that the cell can use: the session's, or a new set if the cell references packages.</param>
    /// <returns>The cell, and the rebuilt history if the cell made that necessary: see <see cref="Adopt"/>.</returns>
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

                // Only the compilation shows reliably whether a cell needs a library; and the library may use types that so
                // far only scripts declare.
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

            // A cell that adds declarations for later cells has a link of its own, which they follow.
            bool IsRepeatable(CompiledCell cell) =>
                ReferenceEquals(cell.Link, source.Previous) && cell.Library is null && cell.Warnings.Count == 0
                    && !cell.Emitted.Contains(cell.Name);
        }
    }

    /// <summary>Records the outcome of a cell, accepted or not, to decide whether the cell may run again unchanged.</summary>
    public void Ended(CompiledCell cell, CellOutcome outcome)
    {
        if (outcome is CellOutcome.Returned) repeatable.Add(cell);
        else repeatable.Remove(cell);
    }

    /// <summary>Compiles code submitted by a running cell, which is not in the history yet.</summary>
    /// <param name="previous">The running cell, or the last code that it submitted.</param>
    /// <param name="assets">The files that the code's packages added.</param>
    public Task<CompilationOutcome> CompileSubmittedAsync(
        string code, string name, LanguageSettings language, CompiledCell previous, CellAssets assets, IReadOnlyList<string> analyzers,
        CancellationToken cancellation)
    {
        var source = new CellSource(code, name, previous.Link) { Language = language, Assets = assets, Analyzers = analyzers };
        return compilationThread.RunAsync(() => compiler.Compile(source, cancellation), cancellation);
    }

    /// <summary>Returns the packages that a cell references, directly or in the files that it loads.</summary>
    /// <param name="baseDirectory">The directory that relative paths refer to.</param>
    public Task<IReadOnlyList<PackageDirective>> FindPackagesAsync(string code, string baseDirectory, CancellationToken cancellation) =>
        PackageDirectives.MayBeIn(code)
        ? compilationThread.RunAsync(() => PackageDirectives.In(code, baseDirectory), cancellation)
        : Task.FromResult<IReadOnlyList<PackageDirective>>([]);

    /// <summary>Replaces the history with a recompiled one; the worker still has the old one.</summary>
    public void Adopt(RebuiltHistory rebuilt)
    {
        accepted.Clear();
        accepted.AddRange(rebuilt.Cells);
        variables = VariableDeclarations.Of(accepted);
        typesInScripts.UnionWith(accepted.SelectMany(cell => cell.Compiled.Types));
        typesInLibraries.UnionWith(Redefinition.TypesInLibraries(accepted));
    }

    /// <summary>Adds a cell that returned or threw to the history.</summary>
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
    /// Removes a cell from the history. Later cells that use its names stay, because they were compiled against it; from the next replay
    /// on, these names have no value (<see cref="WhyUnusable"/>).
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

    /// <summary>Finds an accepted cell by number or, if the number is unknown, by the name of its code; null if there is none.</summary>
    /// <param name="number">The number of the cell; 0 if unknown.</param>
    /// <param name="code">The name of the cell's assembly, of its library's assembly or of its submission's class.</param>
    public AcceptedCell? FindOwner(long number, string? code) => accepted.FindLast(cell => number != 0 ? cell.Number == number
        : code is not null
            && (code == cell.Compiled.AssemblyName || code == cell.Compiled.AssemblyName + ".Library" || code == cell.Compiled.EntryType));

    /// <summary>Excludes a cell from replays but keeps it in the history: the known values of its variables are carried over.</summary>
    /// <returns>The cell that has replaced it in the history.</returns>
    public AcceptedCell SetAside(AcceptedCell cell)
    {
        var aside = cell.With(cell.StateAfter) with { Policy = ReplayPolicy.Never, StateAfter = null };
        accepted[accepted.IndexOf(cell)] = aside;
        variables = VariableDeclarations.Of(accepted);
        return aside;
    }

    /// <summary>Records which variables of a cell that is not replayed have no value, because they are not plain data.</summary>
    public void MarkUncarried(AcceptedCell cell)
    {
        if (cell.Uncarried.Count > 0) unset[cell.Compiled.AssemblyName] = (cell.Compiled.Name, [.. cell.Uncarried]);
    }

    /// <summary>Returns the reason why a cell cannot run, which is that it uses names without a value; null if it can run.</summary>
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

    /// <summary>Removes a given cell and all later ones.</summary>
    /// <returns>The removed cells, including the cell that submitted the first one, and the cells that its packages ran.</returns>
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

    /// <summary>Returns the source line that a stack frame refers to; null if it is not in an accepted cell.</summary>
    public string? SourceLine(string cellName, int line)
    {
        // The text of a block contains blank lines in place of the cell's other blocks.
        string? found = null;
        for (var i = accepted.Count - 1; i >= 0 && string.IsNullOrEmpty(found); i--)
        {
            if (accepted[i].Compiled.Name == cellName) found = LineOf(accepted[i].Compiled.Code, line);
        }

        return found;
    }

    /// <summary>Returns a line of a cell's text.</summary>
    /// <param name="line">The line number, from 1.</param>
    public static string? LineOf(string code, int line) => code.ReplaceLineEndings("\n").Split('\n').ElementAtOrDefault(line - 1);
}
