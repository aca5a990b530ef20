using System.Reflection;

namespace JupyterKernel.Link;

/// <summary>
/// The programs beside the kernel's. They lie in one folder and run on the installed framework. A cell is compiled against what it runs
/// with: that framework, and in this folder the display API and the assemblies that stand in for .NET Interactive.
/// </summary>
internal static class WorkerPrograms
{
    /// <summary>The version of this program; a kernel uses only programs of its own version.</summary>
    public static string Version { get; } =
        typeof(WorkerPrograms).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>The name of their folder.</summary>
    public const string FolderName = "worker";

    /// <summary>The name of the worker's program.</summary>
    public const string Worker = "jupyter-csharp-worker";

    /// <summary>The name of the program that runs source generators.</summary>
    public const string Generators = "jupyter-csharp-generators";

    /// <summary>The path of their folder.</summary>
    public static string Directory { get; } = Path.Combine(AppContext.BaseDirectory, FolderName);

    /// <summary>Returns the command that runs a program on <see cref="DotnetFramework.Current"/>.</summary>
    /// <returns>The executable, and its arguments.</returns>
    /// <exception cref="FileNotFoundException">The framework is not installed.</exception>
    public static (string Executable, IReadOnlyList<string> Arguments) CommandOf(string program)
    {
        var framework = DotnetFramework.Current;
        return (framework.Dotnet, ["exec", "--fx-version", framework.Version, Path.Combine(Directory, program + ".dll")]);
    }
}
