using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using JupyterKernel.Compilation;

namespace JupyterKernel.Packages;

/// <summary>A package that a cell references.</summary>
/// <param name="Version">A version or version range in NuGet's notation; null for the latest stable version.</param>
internal sealed record PackageRequest(string Id, string? Version)
{
    /// <summary>Whether the request accepts any released version, or any below a given one.</summary>
    public bool IsAnyStable => Version is null or "*" || Version.StartsWith("[*,", StringComparison.Ordinal);

    /// <summary>Whether the resolved version depends on the present contents of the feeds.</summary>
    public bool IsFloating => Version is null || Version.Contains('*', StringComparison.Ordinal);
}

/// <summary>
/// All packages, sources, frameworks, projects and properties of a session's cells: the input of a restore. Immutable; any thread.
/// </summary>
internal sealed record PackageSet
{
    // Source: https://learn.microsoft.com/nuget/consume-packages/configuring-nuget-behavior
    private static readonly string[] ConfigNames = OperatingSystem.IsLinux()
        ? ["nuget.config", "NuGet.config", "NuGet.Config"] : ["nuget.config"];

    // These variables also affect where packages are stored and which sources are used.
    private static readonly string[] StoreVariables = ["NUGET_PACKAGES", "NUGET_FALLBACK_PACKAGES", "RestoreConfigFile", "RestoreSources"];

    /// <summary>The set of a new session.</summary>
    public static readonly PackageSet Empty = new();

    /// <summary>The packages, sorted by id.</summary>
    public IReadOnlyList<PackageRequest> Packages { get; private init; } = [];

    /// <summary>Addresses or folders of package sources, in addition to those in the user's NuGet.config.</summary>
    public IReadOnlyList<string> Sources { get; private init; } = [];

    /// <summary>Shared frameworks other than the core framework.</summary>
    public IReadOnlyList<string> Frameworks { get; private init; } = [];

    /// <summary>Full paths of the projects to build and reference.</summary>
    public IReadOnlyList<string> Projects { get; private init; } = [];

    /// <summary>Build properties, by name.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; private init; } =
        new SortedDictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether there is nothing to restore.</summary>
    public bool IsEmpty => Packages.Count + Frameworks.Count + Projects.Count == 0;

    /// <summary>Whether a later restore of this set may give a different result.</summary>
    public bool IsFloating => Packages.Any(package => package.IsFloating);

    /// <summary>Returns this set with the directives of a cell added.</summary>
    /// <param name="baseDirectory">The directory that relative paths refer to.</param>
    public PackageSet With(IEnumerable<PackageDirective> directives, string baseDirectory)
    {
        var set = this;
        foreach (var directive in directives)
        {
            set = directive.Kind switch
            {
                PackageDirectiveKind.Package => set.With(new PackageRequest(directive.Name, directive.Value)),
                PackageDirectiveKind.Source => set with
                {
                    Sources = Added(
                        set.Sources, IsFolder(directive.Name) ? Path.GetFullPath(directive.Name, baseDirectory) : directive.Name),
                },
                PackageDirectiveKind.Framework => directive.Name == "Microsoft.NETCore.App"
                    ? set
                    : set with { Frameworks = Added(set.Frameworks, directive.Name) },
                PackageDirectiveKind.Project => set with { Projects = Added(set.Projects, directive.Name) },
                PackageDirectiveKind.Property => set with
                {
                    Properties = new SortedDictionary<string, string>(set.Properties.ToDictionary(), StringComparer.OrdinalIgnoreCase)
                    {
                        [directive.Name] = directive.Value ?? "",
                    },
                },
                _ => set,
            };
        }

        return set;
    }

    /// <summary>Returns this set with an older minor or major version of some packages.</summary>
    /// <param name="packages">The packages whose version is too new.</param>
    /// <returns>The set; null if a package was not referenced by a cell, or was referenced with a specific version.</returns>
    public PackageSet? Below(IReadOnlyList<InstalledPackage> packages)
    {
        var below = Packages.ToDictionary(package => package.Id, StringComparer.OrdinalIgnoreCase);
        foreach (var package in packages)
        {
            if (!below.TryGetValue(package.Id, out var request) || !request.IsAnyStable
                || !Version.TryParse(package.Version.Split('-', '+')[0], out var version))
            {
                return null;
            }
            below[package.Id] = request with
            {
                Version = version.Minor > 0 ? $"[*, {version.Major}.{version.Minor})" : $"[*, {version.Major}.0)",
            };
        }

        return packages.Count == 0 ? null : this with { Packages = [.. Packages.Select(package => below[package.Id])] };
    }

    /// <summary>
    /// Returns this set with the resolved versions, so that a later restore does not change packages that the session uses.
    /// </summary>
    public PackageSet Pinned(IEnumerable<InstalledPackage> installed)
    {
        var versions = installed.ToDictionary(package => package.Id, package => package.Version, StringComparer.OrdinalIgnoreCase);
        return this with
        {
            Packages = [.. Packages.Select(package =>
                package.IsFloating && versions.TryGetValue(package.Id, out var version) ? package with { Version = version } : package)],
        };
    }

