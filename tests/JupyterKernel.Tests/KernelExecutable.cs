namespace JupyterKernel.Tests;

/// <summary>The real executable, which the build puts next to the tests.</summary>
internal static class KernelExecutable
{
    public static string Path { get; } =
        System.IO.Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "jupyter-csharp.exe" : "jupyter-csharp");
}
