using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace JupyterKernel.Link.Processes;

/// <summary>
/// A job object, which contains a process and its descendants. They are terminated when the job is closed or this
/// process ends. Windows only.
/// Source: https://learn.microsoft.com/windows/win32/procthread/job-objects
/// </summary>
internal sealed class WindowsJob : IDisposable
{
    private const int ExtendedLimits = 9;
    private const int FlagsOffset = 16;
    private const int KillOnClose = 0x2000;

    private readonly SafeFileHandle job = CreateJobObjectW(0, 0);

    /// <param name="process">The process, which must not have started others yet.</param>
    public WindowsJob(SafeProcessHandle process)
    {
        Limit(KillOnClose);
        AssignProcessToJobObject(job, process);
    }

    /// <summary>Lets the descendants of the process outlive it.</summary>
    public void Leave() => Limit(0);

    /// <inheritdoc/>
    public void Dispose() => job.Dispose();

    private void Limit(int flags)
    {
        var limits = new byte[IntPtr.Size == 8 ? 144 : 112];
        BinaryPrimitives.WriteInt32LittleEndian(limits.AsSpan(FlagsOffset), flags);
        SetInformationJobObject(job, ExtendedLimits, limits, limits.Length);
    }

    [DllImport("kernel32")] private static extern SafeFileHandle CreateJobObjectW(nint attributes, nint name);
    [DllImport("kernel32")]
    private static extern bool SetInformationJobObject(SafeFileHandle job, int kind, byte[] information, int length);
    [DllImport("kernel32")] private static extern bool AssignProcessToJobObject(SafeFileHandle job, SafeProcessHandle process);
}
