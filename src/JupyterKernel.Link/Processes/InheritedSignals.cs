using System.Runtime.InteropServices;

namespace JupyterKernel.Link.Processes;

/// <summary>
/// Undoes what a launcher's signal settings would break. A blocked or ignored SIGCHLD hides the end of child processes from the framework, and the signal
/// mask is inherited by every process that is started. Source: https://man7.org/linux/man-pages/man7/signal.7.html
/// </summary>
internal static class InheritedSignals
{
    private const int SigPipe = 13;
    private const nint DefaultAction = 0;

    /// <summary>
    /// Unblocks all signals and gives SIGCHLD its default action. Call on the main thread before it starts others, which inherit its mask; the threads that the
    /// runtime has started before keep theirs, which does no harm: a signal to the process goes to any thread that takes it.
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
    /// Lets processes that are started from here have the default action of SIGPIPE. The runtime ignores that signal, which is inherited, and then a pipeline
    /// such as <c>yes | head -1</c> fails; a handler is not inherited. It has nothing to do, so a function of the C library that does nothing will do.
    /// </summary>
    public static void HandlePipe()
    {
        if (!OperatingSystem.IsWindows() && NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "abs", out var nothing)) signal(SigPipe, nothing);
    }

    [DllImport("libc")] private static extern int sigemptyset(byte[] set);
    [DllImport("libc")] private static extern int pthread_sigmask(int how, byte[] set, nint old);
    [DllImport("libc")] private static extern nint signal(int number, nint action);
}
