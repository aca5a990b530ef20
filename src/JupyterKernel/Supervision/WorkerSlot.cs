#pragma warning disable RS0030 // Results are only read of tasks that have completed.

namespace JupyterKernel.Supervision;

/// <summary>The state of a <see cref="WorkerSlot"/>.</summary>
internal enum WorkerSlotState
{
    /// <summary>No worker.</summary>
    Empty,

    /// <summary>A worker is being started or brought to the session's state.</summary>
    Starting,

    /// <summary>A worker with the session's state serves.</summary>
    Serving,

    /// <summary>A worker that served has ended, and this has not been reported yet.</summary>
    Ended,

    /// <summary>The start of a worker failed.</summary>
    Failed,
}

/// <summary>Holds the session's worker, which is replaced as a whole. Loop thread.</summary>
internal sealed class WorkerSlot
{
    private Task<SupervisedWorker>? worker;
    private CancellationTokenSource starting = new();

    /// <summary>The present state.</summary>
    public WorkerSlotState State => worker switch
    {
        null => WorkerSlotState.Empty,
        { IsCompleted: false } => WorkerSlotState.Starting,
        { IsCompletedSuccessfully: false } => WorkerSlotState.Failed,
        { Result.HasEnded: true } => WorkerSlotState.Ended,
        _ => WorkerSlotState.Serving,
    };

    /// <summary>The serving worker; null in every other state.</summary>
    public SupervisedWorker? Serving => State == WorkerSlotState.Serving ? worker!.Result : null;

    /// <summary>
    /// The present or starting worker; faults with a <see cref="WorkerStartException"/> if no worker can be started. Not valid in the state
    /// <see cref="WorkerSlotState.Empty"/>.
    /// </summary>
    public Task<SupervisedWorker> Worker => worker!;

    /// <summary>Starts a worker, replacing the previous content.</summary>
    /// <param name="start">Starts a worker and brings it to the session's state; its argument cancels the start.</param>
    public void Start(Func<CancellationToken, Task<SupervisedWorker>> start)
    {
        starting = new();
        worker = start(starting.Token);
    }

    /// <summary>Cancels the start of the worker and its replay.</summary>
    public void CancelStart() => starting.Cancel();

    /// <summary>Puts a worker that has the session's state into the slot, in place of the previous content.</summary>
    public void Put(SupervisedWorker fresh) => worker = Task.FromResult(fresh);

    /// <summary>Adds a step that runs when the worker has been started, before it serves.</summary>
    public void BeforeServing(Func<SupervisedWorker, Task> prepare)
    {
        worker = PrepareAsync(worker!);

        async Task<SupervisedWorker> PrepareAsync(Task<SupervisedWorker> started)
        {
            var fresh = await started;
            await prepare(fresh);
            return fresh;
        }
    }

    /// <summary>Removes and returns a worker that has ended.</summary>
    public SupervisedWorker TakeEnded()
    {
        var ended = worker!.Result;
        worker = null;
        return ended;
    }
}
