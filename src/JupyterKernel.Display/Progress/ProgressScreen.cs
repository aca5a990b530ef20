using JupyterKernel.Display.Hosting;

namespace JupyterKernel.Display.Progress;

/// <summary>
/// Draws the progress bars of this process. Counting code only writes numbers; a thread, which exists while a bar runs, reads them ten
/// times a second and draws what has changed. The first and last states of a display are drawn immediately. Any thread.
/// </summary>
internal static class ProgressScreen
{
    /// <summary>The maximum number of displays drawn per tick, which means 60 updates per second.</summary>
    internal const int UpdatesPerTick = 6;

    private const int TickMilliseconds = 100;

    private static readonly object gate = new();
    private static readonly List<ProgressDisplay> running = [];
    private static readonly AsyncLocal<ProgressRow?> innermost = new();
    private static int next;
    private static Thread? ticker;

    /// <summary>The clock for new bars.</summary>
    internal static TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>Whether a thread calls <see cref="Tick"/>; otherwise a test does.</summary>
    internal static bool TicksByItself { get; set; } = true;

    /// <summary>The number of displays being drawn.</summary>
    internal static int RunningCount => WithGate(0, static _ => running.Count);

    /// <summary>Whether the drawing thread exists.</summary>
    internal static bool HasTicker => WithGate(0, static _ => ticker is not null);

    /// <summary>
    /// Begins a bar: inside a Progress loop as a row in the display of that loop, otherwise in a display of its own. So the number of
    /// display ids depends only on the code, not on timing.
    /// </summary>
    /// <param name="owner">The counting object; the bar stops when it is garbage-collected.</param>
    /// <param name="label">The text before the bar.</param>
    /// <param name="total">The total; NaN if unknown.</param>
    /// <param name="isLoop">Whether bars that begin before this one ends are nested in it.</param>
    internal static ProgressRow Begin(object owner, string label, double total, bool isLoop)
    {
        var parent = innermost.Value;
        while (parent is { IsRunning: false }) parent = parent.Parent;
        var display = parent?.Display ?? new ProgressDisplay(NotebookHost.Current?.NewId("display"));
        var row = new ProgressRow(owner, parent, display, label, total, isLoop, Time);
        WithGate(row, static row =>
        {
            if (row.Parent is null) row.Display.Begin(row);
            else row.Parent.Add(row);
            Watch(row.Display);
            return 0;
        });
        if (isLoop) innermost.Value = row;
        return row;
    }

    /// <summary>Ends the nesting in this bar for later bars of this flow of control.</summary>
    internal static void Leave(ProgressRow row)
    {
        if (innermost.Value == row) innermost.Value = row.Parent;
    }

    /// <summary>Ends all nesting for later bars of this flow of control, because another cell begins.</summary>
    internal static void LeaveAll() => innermost.Value = null;

    /// <summary>Ends a bar; does nothing if it has already ended.</summary>
    internal static void End(ProgressRow row, ProgressPhase phase)
    {
        if (row.IsRunning) WithGate((row, phase), static ending =>
        {
            var (row, phase) = ending;
            if (!row.IsRunning) return 0;
            row.End(phase);
            if (row.Parent is not null && row.Display.HasRunning) return 0;
            row.Display.Draw();
            if (row.Display.HasRunning) return 0;
            running.Remove(row.Display);
            if (running.Count == 0) Monitor.PulseAll(gate);
            return 0;
        });
    }

    /// <summary>
    /// Ends the bars of loops on a thread whose cell was aborted. Their finally blocks may not run, because the JIT compiler moves an
    /// endless loop that cannot throw out of the protected region.
    /// </summary>
    internal static void StopLoopsOf(int thread)
    {
        foreach (var row in WithGate(thread, static thread => running.SelectMany(display => display.LoopsOf(thread)).Reverse().ToList()))
            End(row, ProgressPhase.Stopped);
    }

    /// <summary>Resumes drawing after a report; if the total is reached, draws immediately.</summary>
    internal static void Wake(ProgressRow row)
    {
        if (row.Parent is null) row.Display.MoveToCallersCell();
        var isReached = row.Done == row.Total && !row.WasReached;
        if (isReached || row.Display.IsResting) WithGate((row, isReached), static woken =>
        {
            var (row, isReached) = woken;
            if (!row.IsRunning) return 0;
            Watch(row.Display);
            if (!isReached) return 0;
            row.WasReached = true;
            row.Display.Draw();
            return 0;
        });
    }

    /// <summary>Returns the current state of a bar as a bundle.</summary>
    internal static MimeBundle Picture(ProgressRow row) =>
        WithGate(row, static row => ProgressText.Bundle([row.Look() with { Depth = 0 }], hidden: 0));

    /// <summary>Draws the displays that have changed, in turn if there are too many.</summary>
    internal static void Tick() => WithGate(0, static _ =>
    {
        var drawn = 0;
        for (var looked = running.Count; looked > 0 && drawn < UpdatesPerTick; looked--)
        {
            if (next >= running.Count) next = 0;
            var display = running[next];
            display.IsResting = display.Rests();
            Interlocked.MemoryBarrier(); // Later reports wake it, earlier ones are drawn now.
            try
            {
                display.StopAbandoned();
                if (display.Draw()) drawn++;
            }
            catch (Exception)
            {
                // The console of a program may be closed, and an exception on this thread would end the process.
                display.IsResting = true;
            }
            if (display.IsResting || !display.HasRunning) running.RemoveAt(next);
            else next++;
        }
        return 0;
    });

