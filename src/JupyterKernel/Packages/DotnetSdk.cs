using System.Diagnostics;
using JupyterKernel.Link;
#pragma warning disable RS0030 // The only owner of the SDK's process.

namespace JupyterKernel.Packages;

/// <summary>The .NET SDK of this machine, with which packages are restored. Any thread.</summary>
internal static class DotnetSdk
{
    private static readonly Lazy<IReadOnlyList<string>> Lazy = new(FindFrameworkAnalyzers);

    /// <summary>Returns the path of the <c>dotnet</c> command; null if there is no SDK.</summary>
    public static string? Find() => DotnetInstallation.Commands.FirstOrDefault(HasSdk);

    /// <summary>Runs the command until it exits, with output in English.</summary>
    /// <param name="line">Receives the output, line by line.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled; the process was terminated.</exception>
    public static async Task<int> RunAsync(
        string dotnet, string folder, IEnumerable<string> arguments, Action<string> line, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(dotnet, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();

        // Terminated at once, because this process may be about to end.
        using var registration = cancellation.Register(() => Kill(process));
        var gate = new Lock();
        await Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
        await process.WaitForExitAsync(CancellationToken.None);
        cancellation.ThrowIfCancellationRequested();
        return process.ExitCode;

        async Task ReadAsync(StreamReader reader)
        {
            while (await reader.ReadLineAsync(CancellationToken.None) is { } said)
            {
                lock (gate) line(said);
            }
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception ended) when (ended is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // The process ended first.
        }
    }

    /// <summary>
    /// Returns the folder of the latest version of a shared framework, preferably in the installation that workers run on; null if there is
    /// none.
    /// </summary>
    /// <param name="dotnet">The path of the SDK's <c>dotnet</c> command.</param>
    /// <param name="name">The name of the framework, for example Microsoft.AspNetCore.App.</param>
    /// <param name="major">The required major version.</param>
    public static string? FindFramework(string dotnet, string name, int major) =>
        DotnetInstallation.Latest(Path.Combine(DotnetFramework.Current.Root, "shared", name), major)
        ?? DotnetInstallation.Latest(Path.Combine(DotnetInstallation.Root(dotnet), "shared", name), major);

    /// <summary>The source generators of the framework, which are part of the SDK; empty if there is no SDK.</summary>
    public static IReadOnlyList<string> FrameworkAnalyzers => Lazy.Value;

    /// <summary>Returns the folder with the framework's documentation, which is part of the SDK; null if there is no SDK.</summary>
    public static string? FindReferencePack() =>
        FindPack() is { } pack ? Path.Combine(pack, "ref", $"net{Environment.Version.Major}.0") : null;

    private static IReadOnlyList<string> FindFrameworkAnalyzers()
    {
        if (FindPack() is not { } pack) return [];
        var folder = Path.Combine(pack, "analyzers", "dotnet", "cs");
        return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*.dll")] : [];
    }

    private static string? FindPack()
    {
        if (Find() is not { } dotnet) return null;
        var packs = Path.Combine(DotnetInstallation.Root(dotnet), "packs", "Microsoft.NETCore.App.Ref");
        return DotnetInstallation.Latest(packs, Environment.Version.Major);
    }

    private static bool HasSdk(string dotnet) => Directory.Exists(Path.Combine(DotnetInstallation.Root(dotnet), "sdk"));
}
