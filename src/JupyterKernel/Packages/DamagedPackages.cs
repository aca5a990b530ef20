using System.IO.Compression;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Packages;

/// <summary>
/// Packages in the machine's cache that miss files, or have some of another length than in the package: NuGet takes what it once
/// extracted for good, and chooses among the files that it finds. Any thread.
/// </summary>
/// <remarks>Source: https://learn.microsoft.com/nuget/consume-packages/managing-the-global-packages-and-cache-folders</remarks>
internal static class DamagedPackages
{
    // Where there is what a build uses.
    private static readonly string[] Folders = ["lib/", "ref/", "runtimes/", "build/", "buildTransitive/", "analyzers/"];

    /// <summary>The folders of those that a restore has resolved to.</summary>
    /// <param name="assets">What the restore has written down (project.assets.json).</param>
    public static IReadOnlyList<string> Find(JObject assets)
    {
        var stores = ((JObject?)assets["packageFolders"])?.Properties().Select(folder => folder.Name).ToList() ?? [];
        return
        [
            .. ((JObject)assets["libraries"]!).Properties().Where(library => (string?)library.Value["type"] == "package")
                .Select(library => stores.Select(store => Path.Combine(store, (string?)library.Value["path"] ?? "")).FirstOrDefault(Directory.Exists))
                .OfType<string>().Where(IsDamaged),
        ];
    }

    /// <summary>Has NuGet extract a package again when it is restored next.</summary>
    public static void Delete(string folder) => Directory.Delete(folder, recursive: true);

    private static bool IsDamaged(string folder)
    {
        try
        {
            using var package = ZipFile.OpenRead(Directory.EnumerateFiles(folder, "*.nupkg").First());
            return package.Entries.Any(entry => Folders.Any(kind => entry.FullName.StartsWith(kind, StringComparison.OrdinalIgnoreCase))
                && !(new FileInfo(Path.Combine(folder, Uri.UnescapeDataString(entry.FullName))) is { Exists: true } file && file.Length == entry.Length));
        }
        catch (InvalidOperationException)
        {
            return false; // There is no package to compare with.
        }
        catch (InvalidDataException)
        {
            return true;
        }
    }
}
