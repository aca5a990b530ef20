using System.Globalization;
using System.Text.RegularExpressions;
using JupyterKernel.Link.Processes;
using JupyterKernel.Session;

namespace JupyterKernel.Supervision;

/// <summary>Describes why a worker ended, from its exit code and the runtime's crash report.</summary>
internal static partial class ExitCause
{
    /// <summary>Returns the outcome of the cell that was running when its worker was lost.</summary>
    /// <param name="exitCode">On Unix, 128 + n for signal n; on Windows, the status of the process.</param>
    /// <param name="crashReport">The runtime's crash report; empty if there is none.</param>
    public static CellOutcome.WorkerLost Of(int exitCode, string crashReport)
    {
        var lines = crashReport.TrimEnd().ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var cause = (lines.FirstOrDefault() ?? "") switch
        {
            var line when line.StartsWith("Stack overflow", StringComparison.Ordinal) =>
                "Stack overflow: the recursion is infinite or too deep.",
            var line when line.StartsWith("Process terminated", StringComparison.Ordinal) => FailFast(lines),
            var line when line.StartsWith("Unhandled exception", StringComparison.OrdinalIgnoreCase) =>
                $"Unhandled exception on another thread: {line[20..].Trim(':', '.', ' ')}.",
            var line when line.StartsWith("Out of memory", StringComparison.Ordinal) => "The worker ran out of memory.",
            _ => ByExitCode(exitCode),
        };

        // The frames below the cell's own code belong to the kernel.
        return new(cause,
            [.. lines.TakeWhile(line => !line.Contains(" JupyterKernel.Worker.", StringComparison.Ordinal)
                && !line.Contains(".<Factory>(", StringComparison.Ordinal))
            .Where(line => !line.Contains("MethodBuilder", StringComparison.Ordinal))])
        {
            FromOutside = exitCode is 137 or 143,

            // The outermost submission frame belongs to the cell that started the thread or task.
            OwnerCode = lines.Select(line => Submission().Match(line)).LastOrDefault(match => match.Success)?.Value,
        };
    }

    /// <summary>
    /// Whether the exit code is that of a process with a crash report: SIGABRT, or on Windows the status of an exception.
    /// </summary>
    public static bool IsCrash(int exitCode) => exitCode == 134 || (OperatingSystem.IsWindows() && exitCode < 0);

    private static string FailFast(string[] lines)
    {
        var message = lines[0]["Process terminated".Length..].TrimStart('.', ' ');
        if (message.Length == 0 && lines.Length > 1 && !lines[1].StartsWith("   at", StringComparison.Ordinal)) message = lines[1];
        return message.Length > 0 ? $"Environment.FailFast: {message.TrimEnd('.')}." : "Environment.FailFast was called.";
    }

    private static string ByExitCode(int exitCode) => exitCode switch
    {
        ChildExit.Unknown => "The worker ended; the system reported no exit status.",
        132 => Signal(4, "SIGILL", "an illegal instruction in native code"),
        134 => Signal(6, "SIGABRT", "native code called abort"),
        135 => Signal(7, "SIGBUS", "a bad memory access in native code"),
        136 => Signal(8, "SIGFPE", "an arithmetic error in native code"),
        137 => Signal(9, "SIGKILL", "killed, possibly by the out-of-memory killer"),
        138 => Signal(10, "SIGBUS", "a bad memory access in native code"),
        139 => Signal(11, "SIGSEGV", "a bad memory access in native code"),
        143 => Signal(15, "SIGTERM", "probably sent by another process"),
        unchecked((int)0xC0000005) => "The worker crashed (0xC0000005): a bad memory access in native code.",
        unchecked((int)0xC00000FD) => "Stack overflow: the recursion is infinite or too deep.",
        _ => string.Create(CultureInfo.InvariantCulture,
            $"The worker exited (code {exitCode}): code called Environment.Exit, or native code called exit."),
    };

    [GeneratedRegex(@"\bSubmission_\d+(?=[.+])")]
    private static partial Regex Submission();

    private static string Signal(int number, string name, string meaning) =>
        string.Create(CultureInfo.InvariantCulture, $"The worker was terminated by signal {number} ({name}): {meaning}.");
}
