namespace JupyterKernel.Link;

/// <summary>
/// The installations of .NET on this machine. Any thread.
/// Source: https://github.com/dotnet/designs/blob/main/accepted/2020/install-locations.md
/// </summary>
internal static class DotnetInstallation
{
    /// <summary>The file name of the <c>dotnet</c> command.</summary>
    public static string CommandName { get; } = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";

    /// <summary>
    /// The name of the environment variable that names the folder of an installation, for programs that run on one.
    /// </summary>
    public const string RootVariable = "DOTNET_ROOT";

    /// <summary>The paths of the <c>dotnet</c> commands, the one to prefer first.</summary>
    public static IEnumerable<string> Commands => Folders().Select(folder => Path.Combine(folder, CommandName)).Where(File.Exists);

    /// <summary>Returns the folder of the installation that a <c>dotnet</c> command belongs to; follows a link.</summary>
    public static string Root(string dotnet) =>
        Path.GetDirectoryName(File.ResolveLinkTarget(dotnet, returnFinalTarget: true)?.FullName ?? dotnet)!;

    /// <summary>Returns the subfolder with the latest released version; null if there is none.</summary>
    /// <param name="folder">The folder, whose subfolders are named by version.</param>
    /// <param name="major">The required major version.</param>
    public static string? Latest(string folder, int major)
    {
        if (!Directory.Exists(folder)) return null;
        return Directory.EnumerateDirectories(folder)
            .Select(path => (Path: path, Version: Version.TryParse(Path.GetFileName(path), out var version) ? version : null))
            .Where(found => found.Version?.Major == major).OrderByDescending(found => found.Version)
            .Select(found => found.Path).FirstOrDefault();
    }

    /// <summary>Whether an installation is found without an environment variable and without the PATH.</summary>
    /// <param name="root">Its folder.</param>
    public static bool IsUsual(string root) =>
        UsualFolders().Select(folder => Path.Combine(folder, CommandName)).Where(File.Exists).Select(Root).Contains(root);

    private static IEnumerable<string> Folders()
    {
        if (Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host) yield return Path.GetDirectoryName(host)!;
        if (Environment.GetEnvironmentVariable(RootVariable) is { Length: > 0 } root) yield return root;
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            yield return folder;
        }

        foreach (var folder in UsualFolders()) yield return folder;

        // Where dotnet-install and Homebrew put it.
        yield return OperatingSystem.IsWindows()
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "Microsoft", "dotnet")
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".dotnet");
        if (OperatingSystem.IsMacOS()) yield return "/opt/homebrew/opt/dotnet/libexec";
    }

    // Where the runtime's own host looks.
    private static IEnumerable<string> UsualFolders()
    {
        if (OperatingSystem.IsWindows())
        {
            yield return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles), "dotnet");
            yield break;
        }

        // Written by installers that use another folder than the usual one.
        const string Registered = "/etc/dotnet/install_location";
        if (File.Exists(Registered) && File.ReadLines(Registered).FirstOrDefault() is { Length: > 0 } line) yield return line.Trim();
        string[] usual =
            OperatingSystem.IsMacOS() ? ["/usr/local/share/dotnet"] : ["/usr/share/dotnet", "/usr/lib/dotnet", "/usr/lib64/dotnet"];
        foreach (var folder in usual) yield return folder;
    }
}
