namespace JupyterKernel.Supervision;

/// <summary>What a <see cref="WorkerSlot"/> holds.</summary>
internal enum WorkerSlotState
{
    /// <summary>No worker.</summary>
    Empty,

    /// <summary>A worker that is started, or brought to the session's state.</summary>
    Starting,

    /// <summary>A worker with the session's state.</summary>
    Serving,

    /// <summary>A worker that served and has ended, which has not been reported yet.</summary>
    Ended,

    /// <summary>A start that failed.</summary>
    Failed,
}

/// <summary>The place of the session's worker. Its worker is replaced as a whole. Loop thread.</summary>
internal sealed class WorkerSlot
{
    private Task<SupervisedWorker>? worker;
    private CancellationTokenSource starting = new();

    /// <summary>What it holds now.</summary>
    public WorkerSlotState State => worker switch
    {
        null => WorkerSlotState.Empty,
        { IsCompleted: false } => WorkerSlotState.Starting,
        { IsCompletedSuccessfully: false } => WorkerSlotState.Failed,
        { Result.HasEnded: true } => WorkerSlotState.Ended,
        _ => WorkerSlotState.Serving,
    };

    /// <summary>The worker that serves the session; null in any other state.</summary>
    public SupervisedWorker? Serving => State == WorkerSlotState.Serving ? worker!.Result : null;

    /// <summary>The worker that is coming, or is there; faults with a <see cref="WorkerStartException"/> if none can be had. There must be one, or a start.</summary>
    public Task<SupervisedWorker> Worker => worker!;

    /// <summary>Starts a worker in the place of what there was.</summary>
    /// <param name="start">Brings one to the session's state; it is given what cancels that.</param>
    public void Start(Func<CancellationToken, Task<SupervisedWorker>> start)
    {
        starting = new();
        worker = start(starting.Token);
    }

    /// <summary>Ends the start of the worker, and its replay.</summary>
    public void CancelStart() => starting.Cancel();

    /// <summary>Puts a worker with the session's state in the place of what there was.</summary>
    public void Put(SupervisedWorker fresh) => worker = Task.FromResult(fresh);

    /// <summary>Does something more with the worker before it serves.</summary>
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

    /// <summary>Takes out a worker that has ended.</summary>
    public SupervisedWorker TakeEnded()
    {
        var ended = worker!.Result;
        worker = null;
        return ended;
    }
}
