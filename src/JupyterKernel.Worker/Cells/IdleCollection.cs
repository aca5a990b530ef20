namespace JupyterKernel.Worker.Cells;

/// <summary>
/// Gives the system back what a worker's cells have dropped, once nothing runs. The runtime by itself lets garbage pile up by the size of the processor's
/// cache: on a large server to almost two hundred megabytes, in each worker. Cell thread, which waits by itself: the kernel's
/// IdleCollector has a timer, which would collect while a cell runs.
/// </summary>
internal sealed class IdleCollection
{
    /// <summary>Nothing has run for so long.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    /// <summary>It begins with so much that was allocated.</summary>
    private const long LeastBytes = 8 * 1024 * 1024;

    /// <summary>A heap in which more lives is left to the runtime: a cell that comes meanwhile would wait too long.</summary>
    private const long MostLivingBytes = 128 * 1024 * 1024;

    private long allocatedBefore;

    /// <summary>How long to wait for something to do until <see cref="Collect"/>.</summary>
    public TimeSpan Patience => GC.GetTotalAllocatedBytes() - allocatedBefore >= LeastBytes ? Idle : Timeout.InfiniteTimeSpan;

    /// <summary>Collects, once in each pause: the wait behind it has no end, for what threads allocate that cells have left behind is the runtime's business.</summary>
    public void Collect()
    {
        if (GC.GetGCMemoryInfo().HeapSizeBytes <= MostLivingBytes) GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        allocatedBefore = GC.GetTotalAllocatedBytes();
    }
}
