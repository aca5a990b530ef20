using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

#pragma warning disable RS0030 // Looks whether the parent lives.

namespace JupyterKernel.Kernel;

/// <summary>
/// Notices the end of the process that started the kernel (JPY_PARENT_PID), so that no kernel is left behind. Its timer
/// runs on the pool.
/// </summary>
internal static class ParentWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Calls back once when the parent is gone. Null if no parent is named.</summary>
    public static Timer? Start(Action gone)
    {
        if (!int.TryParse(Environment.GetEnvironmentVariable("JPY_PARENT_PID"), NumberStyles.None, CultureInfo.InvariantCulture, out var parent) || parent <= 1) return null;

        // A process's number may be given to another; one's own parent is known for certain.
        var isOwnParent = !OperatingSystem.IsWindows() && getppid() == parent;
        return new Timer(
            _ =>
            {
                if (isOwnParent ? getppid() != parent : !Exists(parent)) gone();
            },
            null, Interval, Interval);
    }

    private static bool Exists(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // It is there, and another user's.
            return true;
        }
    }

    [DllImport("libc")] private static extern int getppid();
}
