using System.Globalization;
using JupyterKernel.Compilation;
using JupyterKernel.Magics;
using JupyterKernel.Packages;
using JupyterKernel.Protocol;
using JupyterKernel.Session;
using JupyterKernel.Settings;
using JupyterKernel.Supervision;
using JupyterKernel.Link;

namespace JupyterKernel.Kernel;

/// <summary>
/// How C# is run: its packages are restored, it is compiled in this process behind the history, run in the worker, and joins the history if it ends by
/// itself. Loop thread.
/// </summary>
internal sealed class CellRunner
{
    /// <summary>What an interrupted cell changed is remembered up to this size of all variables.</summary>
    private const long MostInterruptedBytes = 32 * 1024 * 1024;

    /// <summary>How much is kept in all of what cells left behind that are not executed again.</summary>
    private const long MostRecordedBytes = 1024L * 1024 * 1024;

    private readonly NotebookSession session;
    private readonly Supervisor supervisor;
    private readonly CellOutputs outputs;
    private readonly UserQuestions questions;
    private readonly PackageInstaller installer;
    private readonly CodeSubmissions submissions;
    private readonly Dictionary<long, IReadOnlyList<CellVariable>> unsettled = [];
    private readonly HashSet<string> shownWarnings = [];
    private readonly List<MagicRegistered> registered = [];
    private bool hasStrayAssets;
    private CancellationTokenSource? compilation;

    public CellRunner(JupyterSockets sockets, NotebookSession session, Supervisor supervisor, CellOutputs outputs, UserQuestions questions)
    {
        (this.session, this.supervisor, this.outputs, this.questions) = (session, supervisor, outputs, questions);
        installer = new PackageInstaller(sockets, session);
        submissions = new CodeSubmissions(session, installer);
    }

    /// <summary>The history.</summary>
    public NotebookSession Session => session;

    /// <summary>The workers.</summary>
    public Supervisor Supervisor => supervisor;

    /// <summary>The usings that the latest code got, since completion had offered names of theirs; most often empty.</summary>
    public string AddedUsings { get; private set; } = "";

    /// <summary>Compiles and runs code.</summary>
    public async Task<CellOutcome> RunAsync(CellPart part)
    {
        AddedUsings = "";
        try
        {
            var (packages, failed) = await CancellablyAsync(cancellation => installer.InstallAsync(
                part.Code, part.Directory, outputs.ShownRequestOf(part.Number), session.Packages, cancellation));
            if (failed is null && part.IsKept) (packages, failed) = await LoadExtensionsAsync(part.Number, packages);
            return failed ?? await RunAsync(part, packages);
        }
        catch (OperationCanceledException)
        {
            return new CellOutcome.Interrupted();
        }
    }

    /// <summary>Runs an expression for the running request. It leaves nothing behind.</summary>
    /// <param name="name">How diagnostics and stack traces call it.</param>
    public Task<CellOutcome> EvaluateAsync(string expression, string name)
    {
        var number = session.NextNumber();
        outputs.Add(number, outputs.Running!, silent: true);
        return RunAsync(new CellPart(number, expression, name) { IsKept = false });
    }

    /// <summary>Ends a restore or a compilation, or the cell that runs.</summary>
    public void Interrupt()
    {
        compilation?.Cancel();
        supervisor.Interrupt();
    }

    /// <summary>Ends the worker for good.</summary>
    public void Stop()
    {
        compilation?.Cancel();
        supervisor.Stop();
    }

    /// <summary>Takes code that the running cell submits.</summary>
    public void Submit(CodeSubmitted submitted, SupervisedWorker worker) => submissions.Add(submitted, worker, outputs.ShownRequestOf(submitted.Cell));

    /// <summary>Takes a magic that a cell registers: it is there once the cell is accepted, and as long as it is.</summary>
    public void Register(MagicRegistered magic)
    {
        if (MagicTable.Find(magic.Name) is not null) outputs.Stream(magic.Cell, "stderr", $"{magic.Name} is a magic of the kernel and stays as it is. Register yours under another name.\n");
        else if (session.Accepted.LastOrDefault(cell => cell.Number == magic.Cell) is { } earlier) earlier.Magics = [.. earlier.Magics, magic];
        else registered.Add(magic);
    }

    /// <summary>Numbers a block of the running cell that is not its first.</summary>
    public long NextBlock()
    {
        var number = session.NextNumber();
        outputs.GoOn(number);
        questions.Begin();
        return number;
    }

