using System.ComponentModel;
using System.Diagnostics;

#pragma warning disable RS0030 // Runs Python and waits for its output.

namespace JupyterKernel.Commands;

/// <summary>
/// The directories in which Jupyter looks for data such as kernelspecs, determined as in jupyter_core.
/// Source: https://docs.jupyter.org/en/latest/use/jupyter-directories.html#data-files
/// </summary>
internal static class JupyterPaths
{
    /// <summary>The user's own data directory: the one with the highest priority after <c>JUPYTER_PATH</c>.</summary>
    public static string UserData =>
        Variable("JUPYTER_DATA_DIR") is { } directory ? Path.GetFullPath(directory)
        : OperatingSystem.IsWindows() ? Path.Combine(WindowsFolder("APPDATA", Environment.SpecialFolder.ApplicationData), "jupyter")
        : OperatingSystem.IsMacOS() ? Path.Combine(Home, "Library", "Jupyter")
        : Path.Combine(XdgData, "jupyter");

    /// <summary>The folder for this user's application data, the parent of this program's own folder.</summary>
    public static string UserApplicationData =>
        OperatingSystem.IsWindows() ? WindowsFolder("LOCALAPPDATA", Environment.SpecialFolder.LocalApplicationData)
        : OperatingSystem.IsMacOS() ? Path.Combine(Home, "Library", "Application Support")
        : XdgData;

    /// <summary>The user's home directory.</summary>
    /// <exception cref="CommandException">The user has no home directory.</exception>
    public static string Home =>
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home ? home
        : throw new CommandException("The home directory is unknown. Set HOME, or use --prefix DIR.");

    private static string XdgData =>
        Variable("XDG_DATA_HOME") is { } directory ? Path.GetFullPath(directory) : Path.Combine(Home, ".local", "share");

    /// <summary>The data directory below a prefix, such as a Python environment.</summary>
    public static string DataUnder(string prefix) => Path.Combine(Path.GetFullPath(prefix), "share", "jupyter");

    /// <summary>Returns the kernelspec folder of a data directory, with one directory per kernel.</summary>
    public static string Kernels(string data) => Path.Combine(data, "kernels");

    /// <summary>Returns the data directory that contains a kernelspec folder.</summary>
    public static string DataOf(string kernels) => Path.GetDirectoryName(kernels)!;

    /// <summary>Lists the data directories that Jupyter searches, as far as they can be determined outside Python.</summary>
    public static IEnumerable<string> Search()
    {
        foreach (var directory in (Variable("JUPYTER_PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
            yield return directory;

        yield return UserData;

        if (EnvironmentPrefix() is { } prefix) yield return DataUnder(prefix);

        if (OperatingSystem.IsWindows())
        {
            yield return Path.Combine(WindowsFolder("PROGRAMDATA", Environment.SpecialFolder.CommonApplicationData), "jupyter");
        }
        else
        {
            yield return "/usr/local/share/jupyter";
            yield return "/usr/share/jupyter";
        }
    }

    /// <summary>Finds the prefix of the active environment, otherwise that of the Python on the path; null if there is none.</summary>
    public static string? EnvironmentPrefix() =>
        Variable("VIRTUAL_ENV") ?? Variable("CONDA_PREFIX") ?? PrefixOf("python3") ?? PrefixOf("python");

    private static string? PrefixOf(string python)
    {
        var start = new ProcessStartInfo(python, ["-c", "import sys; print(sys.prefix)"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            // Windows has a "python" that only opens the store, and version managers have ones that only print an error.
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            var prefix = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            return process.ExitCode == 0 && Directory.Exists(prefix) ? prefix : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    // jupyter_core reads the environment variable instead of asking the system.
    private static string WindowsFolder(string variable, Environment.SpecialFolder folder) =>
        Variable(variable) ?? Environment.GetFolderPath(folder);

    // As in jupyter_core, an empty variable counts as unset.
    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
