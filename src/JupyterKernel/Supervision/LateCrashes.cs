using System.Globalization;
using System.Text.RegularExpressions;
using JupyterKernel.Session;
using JupyterKernel.Link;
using JupyterKernel.Settings;

namespace JupyterKernel.Supervision;

/// <summary>
/// Finds the accepted cell that ended a worker through code it left running (a thread, a task, a timer, native code). When it ends a second
/// worker, the cell is set aside, because every replay would start that code again. Loop thread.
/// </summary>
/// <param name="notice">Notifies the user, regardless of the settings.</param>
internal sealed partial class LateCrashes(NotebookSession session, Action<string> notice)
{
    private const int MaxWorkers = 2;

    /// <summary>The maximum number of cells suspected of an unexplained exit; in a replay, the state is read after each of them.</summary>
    private const int MaxSuspects = 3;

    /// <summary>
    /// The minimum tolerance for comparing delays: code left running ends each worker about the same time after its cell ran.
    /// </summary>
    private static readonly TimeSpan MinTolerance = TimeSpan.FromSeconds(1);
    private const int ToleranceDivisor = 10;

    /// <summary>Consecutive lost workers for which nothing but the time of the exit points to a cell.</summary>
    private readonly List<SupervisedWorker> unexplained = [];

    /// <summary>Finds the cell that crashed a worker, if possible.</summary>
    /// <param name="running">The code that was running; null if none was.</param>
    /// <returns>The outcome; its cause names the cell and what the user can do.</returns>
    public CellOutcome.WorkerLost Blame(CellOutcome.WorkerLost lost, SupervisedWorker worker, string? running)
    {
        if (lost.OwnerCell == 0 && lost.OwnerCode is null && !lost.ByKernel) return Guess(lost, worker, running);
        unexplained.Clear();
        return session.FindOwner(lost.OwnerCell, lost.OwnerCode) is { } owner ? Count(owner, lost) : lost;
    }

    /// <summary>Counts a worker that was ended by code of an accepted cell.</summary>
    /// <returns>The loss, with the cell and the remedy added to its cause.</returns>
    public CellOutcome.WorkerLost Count(AcceptedCell owner, CellOutcome.WorkerLost lost)
    {
        owner.IsSuspect = true;
        owner.WorkersEnded++;
        if (owner.WorkersEnded >= MaxWorkers) SetAside(owner, $"{owner.Compiled.Name} left code running that ended a second worker");
        return lost with
        {
            Cause =
                $"{lost.Cause}{(lost.Cause.EndsWith('.') ? "" : ".")} The cause is a thread, task or timer that {owner.Compiled.Name} left "
                + "running. Correct the cell and run it again, or undo cells with #!undo.",
        };
    }

    /// <summary>Reports an exception that ended a thread but not the worker.</summary>
    public void Survived(UncaughtException uncaught)
    {
        var owner = session.FindOwner(uncaught.Cell, uncaught.Assembly)?.Compiled.Name ?? "A cell";
        var thrown = uncaught.Exception is { } exception ? $"{exception.TypeName}: {exception.Message.TrimEnd('.')}" : "an exception";
        var place = uncaught.Exception?.Frames.FirstOrDefault(frame => frame.Source is not null) is { } frame
            ? string.Create(CultureInfo.InvariantCulture, $" ({frame.Source}, line {frame.Line})") : "";
        notice($"{owner} started a thread, task or timer that threw {thrown}{place}. In a replayed cell, such an exception ends "
            + "only the thread; the worker keeps running. Catch the exception in that code and run the cell again, or undo cells with "
            + "#!undo.");
    }

    /// <summary>
    /// Guesses the cell when no cell is identified: the worker was ended by native code or by Environment.Exit, for which the runtime does
    /// not report the thread. After a second loss, the suspect is the cell whose delay was the same both times.
    /// </summary>
    private CellOutcome.WorkerLost Guess(CellOutcome.WorkerLost lost, SupervisedWorker worker, string? running)
    {
        if (running is not null && EndsItself().IsMatch(running))
        {
            unexplained.Clear();
            return lost;
        }

        // Workers may be terminated from outside at any time. A cell is suspected only if the text of some cell
        // contains code that can do so.
        if (lost.FromOutside && !session.Accepted.Any(cell => Kills().IsMatch(cell.Compiled.Code))) return lost;

        unexplained.Add(worker);
        var suspects = session.Accepted.Where(cell => cell.Policy == ReplayPolicy.Always
            && unexplained.TrueForAll(ended => ended.EndedAfter(cell) is not null)).ToList();
        var active = suspects.Where(cell => LeavesRunning().IsMatch(cell.Compiled.Code)).TakeLast(MaxSuspects).ToList();
        foreach (var cell in active.Union(suspects.TakeLast(1))) cell.IsSuspect = true;
        if (unexplained.Count >= MaxWorkers)
        {
            var candidates = !lost.FromOutside && (running is null || unexplained.Count > MaxWorkers) ? suspects : active;
            if (candidates.Where(cell => Irregularity(cell) < 1).MinBy(cell => active.Contains(cell) ? Irregularity(cell) : 1) is { } cell)
            {
                unexplained.Clear();
                SetAside(cell,
                    string.Create(CultureInfo.InvariantCulture,
                        $"{MaxWorkers} workers have ended about {worker.EndedAfter(cell)!.Value.TotalSeconds:0.0} s after "
                        + $"{cell.Compiled.Name}, probably because of code that it left running"));
                return lost;
            }
        }

        return running is null && (active.LastOrDefault() ?? suspects.LastOrDefault()) is { } likely
            ? lost with { Cause = $"{lost.Cause} If {likely.Compiled.Name} left a thread or native code running, that may be the reason." }
            : lost;

        // The largest difference between the delays, as a fraction of the tolerance.
        double Irregularity(AcceptedCell cell)
        {
            var delay = worker.EndedAfter(cell)!.Value;
            return unexplained.TakeLast(MaxWorkers)
                .Max(ended => (ended.EndedAfter(cell)!.Value - delay).Duration() / (MinTolerance + delay / ToleranceDivisor));
        }
    }

    private void SetAside(AcceptedCell cell, string why)
    {
        var aside = session.SetAside(cell);
        var unset = aside.Uncarried.Count > 0 ? $" Without a value from now on: {string.Join(", ", aside.Uncarried)}." : "";
        notice($"{why}. The cell is set aside: it is not replayed, and the plain data of its variables is carried over.{unset} To "
            + "restore all its variables, correct the cell and run it again; #!undo undoes cells.");
    }

    /// <summary>Matches code that ends its own process.</summary>
    [GeneratedRegex(@"\b(Environment\s*\.\s*(Exit|FailFast)|Kill|abort|DllImport|LibraryImport|Marshal|unsafe)\b")]
    private static partial Regex EndsItself();

    /// <summary>Matches code that terminates its own process by a signal or an external command.</summary>
    [GeneratedRegex(@"kill|\b(DllImport|LibraryImport|NativeLibrary|SIG[A-Z]+)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Kills();

    /// <summary>Matches code that starts background work.</summary>
    [GeneratedRegex(
        @"\b(Thread|ThreadPool|Task|Timer|PeriodicTimer|async|Parallel|BackgroundWorker|Process|DllImport|LibraryImport|"
            + @"NativeLibrary|(Start|Run|Begin)\w*)\b")]
    private static partial Regex LeavesRunning();
}
