using System.Diagnostics;
using System.Globalization;

#pragma warning disable RS0030 // Reads processes of other owners; it neither starts nor ends any.

namespace JupyterKernel.Supervision;

/// <summary>The resources a process uses, as reported by the operating system. Any thread.</summary>
/// <param name="ResidentBytes">The memory in RAM, including shared pages.</param>
/// <param name="PrivateBytes">
/// The memory that only this process uses, including swapped-out memory; it is freed when the process ends.
/// </param>
/// <param name="Processor">The processor time of all threads since the start of the process.</param>
internal sealed record ProcessUsage(long ResidentBytes, long PrivateBytes, TimeSpan Processor)
{
    /// <summary>The usage of this process.</summary>
    public static ProcessUsage OfThisProcess()
    {
        using var self = Process.GetCurrentProcess();
        return Of(self);
    }

    /// <summary>The usage of a process; zero if it has ended.</summary>
    public static ProcessUsage Of(Process process)
    {
        try
        {
            process.Refresh();

            // On Linux, .NET also counts reserved memory as private; on macOS and Windows it uses the system's number.
            var (resident, own) = OperatingSystem.IsLinux() ? OfLinux(process.Id) : (process.WorkingSet64, process.PrivateMemorySize64);
            return new(resident, own, process.TotalProcessorTime);
        }
        catch (Exception gone) when (gone is InvalidOperationException or IOException or System.ComponentModel.Win32Exception)
        {
            return new(0, 0, TimeSpan.Zero);
        }
    }

    /// <summary>The available memory of the machine or, if smaller, of this process's control group, in bytes.</summary>
    public static long AvailableBytes()
    {
        var memory = GC.GetGCMemoryInfo();
        var free = memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes;
        if (!OperatingSystem.IsLinux()) return free;
        try
        {
            var line = File.ReadLines("/proc/meminfo").FirstOrDefault(line => line.StartsWith("MemAvailable:", StringComparison.Ordinal));
            return Math.Min(line is null ? free : Kilobytes(line), GroupBytes("memory.max") - GroupBytes("memory.current"));
        }
        catch (IOException)
        {
            return free;
        }
    }

    // https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
    private static (long Resident, long Own) OfLinux(int id)
    {
        long resident = 0, own = 0;
        foreach (var line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/status")))
        {
            if (line.StartsWith("VmRSS:", StringComparison.Ordinal)) resident = Kilobytes(line);
            else if (line.StartsWith("RssAnon:", StringComparison.Ordinal) || line.StartsWith("VmSwap:", StringComparison.Ordinal))
            {
                own += Kilobytes(line);
            }
        }

        return (resident, own);
    }

    private static long Kilobytes(string line) =>
        long.Parse(line.AsSpan(line.IndexOf(':', StringComparison.Ordinal) + 1).Trim().TrimEnd("kB"), NumberStyles.AllowTrailingWhite,
            CultureInfo.InvariantCulture) * 1024;

    // https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
    private static long GroupBytes(string file) =>
        File.Exists($"/sys/fs/cgroup/{file}")
            && long.TryParse(File.ReadAllText($"/sys/fs/cgroup/{file}"), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture,
                out var bytes)
            ? bytes
            : file == "memory.max" ? long.MaxValue : 0;
}
