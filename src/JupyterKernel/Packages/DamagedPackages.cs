using System.IO.Compression;
using System.Security.Cryptography;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Packages;

/// <summary>
/// Finds and repairs extracted packages in which files are missing or differ in length from those in the package's archive. NuGet does not
/// verify a package after extracting it, and it resolves assets from the files that it finds. Any thread.
/// </summary>
/// <remarks>Source: https://learn.microsoft.com/nuget/consume-packages/managing-the-global-packages-and-cache-folders</remarks>
internal static class DamagedPackages
{
    /// <summary>The folders of a package that affect a build.</summary>
    private static readonly string[] Folders = ["lib/", "ref/", "runtimes/", "build/", "buildTransitive/", "analyzers/"];

    /// <summary>Returns the folders of the restored packages that differ from their archives.</summary>
    /// <param name="assets">The restore's project.assets.json.</param>
    public static IReadOnlyList<string> Find(JObject assets)
    {
        var stores = ((JObject?)assets["packageFolders"])?.Properties().Select(folder => folder.Name).ToList() ?? [];
        return
        [
            .. ((JObject)assets["libraries"]!).Properties().Where(library => (string?)library.Value["type"] == "package")
                .Select(library =>
                    stores.Select(store => Path.Combine(store, (string?)library.Value["path"] ?? "")).FirstOrDefault(Directory.Exists))
                .OfType<string>().Where(IsSuspect),
        ];
    }

    /// <summary>
    /// Repairs a package: extracts each differing file from the archive next to its target and then moves it there. Nothing is deleted. The
    /// archive is used only if it has the hash that NuGet recorded.
    /// </summary>
    /// <returns>False if the archive itself is damaged.</returns>
    /// <exception cref="IOException">A file cannot be replaced.</exception>
    /// <exception cref="UnauthorizedAccessException">The package's folder is read-only.</exception>
    public static bool Mend(string folder)
    {
        if (!HasRecordedHash(folder)) return false;
        try
        {
            using var archive = ZipFile.OpenRead(ArchiveOf(folder));
            foreach (var entry in Differing(archive, folder)) Extract(entry, Path.GetFullPath(PathOf(entry), folder), folder);
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>Renames a package's folder, so that the next restore downloads the package again.</summary>
    /// <returns>The new path; NuGet does not take its name for a version.</returns>
    /// <exception cref="IOException">The folder cannot be renamed.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder is read-only.</exception>
    public static string PutAside(string folder)
    {
        var aside = Path.Combine(Path.GetDirectoryName(folder)!, $".damaged-{Guid.NewGuid():N}");
        Directory.Move(folder, aside);
        return aside;
    }

    /// <summary>Completes <see cref="PutAside"/>: deletes the renamed folder if there is a new one, otherwise restores its name.</summary>
    public static void TakeBack(string aside, string folder)
    {
        try
        {
            if (Directory.Exists(folder)) Directory.Delete(aside, recursive: true);
            else Directory.Move(aside, folder);
        }
        catch (Exception inUse) when (inUse is IOException or UnauthorizedAccessException)
        {
            // Another kernel is doing the same, or has loaded a file of the folder.
        }
    }

    private static bool IsSuspect(string folder)
    {
        try
        {
            using var archive = ZipFile.OpenRead(ArchiveOf(folder));
            return Differing(archive, folder).Any();
        }
        catch (InvalidDataException)
        {
            return true;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return false; // There is no archive to compare with.
        }
    }

    private static string ArchiveOf(string folder) =>
        Path.Combine(folder, $"{Path.GetFileName(Path.GetDirectoryName(folder))}.{Path.GetFileName(folder)}.nupkg");

    /// <summary>Returns the files of an archive that are missing in the folder or have another length there.</summary>
    private static IEnumerable<ZipArchiveEntry> Differing(ZipArchive archive, string folder)
    {
        // If several entries have the same name, NuGet extracts only one of them.
        foreach (var same in archive.Entries.Where(IsFileOfBuild).GroupBy(entry => PathOf(entry), StringComparer.OrdinalIgnoreCase))
        {
            var files = same.Select(entry => new FileInfo(Path.Combine(folder, PathOf(entry)))).Where(file => file.Exists).ToList();
            if (files.Count == 0 ? !IsDocumentation(same.Key) : !files.Any(file => same.Any(entry => entry.Length == file.Length)))
                yield return same.First();
        }
    }

    /// <summary>Whether an entry is a file, not a folder, and affects a build.</summary>
    private static bool IsFileOfBuild(ZipArchiveEntry entry) =>
        PathOf(entry) is var path && !path.EndsWith('/') && Folders.Any(kind => path.StartsWith(kind, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// Whether an entry is documentation. NUGET_XMLDOC_MODE, which is set for example in the SDK's container images, makes NuGet
    /// omit or compress such files.
    /// </summary>
    private static bool IsDocumentation(string path) => path.EndsWith(".xml", StringComparison.OrdinalIgnoreCase)
        && (path.StartsWith("lib/", StringComparison.OrdinalIgnoreCase) || path.StartsWith("ref/", StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// Returns the path of an entry relative to the package. NuGet decodes the name, and a backslash separates folders only on Windows; so
    /// on other systems such a file is not in its place until the package is repaired.
    /// </summary>
    private static string PathOf(ZipArchiveEntry entry) => Uri.UnescapeDataString(entry.FullName).Replace('\\', '/');

    private static void Extract(ZipArchiveEntry entry, string path, string folder)
    {
        if (!path.StartsWith(Path.GetFullPath(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal)) return;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var written = $"{path}.{Guid.NewGuid():N}";
        try
        {
            entry.ExtractToFile(written);
            File.Move(written, path, overwrite: true);
        }
        finally
        {
            File.Delete(written);
        }
    }

    /// <summary>
    /// Whether the archive has the SHA-512 hash that NuGet recorded on extraction. The hash in .nupkg.metadata excludes a signature, so it
    /// is the hash of the archive only if the archive is not signed.
    /// </summary>
    private static bool HasRecordedHash(string folder)
    {
        var archive = ArchiveOf(folder);
        using var content = File.OpenRead(archive);
        var hash = Convert.ToBase64String(SHA512.HashData(content));
        return File.Exists(archive + ".sha512") ? File.ReadAllText(archive + ".sha512").Trim() == hash : ContentHash() == hash;

        string? ContentHash()
        {
            try
            {
                return (string?)JObject.Parse(File.ReadAllText(Path.Combine(folder, ".nupkg.metadata")))["contentHash"];
            }
            catch (Exception unreadable) when (unreadable is IOException or JsonException)
            {
                return null;
            }
        }
    }
}
