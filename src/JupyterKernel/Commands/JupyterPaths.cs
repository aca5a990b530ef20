using System.ComponentModel;
using System.Diagnostics;

#pragma warning disable RS0030 // Asks a Python, and waits for its answer.

namespace JupyterKernel.Commands;

/// <summary>
/// The directories where Jupyter looks for data, kernelspecs among them, found the way jupyter_core finds them.
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

    /// <summary>Where programs keep files for this user: the parent of this program's own folder.</summary>
    public static string UserApplicationData =>
        OperatingSystem.IsWindows() ? WindowsFolder("LOCALAPPDATA", Environment.SpecialFolder.LocalApplicationData)
        : OperatingSystem.IsMacOS() ? Path.Combine(Home, "Library", "Application Support")
        : XdgData;

    /// <summary>The user's home directory.</summary>
    /// <exception cref="CommandException">There is none.</exception>
    public static string Home =>
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home ? home
        : throw new CommandException("you have no home directory; set HOME, or say where to install with --prefix DIR");

    private static string XdgData =>
        Variable("XDG_DATA_HOME") is { } directory ? Path.GetFullPath(directory) : Path.Combine(Home, ".local", "share");

    /// <summary>The data directory below a prefix, such as a Python environment.</summary>
    public static string DataUnder(string prefix) => Path.Combine(Path.GetFullPath(prefix), "share", "jupyter");

    /// <summary>The kernelspecs of a data directory: one directory for each kernel.</summary>
    public static string Kernels(string data) => Path.Combine(data, "kernels");

    /// <summary>The data directory that kernelspecs are in.</summary>
    public static string DataOf(string kernels) => Path.GetDirectoryName(kernels)!;

    /// <summary>Every data directory that Jupyter searches, as far as it can be told from outside of Python.</summary>
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

    /// <summary>The environment that is in use: an activated one, else the one of the Python on the path; null when there is none.</summary>
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
            // Windows has a "python" that only advertises the real one, and version switchers have ones that only complain.
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

    // jupyter_core asks the environment, not the system.
    private static string WindowsFolder(string variable, Environment.SpecialFolder folder) =>
        Variable(variable) ?? Environment.GetFolderPath(folder);

    // As in jupyter_core, a variable that is set to nothing is not set.
    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
