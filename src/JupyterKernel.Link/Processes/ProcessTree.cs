using System.Globalization;
using System.Runtime.InteropServices;

namespace JupyterKernel.Link.Processes;

/// <summary>
/// Finds the processes that a worker's cells started. On Unix, a worker leads its own process group, to which its descendants belong even
/// after their parent has exited. A process that has left the group is found through its parent; if its parents have exited too, it is a
/// daemon and is left running. Any thread.
/// Source: https://man7.org/linux/man-pages/man2/setpgid.2.html
/// </summary>
internal static class ProcessTree
{
    private const int SigKill = 9;
    private const int SigTerm = 15;

    /// <summary>The time that processes have to exit after SIGTERM.</summary>
    private static readonly TimeSpan TermTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>Makes this process the leader of its own group.</summary>
    public static void LeadGroup()
    {
        if (!OperatingSystem.IsWindows()) _ = setpgid(0, 0);
    }

    /// <summary>Returns the descendants of a worker, without the worker itself; empty on Windows.</summary>
    /// <remarks>Without /proc, a single entry represents the whole group.</remarks>
    public static IReadOnlyList<StartedProcess> Of(int worker)
    {
        if (OperatingSystem.IsWindows()) return [];
        if (!OperatingSystem.IsLinux()) return kill(-worker, 0) == 0 ? [new(-worker, null)] : [];
        var all = new List<(int Id, int Parent, int Group, string StartTime)>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && Stat(id) is { IsZombie: false } stat)
            {
                all.Add((id, stat.Parent, stat.Group, stat.StartTime));
            }
        }

        var found = new HashSet<int> { worker };
        while (all.Exists(process => (found.Contains(process.Parent) || process.Group == worker) && found.Add(process.Id)))
        {
            // Repeated until no process is added, because the list may contain children before their parents.
        }

        return [.. all.Where(process => process.Id != worker && found.Contains(process.Id))
            .Select(process => new StartedProcess(process.Id, process.StartTime))];
    }

    /// <summary>
    /// Terminates processes of a worker: sends SIGTERM and, after 1 s, SIGKILL to those still running and to all
    /// processes that they have started.
    /// </summary>
    public static async Task EndAsync(int worker, IReadOnlyList<StartedProcess> processes)
    {
        if (processes.Count == 0) return;
        foreach (var process in processes) _ = kill(process.Id, SigTerm);
        for (var waited = TimeSpan.Zero; waited < TermTime && processes.Any(Runs); waited += LookInterval)
        {
            await Task.Delay(LookInterval).ConfigureAwait(false);
        }
        foreach (var process in processes.Union(Of(worker)).Where(Runs)) _ = kill(process.Id, SigKill);
    }

    /// <summary>Returns the process that started this one; null if unknown.</summary>
    public static StartedProcess? Parent() =>
        !OperatingSystem.IsWindows() && getppid() is var parent and > 1 ? new(parent, StartTime(parent)) : null;

    /// <summary>Returns the start time of a process as in the names of the runtime's files; null if unknown.</summary>
    public static string? StartTime(int process) => OperatingSystem.IsLinux() ? Stat(process)?.StartTime : null;

    private static bool Runs(StartedProcess process) =>
        process.StartTime is null
            ? kill(process.Id, 0) == 0
            : Stat(process.Id) is { IsZombie: false, StartTime: var time } && time == process.StartTime;

    // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: the name, which is in parentheses, may contain any character.
    private static (int Parent, int Group, bool IsZombie, string StartTime)? Stat(int process)
    {
        try
        {
            var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return (int.Parse(fields[1], CultureInfo.InvariantCulture), int.Parse(fields[2], CultureInfo.InvariantCulture),
                fields[0] is "Z" or "X", fields[19]);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [DllImport("libc")] private static extern int setpgid(int process, int group);
    [DllImport("libc")] private static extern int getppid();
    [DllImport("libc")] private static extern int kill(int process, int signal);
}

/// <summary>A process that a cell started.</summary>
/// <param name="Id">The process id; negative for a process group.</param>
/// <param name="StartTime">Distinguishes the process from a later one with the same id; null if unknown.</param>
internal readonly record struct StartedProcess(int Id, string? StartTime);
