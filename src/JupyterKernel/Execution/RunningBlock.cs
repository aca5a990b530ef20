using System.Globalization;
using JupyterKernel.Compilation;
using JupyterKernel.Packages;
using JupyterKernel.Session;
using JupyterKernel.Settings;
using JupyterKernel.Supervision;
using JupyterKernel.Link;

namespace JupyterKernel.Execution;

/// <summary>
/// A submission while it runs: a cell, a block of a cell with magics, or an expression. Restores its packages, compiles it to follow the
/// history, runs it in the worker, and adds it to the history if it is accepted. Loop thread.
/// </summary>
internal sealed class RunningBlock(SessionServices services, RunningCell cell, CellPart part)
{
    private readonly List<string> answers = [];
    private readonly List<MagicRegistered> magics = [];
    private CodeSubmissions? submissions;

    private NotebookSession Session => services.Session;

    /// <summary>The user's answers to the block's input requests, in order.</summary>
    public IList<string> Answers => answers;

    /// <summary>The using directives added for names that completion offered; empty for most blocks.</summary>
    public string AddedUsings { get; private set; } = "";

    /// <summary>Runs the block to its end.</summary>
    public async Task<CellOutcome> RunAsync()
    {
        try
        {
            var (packages, failure) = await services.Installer.InstallAsync(
                part.Code, part.Directory, services.Outputs.ShownRequestOf(part.Number), Session.Packages, cell.Interruption);
            if (failure is null && part.IsKept) (packages, failure) = await LoadExtensionsAsync(packages);

            // The restore may have completed before the interrupt arrived.
            cell.Interruption.ThrowIfCancellationRequested();
            return failure ?? await RunAsync(packages);
        }
        catch (OperationCanceledException) when (cell.Interruption.IsCancellationRequested)
        {
            return new CellOutcome.Interrupted();
        }
    }

    /// <summary>Handles code that the block submits.</summary>
    public void Submit(CodeSubmitted submitted, SupervisedWorker worker)
    {
        if (submissions is not null && submitted.Cell == part.Number)
        {
            submissions.Add(submitted, worker, services.Outputs.ShownRequestOf(submitted.Cell));
        }
        else CodeSubmissions.Refuse(submitted, worker);
    }

    /// <summary>Registers a magic that the block defines; it exists from the acceptance of the block until the block is undone.</summary>
    public void Register(MagicRegistered magic) => magics.Add(magic);

    /// <summary>
    /// Runs the code that newly referenced packages provide, each piece as a cell of the history; a failure is a warning.
    /// </summary>
    /// <returns>The session's packages; and the outcome if the code was interrupted, otherwise null.</returns>
    private async Task<(SessionPackages Packages, CellOutcome? Interrupted)> LoadExtensionsAsync(SessionPackages packages)
    {
        if (packages == Session.Packages) return (packages, null);
        var known = Session.Packages.Resolved.Extensions.Select(extension => extension.Package).ToHashSet();
        foreach (var (name, code) in packages.Resolved.Extensions.Where(extension => !known.Contains(extension.Package))
            .SelectMany(extension => extension.Cells(Warn)))
        {
            var own = Session.NextNumber();
            services.Outputs.Add(own, cell.Request, cell.IsSilent);
            (packages, var failure) =
                await services.Installer.InstallAsync(code, null, services.Outputs.ShownRequestOf(own), packages, cell.Interruption);
            var extension =
                new RunningBlock(services, cell, new CellPart(own, code, name) { Replay = ReplayPolicy.Always, LoadedFor = part.Number });
            var outcome = failure ?? await extension.RunAsync(packages);
            if (outcome is CellOutcome.Interrupted) return (packages, outcome);
            if (Traceback.Of(outcome, Session.SourceLine) is { } error)
            {
                Warn($"The {name} failed, and the cell continues without it. {error.Ename}: {error.Evalue}");
            }
        }

        return (packages, null);

        void Warn(string text) => services.Outputs.Stream(part.Number, "stderr", text + "\n");
    }

    private async Task<CellOutcome> RunAsync(SessionPackages packages)
    {
        CompilationOutcome compiled;
        RebuiltHistory? rebuilt;
        try
        {
            (compiled, rebuilt) =
                await Session.CompileAsync(part.Code, part.Name, KernelSettings.Current.Language, packages, cell.Interruption);
            cell.Interruption.ThrowIfCancellationRequested();
        }
        catch (PackageException unusable)
        {
            return new CellOutcome.Refused("PackageError", unusable.Message);
        }

        if (compiled.Cell is not { } code) return new CellOutcome.DidNotCompile(compiled.Errors);
        AddedUsings = code.AddedUsings;
        cell.Remark(RemarksOn(code));
        if (rebuilt is not null && await RebuildAsync(rebuilt) is { } failure) return failure;
        if (code.Assets != CellAssets.None)
        {
            // The assets loaded for a cell that was not accepted may have another version.
            if (services.Commits.HasStrayAssets && rebuilt is null && await ReplaceWorkerAsync(keepsValues: true) is { } refusal)
            {
                return refusal;
            }
            services.Commits.HasStrayAssets = true;
        }

        var outcome = await RunInWorkerAsync(code, packages);
        Session.Ended(code, outcome);
        return outcome is CellOutcome.Threw threw && code.NameInSymbols != code.Name
            ? threw with { Exception = threw.Exception.WithSource(code.NameInSymbols, code.Name) }
            : outcome;
    }

