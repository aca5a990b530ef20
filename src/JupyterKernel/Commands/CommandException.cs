using System.CommandLine;

namespace JupyterKernel.Commands;

/// <summary>Reports that a command failed; the message is one line for the user and states what to do.</summary>
internal sealed class CommandException(string message) : Exception(message)
{
    /// <summary>Runs the work of a command; an error ends as one line on the error output and exit code 1, without a stack trace.</summary>
    /// <param name="parse">The parse result with the output.</param>
    /// <param name="work">The work; its argument is the output of the command.</param>
    /// <returns>The exit code.</returns>
    public static int Report(ParseResult parse, Action<TextWriter> work)
    {
        try
        {
            work(parse.InvocationConfiguration.Output);
            return 0;
        }
        catch (Exception failure)
        {
            parse.InvocationConfiguration.Error.WriteLine($"jupyter-csharp: {Line(failure)}");
            return 1;
        }
    }

    private static string Line(Exception failure)
    {
        var line = failure.Message.ReplaceLineEndings(" ").TrimEnd('.', ' ') + ".";
        return failure switch
        {
            CommandException => line,
            UnauthorizedAccessException => $"{line} Choose a directory that you can write to: use --user or --prefix DIR.",
            IOException =>
                $"{line} Check that the directory is writable and that the disk has free space, or use --prefix DIR.",
            _ => $"{failure.GetType().Name}: {line} This is a bug in jupyter-csharp. Please report it.",
        };
    }
}
