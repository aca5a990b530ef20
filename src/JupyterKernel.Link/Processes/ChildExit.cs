using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace JupyterKernel.Link.Processes;

/// <summary>
/// Asks the system whether a child process has exited. The framework relies only on SIGCHLD, which any code in the process can
/// block or ignore. Unix only.
/// Source: https://man7.org/linux/man-pages/man2/waitid.2.html
/// </summary>
internal static class ChildExit
{
    /// <summary>The result for a process that the system no longer knows.</summary>
    public const int Unknown = int.MinValue;

    private const int ProcessId = 1;
    private const int NoHang = 1;
    private const int Ended = 4;
    private const int ExitedByItself = 1;

    /// <summary>
    /// Returns the exit code of a child process, or 128 + n if signal n ended it; null while it runs. An exited child remains a zombie, so
    /// that the framework can reap it.
    /// </summary>
    public static int? Look(int child)
    {
        var info = new byte[128];
        if (waitid(ProcessId, child, info, NoHang | Ended | (OperatingSystem.IsMacOS() ? 0x20 : 0x01000000)) != 0) return Unknown;
        var process = OperatingSystem.IsMacOS() ? 12 : 16;
        if (Field(process) == 0) return null;
        return Field(8) == ExitedByItself ? Field(process + 8) : 128 + Field(process + 8);

        int Field(int offset) => BinaryPrimitives.ReadInt32LittleEndian(info.AsSpan(offset));
    }

    [DllImport("libc")] private static extern int waitid(int kind, int id, byte[] info, int options);
}
