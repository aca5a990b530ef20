using System.Runtime.InteropServices;
using System.Text;

namespace JupyterKernel.Hosting;

/// <summary>
/// Checks the system's limits for this process. It runs first and uses nothing else of the program, because a process with a low limit on
/// open files can load neither its libraries nor the console.
/// </summary>
internal static class SystemLimits
{
    /// <summary>
    /// The minimum limit on open files: what a kernel has open after its first completion, and a margin for front ends and workers.
    /// </summary>
    private const int MinOpenFiles = 192;

    /// <summary>
    /// The minimum limit on address space, in GiB. Half of it is reserved for the heap; with less, no threads can be started.
    /// </summary>
    private const long MinAddressSpaceGiB = 5;

    private const int StandardError = 2;

    /// <summary>Whether a kernel can run; if it cannot, one line on stderr states the reason.</summary>
    public static bool Suffice()
    {
        if (OperatingSystem.IsWindows() || Problem() is not { } problem) return true;
        var line = Encoding.UTF8.GetBytes($"jupyter-csharp: {problem}\n");
        _ = write(StandardError, line, line.Length);
        return false;
    }

    private static string? Problem()
    {
        // The numbers of RLIMIT_NOFILE and RLIMIT_AS. The runtime has already raised the soft limit on open files to the hard limit.
        var (files, addressSpace) = OperatingSystem.IsMacOS() ? (8, 5) : (7, 9);
        return Limit(files) is < MinOpenFiles and var count
            ? $"The limit of open files is {count}; a kernel needs {MinOpenFiles}. Raise the limit (ulimit -n) of the process that starts "
                + $"the kernel."
            : Limit(addressSpace) >> 20 is < MinAddressSpaceGiB << 10 and var mib
                ? $"The limit of address space is {mib} MB; a kernel needs {MinAddressSpaceGiB << 10} MB. Raise the limit (ulimit -v) of "
                + $"the process that starts the kernel."
            : null;
    }

    private static unsafe ulong Limit(int resource)
    {
        ResourceLimit limit;
        return getrlimit(resource, &limit) == 0 && limit.Current != nuint.MaxValue ? limit.Current : ulong.MaxValue;
    }

    [DllImport("libc")] private static extern unsafe int getrlimit(int resource, ResourceLimit* limit);

    [DllImport("libc")] private static extern nint write(int file, byte[] bytes, nint count);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct ResourceLimit
    {
        public readonly nuint Current;
        public readonly nuint Maximum;
    }
}
