using JupyterKernel.Display.Hosting;

namespace JupyterKernel.Display;

/// <summary>
/// Shows the bars of this process. Those who count only write numbers; a thread, which there is as long as a bar runs, looks at
/// them ten times a second and draws what has changed. A display's first and last state are drawn at once. Any thread.
/// </summary>
internal static class ProgressScreen
{
    /// <summary>How many displays are drawn at a time, so that there are never more than 60 updates a second.</summary>
    internal const int UpdatesPerTick = 6;

    private const int TickMilliseconds = 100;

    private static readonly object gate = new();
    private static readonly List<ProgressDisplay> running = [];
    private static readonly AsyncLocal<ProgressRow?> innermost = new();
    private static int next;
    private static Thread? ticker;

    /// <summary>The clock of bars that begin.</summary>
    internal static TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>Whether a thread calls <see cref="Tick"/>.</summary>
    internal static bool TicksByItself { get; set; } = true;

    /// <summary>How many displays are looked at.</summary>
    internal static int RunningCount => WithGate(0, static _ => running.Count);

    /// <summary>Whether there is a thread that draws.</summary>
    internal static bool HasTicker => WithGate(0, static _ => ticker is not null);

    /// <summary>
    /// Begins a bar: within a Progress loop as a row of that loop's display, else in a display of its own. So how many display
    /// ids are asked for is a matter of the code alone.
    /// </summary>
    /// <param name="owner">Who counts; the bar has stopped when nobody has that any more.</param>
    /// <param name="label">What stands before it.</param>
    /// <param name="total">NaN where it is unknown.</param>
    /// <param name="isLoop">Whether bars that begin before it ends are nested in it.</param>
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

    /// <summary>From here on bars that this flow of control begins are not nested in this one any more.</summary>
    internal static void Leave(ProgressRow row)
    {
        if (innermost.Value == row) innermost.Value = row.Parent;
    }

    /// <summary>From here on bars that this flow of control begins are not nested in any that there is: another cell begins.</summary>
    internal static void LeaveAll() => innermost.Value = null;

    /// <summary>Ends a bar, if it has not ended yet.</summary>
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
    /// Ends the bars of loops that a thread has begun and will not go on with: its cell was aborted. The JIT compiler takes an endless loop that cannot throw
    /// out of the region whose finally block would dispose of them.
    /// </summary>
    internal static void StopLoopsOf(int thread)
    {
        foreach (var row in WithGate(thread, static thread => running.SelectMany(display => display.LoopsOf(thread)).Reverse().ToList())) End(row, ProgressPhase.Stopped);
    }

    /// <summary>A handle has news: its display is looked at again if it rested, and drawn at once where the total is reached.</summary>
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

    /// <summary>What a bar shows now.</summary>
    internal static MimeBundle Picture(ProgressRow row) => WithGate(row, static row => ProgressText.Bundle([row.Look() with { Depth = 0 }], hidden: 0));

    /// <summary>Draws the displays that have changed, in turn where there are too many.</summary>
    internal static void Tick() => WithGate(0, static _ =>
    {
        var drawn = 0;
        for (var looked = running.Count; looked > 0 && drawn < UpdatesPerTick; looked--)
        {
            if (next >= running.Count) next = 0;
            var display = running[next];
            display.IsResting = display.Rests();
            Interlocked.MemoryBarrier(); // What is reported from here on wakes it, what was before is drawn.
            try
            {
                display.StopAbandoned();
                if (display.Draw()) drawn++;
            }
            catch (Exception)
            {
                // The console of a program may be gone, which must not end it: nothing waits for what a thread of ours throws.
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
    /// Does something under the lock. The interrupt of a cell aborts its thread, and wakes it from whatever it waits for: so the lock is taken where no
    /// abort comes, and not waited for.
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

/// <summary>One display: a bar, and below it those that are nested in it. Under the lock of <see cref="ProgressScreen"/>, unless said otherwise.</summary>
internal sealed class ProgressDisplay(string? displayId)
{
    private const int RowLimit = 12;

    // The thread that draws speaks for the cell whose code counts: clients may listen to no other.
    private ExecutionContext? context = ExecutionContext.Capture();
    private ProgressRow? outermost;
    private MimeBundle? bundle;
    private string shown = "";
    private bool isShown;

    /// <summary>Whether it is not looked at, until a handle has news.</summary>
    internal volatile bool IsResting;

    internal bool HasRunning => Rows().Any(row => row.IsRunning);

    internal IEnumerable<ProgressRow> LoopsOf(int thread) => Rows().Where(row => row.IsRunning && row.LoopThread == thread);

    internal void Begin(ProgressRow row)
    {
        outermost = row;
        Draw();
    }

    /// <summary>From here on it is drawn for the cell whose code calls this. Any thread.</summary>
    internal void MoveToCallersCell() => context = ExecutionContext.Capture();

    internal bool Rests() => Rows().All(row => !row.IsRunning || row.IsResting);

    internal void StopAbandoned()
    {
        foreach (var row in Rows().Where(row => row.IsRunning && row.IsAbandoned)) row.End(row.LeftAs);
    }

    /// <summary>Shows the present state. False if it is what is shown already.</summary>
    internal bool Draw()
    {
        // Bars that were nested are of no interest once the outer one is done; where it has stopped, they show how far it came.
        var isDone = outermost!.Phase == ProgressPhase.Done;
        var rows = Rows().Where(row => !isDone || row.IsRunning || row == outermost).ToList();
        var states = rows.Take(RowLimit).Select(row => row.Look()).ToList();
        if (displayId is null)
        {
            ProgressConsole.Draw(this, string.Join("   ", states.Select(ProgressText.Line)), isLast: rows.TrueForAll(row => !row.IsRunning));
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
                // The cell is being interrupted, and this is its bar's last state.
            }
        }
    }

    private IEnumerable<ProgressRow> Rows() => outermost is null ? [] : Rows(outermost);

    private static IEnumerable<ProgressRow> Rows(ProgressRow row) => row.Inner.SelectMany(Rows).Prepend(row);
}

/// <summary>The bars of a program without a notebook: a line that is written over, or where that cannot be, the last state alone.</summary>
internal static class ProgressConsole
{
    private static ProgressDisplay? drawing;
    private static int written;

    /// <summary>Whether what was written can be written over.</summary>
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