    /// <summary>Takes back the blocks of a cell that was interrupted or lost its worker: what does not end by itself is not accepted, none of it.</summary>
    /// <param name="whole">The number of its first block.</param>
    /// <returns>Whether there were any.</returns>
    public bool TakeBack(long whole)
    {
        if (session.Accepted.Count == 0 || session.Accepted[^1].Whole != whole) return false;
        var gone = session.TruncateFrom(session.BeginOfLastCell());
        hasStrayAssets |= gone.Any(block => block.Compiled.Assets != CellAssets.None);
        supervisor.Drop(gone);
        RememberChanges();
        return true;
    }

    /// <summary>The blocks of a cell are accepted for good: variables that they declare anew let go of their old values.</summary>
    /// <param name="whole">The number of its first block.</param>
    public void Settle(long whole)
    {
        for (var last = session.Accepted.Count - 1; last >= 0 && session.Accepted[last] is { } block && block.Whole == whole; last--)
        {
            if (!unsettled.Remove(block.Number, out var replaced)) continue;
            block.Replaced = replaced;
            supervisor.Forget(block);
        }

        unsettled.Clear();
    }

    /// <summary>
    /// Keeps the variables' values beside the last cell, since what changed them is no cell and would not bring them back: an interrupted one, or a comm's
    /// handler. They are read before the next cell runs, and nobody waits for it here.
    /// </summary>
    public void RememberChanges()
    {
        if (session.Accepted.Count > 0) _ = RememberAsync(session.Accepted[^1]);

        async Task RememberAsync(AcceptedCell last)
        {
            if (await supervisor.ReadStateAsync(MostInterruptedBytes) is { Problem: null, Payload: [var values] }) last.ChangedLater = values;
        }
    }

    private async Task<T> CancellablyAsync<T>(Func<CancellationToken, Task<T>> work)
    {
        using (compilation = new CancellationTokenSource())
        {
            try
            {
                var done = await work(compilation.Token);

                // The work may have been done already when the interrupt came.
                compilation.Token.ThrowIfCancellationRequested();
                return done;
            }
            finally
            {
                compilation = null;
            }
        }
    }

    /// <summary>Runs what newly referenced packages want run, each as a cell of the history. What fails is a warning.</summary>
    /// <returns>The packages that there are now, and the interruption, if there was one.</returns>
    private async Task<(SessionPackages Packages, CellOutcome? Interrupted)> LoadExtensionsAsync(long number, SessionPackages packages)
    {
        if (packages == session.Packages) return (packages, null);
        var known = session.Packages.Resolved.Extensions.Select(extension => extension.Package).ToHashSet();
        foreach (var (name, code) in packages.Resolved.Extensions.Where(extension => !known.Contains(extension.Package)).SelectMany(extension => extension.Cells(Warn)))
        {
            var own = session.NextNumber();
            outputs.AddFor(own, number);
            (packages, var failure) = await installer.InstallAsync(code, null, outputs.ShownRequestOf(own), packages, CancellationToken.None);
            var outcome = failure ?? await RunAsync(new CellPart(own, code, name) { Replay = ReplayPolicy.Always, LoadedFor = number }, packages);
            if (outcome is CellOutcome.Interrupted) return (packages, outcome);
            if (Traceback.Of(outcome, session.SourceLine) is { } error) Warn($"The {name} failed, and the cell goes on without it. {error.Ename}: {error.Evalue}");
        }

        return (packages, null);

        void Warn(string text) => outputs.Stream(number, "stderr", text + "\n");
    }

