using System.Diagnostics;
using System.Security.Cryptography;
using JupyterKernel.Link.Processes;
using JupyterKernel.Settings;
using JupyterKernel.Link;

#pragma warning disable RS0030 // This is the one owner of a worker's process.

namespace JupyterKernel.Supervision;

/// <summary>
/// The one owner of a worker's operating system process. Any thread. What is written to its stdin is private between the
/// two processes: first the key, the marker token and the session's name, then a line for each endpoint to connect to. When the pipe ends,
/// with this process, however it ends, the worker ends.
/// </summary>
internal sealed class WorkerProcess : IDisposable
{
    /// <summary>What all workers of this kernel have in common: the ids of their displays begin with it.</summary>
    private static readonly byte[] Session = RandomNumberGenerator.GetBytes(NativeMarker.TokenBytes);

    /// <summary>How often the system is asked whether the process runs, in case that the framework was not told of its end.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private static readonly HashSet<Task> Ends = [];

    private readonly Process process;
    private readonly WindowsJob? job;
    private readonly string? startTime;
    private Task<IReadOnlyList<StartedProcess>>? termination;
    private volatile bool isDisposed;

    private WorkerProcess(Process process)
    {
        this.process = process;
        startTime = ProcessTree.StartTime(process.Id);
        if (OperatingSystem.IsWindows()) job = new WindowsJob(process.SafeHandle);
        Exited = WaitForExitAsync();
        Tell([.. Key, .. MarkerToken, .. Session]);
    }

    /// <summary>Signs the messages between the kernel and this worker. Nobody else is told.</summary>
    public byte[] Key { get; } = RandomNumberGenerator.GetBytes(PairFraming.KeyBytes);

    /// <summary>What this worker's <see cref="NativeMarker"/>s carry.</summary>
    public byte[] MarkerToken { get; } = RandomNumberGenerator.GetBytes(NativeMarker.TokenBytes);

    /// <summary>The operating system's number of the process.</summary>
    public int Id => process.Id;

    /// <summary>What the process writes to file descriptor 1.</summary>
    public System.IO.Stream Stdout => process.StandardOutput.BaseStream;

    /// <summary>What the process writes to file descriptor 2.</summary>
    public System.IO.Stream Stderr => process.StandardError.BaseStream;

    /// <summary>Completes with the exit code; on Unix 128 + n says that signal n ended it.</summary>
    public Task<int> Exited { get; }

    /// <summary>Whether it has ended, which <see cref="Exited"/> tells a little later.</summary>
    /// <remarks>The system is asked as well: the framework learns of it later, and a cell that is sent meanwhile would be lost.</remarks>
    public bool HasEnded => isDisposed || Exited.IsCompleted || process.HasExited || (!OperatingSystem.IsWindows() && ChildExit.Look(process.Id) is not null);

    /// <summary>What the process uses, as the system sees it.</summary>
    public ProcessUsage Usage => ProcessUsage.Of(process);

    /// <summary>Starts this program's executable as a worker.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">The system starts no process: out of memory, of processes …</exception>
    public static WorkerProcess Start()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
        };

        // As `dotnet jupyter-csharp.dll`, the process's file is the runtime's host.
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet") start.ArgumentList.Add(typeof(WorkerProcess).Assembly.Location);
        start.ArgumentList.Add("worker");

        // The kernel turns profile-guided recompilation off for its own start; a notebook's loops profit from it.
        start.Environment[WorkerEnvironment.ProfileGuided] = "1";

        // Each cell is code that is compiled and run once. Keeping its memory from being writable and executable at once
        // means mapping it twice, which costs time and some kilobytes a cell, and shields nothing from code that may do as it likes.
        start.Environment[WorkerEnvironment.WriteXorExecute] = "0";

        // A cell that allocates past the ceiling gets an OutOfMemoryException that it can catch, and the system's
        // out-of-memory killer is not woken.
        start.Environment[WorkerEnvironment.HeapHardLimit] = KernelSettings.Current.MemoryCeilingBytes.ToString("X", System.Globalization.CultureInfo.InvariantCulture);
        return new WorkerProcess(Process.Start(start)!);
    }

    /// <summary>Tells the worker where to connect.</summary>
    public void TellEndpoint(string endpoint) => Tell(System.Text.Encoding.ASCII.GetBytes(endpoint + "\n"));

    /// <summary>Whether processes run that its cells started. Takes some milliseconds.</summary>
    public bool HasStarted => ProcessTree.Of(process.Id).Count > 0;

    /// <summary>Completes when all workers that were disposed of have ended, with what their cells started.</summary>
    public static Task AllEnded
    {
        get
        {
            lock (Ends) return Task.WhenAll(Ends);
        }
    }

    /// <summary>Ends the process at once.</summary>
    public void Terminate()
    {
        // Its children are found while it is their parent, which means reading /proc.
        if (!isDisposed) termination ??= Task.Run(() =>
        {
            var started = KernelSettings.Current.LeavesChildren ? [] : ProcessTree.Of(process.Id);
            try
            {
                process.Kill();
            }
            catch (InvalidOperationException)
            {
                // It has ended by itself.
            }

            return started;
        });
    }

    /// <inheritdoc/>
    /// <remarks>The system's resources go when the process has ended: whoever waits for that must be told.</remarks>
    public void Dispose()
    {
        if (isDisposed) return;
        Terminate();
        isDisposed = true;
        var end = EndAsync(termination!);
        lock (Ends) Ends.Add(end);
        _ = end.ContinueWith(
            end =>
            {
                lock (Ends) Ends.Remove(end);
            },
            TaskScheduler.Default);
    }

    private async Task EndAsync(Task<IReadOnlyList<StartedProcess>> started)
    {
        await ProcessTree.EndAsync(process.Id, await started.ConfigureAwait(false)).ConfigureAwait(false);
        await Exited.ConfigureAwait(false);
        if (KernelSettings.Current.LeavesChildren) job?.Leave();
        job?.Dispose();
        RuntimeFiles.Delete(process.Id, startTime);
        process.Dispose();
    }

    private void Tell(byte[] bytes)
    {
        try
        {
            process.StandardInput.BaseStream.Write(bytes);
            process.StandardInput.BaseStream.Flush();
        }
        catch (IOException)
        {
            // It has ended already, which Exited tells.
        }
    }

    private async Task<int> WaitForExitAsync()
    {
        var exited = process.WaitForExitAsync();
        int? seen = null;
        while (await Task.WhenAny(exited, Task.Delay(LookInterval)).ConfigureAwait(false) != exited)
        {
            // Seen twice, since the framework may be about to notice.
            if (seen is { } exitCode) return exitCode;
            if (!OperatingSystem.IsWindows()) seen = ChildExit.Look(process.Id);
        }

        return process.ExitCode;
    }
}
