using JupyterKernel.Compilation;
using JupyterKernel.Hosting;
using JupyterKernel.Packages;
using JupyterKernel.Session;
using JupyterKernel.Settings;
using JupyterKernel.Supervision;
using JupyterKernel.Link;

namespace JupyterKernel.Kernel;

/// <summary>
/// Code that the running cell submits: it is compiled behind the cell, which goes on meanwhile, and run in its worker as part of it. When the cell has
/// ended it joins the history behind it, as part of it. Loop thread.
/// </summary>
internal sealed class CodeSubmissions(NotebookSession session, PackageInstaller installer)
{
    private readonly List<AcceptedCell> begun = [];
    private (CellPart Part, CompiledCell Cell, SessionPackages Packages, ReplayPolicy Policy)? running;
    private Task latest = Task.CompletedTask;

    /// <summary>A cell is about to run.</summary>
    public void Begin(CellPart part, CompiledCell cell, SessionPackages packages, ReplayPolicy policy)
    {
        begun.Clear();
        running = (part, cell, packages, policy);
    }

    /// <summary>The cell has ended.</summary>
    /// <returns>What it has submitted, in the order in which that was run.</returns>
    public IReadOnlyList<AcceptedCell> End()
    {
        running = null;
        return [.. begun];
    }

    /// <summary>Compiles code and has it run.</summary>
    /// <param name="request">The request to show a restore for; null for one that shows nothing.</param>
    public void Add(CodeSubmitted submitted, SupervisedWorker worker, Request? request) => latest = AddAsync(latest, submitted, worker, request);

    private async Task AddAsync(Task before, CodeSubmitted submitted, SupervisedWorker worker, Request? request)
    {
        // Each follows the one before.
        await before;
        CompiledCell? cell;
        string? problem;
        try
        {
            (cell, problem) = await CompileAsync(submitted, request);
        }
        catch (Exception bug)
        {
            // The running cell waits for an answer, and so do later submissions for this one.
            Log.Bug(bug);
            (cell, problem) = (null, $"The kernel failed to compile the submitted code: {bug.Message}");
        }

        if (cell is not null) worker.Run(submitted.Submission, cell);
        else worker.Answer(new RefuseSubmitted(submitted.Submission, problem!));
    }

    /// <returns>The code, or why it cannot be run.</returns>
    private async Task<(CompiledCell? Cell, string? Problem)> CompileAsync(CodeSubmitted submitted, Request? request)
    {
        const string HasEnded = "The cell that submits this code has ended: it must await what it submits.";
        if (running is not { } outer || outer.Part.Number != submitted.Cell) return (null, HasEnded);
        if (outer.Policy != ReplayPolicy.Always) return (null, "A cell that is not executed again (#!replay) cannot submit code: what that declares could not be made again. Leave #!replay out, or run the code in a cell of its own.");
        var number = session.NextNumber();
        var before = begun.Count > 0 ? begun[^1].Packages : outer.Packages;
        var (packages, failure) = await installer.InstallAsync(submitted.Code, outer.Part.Directory, request, before, CancellationToken.None);
        if (failure is CellOutcome.Refused refused) return (null, refused.Reason);
        if (!packages.Resolved.Extends(before.Resolved)) return (null, $"Another version of a package cannot come into a running cell ({string.Join(", ", packages.Changes(before))}). Ask for it in a cell of its own.");

        var previous = begun.Count > 0 ? begun[^1].Compiled : outer.Cell;
        var compiled = await session.CompileSubmittedAsync(
            submitted.Code, FormattableString.Invariant($"{outer.Cell.Name}·{number}"), KernelSettings.Current.Language, previous, packages.Resolved.Beyond(before.Resolved), packages.Analyzers, CancellationToken.None);
        if (compiled.Cell is not { } cell) return (null, $"The submitted code does not compile: {CompileErrorText.Summary(compiled.Errors)}");
        if (session.WhyUnusable(cell) is { } reason) return (null, reason);
        if (running?.Part.Number != submitted.Cell) return (null, HasEnded);
        begun.Add(new(number, cell, Threw: false, TimeSpan.Zero) { SubmittedBy = outer.Part.Number, Whole = outer.Part.Whole, Packages = packages });
        return (cell, null);
    }
}
