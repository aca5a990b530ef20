using JupyterKernel.Display;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Hosting;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.Events;

namespace Microsoft.DotNet.Interactive;

/// <summary>A kernel that only displays its code.</summary>
internal sealed class ShowingKernel(string name, Func<string, MimeBundle> show) : Kernel(name)
{
    internal override Task RunAsync(SubmitCode submission)
    {
        Formatting.DisplayedValue.Show(show(submission.Code), []);
        return Task.CompletedTask;
    }
}

/// <summary>Runs C# code sent to a kernel after the code of the running cell.</summary>
internal static class CSharpSubmission
{
    private static readonly char[] Blanks = [' ', '\t', '\r'];

    internal static async Task RunAsync(Kernel kernel, SubmitCode submission)
    {
        var host = NotebookHost.Current ?? throw new KernelCommandException("Code can be submitted only in a notebook.");
        foreach (var (language, text) in Parts(submission.Code))
        {
            if (language is not null && kernel.FindKernelByName(language) is { } other && other != kernel)
            {
                await other.RunAsync(new SubmitCode(text));
                continue;
            }

            if (language is not null && !kernel.KernelInfo.IsCalled(language))
                throw new KernelCommandException($"#!{language} is not supported in submitted code. Write it in a cell.");
            var result = await host.SubmitAsync(text);
            if (result.Problem is { } problem) throw new KernelCommandException(problem);
            if (result.Value is not (null or IOnScreen)) kernel.Publish(new ReturnValueProduced(result.Value, submission));
        }
    }

    /// <summary>
    /// Splits code at the lines that select a language, and returns each part with its language (null for the part
    /// before the first such line).
    /// </summary>
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

            if (language is not null || text.Exists(below => below.AsSpan().Trim().Length > 0))
                parts.Add((language, string.Join('\n', text)));
            (language, text) = (line[2..].Split(Blanks, 2)[0], []);
        }

        return parts.Count > 0 ? parts : [(null, code)];
    }
}
