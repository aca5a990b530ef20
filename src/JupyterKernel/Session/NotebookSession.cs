using JupyterKernel.Compilation;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Session;

/// <summary>An accepted cell: what a replay sends to a fresh worker.</summary>
/// <param name="Number">The cell's number in the session, which its output carries for as long as it lives.</param>
/// <param name="Threw">Whether it ended with an exception.</param>
/// <param name="Took">How long it ran when the user ran it.</param>
internal sealed record AcceptedCell(long Number, CompiledCell Compiled, bool Threw, TimeSpan Took);

/// <summary>
/// What the user has built up: the history of accepted cells, in order of execution, and the submission that the next
/// cell follows. This is the state that survives a worker. Loop thread.
/// </summary>
/// <param name="compiler">Compiles the cells.</param>
/// <param name="compilationThread">Where it does.</param>
internal sealed class NotebookSession(CellCompiler compiler, CompilationThread compilationThread)
{
    private readonly List<AcceptedCell> accepted = [];
    private readonly List<AcceptedCell> removed = [];
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
            var last = accepted.Count > 0 ? accepted[^1].Compiled.Link : null;
            return () => last ?? compiler.Root;
        }
    }

    /// <summary>Numbers a cell that is about to run.</summary>
    public long NextNumber() => ++lastNumber;

    /// <summary>
    /// Compiles a cell behind the history, on a thread of its own: Roslyn recurses, and deep code wants a deep stack.
    /// </summary>
    public Task<CompilationOutcome> CompileAsync(string code, string name, CancellationToken cancellation)
    {
        var last = Last;
        return compilationThread.RunAsync(() => compiler.Compile(code, name, last(), cancellation), cancellation);
    }

    /// <summary>Does ahead, on the compilation thread, what the next cell's compilation begins with whatever its text is.</summary>
    public void PrepareNext()
    {
        var last = Last;
        _ = compilationThread.RunAsync(() => compiler.Prepare(last()), CancellationToken.None);
    }

    /// <summary>Takes a cell that ran to its own end into the history.</summary>
    public void Accept(AcceptedCell cell) => accepted.Add(cell);

    /// <summary>
    /// Takes a cell out of the history. Later cells that use its names were compiled against it and stay; what they find
    /// there from the next replay on is not there (<see cref="RemovedCellUsedBy"/>).
    /// </summary>
    public void Remove(AcceptedCell cell)
    {
        accepted.Remove(cell);
        removed.Add(cell);
    }

    /// <summary>The removed cell whose declarations a cell uses; null if it uses none.</summary>
    public AcceptedCell? RemovedCellUsedBy(CompiledCell cell)
    {
        if (removed.Count == 0) return null;
        var references = cell.Image.ReferencedAssemblies();
        return removed.Find(candidate => references.Contains(candidate.Compiled.AssemblyName));
    }

    /// <summary>Gives up the cells from one on.</summary>
    /// <returns>Those cells.</returns>
    public IReadOnlyList<AcceptedCell> TruncateFrom(AcceptedCell first)
    {
        var index = accepted.IndexOf(first);
        var gone = accepted[index..];
        accepted.RemoveRange(index, gone.Count);
        return gone;
    }

    /// <summary>The source line that a stack frame points to; null if the source is no accepted cell's.</summary>
    public string? SourceLine(string cellName, int line)
    {
        for (var i = accepted.Count - 1; i >= 0; i--)
        {
            if (accepted[i].Compiled.Name == cellName) return LineOf(accepted[i].Compiled.Code, line);
        }

        return null;
    }

    /// <summary>A line of a cell's text, counted from 1.</summary>
    public static string? LineOf(string code, int line) => code.ReplaceLineEndings("\n").Split('\n').ElementAtOrDefault(line - 1);
}
