using System.Collections.Concurrent;

namespace JupyterKernel.Compilation;

/// <summary>
/// The single thread that compiles cells, one after the other. Its stack is deep, because Roslyn recurses as deeply as the code nests, and
/// the thread is started early, so that no cell waits for a pool thread. Call it from one thread.
/// </summary>
internal sealed class CompilationThread
{
    // Reserved address space: the system commits a stack's memory as it grows.
    private const int StackBytes = 256 * 1024 * 1024;

    /// <summary>The time after which the thread of a cancelled compilation is abandoned.</summary>
    private static readonly TimeSpan CancellationTimeout = TimeSpan.FromSeconds(1);

    private Worker worker = new();

    /// <summary>Runs a function on the thread; its exception becomes the task's.</summary>
    /// <remarks>
    /// Some texts keep Roslyn's parser busy indefinitely without checking the cancellation token. Then the thread is abandoned with the
    /// lowest priority, and a new one replaces it.
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
        // Not a BlockingCollection: its wait spins for a tenth of a millisecond, while the compiled cell needs the processor. Not a
        // monitor: a thread that is woken while the lock is still held waits a second time.
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
            // The awaiting caller resumes on its own context, so this thread does nothing beyond the function.
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

        /// <summary>Ends the thread: nothing is enqueued any more.</summary>
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
