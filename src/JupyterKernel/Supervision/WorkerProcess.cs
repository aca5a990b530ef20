using System.Diagnostics;
using System.Security.Cryptography;
using JupyterKernel.Hosting;
using JupyterKernel.Link.Processes;
using JupyterKernel.Settings;
using JupyterKernel.Link;

#pragma warning disable RS0030 // This is the one owner of a worker's process.

namespace JupyterKernel.Supervision;

/// <summary>
/// The only owner of a worker's operating system process. Any thread. Its stdin is private between the two processes and carries the key,
/// the marker token and the session's name, then one line for each endpoint to connect to. When the pipe ends, because this process has
/// ended in any way, the worker ends.
/// </summary>
internal sealed class WorkerProcess : IDisposable
{
    /// <summary>The token shared by all workers of this kernel; the ids of their displays begin with it.</summary>
    private static readonly byte[] Session = RandomNumberGenerator.GetBytes(NativeMarker.TokenBytes);

    /// <summary>The interval at which the system is asked whether the process runs, in case the framework missed its end.</summary>
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

    /// <summary>The key that signs the messages between the kernel and this worker; only these two know it.</summary>
    public byte[] Key { get; } = RandomNumberGenerator.GetBytes(PairFraming.KeyBytes);

    /// <summary>The token in this worker's <see cref="NativeMarker"/>s.</summary>
    public byte[] MarkerToken { get; } = RandomNumberGenerator.GetBytes(NativeMarker.TokenBytes);

    /// <summary>The process id.</summary>
    public int Id => process.Id;

    /// <summary>The process's standard output (file descriptor 1).</summary>
    public System.IO.Stream Stdout => process.StandardOutput.BaseStream;

    /// <summary>The process's standard error (file descriptor 2).</summary>
    public System.IO.Stream Stderr => process.StandardError.BaseStream;

    /// <summary>Completes with the exit code; on Unix, 128 + n means that signal n ended the process.</summary>
    public Task<int> Exited { get; }

    /// <summary>Whether the process has ended; <see cref="Exited"/> completes a little later.</summary>
    /// <remarks>Asks the system as well, because the framework notices the end later and a cell sent meanwhile would be lost.</remarks>
    public bool HasEnded =>
        isDisposed || Exited.IsCompleted || process.HasExited || (!OperatingSystem.IsWindows() && ChildExit.Look(process.Id) is not null);

    /// <summary>The resource usage of the process, as reported by the system.</summary>
    public ProcessUsage Usage => ProcessUsage.Of(process);

    /// <summary>Starts the worker's program.</summary>
    /// <exception cref="FileNotFoundException">The framework is not installed.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">
    /// The system cannot start a process, for example because it is out of memory or processes.
    /// </exception>
    public static WorkerProcess Start()
    {
        var (executable, arguments) = WorkerPrograms.CommandOf(WorkerPrograms.Worker);
        var start = new ProcessStartInfo(executable, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
        };

        // Each cell is code that is compiled and run once. Write-xor-execute maps its memory twice, which costs time and some kilobytes per
        // cell, and gives no protection against code that may do anything.
        start.Environment[WorkerEnvironment.WriteXorExecute] = "0";

        // A cell that allocates more than the ceiling gets an OutOfMemoryException that it can catch, and the out-of-memory killer is not
        // triggered.
        start.Environment[WorkerEnvironment.HeapHardLimit] =
            KernelSettings.Current.MemoryCeilingBytes.ToString("X", System.Globalization.CultureInfo.InvariantCulture);
        if (KernelSettings.Current.DebugWorker) start.Environment[WorkerEnvironment.WaitForDebugger] = "1";
        var worker = new WorkerProcess(Process.Start(start)!);
        if (KernelSettings.Current.DebugWorker) Log.WarnOnce($"The worker with process id {worker.Id} waits for a debugger.");
        Log.Workers?.Write($"{worker.Id} started");
        return worker;
    }

    /// <summary>Sends an endpoint to the worker.</summary>
    public void TellEndpoint(string endpoint) => Tell(System.Text.Encoding.ASCII.GetBytes(endpoint + "\n"));

    /// <summary>Whether processes started by its cells are running; takes some milliseconds.</summary>
    public bool HasStarted => ProcessTree.Of(process.Id).Count > 0;

    /// <summary>Completes when all disposed workers and the processes started by their cells have ended.</summary>
    public static Task AllEnded
    {
        get
        {
            lock (Ends) return Task.WhenAll(Ends);
        }
    }

    /// <summary>Terminates the process immediately.</summary>
    public void Terminate()
    {
        // Its children are found while it is still their parent, which requires reading /proc.
        if (!isDisposed) termination ??= Task.Run(() =>
        {
            var started = KernelSettings.Current.LeavesChildren ? [] : ProcessTree.Of(process.Id);
            try
            {
                process.Kill();
            }
            catch (InvalidOperationException)
            {
                // It has already exited.
            }

            return started;
        });
    }

    /// <inheritdoc/>
    /// <remarks>The process's handles are released when it has ended, so that code waiting for its end is notified.</remarks>
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
            // It has already exited, which completes Exited.
        }
    }

    private async Task<int> WaitForExitAsync()
    {
        var exited = process.WaitForExitAsync();
        int? seen = null;
        while (await Task.WhenAny(exited, Task.Delay(LookInterval)).ConfigureAwait(false) != exited)
        {
            // Checked twice, since the framework may be about to notice.
            if (seen is { } exitCode) return exitCode;
            if (!OperatingSystem.IsWindows()) seen = ChildExit.Look(process.Id);
        }

        return process.ExitCode;
    }
}
