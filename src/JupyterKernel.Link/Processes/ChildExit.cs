using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace JupyterKernel.Link.Processes;

/// <summary>
/// Asks the system whether a child process has ended. The framework relies on SIGCHLD alone, which any code in the process can block or
/// ignore. Unix only. Source: https://man7.org/linux/man-pages/man2/waitid.2.html
/// </summary>
internal static class ChildExit
{
    /// <summary>The exit code of a process that the system no longer knows.</summary>
    public const int Unknown = int.MinValue;

    private const int ProcessId = 1;
    private const int NoHang = 1;
    private const int Ended = 4;
    private const int ExitedByItself = 1;

    /// <summary>
    /// The exit code of a child that has ended, 128 + n for signal n; null while it runs. The child stays a zombie for the framework to
    /// reap.
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
