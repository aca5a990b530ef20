using System.Diagnostics.CodeAnalysis;
using JupyterKernel.Compilation;
using Newtonsoft.Json;

namespace JupyterKernel.Packages;

/// <summary>A restored package.</summary>
/// <param name="Source">The address of the feed or the folder that the package was restored from; null if unknown.</param>
internal sealed record InstalledPackage(string Id, string Version, string? Source);

/// <summary>
/// The result of restoring a set of packages on this machine: the files to compile against and the files to load. Immutable; any thread.
/// </summary>
/// <param name="Packages">All packages, including dependencies.</param>
/// <param name="References">The full paths of the assemblies that cells are compiled against.</param>
/// <param name="Assemblies">
/// The assemblies that can be loaded, including satellite assemblies, each in a folder named after its culture.
/// </param>
/// <param name="NativeLibraries">The native libraries that can be loaded.</param>
/// <param name="Analyzers">The assemblies that may contain source generators, and an .editorconfig with their options.</param>
/// <param name="Warnings">The warnings of the restore.</param>
internal sealed record ResolvedPackages(
    IReadOnlyList<InstalledPackage> Packages, IReadOnlyList<string> References, IReadOnlyList<string> Assemblies,
    IReadOnlyList<string> NativeLibraries, IReadOnlyList<string> Analyzers, IReadOnlyList<string> Warnings)
{
    /// <summary>A result without packages.</summary>
    public static readonly ResolvedPackages None = new([], [], [], [], [], []);

    /// <summary>The extensions that are run when the packages are referenced.</summary>
    public IReadOnlyList<Extension> Extensions { get; init; } = [];

    private const string Kept = "NativeRoots.xml keeps the records that are cached.";

    private IEnumerable<string> Files =>
        References.Concat(Assemblies).Concat(NativeLibraries).Concat(Analyzers)
            .Concat(Extensions.SelectMany(extension => extension.Assemblies));

    /// <summary>Parses the output of <see cref="ToJson"/>.</summary>
    /// <returns>The result; null if the text is not valid or the files are missing or have changed.</returns>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = Kept)]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = Kept)]
    public static ResolvedPackages? FromJson(string json)
    {
        try
        {
            return JsonConvert.DeserializeObject<Remembered>(json)
                is { Resolved: { Packages: not null, References: not null, Assemblies: not null, NativeLibraries: not null,
                    Analyzers: not null, Warnings: not null, Extensions: not null } resolved, HasExtensions: true, Bytes: var bytes }
                && bytes is not null && bytes == TotalBytes(resolved.Files) ? resolved : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Serializes the result for the cache.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = Kept)]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = Kept)]
    public string ToJson() => JsonConvert.SerializeObject(new Remembered(this, TotalBytes(Files), HasExtensions: true));

    /// <summary>
    /// Whether all files of an earlier result are included; cells compiled against the earlier result then need not be compiled again.
    /// </summary>
    public bool Extends(ResolvedPackages before) =>
        before.References.All(References.Contains) && before.Assemblies.All(Assemblies.Contains)
            && before.NativeLibraries.All(NativeLibraries.Contains);

    /// <summary>Returns the files that were not in an earlier result; the cell adds these.</summary>
    public CellAssets Beyond(ResolvedPackages before)
    {
        var added = new CellAssets([.. References.Except(before.References)], [.. Assemblies.Except(before.Assemblies)],
            [.. NativeLibraries.Except(before.NativeLibraries)]);
        return added.References.Count + added.Assemblies.Count + added.NativeLibraries.Count == 0 ? CellAssets.None : added;
    }

    /// <returns>The total size of the files; null if one of them is missing.</returns>
    private static long? TotalBytes(IEnumerable<string> paths)
    {
        var total = 0L;
        foreach (var path in paths)
        {
            if (new FileInfo(path) is not { Exists: true, Length: var bytes }) return null;
            total += bytes;
        }
        return total;
    }

    /// <param name="Resolved">The cached result.</param>
    /// <param name="HasExtensions">
    /// Whether the result contains the extensions; those cached by earlier versions of this program do not.
    /// </param>
    /// <param name="Bytes">The total size of all files; if it differs, the files have changed.</param>
    private sealed record Remembered(ResolvedPackages? Resolved, long? Bytes, bool HasExtensions);
}
