using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using JupyterKernel.Protocol;

#pragma warning disable RS0030 // The only owner of a kernel process started by this client.

namespace JupyterKernel.JupyterClient;

/// <summary>
/// A kernel started by this client: the connection file, the process and its latest output. Thread-safe.
/// Source: https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs
/// </summary>
internal sealed class ChildKernel : IDisposable
{
    /// <summary>The placeholder for the path of the connection file in a start command, as in kernel.json.</summary>
    public const string ConnectionFilePlaceholder = "{connection_file}";

    private const int LinesOfLogKept = 40;

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("jupyter-csharp-");
    private readonly Process process;
    private readonly Queue<string> log = new();
    private readonly TaskCompletionSource<int> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="command">The program and its arguments, which contain the placeholder.</param>
    /// <param name="workingDirectory">The directory that relative paths in cells refer to; null for the present directory.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">The program cannot be started.</exception>
    public ChildKernel(IReadOnlyList<string> command, string? workingDirectory = null)
    {
        Connection = OnFreePorts();
        ConnectionPath = Path.Combine(directory.FullName, "connection.json");
        process = new Process { StartInfo = StartInfo(command, workingDirectory), EnableRaisingEvents = true };
        try
        {
            WriteConnectionFile();
            process.OutputDataReceived += (_, line) => Keep(line.Data);
            process.ErrorDataReceived += (_, line) => Keep(line.Data);
            process.Exited += (_, _) => _ = EndAsync();
            process.Start();
        }
        catch
        {
            Dispose();
            throw;
        }

        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Id = process.Id;
    }

    public ConnectionFile Connection { get; }

    public string ConnectionPath { get; }

    public int Id { get; }

    /// <summary>Completes with the exit code when the process has exited.</summary>
    public Task<int> Ended => ended.Task;

    /// <summary>The last lines that the process wrote to its standard output and error.</summary>
    public string Log
    {
        get
        {
            lock (log) return string.Join('\n', log);
        }
    }

    /// <summary>Terminates the process and its children immediately; does nothing if the process has exited.</summary>
    public void Kill()
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception gone) when (gone is InvalidOperationException or AggregateException)
        {
            // The process or one of its children has exited in the meantime.
        }
    }

    /// <summary>Deletes the connection file, which contains the key, and releases the process without terminating it.</summary>
    public void Dispose()
    {
        process.Dispose();
        directory.Delete(recursive: true);
    }

    // Ports cannot be reserved for the kernel: another process may take one before the kernel binds it.
    private static ConnectionFile OnFreePorts()
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, 5).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        foreach (var listener in listeners) listener.Start();
        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        foreach (var listener in listeners) listener.Dispose();
        return new ConnectionFile
        {
            ShellPort = ports[0],
            IopubPort = ports[1],
            StdinPort = ports[2],
            ControlPort = ports[3],
            HeartbeatPort = ports[4],
            Key = RandomNumberGenerator.GetHexString(64, lowercase: true),
        };
    }

    private ProcessStartInfo StartInfo(IReadOnlyList<string> command, string? workingDirectory)
    {
        var start = new ProcessStartInfo(command[0])
        {
            WorkingDirectory = workingDirectory ?? "",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in command.Skip(1))
            start.ArgumentList.Add(argument.Replace(ConnectionFilePlaceholder, ConnectionPath, StringComparison.Ordinal));
        start.Environment["JPY_PARENT_PID"] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return start;
    }

    private void WriteConnectionFile()
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var writer = new StreamWriter(ConnectionPath, options);
        writer.Write(Connection.ToJson());
    }

    // The pipes contain the latest output, with the cause of the exit; but a child of the kernel may keep them open indefinitely.
    private async Task EndAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // The output read so far must suffice.
        }

        ended.TrySetResult(process.ExitCode);
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (log)
        {
            log.Enqueue(line);
            if (log.Count > LinesOfLogKept) log.Dequeue();
        }
    }
}
