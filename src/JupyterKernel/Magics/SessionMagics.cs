using JupyterKernel.Compilation;
using System.Globalization;
using JupyterKernel.Session;
using JupyterKernel.Settings;
using JupyterKernel.Supervision;
using JupyterKernel.Link;

namespace JupyterKernel.Magics;

/// <summary>The magics about the session: its history, its worker and its settings. Loop thread.</summary>
internal static class SessionMagics
{
    private const int VariablesShown = 10;

    /// <summary>The magics in listing order.</summary>
    public static readonly IReadOnlyList<MagicDefinition> All =
    [
        new("#!settings", "Shows the kernel's settings and what they mean, or sets one.", (call, _) => Task.FromResult(Settings(call)))
        {
            Parameters =
            [
                new("name", "The name of the setting.") { Values = [.. KernelSettings.All.Select(setting => setting.Name)] },
                new("value", "The new value.") { TakesRest = true },
            ],
        },
        new("#!history", "Lists the accepted cells with run time, allocated memory, outcome and replay policy.",
            (_, cell) => Task.FromResult<CellOutcome>(History(cell.Session))),
        new("#!memory", "Shows the worker's memory, its limits and the largest variables.", (_, cell) => MemoryAsync(cell.Supervisor)),
        new("#!trace", "Shows the latest exception with all its calls.", (_, cell) =>
            Task.FromResult<CellOutcome>(
                TableOutput.Of(cell.Session.LastException is { } last ? Whole(last) : "No cell has thrown an exception yet."))),
        new("#!undo", "Undoes the last accepted cell.", (_, cell) => UndoAsync(cell)) { StandsAlone = true },
        new("#!recycle", "Replaces the worker with a fresh one that has the same variables.",
            (_, cell) => RecycleAsync(cell)) { StandsAlone = true },
        new("#!replay", "Sets whether the C# below is replayed in a fresh worker.", (call, cell) =>
        {
            if (ReplayPolicies.Parse(call["policy"]!) is not { } policy)
            {
                return Task.FromResult<CellOutcome>(
                    TableOutput.Refused($"#!replay needs a policy: always, never or ask, not '{call["policy"]}'."));
            }
            cell.Replay = policy;
            return Task.FromResult<CellOutcome>(TableOutput.Nothing);
        })
        {
            Parameters =
            [
                new("policy", "always: replayed; never: not replayed, its plain data is carried over; ask: you are asked after a crash.")
                {
                    IsRequired = true, Values = ["always", "never", "ask"],
                },
            ],
        },
    ];

    private static async Task<CellOutcome> UndoAsync(IRunningCell cell)
    {
        var session = cell.Session;
        if (session.Accepted.Count == 0) return TableOutput.Of("There is no accepted cell to undo.");
        var gone = session.TruncateFrom(session.BeginOfLastCell());
        var names = string.Join(", ", gone.SelectMany(block => block.Compiled.DeclaredNames).Distinct());
        var began = DateTime.UtcNow;
        try
        {
            await cell.Supervisor.RebuildAsync(keepsValues: false, cell.Cancellation);
        }
        catch (WorkerStartException failure)
        {
            return new CellOutcome.WorkerLost(failure.Message, []);
        }

        return Replayed(session, $"{gone[^1].Compiled.Name} was undone{(names.Length > 0 ? $"; it declared {names}" : "")}.", began);
    }

    private static async Task<CellOutcome> RecycleAsync(IRunningCell cell)
    {
        var began = DateTime.UtcNow;
        try
        {
            cell.Supervisor.Forgive();
            await cell.Supervisor.RecycleAsync(cause: null, cell.Cancellation);
        }
        catch (WorkerStartException failure)
        {
            return new CellOutcome.WorkerLost(failure.Message, []);
        }

        return Replayed(cell.Session, "The worker was recycled as requested.", began);
    }

    private static CellOutcome.Returned Replayed(NotebookSession session, string what, DateTime began) =>
        TableOutput.Of(
            $"{what} {Counted(session)} {(session.Accepted.Count == 1 ? "was" : "were")} replayed in "
            + $"{Milliseconds(DateTime.UtcNow - began)}.");

