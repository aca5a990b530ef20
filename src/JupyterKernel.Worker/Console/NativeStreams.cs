using System.Runtime.InteropServices;
using JupyterKernel.Link;
using Microsoft.Win32.SafeHandles;

namespace JupyterKernel.Worker.Console;

/// <summary>
/// The standard streams of the process, below Console. File descriptors 1 and 2 are pipes to the kernel, so that output of native code,
/// child processes and a crashing runtime is also shown. A marker written to both at the end of a cell shows the kernel that it has read
/// all native output of the cell.
/// </summary>
/// <param name="token">A token that the kernel created for this worker, so that no other output can look like a marker.</param>
internal sealed class NativeStreams(byte[] token)
{
    private readonly System.IO.Stream stdout = System.Console.OpenStandardOutput();
    private readonly System.IO.Stream stderr = System.Console.OpenStandardError();

    /// <summary>Reserves standard input for the kernel's commands; user code and its child processes get an empty standard input.</summary>
    public static System.IO.Stream TakeStdin()
    {
        if (OperatingSystem.IsWindows())
        {
            var handle = GetStdHandle(StdInputHandle);
            var nul = File.OpenHandle("NUL");
            SetStdHandle(StdInputHandle, nul.DangerousGetHandle());
            nul.SetHandleAsInvalid();
            return new FileStream(new SafeFileHandle(handle, ownsHandle: true), FileAccess.Read, bufferSize: 0);
        }

        var orders = dup(0);
        fcntl(orders, FSetFd, FdCloexec);
        var none = open("/dev/null", 0);
        if (none > 0)
        {
            dup2(none, 0);
            close(none);
        }

        return new FileStream(new SafeFileHandle(orders, ownsHandle: true), FileAccess.Read, bufferSize: 0);
    }

    /// <summary>Flushes the buffers of C libraries and marks the end of a cell's native output.</summary>
    public void MarkEnd(long cell)
    {
        FlushNative();
        var marker = NativeMarker.Of(token, cell);
        Write(stdout, marker);
        Write(stderr, marker);

        static void Write(System.IO.Stream stream, byte[] marker)
        {
            try
            {
                stream.Write(marker);
            }
            catch (IOException)
            {
                // The cell has closed the descriptor; the kernel waits for the marker only for a limited time.
            }
        }
    }

    /// <summary>Ends the process immediately; on Unix without running exit handlers.</summary>
    public static void ExitNow()
    {
        if (OperatingSystem.IsWindows()) Environment.Exit(0);
        _exit(0);
    }

    private static void FlushNative()
    {
        try
        {
            if (OperatingSystem.IsWindows()) fflush_ucrt(0);
            else fflush(0);
        }
        catch (Exception missing) when (missing is DllNotFoundException or EntryPointNotFoundException)
        {
            // If there is no such export, no C library buffers output.
        }
    }

    private const int StdInputHandle = -10;
    private const int FSetFd = 2;
    private const int FdCloexec = 1;

    [DllImport("libc")] private static extern int dup(int fd);
    [DllImport("libc")] private static extern int dup2(int from, int to);
    [DllImport("libc")] private static extern int close(int fd);
    [DllImport("libc")] private static extern int fcntl(int fd, int command, int argument);
    [DllImport("libc", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int open(string path, int flags);
    [DllImport("libc")] private static extern int fflush(nint stream);
    [DllImport("libc")] private static extern void _exit(int code);
    [DllImport("ucrtbase", EntryPoint = "fflush")] private static extern int fflush_ucrt(nint stream);
    [DllImport("kernel32")] private static extern nint GetStdHandle(int handle);
    [DllImport("kernel32")] private static extern bool SetStdHandle(int handle, nint value);
}
