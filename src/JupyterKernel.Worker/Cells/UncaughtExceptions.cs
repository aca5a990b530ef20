using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using JupyterKernel.Link;
using JupyterKernel.Worker.Console;

namespace JupyterKernel.Worker.Cells;

/// <summary>
/// Reports which cell ended the process or one of its threads: the cell whose thread, task, timer or finalizer threw an uncaught exception
/// or called Environment.Exit. In a replayed cell, such an exception ends only the thread; it may have ended the first worker, and
/// otherwise would end each later worker in the same way. Any thread.
/// </summary>
internal sealed class UncaughtExceptions(ConsoleCapture console)
{
    // Before it looks for a handler, the runtime restores the thread's own context, so the owner is noted when the exception is thrown. The
    // hash code identifies the exception without keeping it alive.
    [ThreadStatic] private static int thrown;
    [ThreadStatic] private static long thrower;
    [ThreadStatic] private static bool isNeeded;

    private readonly HashSet<(long Cell, string? Assembly)> reported = [];
    private readonly HashSet<string> replayedCode = [];
    private long lastReplayed;

    /// <summary>Starts watching.</summary>
    /// <param name="farewell">Sends buffered output before the process ends.</param>
    public void Watch(Action farewell)
    {
        AppDomain.CurrentDomain.FirstChanceException += (_, thrown) => Note(thrown.Exception, console.CellOfThread);
        ExceptionHandling.SetUnhandledExceptionHandler(IsSurvived);
        AppDomain.CurrentDomain.UnhandledException += (_, uncaught) =>
        {
            if (uncaught.ExceptionObject is Exception exception) Report(exception, endsWorker: true);
            farewell();
        };
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            console.PostInOrder(new UncaughtException(console.CellOfThread, null, null, EndsWorker: true));
            farewell();
        };
    }

    /// <summary>Marks the current thread as essential for the worker: an uncaught exception on it always ends the process.</summary>
    public static void Need() => isNeeded = true;

    /// <summary>Records that a cell is replayed. Cells arrive in the order of their numbers.</summary>
    public void Replays(RunCell cell)
    {
        Volatile.Write(ref lastReplayed, Math.Max(cell.Cell, lastReplayed));
        lock (replayedCode) replayedCode.Add(NumberIn(cell.EntryType));
    }

    /// <summary>Reports an exception of code that a cell left on the cell thread; returns whether the process continues.</summary>
    /// <param name="cell">The number of the cell.</param>
    public bool IsSurvived(Exception exception, long cell)
    {
        thrown = RuntimeHelpers.GetHashCode(exception);
        thrower = cell;
        return IsReplayed(exception) && Report(exception, endsWorker: false);
    }

    private bool IsSurvived(Exception exception) => !isNeeded && IsReplayed(exception) && Report(exception, endsWorker: false);

    private bool IsReplayed(Exception exception)
    {
        var (cell, assembly) = OwnerOf(exception);
        if (cell != 0) return cell <= Volatile.Read(ref lastReplayed);
        lock (replayedCode) return assembly is not null && replayedCode.Contains(NumberIn(assembly));
    }

    /// <summary>Returns the number that the names of a cell's class, assembly and library assembly have in common.</summary>
    private static string NumberIn(string name) => string.Concat(name.Where(char.IsAsciiDigit));

    private static void Note(Exception exception, long cell)
    {
        if (RuntimeHelpers.GetHashCode(exception) is var hash && hash == thrown) return;
        thrown = hash;
        thrower = cell;
    }

    private bool Report(Exception exception, bool endsWorker)
    {
        var (cell, assembly) = OwnerOf(exception);
        lock (reported)
        {
            // Reported once, because a timer may throw every millisecond.
            if (!endsWorker && !reported.Add((cell, assembly))) return true;
        }

        console.PostInOrder(new UncaughtException(cell, assembly, ExceptionReports.Of(exception), endsWorker));
        return true;
    }

    /// <summary>
    /// Returns the number of the cell for which the thread was running. If unknown, returns 0 and the assembly of the
    /// outermost cell code on the stack.
    /// </summary>
    private (long Cell, string? Assembly) OwnerOf(Exception exception)
    {
        var cell = RuntimeHelpers.GetHashCode(exception) == thrown && thrower != 0 ? thrower : console.CellOfThread;
        if (cell != 0) return (cell, null);
        var assemblies = new StackTrace(exception).GetFrames().Select(frame => frame.GetMethod()?.DeclaringType?.Assembly)
            .OfType<System.Reflection.Assembly>();
        return (0, assemblies.LastOrDefault(Values.Shape.IsCell)?.GetName().Name);
    }
}
