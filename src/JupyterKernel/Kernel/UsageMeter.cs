using System.Diagnostics;
using JupyterKernel.Protocol;
using JupyterKernel.Supervision;

namespace JupyterKernel.Kernel;

/// <summary>
/// Measures the resources of kernel and worker for front ends. Not in the spec: ipykernel's usage_request, which jupyter-resource-usage
/// sends on control. Loop thread.
/// Source: https://github.com/ipython/ipykernel/blob/main/ipykernel/kernelbase.py (usage_request)
/// </summary>
internal sealed class UsageMeter
{
    private (long At, TimeSpan Processor) last = (Stopwatch.GetTimestamp(), TimeSpan.Zero);

    /// <summary>Measures the present usage; processor time is counted since the last call.</summary>
    public UsageReply Measure(ProcessUsage? worker)
    {
        var kernel = ProcessUsage.OfThisProcess();
        var now = (At: Stopwatch.GetTimestamp(), Processor: kernel.Processor + (worker?.Processor ?? TimeSpan.Zero));

        // The processor time of a replaced worker is no longer included.
        var used = Math.Max(0, (now.Processor - last.Processor) / Stopwatch.GetElapsedTime(last.At, now.At));
        last = now;
        return new UsageReply(
            Environment.MachineName, Environment.ProcessId, Math.Round(100 * used, 1), kernel.ResidentBytes + (worker?.ResidentBytes ?? 0),
            worker?.ResidentBytes ?? 0, Environment.ProcessorCount);
    }
}
