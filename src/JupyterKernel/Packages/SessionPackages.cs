using JupyterKernel.Compilation;

namespace JupyterKernel.Packages;

/// <summary>The packages of a session at one time. Immutable; any thread.</summary>
/// <param name="Asked">What its cells have asked for.</param>
/// <param name="Resolved">What that comes to.</param>
internal sealed record SessionPackages(PackageSet Asked, ResolvedPackages Resolved)
{
    /// <summary>What a session begins with.</summary>
    public static readonly SessionPackages None = new(PackageSet.Empty, ResolvedPackages.None);

    /// <summary>What may generate sources; the framework's own where there are no packages.</summary>
    public IReadOnlyList<string> Analyzers => Resolved.Analyzers.Count > 0 ? Resolved.Analyzers : DotnetSdk.FrameworkAnalyzers;

    /// <summary>Whether packages have brought what may generate sources, beside the core framework's.</summary>
    public bool HasGenerators => SourceGenerators.AreOfPackages(Resolved.Analyzers);

    /// <summary>The packages that are there now in another version than before, in words.</summary>
    public IReadOnlyList<string> Changes(SessionPackages before)
    {
        var old = before.Resolved.Packages.ToDictionary(package => package.Id, package => package.Version, StringComparer.OrdinalIgnoreCase);
        return [.. Resolved.Packages.Where(package => old.TryGetValue(package.Id, out var version) && version != package.Version).Select(package => $"{package.Id} is {package.Version} now, and was {old[package.Id]}")];
    }
}
