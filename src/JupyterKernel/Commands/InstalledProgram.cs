namespace JupyterKernel.Commands;

/// <summary>This program at a place where Jupyter can start it.</summary>
/// <param name="Directory">The folder that its files are in.</param>
/// <param name="Argv">The beginning of every command that starts it: an executable, or <c>dotnet</c> and the assembly.</param>
internal sealed record InstalledProgram(string Directory, params IReadOnlyList<string> Argv)
{
    /// <summary>The assembly's name, and that of the executable without its extension.</summary>
    public const string Name = "jupyter-csharp";

    public static string ExecutableName => OperatingSystem.IsWindows() ? Name + ".exe" : Name;

    /// <summary>The program that is running, as it was started.</summary>
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

    /// <summary>The program in a folder that holds all of its files.</summary>
    /// <exception cref="CommandException">The folder does not hold all of them, as that of a .NET tool, which is started from elsewhere.</exception>
    public static InstalledProgram In(string directory)
    {
        var executable = Path.Combine(directory, ExecutableName);
        return File.Exists(executable) && File.Exists(Path.Combine(directory, Name + ".dll"))
            ? new(directory, executable)
            : throw new CommandException($"{directory} does not hold the whole program, so it cannot be copied: install without --copy");
    }

    /// <summary>The command line, for people to read and to type.</summary>
    public override string ToString() => string.Join(' ', Argv);

    // A .NET tool lies in TOOLS/.store/name/version/… and is started by TOOLS/name, which stays where it is when the tool is updated.
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
