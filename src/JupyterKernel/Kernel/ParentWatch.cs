using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using JupyterKernel.Execution;

#pragma warning disable RS0030 // Looks whether the parent lives.

namespace JupyterKernel.Kernel;

/// <summary>
/// Notices the end of the process that the kernel belongs to, so that no kernel is left behind: the one that JPY_PARENT_PID names, else the
/// one that started the kernel. Its timer runs on the pool.
/// </summary>
/// <remarks>
/// Without JPY_PARENT_PID a kernel outlives its parent if it was told to: it leads a session of its own (<c>setsid</c>, jupyter_client's
/// <c>independent=True</c>), or ignores signals that its parent does not ignore (<c>nohup</c>, <c>&amp;</c> in a script). So it does if the
/// parent is init, as for a daemon, or ends within two seconds, before anything was asked of the kernel: then it was a launcher.
/// On Windows front ends such as VS Code end their children by a job object.
/// </remarks>
internal static class ParentWatch
{
    private const int Hangup = 1;
    private const int Interrupt = 2;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LaunchTime = TimeSpan.FromSeconds(2);

    /// <summary>Starts watching; null if there is nothing to watch.</summary>
    /// <param name="isInUse">Whether anything has been asked of the kernel.</param>
    /// <param name="gone">Called from the pool with the reason, in a sentence, when the process is gone; perhaps more than once.</param>
    /// <param name="warn">Takes a sentence for the log.</param>
    public static Timer? Start(Func<bool> isInUse, Action<string> gone, Action<string> warn)
    {
        if (Named() is { } named)
        {
            if (named == ParentId()) return Watch(named, () => ParentId() != named);

            // In a PID namespace the number names no process, or one that came later, or this one.
            if (named != Environment.ProcessId && StartTime(named) is { } started && started <= (StartTime(Environment.ProcessId) ?? long.MaxValue))
                return Watch(named, () => StartTime(named) != started);
            warn(string.Create(CultureInfo.InvariantCulture, $"JPY_PARENT_PID names process {named}, which cannot be seen from here. Its end will not end this kernel."));
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
                if (hasEnded()) gone(string.Create(CultureInfo.InvariantCulture, $"Process {id}, which started this kernel, has ended. So the kernel shuts down."));
            },
            null, Interval, Interval);
    }

    /// <summary>The process that JPY_PARENT_PID names. On Windows it is an inherited handle of the process.</summary>
    private static int? Named()
    {
        if (!long.TryParse(Environment.GetEnvironmentVariable("JPY_PARENT_PID"), NumberStyles.None, CultureInfo.InvariantCulture, out var parent)) return null;
        if (OperatingSystem.IsWindows() && GetProcessId((nint)parent) is var id and > 0) return id;
        return parent is > 1 and <= int.MaxValue ? (int)parent : null;
    }

    /// <summary>When a process that runs was started, in a unit of the system's: with its number it is unique. Null if there is none.</summary>
    private static long? StartTime(int id)
    {
        try
        {
            // A process that has ended keeps its number until its parent has asked for its exit code.
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
            // It is there, and another user's.
            return 0;
        }
        catch (Exception none) when (none is ArgumentException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // From the state on: the program's name before it may hold anything. Source: proc_pid_stat(5)
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
        // The handler comes first, whatever the system's structure is.
        var action = new nint[64];
        return sigaction(signal, 0, action) == 0 && action[0] == 1; // SIG_IGN
    }

    /// <summary>A bit for each signal that a process ignores; none where the system does not tell.</summary>
    private static ulong IgnoredSignals(int id)
    {
        const string Name = "SigIgn:";
        try
        {
            var line = OperatingSystem.IsLinux()
                ? File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/status")).FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal)) : null;
            return line is null ? 0 : ulong.Parse(line.AsSpan(Name.Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
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
