using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using JupyterKernel.Link;
using JupyterKernel.Worker.Console;

namespace JupyterKernel.Worker.Cells;

/// <summary>
/// Reports which cell ended the process, or one of its threads: the cell whose thread, task, timer or finalizer threw an uncaught
/// exception, or called Environment.Exit. In a replayed cell such an exception ends only its thread: it may have ended the worker before,
/// and would end every other one in the same way. Any thread.
/// </summary>
internal sealed class UncaughtExceptions(ConsoleCapture console)
{
    // The runtime restores a thread's own context before it looks for a handler, so the owner must be noted where the exception is thrown.
    // A hash code keeps no object alive.
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

    /// <summary>Marks the current thread as the worker's own, which cannot do without it.</summary>
    public static void Need() => isNeeded = true;

    /// <summary>Notes that a cell is replayed. Cells arrive in the order of their numbers.</summary>
    public void Replays(RunCell cell)
    {
        Volatile.Write(ref lastReplayed, Math.Max(cell.Cell, lastReplayed));
        lock (replayedCode) replayedCode.Add(NumberIn(cell.EntryType));
    }

    /// <summary>Whether the process survives an exception of code that a cell left on the cell thread.</summary>
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

    /// <summary>The number that the names of a cell's class, its assembly and its library's have in common.</summary>
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
            // A timer may throw every millisecond.
            if (!endsWorker && !reported.Add((cell, assembly))) return true;
        }

        console.PostInOrder(new UncaughtException(cell, assembly, ExceptionReports.Of(exception), endsWorker));
        return true;
    }

    /// <summary>
    /// Returns the number of the cell for which the thread ran; if that is unknown, 0 and the assembly of the outermost cell code on
    /// the stack.
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
