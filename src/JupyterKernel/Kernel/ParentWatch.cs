using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using JupyterKernel.Execution;

#pragma warning disable RS0030 // Checks whether the parent is running.

namespace JupyterKernel.Kernel;

/// <summary>
/// Detects the end of the process that the kernel belongs to, so that no orphaned kernel remains: the process named by JPY_PARENT_PID,
/// otherwise the one that started the kernel. Its timer runs on the pool.
/// </summary>
/// <remarks>
/// Without JPY_PARENT_PID, a kernel outlives its parent if that was requested: it leads its own session (<c>setsid</c>, jupyter_client's
/// <c>independent=True</c>), or ignores signals that its parent does not ignore (<c>nohup</c>, <c>&amp;</c> in a script). The same applies
/// if the parent is init, as for a daemon, or ends within two seconds, before the first request: then it was a launcher. On Windows, front
/// ends such as VS Code end their children with a job object.
/// </remarks>
internal static class ParentWatch
{
    private const int Hangup = 1;
    private const int Interrupt = 2;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LaunchTime = TimeSpan.FromSeconds(2);

    /// <summary>Starts the watch; null if there is no process to watch.</summary>
    /// <param name="isInUse">Whether a request has been received.</param>
    /// <param name="gone">
    /// Called from the pool with the reason, as a sentence, when the process has ended; may be called more than once.
    /// </param>
    /// <param name="warn">Logs a sentence.</param>
    public static Timer? Start(Func<bool> isInUse, Action<string> gone, Action<string> warn)
    {
        if (Named() is { } named)
        {
            if (named == ParentId()) return Watch(named, () => ParentId() != named);

            // In a PID namespace the number may belong to no process, to a later one, or to this one.
            if (named != Environment.ProcessId && StartTime(named) is { } started
                && started <= (StartTime(Environment.ProcessId) ?? long.MaxValue))
                return Watch(named, () => StartTime(named) != started);
            warn(string.Create(CultureInfo.InvariantCulture,
                $"Process {named}, named by JPY_PARENT_PID, was not found. The kernel will not shut down when it ends."));
        }

        var parent = ParentId();
        if (parent <= 1 || IsDetached(parent)) return null;
        var running = Stopwatch.StartNew();
        var wasLauncher = false;
        return Watch(parent, () =>
        {
            if (wasLauncher || ParentId() == parent) return false;
            wasLauncher = running.Elapsed < LaunchTime && !isInUse();
            return !wasLauncher;
        });

        Timer Watch(int id, Func<bool> hasEnded) => new(
            _ =>
            {
                if (hasEnded())
                {
                    gone(string.Create(CultureInfo.InvariantCulture,
                        $"Process {id}, which started this kernel, has ended; the kernel is shutting down."));
                }
            },
            null, Interval, Interval);
    }

    /// <summary>Reads the process that JPY_PARENT_PID names; on Windows it is an inherited handle of the process.</summary>
    private static int? Named()
    {
        if (!long.TryParse(Environment.GetEnvironmentVariable("JPY_PARENT_PID"), NumberStyles.None, CultureInfo.InvariantCulture,
            out var parent))
        {
            return null;
        }
        if (OperatingSystem.IsWindows() && GetProcessId((nint)parent) is var id and > 0) return id;
        return parent is > 1 and <= int.MaxValue ? (int)parent : null;
    }

    /// <summary>
    /// Reads the start time of a running process, in a system-specific unit: together with the process id it is unique. Null if there is no
    /// such process.
    /// </summary>
    private static long? StartTime(int id)
    {
        try
        {
            // A process that has ended keeps its id until its parent has read its exit code.
            if (OperatingSystem.IsLinux())
            {
                var fields = StatusFields(id);
                return fields[0] is "Z" or "X" ? null : long.Parse(fields[19], CultureInfo.InvariantCulture);
            }

            using var process = Process.GetProcessById(id);
            return process.HasExited ? null : process.StartTime.Ticks;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // It exists and belongs to another user.
            return 0;
        }
        catch (Exception none) when (none is ArgumentException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // The fields from the state on, because the program name before it may contain any character.
    // Source: proc_pid_stat(5)
    private static string[] StatusFields(int id)
    {
        var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/stat"));
        return text[(text.LastIndexOf(')') + 2)..].Split(' ');
    }

    private static bool IsDetached(int parent)
    {
        if (getsid(0) == Environment.ProcessId) return true;
        var ignoredByParent = IgnoredSignals(parent);
        return ((int[])[Hangup, Interrupt]).Any(signal => Ignores(signal) && (ignoredByParent >> (signal - 1) & 1) == 0);
    }

    private static bool Ignores(int signal)
    {
        // The handler is the first field on every system.
        var action = new nint[64];
        return sigaction(signal, 0, action) == 0 && action[0] == 1; // SIG_IGN
    }

    /// <summary>Reads the signals that a process ignores, one bit each; zero where the system does not provide them.</summary>
    private static ulong IgnoredSignals(int id)
    {
        const string Name = "SigIgn:";
        try
        {
            var line = OperatingSystem.IsLinux()
                ? File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/status"))
                    .FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal)) : null;
            return line is null ? 0
                : ulong.Parse(line.AsSpan(Name.Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static int ParentId() => OperatingSystem.IsWindows() ? 0 : getppid();

    [DllImport("libc")] private static extern int getppid();

    [DllImport("libc")] private static extern int getsid(int process);

    [DllImport("libc")] private static extern int sigaction(int signal, nint newAction, [Out] nint[] action);

    [DllImport("kernel32")] private static extern int GetProcessId(nint process);
}
