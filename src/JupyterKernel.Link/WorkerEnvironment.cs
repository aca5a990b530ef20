namespace JupyterKernel.Link;

/// <summary>
/// The environment variables that configure a worker's runtime. The runtime reads them before any code runs; processes that cells
/// start must not inherit them.
/// Source: https://learn.microsoft.com/dotnet/core/runtime-config/
/// </summary>
internal static class WorkerEnvironment
{
    /// <summary>Turns W^X on or off: with it, no page of memory is writable and executable at the same time.</summary>
    public const string WriteXorExecute = "DOTNET_EnableWriteXorExecute";

    /// <summary>The maximum size of the heap in bytes, in hexadecimal digits.</summary>
    public const string HeapHardLimit = "DOTNET_GCHeapHardLimit";

    /// <summary>Whether the worker waits for a debugger before it does anything else.</summary>
    public const string WaitForDebugger = "JUPYTER_CSHARP_WAIT_FOR_DEBUGGER";

    /// <summary>Removes the variables, so that child processes do not inherit them.</summary>
    public static void Forget()
    {
        foreach (var name in (string[])[WriteXorExecute, HeapHardLimit, WaitForDebugger])
            Environment.SetEnvironmentVariable(name, null);
    }
}
