using JupyterKernel.Display;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Hosting;
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
internal static class CSharpSubmission
{
    private static readonly char[] Blanks = [' ', '\t', '\r'];

    internal static async Task RunAsync(Kernel kernel, SubmitCode submission)
    {
        var host = NotebookHost.Current ?? throw new KernelCommandException("Code can be submitted in a notebook only.");
        foreach (var (language, text) in Parts(submission.Code))
        {
            if (language is not null && kernel.FindKernelByName(language) is { } other && other != kernel)
            {
                await other.RunAsync(new SubmitCode(text));
                continue;
            }

            if (language is not null && !kernel.KernelInfo.IsCalled(language)) throw new KernelCommandException($"#!{language} is not carried out in code that is submitted: write it in a cell.");
            var result = await host.SubmitAsync(text);
            if (result.Problem is { } problem) throw new KernelCommandException(problem);
            if (result.Value is not (null or IOnScreen)) kernel.Publish(new ReturnValueProduced(result.Value, submission));
        }
    }

    /// <summary>Code taken apart at the lines that begin a language, each part with its language; null for what stands before the first.</summary>
    private static List<(string? Language, string Text)> Parts(string code)
    {
        var parts = new List<(string?, string)>();
        var (language, text) = ((string?)null, new List<string>());
        foreach (var line in code.Split('\n').Append("#!end"))
        {
            if (!line.StartsWith("#!", StringComparison.Ordinal) || line.StartsWith("#!/", StringComparison.Ordinal))
            {
                text.Add(line);
                continue;
            }

            if (language is not null || text.Exists(below => below.AsSpan().Trim().Length > 0)) parts.Add((language, string.Join('\n', text)));
            (language, text) = (line[2..].Split(Blanks, 2)[0], []);
        }

        return parts.Count > 0 ? parts : [(null, code)];
    }
}
