using JupyterKernel.Supervision;
using JupyterKernel.Link;

namespace JupyterKernel.Kernel;

/// <summary>
/// The first worker's process, whose start waits for the answer to the first request: on two cores, a second process that
/// starts while the sockets are bound and the compiler is loaded makes the client wait for kernel_info. Loop thread.
/// </summary>
internal sealed class EarlyWorker
{
    /// <summary>For a client that asks nothing, or only later.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromMilliseconds(60);

    private readonly Task<WorkerProcess> process = new(WorkerProcess.Start);

    /// <summary>Completes when the process has been started.</summary>
    public Task<WorkerProcess> Process => process;

    /// <summary>Starts the process, on the pool, if that has not been done; meanwhile its messages are made ready for.</summary>
    public void Start()
    {
        if (process.Status != TaskStatus.Created) return;
        process.Start(TaskScheduler.Default);
        _ = Task.Run(PairFraming.Warm);
    }

    /// <summary>Starts the process when a while has passed without a request.</summary>
    public async Task StartSoonAsync()
    {
        await Task.Delay(MaxWait);
        Start();
    }
}
