using System.Diagnostics;
using JupyterKernel.Protocol;
using JupyterKernel.Supervision;

namespace JupyterKernel.Kernel;

/// <summary>
/// What kernel and worker use, as front ends ask for it. Not in the spec: ipykernel's usage_request, which
/// jupyter-resource-usage sends on control. Loop thread.
/// Source: https://github.com/ipython/ipykernel/blob/main/ipykernel/kernelbase.py (usage_request)
/// </summary>
internal sealed class UsageMeter
{
    private (long At, TimeSpan Processor) last = (Stopwatch.GetTimestamp(), TimeSpan.Zero);

    /// <summary>The usage now; the processor's is that since the last call.</summary>
    public UsageReply Measure(ProcessUsage? worker)
    {
        var kernel = ProcessUsage.OfThisProcess();
        var now = (At: Stopwatch.GetTimestamp(), Processor: kernel.Processor + (worker?.Processor ?? TimeSpan.Zero));

        // A worker that was replaced took its time with it.
        var used = Math.Max(0, (now.Processor - last.Processor) / Stopwatch.GetElapsedTime(last.At, now.At));
        last = now;
        return new UsageReply(
            Environment.MachineName, Environment.ProcessId, Math.Round(100 * used, 1), kernel.ResidentBytes + (worker?.ResidentBytes ?? 0),
            worker?.ResidentBytes ?? 0, Environment.ProcessorCount);
    }
}
