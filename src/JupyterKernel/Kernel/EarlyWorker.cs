using JupyterKernel.Supervision;

namespace JupyterKernel.Kernel;

/// <summary>
/// Starts the first worker's process after the reply to the first request: on two cores, a second process that starts while the sockets are
/// bound and the compiler is loaded delays kernel_info. Loop thread.
/// </summary>
internal sealed class EarlyWorker
{
    /// <summary>The maximum delay of the start, for a client that sends no request or sends it later.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromMilliseconds(60);

    private readonly Task<WorkerProcess> process = new(WorkerProcess.Start);

    /// <summary>Completes when the process has been started.</summary>
    public Task<WorkerProcess> Process => process;

    /// <summary>Starts the process on the pool, unless already started.</summary>
    public void Start()
    {
        if (process.Status == TaskStatus.Created) process.Start(TaskScheduler.Default);
    }

    /// <summary>Starts the process after a delay if no request arrives.</summary>
    public async Task StartSoonAsync()
    {
        await Task.Delay(MaxWait);
        Start();
    }
}