    private static void Watch(ProgressDisplay display)
    {
        display.IsResting = false;
        if (!running.Contains(display)) running.Add(display);
        if (!TicksByItself || ticker is not null) return;
        ticker = new Thread(TickWhileRunning, 256 * 1024) { IsBackground = true, Name = "progress" };
        ticker.UnsafeStart();
    }

    private static void TickWhileRunning()
    {
        var due = Environment.TickCount64 + TickMilliseconds;
        lock (gate)
        {
            while (running.Count > 0)
            {
                var wait = due - Environment.TickCount64;
                if (wait > 0)
                {
                    Monitor.Wait(gate, (int)wait);
                    continue;
                }
                Tick();
                due = Environment.TickCount64 + TickMilliseconds;
            }
            ticker = null;
        }
    }

    /// <summary>
    /// Runs an action under the lock. The interrupt of a cell aborts its thread anywhere except in a finally block, and interrupts waits.
    /// So the lock is acquired in a finally block, which must not be optimized away, and without waiting.
    /// </summary>
    private static TResult WithGate<T, TResult>(T argument, Func<T, TResult> action) => AbortSafe.Run((argument, action), static locked =>
    {
        while (!Monitor.TryEnter(gate)) Thread.Yield();
        try
        {
            return locked.action(locked.argument);
        }
        finally
        {
            Monitor.Exit(gate);
        }
    });
}

/// <summary>
/// The display of a bar and the bars nested in it. Used under the lock of <see cref="ProgressScreen"/> unless stated otherwise.
/// </summary>
internal sealed class ProgressDisplay(string? displayId)
{
    private const int RowLimit = 12;

    // The drawing thread publishes in the context of the cell that counts, because clients may ignore outputs of other cells.
    private ExecutionContext? context = ExecutionContext.Capture();
    private ProgressRow? outermost;
    private MimeBundle? bundle;
    private string shown = "";
    private bool isShown;

    /// <summary>Whether the display is not drawn until the next report.</summary>
    internal volatile bool IsResting;

    internal bool HasRunning => Rows().Any(row => row.IsRunning);

    internal IEnumerable<ProgressRow> LoopsOf(int thread) => Rows().Where(row => row.IsRunning && row.LoopThread == thread);

    internal void Begin(ProgressRow row)
    {
        outermost = row;
        Draw();
    }

    /// <summary>Draws from now on in the context of the calling cell. Any thread.</summary>
    internal void MoveToCallersCell() => context = ExecutionContext.Capture();

    internal bool Rests() => Rows().All(row => !row.IsRunning || row.IsResting);

    internal void StopAbandoned()
    {
        foreach (var row in Rows().Where(row => row.IsRunning && row.IsAbandoned)) row.End(row.LeftAs);
    }

    /// <summary>Draws the current state; returns false if it is already shown.</summary>
    internal bool Draw()
    {
        // When the outer bar is done, nested bars are hidden; when it has stopped, they show how far it came.
        var isDone = outermost!.Phase == ProgressPhase.Done;
        var rows = Rows().Where(row => !isDone || row.IsRunning || row == outermost).ToList();
        var states = rows.Take(RowLimit).Select(row => row.Look()).ToList();
        if (displayId is null)
        {
            ProgressConsole.Draw(this, string.Join("   ", states.Select(ProgressText.Line)),
                isLast: rows.TrueForAll(row => !row.IsRunning));
            return true;
        }

        bundle = ProgressText.Bundle(states, rows.Count - states.Count, isFirst: !isShown);
        var html = (string)bundle.Data["text/html"];
        if (html == shown) return false;
        shown = html;
        if (context is not { } cell) Publish();
        else ExecutionContext.Run(cell, static display => ((ProgressDisplay)display!).Publish(), this);
        isShown = true;
        return true;
    }

    private void Publish()
    {
        while (true)
        {
            try
            {
                NotebookHost.Current?.Publish(bundle!, displayId, update: isShown);
                return;
            }
            catch (ThreadInterruptedException)
            {
                // The cell is being interrupted; the last state of its bar must still be published.
            }
        }
    }

    private IEnumerable<ProgressRow> Rows() => outermost is null ? [] : Rows(outermost);

    private static IEnumerable<ProgressRow> Rows(ProgressRow row) => row.Inner.SelectMany(Rows).Prepend(row);
}

/// <summary>
/// Draws the bars of a program without a notebook: as a line that is overwritten or, if the output is redirected, only in the last state.
/// </summary>
internal static class ProgressConsole
{
    private static ProgressDisplay? drawing;
    private static int written;

    /// <summary>Whether the output is a terminal, where a line can be overwritten.</summary>
    internal static bool IsTerminal { get; set; } = !Console.IsOutputRedirected;

    internal static void Draw(ProgressDisplay display, string line, bool isLast)
    {
        if (!IsTerminal)
        {
            if (isLast) Console.Out.WriteLine(line);
            return;
        }

        var width = Width() - 1;
        if (line.Length > width) line = line[..width];
        Console.Out.Write("\r" + (drawing == display || drawing is null ? line.PadRight(Math.Min(written, width)) : line.PadRight(width)));
        written = line.Length;
        drawing = display;
        if (!isLast) return;
        Console.Out.WriteLine();
        (drawing, written) = (null, 0);
    }

    private static int Width()
    {
        try
        {
            return Console.WindowWidth is > 20 and var width ? width : 80;
        }
        catch (IOException)
        {
            return 80;
        }
    }
}