    private async Task<CellOutcome> RunInWorkerAsync(CompiledCell code, SessionPackages packages)
    {
        var began = DateTime.UtcNow;
        var policy = part.Replay ?? KernelSettings.Current.Replay;
        submissions = new CodeSubmissions(services, part, code, packages, policy);
        cell.Block = this;
        try
        {
            return await services.Supervisor.RunAsync(part.Number, code, part.AllowStdin, part.IsKept ? EndedAsync : null,
                cell.Interruption);
        }
        finally
        {
            submissions.End();
        }

        async Task EndedAsync(CellOutcome outcome)
        {
            if (outcome.IsAccepted)
            {
                // A loop that ran until the interrupt would not end in a replay.
                var isEndless = outcome.HasObeyed && part.Replay is null && policy == ReplayPolicy.Always;
                if (isEndless)
                {
                    services.Notices.Add(
                        $"{part.Name} ended because of the interrupt, so it is not replayed in a fresh worker; the plain data of its "
                        + "variables is carried over. To replay it all the same, begin it with #!replay always.", isLoss: false);
                }

                var accepted = new AcceptedCell(
                    part.Number, code, outcome is CellOutcome.Threw, DateTime.UtcNow - began, isEndless ? ReplayPolicy.Never : policy)
                {
                    Answers = [.. answers],
                    Packages = packages,
                    LoadedFor = part.LoadedFor,
                    AllocatedBytes = outcome.AllocatedBytes,
                    Whole = part.Whole,
                    Magics = [.. magics.Where(magic => magic.Cell == part.Number)],
                };
                await services.Commits.AcceptAsync(accepted, part.IsBlock);
                services.Commits.AcceptSubmitted(submissions.End());
            }
            else if (!services.Commits.RollBack(part.Whole) && outcome is CellOutcome.Interrupted)
            {
                _ = services.Commits.KeepChangesAsync();
            }
        }
    }

    /// <summary>Returns the using directives added to the code and the compiler's warnings, each only once per session.</summary>
    private IEnumerable<string> RemarksOn(CompiledCell code)
    {
        if (code.AddedUsings.Length > 0) yield return $"Added: {code.AddedUsings}";
        foreach (var warning in code.Warnings)
        {
            if (Session.IsNewRemark(warning.Id + warning.GetMessage(CultureInfo.InvariantCulture)))
            {
                yield return CompileErrorText.Warning(warning);
            }
        }
    }

    /// <summary>Replays a recompiled history in a fresh worker.</summary>
    /// <returns>The failure; null if there was none.</returns>
    private async Task<CellOutcome?> RebuildAsync(RebuiltHistory rebuilt)
    {
        Session.Adopt(rebuilt);
        if (await ReplaceWorkerAsync(rebuilt.KeepsValues) is { } failure) return failure;
        var names = rebuilt.Lost.Select(gone => gone.Compiled.Name
            + (gone.Compiled.DeclaredNames.Count > 0 ? $" ({string.Join(", ", gone.Compiled.DeclaredNames)})" : ""));
        var lost = rebuilt.Lost.Count switch
        {
            0 => "",
            1 => $" This cell no longer compiles and was not replayed: {names.First()}. Correct it and run it again.",
            _ => $" These cells no longer compile and were not replayed: {string.Join(", ", names)}. Correct them and run them again.",
        };
        services.Notices.Add(
            $"{rebuilt.Cause}: {(rebuilt.Again == 1 ? "one earlier cell was" : $"{rebuilt.Again} earlier cells were")} recompiled, and "
            + $"the session was replayed in a fresh worker.{lost}",
            isLoss: rebuilt.Lost.Count > 0);
        return null;
    }

    private async Task<CellOutcome?> ReplaceWorkerAsync(bool keepsValues)
    {
        try
        {
            await services.Supervisor.RebuildAsync(keepsValues, cell.Interruption);
            return null;
        }
        catch (WorkerStartException failure)
        {
            return new CellOutcome.WorkerLost(failure.Message, []);
        }
    }
}
