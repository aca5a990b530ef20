using JupyterKernel.Display.Hosting;
using JupyterKernel.Link;
using JupyterKernel.Link.Processes;

namespace JupyterKernel.Worker.Cells;

/// <summary>
/// The queues of the cell thread: one for cells and requests in order of arrival, one for the continuations of cells' awaits. One lock
/// guards both and the running cell. Any thread adds; the cell thread takes.
/// </summary>
internal sealed class CellQueue
{
    /// <summary>
    /// The maximum number of continuations that run before a queued cell. Work started by earlier cells has priority, but it
    /// may continue indefinitely.
    /// </summary>
    private const int MaxContinuationsAhead = 1000;

    private const long MinCollectedBytes = 8 * 1024 * 1024;
    private const long MaxCollectedHeapBytes = 128 * 1024 * 1024;

    private static readonly TimeSpan BlockedCheckInterval = TimeSpan.FromMilliseconds(10);

    private readonly UserCode userCode;
    private readonly IdleCollector collector = new(MinCollectedBytes, MaxCollectedHeapBytes);
    private readonly Timer blockedCheck;

    private readonly object gate = new();
    private readonly Queue<Continuation> continuations = new();
    private readonly Queue<Work> waiting = new();
    private int waitingCells;
    private int continued;
    private CellContext? running;
    private bool isSpent;

