namespace JupyterKernel.Hosting;

/// <summary>
/// Gives memory back when the kernel has nothing to do: the collector by itself waits for tens of megabytes of garbage,
/// which a kernel that idles for hours need not hold. Any thread may report activity; it collects on the pool.
/// </summary>
internal sealed class IdleCollector : IDisposable
{
    private const long WorthwhileBytes = 16 * 1024 * 1024;
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan UntilNextLook = TimeSpan.FromSeconds(4);

    private readonly Timer timer;
    private long allocatedAtLastCollection;

    public IdleCollector() => timer = new Timer(_ => Collect());

    /// <summary>Something was asked for: not before a second from now.</summary>
    public void Active() => timer.Change(IdleTime, Timeout.InfiniteTimeSpan);

    /// <inheritdoc/>
    public void Dispose() => timer.Dispose();

    private void Collect()
    {
        if (GC.GetTotalAllocatedBytes() - allocatedAtLastCollection < WorthwhileBytes) return;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        allocatedAtLastCollection = GC.GetTotalAllocatedBytes();

        // There is work that nobody has asked for.
        timer.Change(UntilNextLook, Timeout.InfiniteTimeSpan);
    }
}
