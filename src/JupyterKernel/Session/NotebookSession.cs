using System.Collections.Immutable;
using JupyterKernel.Compilation;
using JupyterKernel.Packages;
using JupyterKernel.Link;
using JupyterKernel.Settings;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Session;

/// <summary>An accepted cell: what a replay sends to a fresh worker.</summary>
/// <param name="Number">The cell's number in the session, which its output carries for as long as it lives.</param>
/// <param name="Threw">Whether it ended with an exception.</param>
/// <param name="Took">How long it ran when the user ran it.</param>
/// <param name="Policy">Whether it is executed again.</param>
internal sealed record AcceptedCell(long Number, CompiledCell Compiled, bool Threw, TimeSpan Took, ReplayPolicy Policy = ReplayPolicy.Always)
{
    /// <summary>What the user answered to its questions. In memory only: there may be passwords among them.</summary>
    public IReadOnlyList<string> Answers { get; init; } = [];

    /// <summary>What all variables held after it, for a cell that is not executed again; empty if that could not be had.</summary>
    public byte[] Values { get; init; } = [];

    /// <summary>Those of its variables that are not plain data, and so not among the values.</summary>
    public IReadOnlyList<string> Uncarried { get; init; } = [];

    /// <summary>What variables may be let go of behind it: it declares them anew, and no code that lives uses the old ones.</summary>
    public IReadOnlyList<CellVariable> Replaced { get; set; } = [];

    /// <summary>
    /// What all variables held after cells behind it that were interrupted: those are not executed again, but what they
    /// changed before stays. Empty if there were none.
    /// </summary>
    public byte[] ChangedLater { get; set; } = [];

    /// <summary>How much the worker allocated while it ran, in bytes.</summary>
    public long AllocatedBytes { get; init; }

    /// <summary>The number of the cell that it is a block of: the number of that cell's first block, most often its own.</summary>
    public long Whole { get; init; } = Number;

    /// <summary>The number of the cell before it that submitted it while it ran, and of which it is a part; 0 for a cell of the user's.</summary>
    public long SubmittedBy { get; init; }

    /// <summary>The number of the cell behind it whose packages had it run; 0 for a cell of the user's.</summary>
    public long LoadedFor { get; init; }

    /// <summary>The magics that it has registered.</summary>
    public IReadOnlyList<MagicRegistered> Magics { get; set; } = [];

    /// <summary>The session's packages behind it.</summary>
    public SessionPackages Packages { get; init; } = SessionPackages.None;

    /// <summary>How many workers ended by what it left running.</summary>
    public int WorkersEnded { get; set; }

    /// <summary>Whether it may have to be set aside for that: then a replay reads the state after it.</summary>
    public bool IsSuspect { get; set; }

    /// <summary>What all variables held after it in a replay, if it is a suspect; null if that is not known.</summary>
    public StateRead? StateAfter { get; set; }

    /// <summary>The same cell with what it left behind, for a cell that is not executed again.</summary>
    /// <param name="state">What all variables hold after it; null if that is not known.</param>
    public AcceptedCell With(StateRead? state) => state is { Problem: null, Payload: [var values] }
        ? this with { Values = values, Uncarried = [.. state.Opaque.Where(variable => variable.Assembly == Compiled.AssemblyName).Select(variable => variable.Name)] }
        : this with { Uncarried = Compiled.Variables };
}

/// <summary>
/// What the user has built up: the history of accepted cells, in order of execution, and the submission that the next
/// cell follows. This is the state that survives a worker. Loop thread.
/// </summary>
/// <param name="compiler">Compiles the cells.</param>
/// <param name="compilationThread">Where it does.</param>
internal sealed class NotebookSession(CellCompiler compiler, CompilationThread compilationThread)
{
    private readonly List<AcceptedCell> accepted = [];

    // Names that exist for the compiler and hold nothing: of cells that could not be executed again, or values that
    // could not be carried. By the assembly of their cell; null for all its names.
    private readonly Dictionary<string, (string Cell, HashSet<string>? Names)> unset = [];
    private readonly HashSet<string> remarks = [];

    private readonly RepeatableCells repeatable = new();
    private readonly HashSet<string> typesInLibraries = [];
    private readonly HashSet<string> typesInScripts = [];
    private ImmutableDictionary<string, string> offered = ImmutableDictionary<string, string>.Empty;
    private TopVariables variables = TopVariables.None;
    private long lastNumber;

    /// <summary>The accepted cells in the order in which they ran.</summary>
    public IReadOnlyList<AcceptedCell> Accepted => accepted;

