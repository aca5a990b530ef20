using System.Runtime.InteropServices;

namespace JupyterKernel.Link.Processes;

/// <summary>
/// Resets signal settings that a launcher may have left. A blocked or ignored SIGCHLD hides the end of child processes from the framework,
/// and every started process inherits the signal mask. Source: https://man7.org/linux/man-pages/man7/signal.7.html
/// </summary>
internal static class InheritedSignals
{
    private const int SigPipe = 13;
    private const nint DefaultAction = 0;

    /// <summary>
    /// Unblocks all signals and gives SIGCHLD its default action. Call on the main thread before it starts others, which inherit its mask.
    /// Threads that the runtime has already started keep theirs, which is harmless: a signal to the process goes to any thread that accepts
    /// it.
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
    /// Restores the default action of SIGPIPE for processes started from here. The runtime ignores that signal, children inherit this, and
    /// then a pipeline such as <c>yes | head -1</c> fails. A handler is not inherited; since it has nothing to do, a function of the C
    /// library without effect serves as one.
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
