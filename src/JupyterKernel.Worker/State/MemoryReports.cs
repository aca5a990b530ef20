using JupyterKernel.Link;

namespace JupyterKernel.Worker.State;

/// <summary>Reads the memory figures of this worker's runtime. Any thread.</summary>
internal static class MemoryReports
{
    private static int assemblies;

    static MemoryReports()
    {
        // Counted when loaded, because listing them would take longer with every cell.
        AppDomain.CurrentDomain.AssemblyLoad += (_, _) => Interlocked.Increment(ref assemblies);
        Interlocked.Add(ref assemblies, AppDomain.CurrentDomain.GetAssemblies().Length);
    }

    /// <summary>Returns the current figures; reading them takes microseconds.</summary>
    public static MemoryReport Now(long request) => new(
        request, GC.GetTotalMemory(forceFullCollection: false), GC.GetGCMemoryInfo().TotalCommittedBytes, Volatile.Read(ref assemblies));
}
