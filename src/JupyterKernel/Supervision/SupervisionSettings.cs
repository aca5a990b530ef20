using System.Globalization;

namespace JupyterKernel.Supervision;

/// <summary>How workers are kept, from the environment (a kernelspec's <c>env</c> sets it). Immutable.</summary>
internal sealed record SupervisionSettings
{
    private const long MiB = 1024 * 1024;

    /// <summary>This kernel's settings.</summary>
    public static SupervisionSettings Current { get; } = new();

    /// <summary>
    /// <c>JUPYTER_CSHARP_MEMORY_CEILING_MB</c>: the worker's heap never grows past this. Default: 80 % of what the machine
    /// or the cgroup allows.
    /// </summary>
    public long MemoryCeilingBytes { get; } =
        Number("JUPYTER_CSHARP_MEMORY_CEILING_MB") is { } mb ? mb * MiB : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 10 * 8;

    /// <summary><c>JUPYTER_CSHARP_MAX_RESTARTS</c>: so many workers within a minute, and no more are started. Default: 30.</summary>
    public int MaxRestarts { get; } = (int)(Number("JUPYTER_CSHARP_MAX_RESTARTS") ?? 30);

    /// <summary><c>JUPYTER_CSHARP_SPARE_SECONDS</c>: how long an idle kernel keeps a spare worker; 0 for none. Default: 30 minutes.</summary>
    public TimeSpan SpareTime { get; } = TimeSpan.FromSeconds(Number("JUPYTER_CSHARP_SPARE_SECONDS") ?? 1800);

    /// <summary><c>JUPYTER_CSHARP_NOTICES</c>: <c>off</c> keeps what the kernel has to say out of the cells' output.</summary>
    public bool ShowsNotices { get; } = Environment.GetEnvironmentVariable("JUPYTER_CSHARP_NOTICES") is not "off";

    private static long? Number(string name) =>
        long.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= int.MaxValue ? number : null;
}
