using JupyterKernel.Compilation;
using Newtonsoft.Json;

namespace JupyterKernel.Packages;

/// <summary>A restored package.</summary>
/// <param name="Source">The source that it was restored from: a feed's address or a folder; null if that is not known.</param>
internal sealed record InstalledPackage(string Id, string Version, string? Source);

/// <summary>
/// The result of resolving a set of packages on this machine: the files to compile against and the files to load. Immutable; any thread.
/// </summary>
/// <param name="Packages">All packages, including dependencies.</param>
/// <param name="References">The full paths of the assemblies that cells are compiled against.</param>
/// <param name="Assemblies">The assemblies that may be loaded, including satellite assemblies (in a folder of their culture's
/// name).</param>
/// <param name="NativeLibraries">The native libraries that assemblies call.</param>
/// <param name="Analyzers">The assemblies that may generate sources, and an .editorconfig with their options.</param>
/// <param name="Warnings">The warnings of the restore.</param>
internal sealed record ResolvedPackages(
    IReadOnlyList<InstalledPackage> Packages, IReadOnlyList<string> References, IReadOnlyList<string> Assemblies,
    IReadOnlyList<string> NativeLibraries, IReadOnlyList<string> Analyzers, IReadOnlyList<string> Warnings)
{
    /// <summary>A result without packages.</summary>
    public static readonly ResolvedPackages None = new([], [], [], [], [], []);

    /// <summary>The extensions that are run when the packages are referenced.</summary>
    public IReadOnlyList<Extension> Extensions { get; init; } = [];

    private IEnumerable<string> Files =>
        References.Concat(Assemblies).Concat(NativeLibraries).Concat(Analyzers)
            .Concat(Extensions.SelectMany(extension => extension.Assemblies));

    /// <summary>Parses the output of <see cref="ToJson"/>.</summary>
    /// <returns>Null if the text is not valid, or its files are missing or have changed.</returns>
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
    public string ToJson() => JsonConvert.SerializeObject(new Remembered(this, TotalBytes(Files), HasExtensions: true));

    /// <summary>
    /// Whether all earlier files are still included: then cells that were compiled against them need not be compiled again.
    /// </summary>
    public bool Extends(ResolvedPackages before) =>
        before.References.All(References.Contains) && before.Assemblies.All(Assemblies.Contains)
            && before.NativeLibraries.All(NativeLibraries.Contains);

    /// <summary>Returns the files that a cell must add to the earlier ones.</summary>
    public CellAssets Beyond(ResolvedPackages before)
    {
        var added = new CellAssets([.. References.Except(before.References)], [.. Assemblies.Except(before.Assemblies)],
            [.. NativeLibraries.Except(before.NativeLibraries)]);
        return added.References.Count + added.Assemblies.Count + added.NativeLibraries.Count == 0 ? CellAssets.None : added;
    }

    /// <returns>Null if one of the files is missing.</returns>
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
    /// <param name="HasExtensions">Whether extensions were looked for, which earlier versions did not do.</param>
    /// <param name="Bytes">The total size of all its files: a different sum means different files.</param>
    private sealed record Remembered(ResolvedPackages? Resolved, long? Bytes, bool HasExtensions);
}