    private static CellOutcome.Returned History(NotebookSession session) => TableOutput.Of(
        $"{Counted(session)}. A fresh worker replays {(session.Accepted.Count == 1 ? "it" : "them")} as the replay column states.",
        [
            ["cell", "code", "ran for", "allocated", "ended", "replay", "declares"],
            .. session.Accepted.Select(cell => (string[])
            [
                cell.Compiled.Name, FirstLine(cell.Compiled.Code), Milliseconds(cell.Took), Size.Format(cell.AllocatedBytes),
                cell.Threw ? "threw" : "returned",
                cell.Policy.ToString().ToLowerInvariant(), string.Join(", ", cell.Compiled.DeclaredNames),
            ]),
        ]);

    private static async Task<CellOutcome> MemoryAsync(Supervisor supervisor)
    {
        var largest = await supervisor.LargestVariablesAsync(VariablesShown);
        var kernel = ProcessUsage.OfThisProcess();
        var worker = supervisor.Current;
        var usage = worker?.Usage;
        var heap = worker?.Memory;
        return TableOutput.Of(
            $"The worker is replaced when it uses more than {Size.Format(supervisor.Watch.ThresholdBytes)} and cannot free it. The "
                + $"heap of a worker that starts now is limited to {Size.Format(KernelSettings.Current.MemoryCeilingBytes)}; a cell that "
                + "exceeds the limit gets an OutOfMemoryException.",
            [
                ["", "resident", "private", "heap", "assemblies", "processor time"],
                ["worker, which runs the cells", Size.Format(usage?.ResidentBytes ?? 0), Size.Format(usage?.PrivateBytes ?? 0),
                    Size.Format(heap?.HeapBytes ?? 0), Number(heap?.Assemblies ?? 0), Milliseconds(usage?.Processor ?? TimeSpan.Zero)],
                ["kernel, which compiles them", Size.Format(kernel.ResidentBytes), Size.Format(kernel.PrivateBytes),
                    Size.Format(GC.GetTotalMemory(false)), Number(AppDomain.CurrentDomain.GetAssemblies().Length),
                    Milliseconds(kernel.Processor)],
                .. largest.Select(variable => (string[])["variable " + variable.Name, "", "", Size.Format(variable.Bytes), "", ""]),
            ]);
    }

    private static CellOutcome Settings(MagicCall call)
    {
        var settings = KernelSettings.Current;
        if (call["name"] is { } name && settings.Set(name, call["value"] ?? "") is { } problem) return TableOutput.Refused(problem);
        return TableOutput.Of(
            call["name"] is { } set ? $"{set} is set for this kernel." : "Set one with: #!settings name value",
            [["setting", "value", "meaning"],
            .. KernelSettings.All.Select(setting => (string[])[setting.Name, setting.Get(settings), setting.Description])]);
    }

    /// <summary>Formats an exception with all its stack frames, including those of the framework.</summary>
    private static string Whole(ExceptionReport exception, string prefix = "")
    {
        var frames = exception.Frames.Select(frame =>
        {
            var place = frame.Source is null ? "" : SourcePlace.Text(frame.Source, frame.Line);
            var link = frame.Source is not null && frame.Method.Length > 0 ? " in " : "";
            return $"\n   at {frame.Method}{link}{place}{(frame.Times > 1 ? $" ({frame.Times} times in a row)" : "")}";
        });
        return $"{prefix}{exception.TypeName}: {exception.Message}"
            + $"{string.Concat(frames)}{string.Concat(exception.Inner.Select(inner => "\n" + Whole(inner, " ---> ")))}";
    }

    private static string Counted(NotebookSession session) =>
        session.Accepted.Count == 1 ? "1 accepted cell" : $"{Number(session.Accepted.Count)} accepted cells";

    private static string FirstLine(string code)
    {
        const int MaxLength = 60;
        var line = code.Trim().ReplaceLineEndings("\n").Split('\n')[0];
        return line.Length > MaxLength ? line[..MaxLength] + "…" : line;
    }

    private static string Milliseconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:N0} ms");

    private static string Number(int number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