    private async Task<CellOutcome> RunAsync(CellPart part, SessionPackages packages)
    {
        CompilationOutcome compiled;
        RebuiltHistory? rebuilt;
        try
        {
            (compiled, rebuilt) = await CancellablyAsync(cancellation => session.CompileAsync(part.Code, part.Name, KernelSettings.Current.Language, packages, cancellation));
        }
        catch (OperationCanceledException)
        {
            return new CellOutcome.Interrupted();
        }
        catch (PackageException unusable)
        {
            return new CellOutcome.Refused("PackageError", unusable.Message);
        }

        if (compiled.Cell is not { } cell) return new CellOutcome.DidNotCompile(compiled.Errors);

        AddedUsings = cell.AddedUsings;
        outputs.Remark(RemarksOn(cell));
        if (rebuilt is not null && await RebuildAsync(rebuilt) is { } failure) return failure;
        if (cell.Assets != CellAssets.None)
        {
            // What a cell that was not accepted has loaded may be of another version.
            if (hasStrayAssets && rebuilt is null && await ReplaceWorkerAsync(keepsValues: true) is { } refusal) return refusal;
            hasStrayAssets = true;
        }

        var began = DateTime.UtcNow;
        var policy = part.Replay ?? KernelSettings.Current.Replay;
        submissions.Begin(part, cell, packages, policy);
        registered.Clear();
        var end = await supervisor.RunAsync(part.Number, cell, part.AllowStdin, part.IsKept ? EndedAsync : null);
        submissions.End();
        session.Ended(cell, end);
        return end is CellOutcome.Threw threw && cell.NameInSymbols != cell.Name ? threw with { Exception = threw.Exception.WithSource(cell.NameInSymbols, cell.Name) } : end;

        async Task EndedAsync(CellOutcome outcome)
        {
            if (outcome.IsAccepted)
            {
                hasStrayAssets = false;
                var kept = new AcceptedCell(part.Number, cell, outcome is CellOutcome.Threw, DateTime.UtcNow - began, policy)
                {
                    Answers = questions.Answers,
                    Packages = packages,
                    LoadedFor = part.LoadedFor,
                    AllocatedBytes = outcome.AllocatedBytes,
                    Whole = part.Whole,
                    Magics = [.. registered.Where(magic => magic.Cell == part.Number)],
                };
                await KeepAsync(kept, part.IsBlock);
                foreach (var submitted in submissions.End())
                {
                    session.Accept(submitted);
                    supervisor.Forget(submitted);
                }
            }
            else if (!TakeBack(part.Whole) && outcome is CellOutcome.Interrupted)
            {
                RememberChanges();
            }
        }
    }

    /// <summary>What was added to the code, and what the compiler thinks doubtful, each once in a session.</summary>
    private IEnumerable<string> RemarksOn(CompiledCell cell)
    {
        if (cell.AddedUsings.Length > 0) yield return $"Added: {cell.AddedUsings}";
        foreach (var warning in cell.Warnings)
        {
            if (shownWarnings.Add(warning.Id + warning.GetMessage(CultureInfo.InvariantCulture))) yield return CompileErrorText.Warning(warning);
        }
    }

    /// <summary>Takes a cell into the history; one that is not to be executed again with what it left behind.</summary>
    /// <param name="isBlock">Whether it is taken back if a later block of its cell does not end by itself.</param>
    private async Task KeepAsync(AcceptedCell cell, bool isBlock)
    {
        if (cell.Policy != ReplayPolicy.Always)
        {
            var room = MostRecordedBytes - session.Accepted.Sum(accepted => accepted.Values.LongLength);
            var state = await supervisor.ReadStateAsync(Math.Min(HandOver.MostBytes, room));
            cell = cell.With(state);
            if (cell.Values.Length == 0)
            {
                outputs.Notice($"What {cell.Compiled.Name} has left behind cannot be kept ({state?.Problem ?? "the worker is lost"}), and the cell is not executed again: in a fresh worker its variables will be unset.", isLoss: true);
            }
        }

        session.Accept(cell);

        // As long as the whole cell may be taken back, earlier variables must hold what they held.
        if (isBlock) (unsettled[cell.Number], cell.Replaced) = (cell.Replaced, []);
        else supervisor.Forget(cell);
    }

    /// <summary>Brings a history that was compiled anew into a fresh worker.</summary>
    /// <returns>Why there is none.</returns>
    private async Task<CellOutcome?> RebuildAsync(RebuiltHistory rebuilt)
    {
        session.Adopt(rebuilt);
        if (await ReplaceWorkerAsync(rebuilt.KeepsValues) is { } failure) return failure;
        var lost = rebuilt.Lost.Count > 0
            ? $" Not executed, since they do not compile any more: {string.Join(", ", rebuilt.Lost.Select(cell => cell.Compiled.Name + (cell.Compiled.DeclaredNames.Count > 0 ? $" ({string.Join(", ", cell.Compiled.DeclaredNames)})" : "")))}. Run them again."
            : "";
        outputs.Notice($"{rebuilt.Cause}: {(rebuilt.Again == 1 ? "one earlier cell was" : $"{rebuilt.Again} earlier cells were")} compiled again, and all are executed again in a fresh worker.{lost}", isLoss: rebuilt.Lost.Count > 0);
        return null;
    }

    private async Task<CellOutcome?> ReplaceWorkerAsync(bool keepsValues)
    {
        try
        {
            await supervisor.RebuildAsync(keepsValues);
            return null;
        }
        catch (WorkerStartException failure)
        {
            return new CellOutcome.WorkerLost(failure.Message, []);
        }
    }
}
