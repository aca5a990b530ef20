using JupyterKernel.Compilation;
using Newtonsoft.Json;

namespace JupyterKernel.Packages;

/// <summary>A package that is there.</summary>
/// <param name="Source">Where it came from: a feed's address or a folder; null if that is not known.</param>
internal sealed record InstalledPackage(string Id, string Version, string? Source);

/// <summary>
/// What a set of packages comes to on this machine: files to compile against and files to load. Immutable; any thread.
/// </summary>
/// <param name="Packages">Every package, those included that others depend on.</param>
/// <param name="References">What cells are compiled against, by full paths.</param>
/// <param name="Assemblies">What may be loaded, satellite assemblies (in a folder of their culture's name) included.</param>
/// <param name="NativeLibraries">Libraries that assemblies call.</param>
/// <param name="Analyzers">What may generate sources, and an .editorconfig with the options for it.</param>
/// <param name="Warnings">What the restore had to say.</param>
internal sealed record ResolvedPackages(
    IReadOnlyList<InstalledPackage> Packages, IReadOnlyList<string> References, IReadOnlyList<string> Assemblies,
    IReadOnlyList<string> NativeLibraries, IReadOnlyList<string> Analyzers, IReadOnlyList<string> Warnings)
{
    /// <summary>No packages.</summary>
    public static readonly ResolvedPackages None = new([], [], [], [], [], []);

    /// <summary>What packages want run when they are referenced.</summary>
    public IReadOnlyList<Extension> Extensions { get; init; } = [];

    private IEnumerable<string> Files => References.Concat(Assemblies).Concat(NativeLibraries).Concat(Analyzers).Concat(Extensions.SelectMany(extension => extension.Assemblies));

    /// <summary>Reads what <see cref="ToJson"/> has written.</summary>
    /// <returns>Null if it is not that, or its files are not there as they were.</returns>
    public static ResolvedPackages? FromJson(string json)
    {
        try
        {
            return JsonConvert.DeserializeObject<Remembered>(json) is { Resolved: { Packages: not null, References: not null, Assemblies: not null, NativeLibraries: not null, Analyzers: not null, Warnings: not null, Extensions: not null } resolved, HasExtensions: true, Bytes: var bytes }
                && bytes is not null && bytes == TotalBytes(resolved.Files) ? resolved : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>For the cache.</summary>
    public string ToJson() => JsonConvert.SerializeObject(new Remembered(this, TotalBytes(Files), HasExtensions: true));

    /// <summary>Whether everything that was there before is there still: then cells that were compiled against that need not be compiled again.</summary>
    public bool Extends(ResolvedPackages before) =>
        before.References.All(References.Contains) && before.Assemblies.All(Assemblies.Contains) && before.NativeLibraries.All(NativeLibraries.Contains);

    /// <summary>What a cell must bring that runs where there is what was there before.</summary>
    public CellAssets Beyond(ResolvedPackages before)
    {
        var added = new CellAssets([.. References.Except(before.References)], [.. Assemblies.Except(before.Assemblies)], [.. NativeLibraries.Except(before.NativeLibraries)]);
        return added.References.Count + added.Assemblies.Count + added.NativeLibraries.Count == 0 ? CellAssets.None : added;
    }

    /// <returns>Null if one of them is not there.</returns>
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

    /// <param name="Resolved">What was resolved.</param>
    /// <param name="HasExtensions">Whether extensions were looked for, as earlier versions did not.</param>
    /// <param name="Bytes">Of all its files together: who finds another sum has other files.</param>
    private sealed record Remembered(ResolvedPackages? Resolved, long? Bytes, bool HasExtensions);
}
