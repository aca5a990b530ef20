namespace JupyterKernel.Link.Processes;

/// <summary>
/// Collects and compacts the heap of a process that is idle, which returns the memory to the system. The runtime by itself lets garbage
/// grow by the size of the processor's cache: on a large server to almost two hundred megabytes in each process. Used by one thread at a
/// time.
/// </summary>
/// <param name="minAllocatedBytes">A collection is due when this much was allocated since the last one.</param>
/// <param name="maxHeapBytes">
/// The collection of a larger heap is left to the runtime: a cell that arrives meanwhile would wait too long.
/// </param>
internal sealed class IdleCollector(long minAllocatedBytes, long maxHeapBytes = long.MaxValue)
{
    /// <summary>How long a process has run nothing before it counts as idle.</summary>
    public static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(1);

    private long allocatedAtLastCollection;

    /// <summary>Whether enough was allocated since the last collection.</summary>
    public bool IsDue => GC.GetTotalAllocatedBytes() - allocatedAtLastCollection >= minAllocatedBytes;

    /// <summary>Collects. Blocks all threads of the process meanwhile.</summary>
    public void Collect()
    {
        if (GC.GetGCMemoryInfo().HeapSizeBytes <= maxHeapBytes)
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        allocatedAtLastCollection = GC.GetTotalAllocatedBytes();
    }
}
