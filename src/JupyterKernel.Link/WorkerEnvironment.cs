namespace JupyterKernel.Link;

/// <summary>
/// The environment variables that tell a worker's runtime how to run. It has read them before any code runs, and they are meant for no process that a
/// cell starts.
/// Source: https://learn.microsoft.com/dotnet/core/runtime-config/
/// </summary>
internal static class WorkerEnvironment
{
    /// <summary>Whether code is instrumented, to be compiled the better.</summary>
    public const string ProfileGuided = "DOTNET_TieredPGO";

    /// <summary>Whether memory is never writable and executable at once.</summary>
    public const string WriteXorExecute = "DOTNET_EnableWriteXorExecute";

    /// <summary>How large the heap may become, in hexadecimal digits.</summary>
    public const string HeapHardLimit = "DOTNET_GCHeapHardLimit";

    /// <summary>Keeps them from what this process starts.</summary>
    public static void Forget()
    {
        foreach (var name in (string[])[ProfileGuided, WriteXorExecute, HeapHardLimit]) Environment.SetEnvironmentVariable(name, null);
    }
}
