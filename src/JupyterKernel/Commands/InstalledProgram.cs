using JupyterKernel.Link;

namespace JupyterKernel.Commands;

/// <summary>This program at a location from which Jupyter can start it.</summary>
/// <param name="Directory">The folder of its files.</param>
/// <param name="Argv">The first arguments of every command that starts it: an executable, or <c>dotnet</c> and the assembly.</param>
internal sealed record InstalledProgram(string Directory, params IReadOnlyList<string> Argv)
{
    /// <summary>The name of the assembly and of the executable, without extension.</summary>
    public const string Name = "jupyter-csharp";

    public static string ExecutableName => OperatingSystem.IsWindows() ? Name + ".exe" : Name;

    /// <summary>Returns the running program as it was started.</summary>
    public static InstalledProgram Running()
    {
        var process = Environment.ProcessPath!;
        var directory = AppContext.BaseDirectory;
        var assembly = Path.Combine(directory, Name + ".dll");
        var throughDotnet = Path.GetFileNameWithoutExtension(process).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        return ToolShim(throughDotnet ? assembly : process) is { } shim ? new(directory, shim)
            : throughDotnet ? new(directory, "dotnet", assembly)
            : new(directory, process);
    }

    /// <summary>Returns the program in a folder that contains all of its files.</summary>
    /// <exception cref="CommandException">
    /// The folder does not contain all files, as for a .NET tool, which is started from another folder.
    /// </exception>
    public static InstalledProgram In(string directory)
    {
        var executable = Path.Combine(directory, ExecutableName);
        return File.Exists(executable) && System.IO.Directory.Exists(Path.Combine(directory, WorkerPrograms.FolderName))
            ? new(directory, executable)
            : throw new CommandException(
                $"'{directory}' does not contain all files of the program, so it cannot be copied. Install without --copy.");
    }

    /// <summary>Formats the command line for display.</summary>
    public override string ToString() => string.Join(' ', Argv);

    // A .NET tool is stored in TOOLS/.store/name/version/… and started by TOOLS/name, which keeps its place when the tool is updated.
    private static string? ToolShim(string file)
    {
        for (var folder = Path.GetDirectoryName(file); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (Path.GetFileName(folder) != ".store") continue;
            var shim = Path.Combine(Path.GetDirectoryName(folder)!, ExecutableName);
            return File.Exists(shim) ? shim : null;
        }

        return null;
    }
}