    /// <summary>
    /// Gives the compilation that a cell follows now; any thread may call what is returned. Before the first cell that is
    /// the compiler's root, whose making is no work for the loop thread.
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
        .. variables.All.Where(declared => !(unset.TryGetValue(declared.Value.Compiled.AssemblyName, out var lost) && lost.Names?.Contains(declared.Key) != false))
            .Select(declared => declared.Key).Order(StringComparer.Ordinal),
    ];

    /// <summary>The magics that cells have registered, in the order of their cells.</summary>
    public IReadOnlyList<MagicRegistered> Magics => [.. accepted.SelectMany(cell => cell.Magics)];

    /// <summary>What a cell threw last.</summary>
    public ExceptionReport? LastException { get; set; }

    /// <summary>Whether a remark on code is made for the first time in this session.</summary>
    public bool IsNewRemark(string remark) => remarks.Add(remark);

    /// <summary>Remembers what completion has proposed that is not imported: a cell that uses it gets the using.</summary>
    /// <param name="proposals">Names, and the namespaces that they are in.</param>
    public void Offer(IEnumerable<KeyValuePair<string, string>> proposals) => offered = offered.SetItems(proposals);

    /// <summary>Numbers a cell that is about to run.</summary>
    public long NextNumber() => ++lastNumber;

    /// <summary>
    /// Compiles a cell behind the history, on a thread of its own: Roslyn recurses, and deep code wants a deep stack. A cell that may run again as it is
    /// (<see cref="RepeatableCells"/>) is there at once.
    /// </summary>
    /// <param name="packages">What the cell can use: the session's packages, or others if it asks for them.</param>
    /// <returns>The cell, and the history that it follows if that had to be rebuilt: see <see cref="Adopt"/>.</returns>
    public Task<(CompilationOutcome Outcome, RebuiltHistory? Rebuilt)> CompileAsync(
        string code, string name, LanguageSettings language, SessionPackages packages, CancellationToken cancellation)
    {
        var (last, before, declared, proposed) = (Last, Packages, variables, offered);
        var mayRebuild = CellLibrary.MayBeIn(code) || (packages.HasGenerators && CellLibrary.MayDeclareType(code)) || typesInLibraries.Any(type => code.Contains(type, StringComparison.Ordinal));
        if (packages == before && !mayRebuild && repeatable.Find(code, language, LastAccepted, declared) is { } repeated)
            return Task.FromResult<(CompilationOutcome, RebuiltHistory?)>((new(repeated with { Name = name }, []), null));
        var mayRepeatTypes = !mayRebuild && typesInScripts.Any(type => code.Contains(type, StringComparison.Ordinal));
        AcceptedCell[] history = [.. accepted];
        return compilationThread.RunAsync(Compile, cancellation);

        (CompilationOutcome, RebuiltHistory?) Compile()
        {
            var assumed = new HashSet<string>();
            var source = new CellSource(code, name, last()) { Language = language, IsOnlyAtTop = IsOnlyAtTop, Offered = proposed };
            if (mayRepeatTypes) source = source with { Kept = UnchangedTypes.In(code, language, history, cancellation) };
            if (packages != before) return new PackageChange(compiler, history).Compile(source, before, packages, cancellation);
            if (!mayRebuild)
            {
                var outcome = compiler.Compile(source, cancellation);

                // Some cells have a library that one does not see at first sight, and it may use what only scripts declare yet.
                if (outcome.Cell is { } cell) return (outcome with { Cell = cell with { AssumedOnlyAtTop = IsRepeatable(cell) ? assumed : null } }, null);
                if (CellCompiler.LibrarySourceOf(source, cancellation) is null) return (outcome, null);
            }

            return new Redefinition(compiler, history).Compile(source with { Analyzers = packages.Analyzers }, cancellation);

            bool IsOnlyAtTop(string variable)
            {
                if (!declared.IsOnlyAtTop(variable)) return false;
                assumed.Add(variable);
                return true;
            }

            // What brings anything to later cells is followed by them.
            bool IsRepeatable(CompiledCell cell) =>
                ReferenceEquals(cell.Link, source.Previous) && cell.Library is null && cell.Warnings.Count == 0 && !cell.Image.Contains(cell.Name);
        }
    }

    /// <summary>Learns how a cell has ended, accepted or not: whether it may run again as it is.</summary>
    public void Ended(CompiledCell cell, CellOutcome outcome)
    {
        if (outcome is CellOutcome.Returned) repeatable.Add(cell);
        else repeatable.Remove(cell);
    }

    /// <summary>Compiles code behind a cell that runs and is not in the history yet.</summary>
    /// <param name="previous">The cell, or what it has submitted last.</param>
    /// <param name="assets">What the code's packages brought.</param>
    public Task<CompilationOutcome> CompileSubmittedAsync(
        string code, string name, LanguageSettings language, CompiledCell previous, CellAssets assets, IReadOnlyList<string> analyzers, CancellationToken cancellation)
    {
        var source = new CellSource(code, name, previous.Link) { Language = language, Assets = assets, Analyzers = analyzers };
        return compilationThread.RunAsync(() => compiler.Compile(source, cancellation), cancellation);
    }

    /// <summary>What packages a cell asks for, itself or by what it loads.</summary>
    /// <param name="baseDirectory">What relative paths start from.</param>
    public Task<IReadOnlyList<PackageDirective>> FindPackagesAsync(string code, string baseDirectory, CancellationToken cancellation) => PackageDirectives.MayBeIn(code)
        ? compilationThread.RunAsync(() => PackageDirectives.In(code, baseDirectory), cancellation)
        : Task.FromResult<IReadOnlyList<PackageDirective>>([]);

    /// <summary>Takes over a history that was compiled anew; the worker knows only the old one.</summary>
    public void Adopt(RebuiltHistory rebuilt)
    {
        accepted.Clear();
        accepted.AddRange(rebuilt.Cells);
        variables = TopVariables.Of(accepted);
        typesInScripts.UnionWith(accepted.SelectMany(cell => cell.Compiled.Types));
        typesInLibraries.UnionWith(Redefinition.TypesInLibraries(accepted));
    }

    /// <summary>Takes a cell that ran to its own end into the history.</summary>
    public void Accept(AcceptedCell cell)
    {
        accepted.Add(cell);
        cell.Replaced =
        [
            .. cell.Compiled.Variables.Select(name => (Name: name, Cell: variables.DeclarerOfOnlyAtTop(name))).Where(old => old.Cell is not null)
                .Select(old => new CellVariable(old.Cell!.Compiled.AssemblyName, old.Name)),
        ];
        variables = variables.Behind(cell);
        typesInScripts.UnionWith(cell.Compiled.Types);
        typesInLibraries.UnionWith(Redefinition.TypesInLibraries([cell]));
    }

    /// <summary>
    /// Takes a cell out of the history. Later cells that use its names were compiled against it and stay; what they find
    /// there from the next replay on is not there (<see cref="WhyUnusable"/>).
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

    /// <summary>The accepted cell of a number, or to which code belongs; null if there is none.</summary>
    /// <param name="number">Of the cell; 0 if that is not known.</param>
    /// <param name="code">The name of its assembly, its library's or its submission's class.</param>
    public AcceptedCell? FindOwner(long number, string? code) => accepted.FindLast(cell => number != 0 ? cell.Number == number
        : code is not null && (code == cell.Compiled.AssemblyName || code == cell.Compiled.AssemblyName + ".Library" || code == cell.Compiled.EntryType));

    /// <summary>Keeps a cell in the history that is not executed again: what is known of its variables is carried over.</summary>
    /// <returns>The cell as it is in the history now.</returns>
    public AcceptedCell SetAside(AcceptedCell cell)
    {
        var aside = cell.With(cell.StateAfter) with { Policy = ReplayPolicy.Never, StateAfter = null };
        accepted[accepted.IndexOf(cell)] = aside;
        variables = TopVariables.Of(accepted);
        return aside;
    }

    /// <summary>The variables of a cell that was not executed again hold nothing where they are no plain data.</summary>
    public void MarkUncarried(AcceptedCell cell)
    {
        if (cell.Uncarried.Count > 0) unset[cell.Compiled.AssemblyName] = (cell.Compiled.Name, [.. cell.Uncarried]);
    }

    /// <summary>Why a cell cannot run: it uses names that hold nothing. Null if it can.</summary>
    public string? WhyUnusable(CompiledCell cell)
    {
        if (unset.Count == 0) return null;
        foreach (var assembly in cell.Image.ReferencedAssemblies())
        {
            if (!unset.TryGetValue(assembly, out var known)) continue;
            var used = cell.Image.ReferencedMembersOf(assembly);
            if (known.Names is null)
                return $"{known.Cell} could not be replayed, so its declarations do not exist any more. Run it again first.";
            if (known.Names.FirstOrDefault(used.Contains) is { } name)
                return $"{name} is not set: {known.Cell} is not replayed, and {name} held a value that cannot be carried over. Run {known.Cell} again first.";
        }

        return null;
    }

    /// <summary>The first block of the last accepted cell. There must be one.</summary>
    public AcceptedCell BeginOfLastCell() => accepted.Find(cell => cell.Whole == accepted[^1].Whole)!;

    /// <summary>Gives up the cells from one on.</summary>
    /// <returns>Those cells; among them are the one that submitted the first, and what its packages had run.</returns>
    public IReadOnlyList<AcceptedCell> TruncateFrom(AcceptedCell first)
    {
        var index = accepted.IndexOf(first);
        while (index > 0 && accepted[index].SubmittedBy != 0 && (accepted[index - 1].SubmittedBy == accepted[index].SubmittedBy || accepted[index - 1].Number == accepted[index].SubmittedBy)) index--;
        while (index > 0 && accepted[index - 1].LoadedFor != 0 && accepted[index - 1].LoadedFor == accepted[index].Number) index--;
        var gone = accepted[index..];
        accepted.RemoveRange(index, gone.Count);
        foreach (var cell in gone.Reverse<AcceptedCell>()) variables = variables.Without(cell, accepted);
        return gone;
    }

    /// <summary>The source line that a stack frame points to; null if the source is no accepted cell's.</summary>
    public string? SourceLine(string cellName, int line)
    {
        // A block of a cell has blank lines in the place of the others.
        string? found = null;
        for (var i = accepted.Count - 1; i >= 0 && string.IsNullOrEmpty(found); i--)
        {
            if (accepted[i].Compiled.Name == cellName) found = LineOf(accepted[i].Compiled.Code, line);
        }

        return found;
    }

    /// <summary>A line of a cell's text, counted from 1.</summary>
    public static string? LineOf(string code, int line) => code.ReplaceLineEndings("\n").Split('\n').ElementAtOrDefault(line - 1);
}
