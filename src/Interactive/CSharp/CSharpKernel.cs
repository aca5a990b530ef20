using Microsoft.DotNet.Interactive.Commands;

namespace Microsoft.DotNet.Interactive.CSharp;

/// <summary>The C# kernel, which runs the notebook's cells.</summary>
public class CSharpKernel(string name) : Kernel(name, "C#", "14.0")
{
    /// <summary>Creates the kernel with its default name.</summary>
    public CSharpKernel() : this("csharp")
    {
    }

    /// <summary>Reads a variable of the session.</summary>
    public bool TryGetValue<T>(string name, out T? value)
    {
        var isThere = TryGetVariable(name, out var found) && found is T or null;
        value = isThere ? (T?)found : default;
        return isThere;
    }

    internal override Task RunAsync(SubmitCode submission) => CSharpSubmission.RunAsync(this, submission);
}
