using System.Runtime.InteropServices;

namespace JupyterKernel.Link.Processes;

/// <summary>
/// Resets signal settings that this process may have inherited. A blocked or ignored SIGCHLD hides the exit of child processes from the
/// framework, and every child process inherits the signal mask.
/// Source: https://man7.org/linux/man-pages/man7/signal.7.html
/// </summary>
internal static class InheritedSignals
{
    private const int SigPipe = 13;
    private const nint DefaultAction = 0;

    /// <summary>
    /// Unblocks all signals and gives SIGCHLD its default action. Call on the main thread before it starts other threads, which inherit its
    /// signal mask. Threads that the runtime has already started keep their masks; this is harmless, because a signal to the process is
    /// delivered to any thread that does not block it.
    /// </summary>
    public static void Reset()
    {
        if (OperatingSystem.IsWindows()) return;
        var none = new byte[128]; // at least as large as any system's sigset_t
        _ = sigemptyset(none);
        _ = pthread_sigmask(OperatingSystem.IsMacOS() ? 3 : 2, none, 0);
        signal(OperatingSystem.IsMacOS() ? 20 : 17, DefaultAction);
    }

    /// <summary>
    /// Restores the default action of SIGPIPE for child processes. The runtime ignores the signal and children inherit that, so that a
    /// pipeline such as <c>yes | head -1</c> fails. Handlers are not inherited, so a handler is set instead: a function of the C
    /// library that has no effect.
    /// </summary>
    public static void HandlePipe()
    {
        if (!OperatingSystem.IsWindows() && NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "abs", out var nothing))
        {
            signal(SigPipe, nothing);
        }
    }

    [DllImport("libc")] private static extern int sigemptyset(byte[] set);
    [DllImport("libc")] private static extern int pthread_sigmask(int how, byte[] set, nint old);
    [DllImport("libc")] private static extern nint signal(int number, nint action);
}
