using JupyterKernel.Supervision;
using Xunit;

namespace JupyterKernel.Tests;

public sealed class ExitCauseTests
{
    [Theory]
    [InlineData(132, "signal 4 (SIGILL)")]
    [InlineData(134, "signal 6 (SIGABRT)")]
    [InlineData(135, "signal 7 (SIGBUS)")]
    [InlineData(136, "signal 8 (SIGFPE)")]
    [InlineData(137, "signal 9 (SIGKILL)")]
    [InlineData(139, "signal 11 (SIGSEGV)")]
    [InlineData(143, "signal 15 (SIGTERM)")]
    [InlineData(unchecked((int)0xC0000005), "0xC0000005")]
    [InlineData(unchecked((int)0xC00000FD), "Stack overflow")]
    [InlineData(0, "(code 0)")]
    [InlineData(42, "(code 42)")]
    [InlineData(-1, "(code -1)")]
    public void Without_a_report_the_exit_code_tells_the_cause(int exitCode, string cause)
    {
        var lost = ExitCause.Of(exitCode, "");

        Assert.Contains(cause, lost.Cause, StringComparison.Ordinal);
        Assert.Empty(lost.Details);
    }

    [Theory]
    [InlineData("Stack overflow.\n   at Submission_1.F()\n", "Stack overflow: the recursion is infinite or too deep.")]
    [InlineData("Process terminated. boom\n   at System.Environment.FailFast(System.String)\n", "Environment.FailFast: boom.")]
    [InlineData("Process terminated.\nboom\n   at System.Environment.FailFast(System.String)\n", "Environment.FailFast: boom.")]
    [InlineData("Process terminated.\n   at System.Environment.FailFast(System.String)\n", "Environment.FailFast was called.")]
    [InlineData("Process terminated.", "Environment.FailFast was called.")]
    [InlineData("Unhandled exception. System.Exception: told so\n   at X()\n",
        "Unhandled exception on another thread: System.Exception: told so.")]
    [InlineData("Unhandled Exception: System.Exception: told so\r\n",
        "Unhandled exception on another thread: System.Exception: told so.")]
    [InlineData("Out of memory.\n", "The worker ran out of memory.")]
    public void The_runtimes_report_takes_precedence_over_the_exit_code(string report, string cause) =>
        Assert.Equal(cause, ExitCause.Of(134, report).Cause);

    [Fact]
    public void The_details_are_the_report_down_to_the_cells_own_code()
    {
        var lost = ExitCause.Of(
            134,
            """
            Unhandled exception. System.Exception: told so

               at Submission_1.<<Initialize>>d__0.MoveNext() in Cell [1]:line 1
               at System.Runtime.CompilerServices.AsyncMethodBuilderCore.Start[TStateMachine](TStateMachine&)
               at Submission_1.<Initialize>()
               at Submission_1.<Factory>(System.Object[])
               at JupyterKernel.Worker.Cells.CellThread.RunToEnd()
            """);

        Assert.Equal(
            [
                "Unhandled exception. System.Exception: told so",
                "   at Submission_1.<<Initialize>>d__0.MoveNext() in Cell [1]:line 1",
                "   at Submission_1.<Initialize>()",
            ],
            lost.Details);
    }
}