    /// <summary>Returns the text of the project file that the SDK restores.</summary>
    /// <param name="baseDirectory">The directory where the search for NuGet.config begins.</param>
    /// <param name="runtime">The runtime identifier for native assets, for example linux-x64.</param>
    public string Project(string baseDirectory, string runtime) => new XElement(
        "Project",

        // Build files in the folders above this project must not affect it; central versions in those above the notebook must.
        Group(
            "PropertyGroup",
            new XElement("ImportDirectoryBuildProps", false), new XElement("ImportDirectoryBuildTargets", false),
            new XElement("MSBuildEnableWorkloadResolver", false),
            CentralVersions(baseDirectory) is { } versions ? new XElement("DirectoryPackagesPropsPath", Escaped(versions))
                : new XElement("ImportDirectoryPackagesProps", false)),
        Import("Sdk.props"),
        Group(
            "PropertyGroup",
            new XElement("TargetFramework", "net10.0"), new XElement("OutputType", "Library"), new XElement("RuntimeIdentifier", runtime),
            new XElement("SelfContained", false),
            new XElement("EnableDefaultItems", false), new XElement("CopyLocalLockFileAssemblies", true), new XElement("NuGetAudit", false),
            new XElement("NoWarn", "$(NoWarn);NU1510"), new XElement("AllowUnsafeBlocks", true),
            new XElement("ValidateExecutableReferencesMatchSelfContained", false),
            new XElement("RestoreRootConfigDirectory", Escaped(baseDirectory)),
            Sources.Count > 0 ? new XElement("RestoreAdditionalProjectSources", string.Join(';', Sources.Select(Escaped))) : null,
            new XElement("CentralPackageFloatingVersionsEnabled", true),
            Properties.Select(property => new XElement(property.Key, property.Value))),
        Group(
            "ItemGroup",
            Packages.SelectMany(References),
            Packages.Count > 0
                ? InteractivePackages.Ids.Select(id =>
                    new XElement("PrunePackageReference", new XAttribute("Include", id), new XAttribute("Version", "99.0.0"))) : null,
            Frameworks.Select(framework => new XElement("FrameworkReference", new XAttribute("Include", framework))),
            Projects.Select(project => new XElement("ProjectReference", new XAttribute("Include", Escaped(project))))),
        Import("Sdk.targets")).ToString();

    /// <summary>
    /// Returns the cache key of the set. On one machine it is the same in all folders that have neither a NuGet.config nor central
    /// versions in a folder above.
    /// </summary>
    public string Key(string baseDirectory, string runtime)
    {
        var text = new StringBuilder(Project("", runtime)).Append("with the options of generators\n");
        foreach (var variable in StoreVariables) text.Append(Environment.GetEnvironmentVariable(variable)).Append('\n');
        if (CentralVersions(baseDirectory) is { } versions) text.Append(versions).Append(File.ReadAllText(versions));
        foreach (var file in FoldersFrom(baseDirectory)
            .SelectMany(folder => ConfigNames.Select(name => Path.Combine(folder, name))).Where(File.Exists))
        {
            text.Append(file).Append(File.ReadAllText(file));
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..32];
    }

    /// <summary>
    /// Returns the file that manages versions centrally for a directory; null if there is none.
    /// Source: https://learn.microsoft.com/nuget/consume-packages/central-package-management
    /// </summary>
    private static string? CentralVersions(string baseDirectory) =>
        FoldersFrom(baseDirectory).Select(folder => Path.Combine(folder, "Directory.Packages.props")).FirstOrDefault(File.Exists);

    private static IEnumerable<string> FoldersFrom(string folder)
    {
        for (var next = folder.Length > 0 ? new DirectoryInfo(folder) : null; next is not null; next = next.Parent)
            yield return next.FullName;
    }

    /// <summary>
    /// Returns the project items for a package. With central version management, a cell's version overrides the central one, and the
    /// central one overrides the latest.
    /// </summary>
    private static IEnumerable<XElement> References(PackageRequest package)
    {
        var include = new XAttribute("Include", package.Id);
        yield return new("PackageReference", include, new XAttribute("Version", package.Version ?? "*"),
            new XAttribute("Condition", "'$(ManagePackageVersionsCentrally)' != 'true'"));
        if (package.Version is null)
            yield return new("PackageVersion", include, new XAttribute("Version", "*"), new XAttribute("Exclude", "@(PackageVersion)"));
        yield return new("PackageReference", include, package.Version is null ? null : new XAttribute("VersionOverride", package.Version),
            new XAttribute("Condition", "'$(ManagePackageVersionsCentrally)' == 'true'"));
    }

    private PackageSet With(PackageRequest request)
    {
        var known = Packages.FirstOrDefault(package => package.Id.Equals(request.Id, StringComparison.OrdinalIgnoreCase));

        // A request for any version is satisfied by a version already in the set.
        if (known is not null && (request.Version is null || request.Version == known.Version)) return this;
        return this with
        {
            Packages = [.. Packages.Where(package => package != known).Append(request)
                .OrderBy(package => package.Id, StringComparer.OrdinalIgnoreCase)],
        };
    }

    private static IReadOnlyList<string> Added(IReadOnlyList<string> known, string added) =>
        known.Contains(added) ? known : [.. known, added];

    private static bool IsFolder(string source) => !Uri.TryCreate(source, UriKind.Absolute, out var address) || address.IsFile;

    private static XElement Group(string name, params object?[] content) => new(name, content);

    private static XElement Import(string file) =>
        new("Import", new XAttribute("Project", file), new XAttribute("Sdk", "Microsoft.NET.Sdk"));

    /// <summary>Escapes a text so that MSBuild finds no properties, items or lists in it.</summary>
    /// <remarks>Source: https://learn.microsoft.com/visualstudio/msbuild/msbuild-special-characters</remarks>
    private static string Escaped(string text) =>
        string.Concat(text.Select(c => "%$@';?*".Contains(c, StringComparison.Ordinal) ? $"%{(int)c:X2}" : c.ToString()));
}
