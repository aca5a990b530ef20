using Microsoft.DotNet.Interactive.Commands;

namespace Microsoft.DotNet.Interactive.CSharp;

/// <summary>The kernel that runs the notebook's cells, as code in them sees it.</summary>
public class CSharpKernel(string name) : Kernel(name, "C#", "14.0")
{
    /// <summary>Under its own name.</summary>
    public CSharpKernel() : this("csharp")
    {
    }

    /// <summary>A variable of the session.</summary>
    public bool TryGetValue<T>(string name, out T? value)
    {
        var isThere = TryGetVariable(name, out var found) && found is T or null;
        value = isThere ? (T?)found : default;
        return isThere;
    }

    internal override Task RunAsync(SubmitCode submission) => CSharpSubmission.RunAsync(this, submission);
}