    public CellQueue(UserCode userCode)
    {
        this.userCode = userCode;
        blockedCheck = new Timer(_ => RescueFromBlockedThread());

        // Starting the first timer of a process also starts the runtime's timer thread. An abort at that moment leaves the thread without
        // its list, which ends the process; so a timer is started before the first cell.
        blockedCheck.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The running cell; null between cells, including while continuations of ended cells run.</summary>
    public CellContext? Running => Volatile.Read(ref running);

    /// <summary>Whether a cell is queued.</summary>
    public bool HasWaitingCells => Volatile.Read(ref waitingCells) > 0;

    /// <summary>Whether the calling thread is the cell thread.</summary>
    public bool IsCellThread => Thread.CurrentThread == userCode.Thread;

    /// <summary>Adds a cell or a request.</summary>
    public void Enqueue(Work work)
    {
        lock (gate)
        {
            waiting.Enqueue(work);
            if (work.Cell is not null) waitingCells++;
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>Adds a continuation of a cell.</summary>
    public void Post(CellContext cell, SendOrPostCallback callback, object? state) =>
        AbortSafe.Run((this, new Continuation(cell, callback, state)), static posted =>
        {
            var (queue, continuation) = posted;
            lock (queue.gate)
            {
                queue.continuations.Enqueue(continuation);
                if (queue.userCode.IsRunning) queue.blockedCheck.Change(TimeSpan.Zero, BlockedCheckInterval);
                Monitor.PulseAll(queue.gate);
            }
        });

    /// <summary>Adds an action that runs after the running cell has ended and before this is reported.</summary>
    public void AtCellEnd(Action action) => AbortSafe.Run((this, action), static end =>
    {
        var (queue, action) = end;
        lock (queue.gate) queue.running?.AtEnd.Add(action);
    });

    /// <summary>Makes the cell thread check again whether there is work.</summary>
    public void Wake() => AbortSafe.Run(gate, static gate =>
    {
        lock (gate) Monitor.PulseAll(gate);
    });

    /// <summary>Waits for the next cell, request or continuation. If it is a cell, it becomes the running one.</summary>
    /// <returns>The cell or request; null if the continuation is to be run.</returns>
    public Work? Take(out Continuation continuation)
    {
        lock (gate)
        {
            while (waiting.Count == 0 && continuations.Count == 0)
            {
                // A timer would also collect while a cell runs. There is one collection per pause; memory that threads of earlier cells
                // allocate is left to the runtime.
                if (!Monitor.Wait(gate, collector.IsDue ? IdleCollector.IdleTime : Timeout.InfiniteTimeSpan)) collector.Collect();
            }

            Work? work = null;
            continuation = default;
            if (waiting.Count > 0 && (continuations.Count == 0 || continued >= MaxContinuationsAhead)) work = waiting.Dequeue();
            else continuation = continuations.Dequeue();
            continued = work is null ? continued + 1 : 0;
            if (work?.Cell is not null) waitingCells--;
            running = work?.Cell;
            return work;
        }
    }

    /// <summary>Waits for a continuation; returns null once the task has completed or the cell is stopped.</summary>
    /// <param name="isCompleted">Whether the task has completed.</param>
    public Continuation? Take(Task task, CellContext cell, out bool isCompleted)
    {
        lock (gate)
        {
            while (!task.IsCompleted && !cell.IsStopped && continuations.Count == 0) Monitor.Wait(gate);
            isCompleted = task.IsCompleted;
            return isCompleted || cell.IsStopped ? null : continuations.Dequeue();
        }
    }

    /// <summary>Takes a continuation; returns null if none arrives within 10 ms or the task completes.</summary>
    public Continuation? TakeSoon(Task task)
    {
        lock (gate)
        {
            if (continuations.Count == 0 && !task.IsCompleted) Monitor.Wait(gate, BlockedCheckInterval);
            return continuations.TryDequeue(out var continuation) ? continuation : null;
        }
    }

    /// <summary>Ends the running cell. Cell thread.</summary>
    /// <returns>Whether the thread must not run any more code, and whether the queue is empty.</returns>
    public (bool IsSpent, bool IsLast) End(CellContext cell)
    {
        lock (gate)
        {
            running = null;

            // On Unix, an abort leaves a signal of the runtime blocked in the thread and in threads that it starts. They could neither be
            // aborted again nor, in a loop, be stopped for a garbage collection; so the thread must not run any more code.
            isSpent = cell.IsInterrupted;
            return (isSpent, waiting.Count == 0);
        }
    }

    /// <summary>Whether a cell is neither running nor queued.</summary>
    public bool HasEnded(CellContext cell)
    {
        lock (gate) return running != cell && !waiting.Any(work => work.Cell == cell);
    }

    /// <summary>Replaces the cell thread if it was aborted.</summary>
    /// <param name="replace">Starts another cell thread; called under the lock, at most once for each aborted thread.</param>
    public void ReplaceSpentThread(Action replace)
    {
        lock (gate)
        {
            if (!isSpent) return;
            isSpent = false;
            replace();
        }
    }

    /// <summary>Drops the cells that are queued after the one to interrupt.</summary>
    /// <param name="number">
    /// The number of the cell to interrupt; if it has ended, the cell that runs or will run next is interrupted.
    /// </param>
    /// <returns>The cell to interrupt and the numbers of the dropped cells; null if there is no such cell any more.</returns>
    public (CellContext Cell, IReadOnlyList<long> Dropped)? DropAfter(long number)
    {
        lock (gate)
        {
            var next = running ?? waiting.Select(work => work.Cell).FirstOrDefault(cell => cell is not null);
            if (next is not { } cell || cell.Number < number) return null;
            var all = waiting.ToList();
            var dropped = new List<long>();
            waiting.Clear();
            waitingCells = 0;
            foreach (var work in all)
            {
                if (work.Cell is { } later && later != cell) dropped.Add(later.Number);
                else if (work.Request is RestoreCell restore) dropped.Add(restore.Cell);
                else Enqueue(work);
            }

            return (cell, dropped);
        }
    }

    /// <summary>
    /// Runs continuations on the pool while the cell thread is blocked: a cell that blocks on a task (<c>.Result</c>, <c>Wait()</c>) whose
    /// continuation needs the cell thread would otherwise deadlock.
    /// </summary>
    private void RescueFromBlockedThread()
    {
        lock (gate)
        {
            // In this order: the thread takes this lock after each piece of user code, so it cannot have begun another one meanwhile.
            var isBlocked = (userCode.Thread.ThreadState & ThreadState.WaitSleepJoin) != 0;
            Interlocked.MemoryBarrier();
            if (!userCode.IsRunning || continuations.Count == 0)
            {
                blockedCheck.Change(Timeout.Infinite, Timeout.Infinite);
                return;
            }

            if (!isBlocked) return;
            while (continuations.TryDequeue(out var continuation))
                new PoolContext(continuation.Cell).Post(continuation.Callback, continuation.State);
        }
    }

    /// <summary>The synchronization context for a cell's code that runs on the pool. Code of a stopped cell is not run.</summary>
    private sealed class PoolContext(CellContext cell) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => ThreadPool.UnsafeQueueUserWorkItem(
            _ =>
            {
                if (cell.IsStopped) return;
                SetSynchronizationContext(this);
                d(state);
            },
            null);

        public override SynchronizationContext CreateCopy() => this;
    }
}

/// <summary>Queued work: a cell, or a request that runs no user code.</summary>
internal sealed record Work(CellContext? Cell, WorkerMessage? Request);

/// <summary>The continuation of an await in a cell.</summary>
internal readonly record struct Continuation(CellContext Cell, SendOrPostCallback Callback, object? State);
