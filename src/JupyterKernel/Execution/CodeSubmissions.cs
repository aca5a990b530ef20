using JupyterKernel.Compilation;
using JupyterKernel.Hosting;
using JupyterKernel.Packages;
using JupyterKernel.Session;
using JupyterKernel.Settings;
using JupyterKernel.Sockets;
using JupyterKernel.Supervision;
using JupyterKernel.Link;

namespace JupyterKernel.Execution;

/// <summary>
/// Handles code that a running cell submits. While the cell keeps running, the code is compiled as a submission that follows the cell's,
/// and then runs in the same worker. It is added to the history as part of the cell when the cell has ended. Loop thread.
/// </summary>
/// <param name="outer">The running cell.</param>
/// <param name="outerPackages">The packages that the cell was compiled with.</param>
internal sealed class CodeSubmissions(SessionServices services, CellPart part, CompiledCell outer, SessionPackages outerPackages,
    ReplayPolicy policy)
{
    private const string HasEndedProblem = "The cell that submitted this code has ended. Await the call of SubmitCodeAsync in the cell.";

    private readonly List<AcceptedCell> begun = [];
    private bool hasEnded;
    private Task latest = Task.CompletedTask;

    /// <summary>Ends the cell's submissions.</summary>
    /// <returns>The submitted code in the order in which it ran.</returns>
    public IReadOnlyList<AcceptedCell> End()
    {
        hasEnded = true;
        return begun;
    }

    /// <summary>Compiles submitted code and sends it to the worker.</summary>
    /// <param name="request">The request whose outputs show the progress of a restore; null to show nothing.</param>
    public void Add(CodeSubmitted submitted, SupervisedWorker worker, Request? request) =>
        latest = AddAsync(latest, submitted, worker, request);

    /// <summary>Refuses code that was not submitted by a running cell.</summary>
    public static void Refuse(CodeSubmitted submitted, SupervisedWorker worker) =>
        worker.Answer(new RefuseSubmitted(submitted.Submission, HasEndedProblem));

    private async Task AddAsync(Task before, CodeSubmitted submitted, SupervisedWorker worker, Request? request)
    {
        // Each submission follows the previous one.
        await before;
        CompiledCell? cell;
        string? problem;
        try
        {
            (cell, problem) = await CompileAsync(submitted, request);
        }
        catch (Exception bug)
        {
            // The running cell waits for an answer, and later submissions wait for this one.
            Log.Bug(bug);
            (cell, problem) = (null, $"The kernel failed to compile the submitted code: {bug.Message}");
        }

        if (cell is not null) worker.Run(submitted.Submission, cell);
        else worker.Answer(new RefuseSubmitted(submitted.Submission, problem!));
    }

    /// <returns>The compiled code, or the reason why it cannot be run.</returns>
    private async Task<(CompiledCell? Cell, string? Problem)> CompileAsync(CodeSubmitted submitted, Request? request)
    {
        var session = services.Session;
        if (hasEnded) return (null, HasEndedProblem);
        if (policy != ReplayPolicy.Always)
        {
            return (null,
                "A cell whose replay policy is never or ask cannot submit code, because its declarations could not be re-created. "
                + "Begin the cell with #!replay always, or run the code in a separate cell.");
        }
        var number = session.NextNumber();
        var before = begun.Count > 0 ? begun[^1].Packages : outerPackages;
        var (packages, failure) =
            await services.Installer.InstallAsync(submitted.Code, part.Directory, request, before, CancellationToken.None);
        if (failure is CellOutcome.Refused refused) return (null, refused.Reason);
        if (!packages.Resolved.Extends(before.Resolved))
        {
            return (null,
                $"The version of a package cannot change while a cell runs ({string.Join(", ", packages.Changes(before))}). Reference the "
                + "package in a separate cell.");
        }

        var previous = begun.Count > 0 ? begun[^1].Compiled : outer;
        var compiled = await session.CompileSubmittedAsync(
            submitted.Code, FormattableString.Invariant($"{outer.Name}·{number}"), KernelSettings.Current.Language, previous,
            packages.Resolved.Beyond(before.Resolved), packages.Analyzers, CancellationToken.None);
        if (compiled.Cell is not { } cell)
        {
            return (null, $"The submitted code does not compile: {CompileErrorText.Summary(compiled.Errors)}");
        }
        if (session.WhyUnusable(cell) is { } reason) return (null, reason);
        if (hasEnded) return (null, HasEndedProblem);
        begun.Add(new(number, cell, Threw: false, TimeSpan.Zero) { SubmittedBy = part.Number, Whole = part.Whole, Packages = packages });
        return (cell, null);
    }
}
