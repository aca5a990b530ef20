using System.Runtime.InteropServices;

namespace JupyterKernel.Link;

/// <summary>The installed framework that workers run on and that cells are compiled against. Any thread.</summary>
/// <param name="Directory">The folder of its assemblies, named by version.</param>
internal sealed record DotnetFramework(string Directory)
{
    private const string Name = "Microsoft.NETCore.App";

    private static volatile DotnetFramework? current;

    /// <summary>The major version, which is that of the kernel.</summary>
    private static int Major => Environment.Version.Major;

    /// <summary>The folder of the installation.</summary>
    public string Root => Path.GetFullPath(Path.Combine(Directory, "..", "..", ".."));

    /// <summary>The path of the <c>dotnet</c> command, which runs programs on it.</summary>
    public string Dotnet => Path.Combine(Root, DotnetInstallation.CommandName);

    /// <summary>The version, for example 10.0.1.</summary>
    public string Version => Path.GetFileName(Directory);

    /// <summary>
    /// The framework of this process. It stays the same while it is installed, so that all workers of a session run on the version that
    /// its cells were compiled against; an update that removes it is followed by the next worker.
    /// </summary>
    /// <exception cref="FileNotFoundException">It is not installed.</exception>
    public static DotnetFramework Current => Look() ?? throw new FileNotFoundException(Missing);

    /// <summary>Whether there is one.</summary>
    public static bool IsInstalled => Look() is not null;

    /// <summary>Says that it is not installed, and what to do.</summary>
    public static string Missing =>
        $"The .NET {Major} runtime, which runs the cells, was not found. Install it (https://dot.net), or set DOTNET_ROOT to its folder.";

    private static DotnetFramework? Look() =>
        current is { } known && System.IO.Directory.Exists(known.Directory) ? known
        : current = OfThisProcess() ?? DotnetInstallation.Commands.Select(Of).FirstOrDefault(found => found is not null);

    private static DotnetFramework? Of(string dotnet) =>
        DotnetInstallation.Latest(Path.Combine(DotnetInstallation.Root(dotnet), "shared", Name), Major) is { } directory
            ? new(directory) : null;

    // A native program has no framework, and a self-contained one has its own, on which nothing else can run.
    private static DotnetFramework? OfThisProcess()
    {
        var directory = Path.TrimEndingDirectorySeparator(RuntimeEnvironment.GetRuntimeDirectory());
        return Path.GetFileName(Path.GetDirectoryName(directory)) == Name && System.IO.Directory.Exists(directory) ? new(directory) : null;
    }
}
