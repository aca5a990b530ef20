namespace JupyterKernel.Packages;

/// <summary>The .NET SDK of this machine, which restores packages. Any thread.</summary>
internal static class DotnetSdk
{
    private static readonly string Name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";

    private static readonly Lazy<IReadOnlyList<string>> Lazy = new(FindFrameworkAnalyzers);

    /// <summary>The path of the <c>dotnet</c> command; null if there is none.</summary>
    public static string? Find() => Candidates().FirstOrDefault(path => File.Exists(path) && HasSdk(path));

    /// <summary>The folder of the latest version of a shared framework; null if there is none.</summary>
    /// <param name="dotnet">The path of the command.</param>
    /// <param name="name">For example Microsoft.AspNetCore.App.</param>
    /// <param name="major">The major version wanted.</param>
    public static string? FindFramework(string dotnet, string name, int major) => Latest(Path.Combine(Root(dotnet), "shared", name), major);

    private static string? Latest(string versions, int major)
    {
        if (!Directory.Exists(versions)) return null;
        return Directory.EnumerateDirectories(versions)
            .Select(path => (Path: path, Version: Version.TryParse(Path.GetFileName(path), out var version) ? version : null))
            .Where(found => found.Version?.Major == major).OrderByDescending(found => found.Version).Select(found => found.Path).FirstOrDefault();
    }

    /// <summary>The source generators of the framework, which come with the SDK; none if there is no SDK.</summary>
    public static IReadOnlyList<string> FrameworkAnalyzers => Lazy.Value;

    private static IReadOnlyList<string> FindFrameworkAnalyzers()
    {
        if (Find() is not { } dotnet || Latest(Path.Combine(Root(dotnet), "packs", "Microsoft.NETCore.App.Ref"), Environment.Version.Major) is not { } pack) return [];
        var folder = Path.Combine(pack, "analyzers", "dotnet", "cs");
        return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*.dll")] : [];
    }

    private static bool HasSdk(string dotnet) => Directory.Exists(Path.Combine(Root(dotnet), "sdk"));

    /// <summary>The command may be a link to the real one.</summary>
    private static string Root(string dotnet) =>
        Path.GetDirectoryName(File.ResolveLinkTarget(dotnet, returnFinalTarget: true)?.FullName ?? dotnet)!;

    private static IEnumerable<string> Candidates()
    {
        if (Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host) yield return host;
        if (Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root) yield return Path.Combine(root, Name);
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)) yield return Path.Combine(folder, Name);
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        yield return Path.Combine(home, ".dotnet", Name);
        string[] usual = OperatingSystem.IsWindows() ? [Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles), "dotnet")]
            : OperatingSystem.IsMacOS() ? ["/usr/local/share/dotnet", "/opt/homebrew/opt/dotnet/libexec"]
            : ["/usr/share/dotnet", "/usr/lib/dotnet", "/usr/lib64/dotnet"];
        foreach (var folder in usual) yield return Path.Combine(folder, Name);
    }
}
