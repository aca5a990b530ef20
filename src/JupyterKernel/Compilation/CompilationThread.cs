using System.Collections.Concurrent;

namespace JupyterKernel.Compilation;

/// <summary>
/// The thread that compiles cells, one after another. Its stack is deep, because Roslyn recurses as deeply as code is nested. It is started
/// early, so that no cell waits for a pool thread. Call from one thread only.
/// </summary>
internal sealed class CompilationThread
{
    // This only reserves address space: the system commits the memory of a stack as the stack grows.
    private const int StackBytes = 256 * 1024 * 1024;

    /// <summary>The time after which the thread of a cancelled compilation is abandoned.</summary>
    private static readonly TimeSpan CancellationTimeout = TimeSpan.FromSeconds(1);

    private Worker worker = new();

    /// <summary>Runs a function on the compilation thread; an exception becomes that of the task.</summary>
    /// <remarks>
    /// Some texts keep Roslyn's parser busy indefinitely, and it does not check the cancellation token. Such a thread is abandoned with the
    /// lowest priority, and replaced by a new one.
    /// </remarks>
    public async Task<T> RunAsync<T>(Func<T> function, CancellationToken cancellation)
    {
        var compiling = worker;
        var result = compiling.Enqueue(function);
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = cancellation.Register(cancelled.SetResult);
        if (await Task.WhenAny(result, cancelled.Task) == result) return await result;
        if (await Task.WhenAny(result, Task.Delay(CancellationTimeout, CancellationToken.None)) == result) return await result;
        compiling.GiveUp();
        if (worker == compiling) worker = new();
        throw new OperationCanceledException(cancellation);
    }

    private sealed class Worker
    {
        // Not a BlockingCollection, whose wait spins for 0.1 ms while the compiled cell needs the processor. Not a monitor either, because
        // a thread that is woken while the lock is still held waits a second time.
        private readonly ConcurrentQueue<Action> work = new();
        private readonly AutoResetEvent changed = new(false);
        private readonly Thread thread;
        private volatile bool isGivenUp;

        public Worker()
        {
            thread = new Thread(Run, StackBytes) { IsBackground = true, Name = "compilation" };
            thread.Start();
        }

        public Task<T> Enqueue<T>(Func<T> function)
        {
            // The caller resumes on its own context, so this thread does not run its continuation.
            var result = new TaskCompletionSource<T>();
            work.Enqueue(() =>
            {
                try
                {
                    result.SetResult(function());
                }
                catch (OperationCanceledException)
                {
                    result.SetCanceled();
                }
                catch (Exception exception)
                {
                    result.SetException(exception);
                }
            });
            changed.Set();
            return result.Task;
        }

        /// <summary>Ends the thread; nothing more may be enqueued.</summary>
        public void GiveUp()
        {
            isGivenUp = true;
            changed.Set();
            thread.Priority = ThreadPriority.Lowest;
        }

        private void Run()
        {
            while (true)
            {
                while (work.TryDequeue(out var next)) next();
                if (isGivenUp) return;
                changed.WaitOne();
            }
        }
    }
}
