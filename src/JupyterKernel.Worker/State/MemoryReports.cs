using JupyterKernel.Link;

namespace JupyterKernel.Worker.State;

/// <summary>What this worker's runtime says of its memory. Any thread.</summary>
internal static class MemoryReports
{
    private static int assemblies;

    static MemoryReports()
    {
        // Counted as they come: to list them would take longer with every cell.
        AppDomain.CurrentDomain.AssemblyLoad += (_, _) => Interlocked.Increment(ref assemblies);
        Interlocked.Add(ref assemblies, AppDomain.CurrentDomain.GetAssemblies().Length);
    }

    /// <summary>The state of things now; it costs microseconds.</summary>
    public static MemoryReport Now(long request) => new(
        request, GC.GetTotalMemory(forceFullCollection: false), GC.GetGCMemoryInfo().TotalCommittedBytes, Volatile.Read(ref assemblies));
}
