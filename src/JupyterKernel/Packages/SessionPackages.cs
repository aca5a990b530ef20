using JupyterKernel.Compilation;

namespace JupyterKernel.Packages;

/// <summary>The packages of a session at one time. Immutable; any thread.</summary>
/// <param name="Asked">The packages that cells have referenced.</param>
/// <param name="Resolved">The result of restoring them.</param>
internal sealed record SessionPackages(PackageSet Asked, ResolvedPackages Resolved)
{
    /// <summary>The packages of a new session.</summary>
    public static readonly SessionPackages None = new(PackageSet.Empty, ResolvedPackages.None);

    /// <summary>The assemblies that may contain source generators; without packages those of the framework.</summary>
    public IReadOnlyList<string> Analyzers => Resolved.Analyzers.Count > 0 ? Resolved.Analyzers : DotnetSdk.FrameworkAnalyzers;

    /// <summary>Whether packages have added source generators to those of the framework.</summary>
    public bool HasGenerators => SourceGenerators.AreOfPackages(Resolved.Analyzers);

    /// <summary>Describes each package whose version has changed.</summary>
    public IReadOnlyList<string> Changes(SessionPackages before)
    {
        var old = before.Resolved.Packages.ToDictionary(package => package.Id, package => package.Version,
            StringComparer.OrdinalIgnoreCase);
        return [
            .. Resolved.Packages.Where(package => old.TryGetValue(package.Id, out var version) && version != package.Version)
                .Select(package => $"{package.Id} {old[package.Id]} → {package.Version}")];
    }
}
