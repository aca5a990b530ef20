using System.Reflection;

namespace JupyterKernel.Link;

/// <summary>
/// The programs beside the kernel's. They lie in one folder, with the framework that they run on in an installed kernel. A cell is compiled
/// against what lies there and runs with it: the framework, the display API, and the assemblies that stand in for .NET Interactive.
/// </summary>
internal static class WorkerPrograms
{
    /// <summary>The version of this program; a kernel uses only programs of its own version.</summary>
    public static string Version { get; } =
        typeof(WorkerPrograms).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>The name of their folder.</summary>
    public const string FolderName = "worker";

    /// <summary>The path of their folder.</summary>
    public static string Directory { get; } = Path.Combine(AppContext.BaseDirectory, FolderName);

    /// <summary>The command that starts a worker.</summary>
    public static IReadOnlyList<string> Worker { get; } = CommandOf("jupyter-csharp-worker");

    /// <summary>The command that starts the process for source generators.</summary>
    public static IReadOnlyList<string> Generators { get; } = CommandOf("jupyter-csharp-generators");

    /// <summary>Returns the executable, or <c>dotnet</c> and the assembly if the kernel was started so.</summary>
    private static string[] CommandOf(string name) =>
        Environment.ProcessPath is { } dotnet
        && Path.GetFileNameWithoutExtension(dotnet).Equals("dotnet", StringComparison.OrdinalIgnoreCase)
            ? [dotnet, Path.Combine(Directory, name + ".dll")]
            : [Path.Combine(Directory, OperatingSystem.IsWindows() ? name + ".exe" : name)];
}
