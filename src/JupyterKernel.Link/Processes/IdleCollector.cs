namespace JupyterKernel.Link.Processes;

/// <summary>
/// Collects and compacts the heap of an idle process, which returns memory to the system. By itself, the runtime lets garbage grow to the
/// size of the processor's cache: on a large server to almost 200 MB in each process. Not for several threads at once.
/// </summary>
/// <param name="minAllocatedBytes">The number of bytes that must be allocated after a collection before the next one is due.</param>
/// <param name="maxHeapBytes">
/// The maximum heap size; a larger heap is left to the runtime, because its collection would delay an arriving cell.
/// </param>
internal sealed class IdleCollector(long minAllocatedBytes, long maxHeapBytes = long.MaxValue)
{
    /// <summary>The time without work after which a process counts as idle.</summary>
    public static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(1);

    private long allocatedAtLastCollection;

    /// <summary>Whether enough memory was allocated since the last collection.</summary>
    public bool IsDue => GC.GetTotalAllocatedBytes() - allocatedAtLastCollection >= minAllocatedBytes;

    /// <summary>Collects the heap. Blocks all threads of the process during the collection.</summary>
    public void Collect()
    {
        if (GC.GetGCMemoryInfo().HeapSizeBytes <= maxHeapBytes)
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        allocatedAtLastCollection = GC.GetTotalAllocatedBytes();
    }
}
