using System.Diagnostics;

#pragma warning disable RS0030 // Reads other owners' processes, and starts and ends none.

namespace JupyterKernel.Supervision;

/// <summary>What a process uses, as the operating system sees it from outside. Any thread.</summary>
/// <param name="ResidentBytes">Memory in RAM, shared pages included.</param>
/// <param name="Processor">Processor time since its start, of all its threads.</param>
internal sealed record ProcessUsage(long ResidentBytes, TimeSpan Processor)
{
    /// <summary>What this process uses.</summary>
    public static ProcessUsage OfThisProcess()
    {
        using var self = Process.GetCurrentProcess();
        return Of(self);
    }

    /// <summary>What a process uses; nothing if it has ended.</summary>
    public static ProcessUsage Of(Process process)
    {
        try
        {
            process.Refresh();
            return new(process.WorkingSet64, process.TotalProcessorTime);
        }
        catch (InvalidOperationException)
        {
            return new(0, TimeSpan.Zero);
        }
    }
}
