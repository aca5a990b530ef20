using JupyterKernel.Link.Processes;

namespace JupyterKernel.Hosting;

/// <summary>Collects the kernel's garbage while the kernel is idle. Any thread may report activity; the pool collects.</summary>
internal sealed class IdleCollectionTimer : IDisposable
{
    private const long MinAllocatedBytes = 16 * 1024 * 1024;
    private static readonly TimeSpan RecheckTime = TimeSpan.FromSeconds(4);

    private readonly IdleCollector collector = new(MinAllocatedBytes);
    private readonly Timer timer;

    public IdleCollectionTimer() => timer = new Timer(_ => Collect());

    /// <summary>Records a request, which restarts the idle time of <see cref="IdleCollector.IdleTime"/>.</summary>
    public void Active() => timer.Change(IdleCollector.IdleTime, Timeout.InfiniteTimeSpan);

    /// <inheritdoc/>
    public void Dispose() => timer.Dispose();

    private void Collect()
    {
        if (!collector.IsDue) return;
        collector.Collect();

        // Recycling does work without a request.
        timer.Change(RecheckTime, Timeout.InfiniteTimeSpan);
    }
}
