using JupyterKernel.Display;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.Events;

namespace Microsoft.DotNet.Interactive;

/// <summary>Shows what it is given.</summary>
internal sealed class ShowingKernel(string name, Func<string, MimeBundle> show) : Kernel(name)
{
    internal override Task RunAsync(SubmitCode submission)
    {
        Formatting.DisplayedValue.Show(show(submission.Code), []);
        return Task.CompletedTask;
    }
}

/// <summary>Has the code of C# run that is sent to it, behind that of the running cell.</summary>
internal static class SubmittedCode
{
    internal static async Task RunAsync(Kernel kernel, SubmitCode submission)
    {
        var host = NotebookHost.Current ?? throw new CommandException("Code can be submitted in a notebook only.");
        var result = await host.SubmitAsync(submission.Code);
        if (result.Problem is { } problem) throw new CommandException(problem);
        if (result.Value is null or IOnScreen) return;
        kernel.Publish(new ReturnValueProduced(result.Value, submission));
    }
}
