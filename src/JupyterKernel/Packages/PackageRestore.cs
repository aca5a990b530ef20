using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;


namespace JupyterKernel.Packages;

/// <summary>A failed restore, which has changed nothing. The message contains the reason and the remedy.</summary>
internal sealed class PackageException(string message) : Exception(message)
{
    /// <summary>The packages whose version requires another .NET; empty if there are other errors too.</summary>
    public IReadOnlyList<InstalledPackage> Unfit { get; init; } = [];

    /// <summary>The package ids that no source has.</summary>
    public IReadOnlyList<string> Unknown { get; init; } = [];
}

/// <summary>
/// Restores sets of packages with the machine's .NET SDK, as for a project: with the user's NuGet.config, feeds, credentials and caches.
/// The result is cached, so that restoring the same set again starts no process. Any thread.
/// Source: https://learn.microsoft.com/visualstudio/msbuild/evaluate-items-and-properties
/// </summary>
/// <param name="baseDirectory">The directory where the search for NuGet.config begins.</param>
internal sealed partial class PackageRestore(string baseDirectory)
{
    /// <summary>The time after which a package with a floating version is resolved again.</summary>
    private static readonly TimeSpan FloatsFor = TimeSpan.FromDays(1);

    /// <summary>The maximum number of older versions to try for a package that requires a newer .NET.</summary>
    private const int MaxOlderVersions = 6;

    private const string Asked = "You asked for";

    private static readonly string[] Items = ["ReferencePath", "ReferenceCopyLocalPaths", "Analyzer"];

    private static readonly Dictionary<string, string> Advice = new()
    {
        ["NU1100"] = $"Check the spelling of the id, and whether the package supports .NET {Environment.Version.Major}.",
        ["NU1101"] = "Check the spelling of the id. To add a package source: #i \"nuget: https://…\"",
        ["NU1103"] = "Only prerelease versions exist. Reference one of them, or *-*",
        ["NU1107"] = "Reference a version of that package that satisfies both: #r \"nuget: Id, version\"",
        ["NU1301"] =
            "Check the network connection. List the sources with: dotnet nuget list source. Run the cell again when the source responds, "
                + "or add another one with: #i \"nuget: https://…\"",
        ["NU1605"] = "Reference the higher version.",
    };

    /// <summary>The runtime identifier for native assets.</summary>
    private static string Runtime =>
        (OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx"
            : RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal) ? "linux-musl" : "linux")
        + "-" + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    private static string Cache =>
        OperatingSystem.IsWindows()
        ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "jupyter-csharp", "packages")
        : OperatingSystem.IsMacOS()
        ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), "Library", "Caches", "jupyter-csharp", "packages")
        : Path.Combine(Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache ? cache
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"), "jupyter-csharp", "packages");

    /// <summary>
    /// Creates a folder in the cache that only the user can read, because the address of a source may contain a password and
    /// projects are the user's own.
    /// </summary>
    private static string CreatePrivately(params ReadOnlySpan<string> names)
    {
        var path = Path.Combine([Cache, .. names]);
        return (OperatingSystem.IsWindows() ? Directory.CreateDirectory(path)
            : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute)).FullName;
    }

    /// <summary>Restores a set of packages.</summary>
    /// <param name="progress">Receives the progress of the restore, on any thread.</param>
    /// <exception cref="PackageException">The set cannot be restored.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<ResolvedPackages> RestoreAsync(PackageSet set, Action<string> progress, CancellationToken cancellation)
    {
        if (set.IsEmpty) return ResolvedPackages.None;
        var remembered = Path.Combine(Cache, Key(set) + ".json");

        // A project may have changed since the last restore.
        if (set.Projects.Count == 0 && Remembered(remembered, set.IsFloating ? FloatsFor : TimeSpan.MaxValue) is { } known) return known;
        var dotnet = DotnetSdk.Find()
            ?? throw new PackageException(
                "The .NET SDK, which restores packages, was not found. Install the .NET 10 SDK (https://dot.net), or set DOTNET_ROOT to "
                    + "its folder, and restart the kernel.");
        var folder = "";
        try
        {
            DeleteLeftBehind();
            folder = CreatePrivately($"restore-{Guid.NewGuid():N}");
            var (log, notes) = await BuildFittingAsync(dotnet, folder, set, progress, cancellation);
            var resolved = Read(folder, dotnet, set, log);
            resolved = resolved with { Warnings = [.. notes, .. resolved.Warnings] };
            Remember(remembered, resolved, folder);
            return resolved;
        }
        catch (PackageException) when (set.IsFloating && set.Projects.Count == 0 && Remembered(remembered, TimeSpan.MaxValue) is { } older)
        {
            return older with
            {
                Warnings = [.. older.Warnings, "The latest versions could not be restored; the versions of the last restore are used."],
            };
        }
        catch (PackageException unknown) when (unknown.Unknown.Count > 0)
        {
            var names = new PackageNames(baseDirectory);
            var near = await Task.WhenAll(unknown.Unknown.Select(id => names.NearestAsync(id, cancellation)));
            throw new PackageException(string.Join('\n', near.OfType<string>().Prepend(unknown.Message)));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            throw new PackageException($"The packages could not be restored: {failure.Message}");
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidCastException or NullReferenceException)
        {
            throw new PackageException($"The output of the .NET SDK could not be parsed: {malformed.Message}");
        }
        finally
        {
            Delete(folder);
        }
    }

    private string Key(PackageSet set)
    {
        try
        {
            return set.Key(baseDirectory, Runtime);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new PackageException($"A NuGet.config or Directory.Packages.props cannot be read: {unreadable.Message}");
        }
    }

    private static ResolvedPackages? Remembered(string path, TimeSpan age)
    {
        try
        {
            return File.Exists(path) && DateTime.UtcNow - File.GetLastWriteTimeUtc(path) < age
                ? ResolvedPackages.FromJson(File.ReadAllText(path)) : null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void Remember(string path, ResolvedPackages resolved, string folder)
    {
        // Written atomically, because another kernel may write the same file, or this process may end meanwhile.
        var written = Path.Combine(folder, "remembered.json");
        File.WriteAllText(written, resolved.ToJson());
        File.Move(written, path, overwrite: true);
    }

    /// <summary>Deletes the folders of kernels that were killed during a restore.</summary>
    private static void DeleteLeftBehind()
    {
        if (!Directory.Exists(Cache)) return;
        foreach (var folder in Directory.EnumerateDirectories(Cache, "restore-*")
            .Where(folder => DateTime.UtcNow - Directory.GetCreationTimeUtc(folder) > FloatsFor))
        {
            Delete(folder);
        }
    }

    private static void Delete(string folder)
    {
        try
        {
            if (folder.Length > 0) Directory.Delete(folder, recursive: true);
        }
        catch (Exception inUse) when (inUse is IOException or UnauthorizedAccessException)
        {
            // A cache file that cannot be deleted does no harm.
        }
    }

    /// <summary>
    /// Restores a set. If a package is referenced without a version and its newest version requires a newer .NET, the newest
    /// version that fits is used.
    /// </summary>
    /// <returns>The build output, and notes for the user.</returns>
    private async Task<(IReadOnlyList<string> Log, IReadOnlyList<string> Notes)> BuildFittingAsync(
        string dotnet, string folder, PackageSet set, Action<string> progress, CancellationToken cancellation)
    {
        var newest = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var tries = 1; ; tries++)
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "Session.csproj"), set.Project(baseDirectory, Runtime), cancellation);
            try
            {
                var (log, notes) = await BuildSoundAsync(dotnet, folder, progress, cancellation);
                var taken = newest.Count == 0 ? [] : Installed(folder).Where(package => newest.ContainsKey(package.Id));
                return (log,
                    [.. notes,
                        .. taken.Select(package =>
                            $"{package.Id} {newest[package.Id]} requires a newer .NET than {Environment.Version.Major}; the newest "
                                + $"compatible version, {package.Version}, is used.")]);
            }
            catch (PackageException failure) when (tries <= MaxOlderVersions && set.Below(failure.Unfit) is { } older)
            {
                foreach (var package in failure.Unfit) newest.TryAdd(package.Id, package.Version);
                set = older;
            }
        }
    }

    /// <summary>Restores a set and repairs damaged packages in the machine's cache.</summary>
    /// <returns>The build output, and notes for the user.</returns>
    private static async Task<(IReadOnlyList<string> Log, IReadOnlyList<string> Notes)> BuildSoundAsync(
        string dotnet, string folder, Action<string> progress, CancellationToken cancellation)
    {
        PackageException? failed = null;
        IReadOnlyList<string> log = [];
        try
        {
            log = await BuildAsync(dotnet, folder, progress, cancellation);
        }
        catch (PackageException failure) when (File.Exists(AssetsFile(folder)))
        {
            failed = failure; // A damaged build file causes an error of its own.
        }

        var damaged = DamagedPackages.Find(Assets(folder));
        if (damaged.Count == 0) return failed is null ? (log, []) : throw failed;
        var notes = new List<string>();
        var aside = new Dictionary<string, string>();
        foreach (var package in damaged)
        {
            try
            {
                if (!DamagedPackages.Mend(package)) aside.Add(package, DamagedPackages.PutAside(package));
            }
            catch (Exception locked) when (locked is IOException or UnauthorizedAccessException)
            {
                notes.Add(
                    $"Files are missing or damaged in {package} and cannot be replaced ({locked.Message}). Delete that folder, and run "
                        + "the cell again.");
            }
        }

        if (notes.Count == damaged.Count)
            return failed is null ? (log, notes) : throw new PackageException(string.Join('\n', notes.Prepend(failed.Message)));
        try
        {
            Directory.Delete(Path.Combine(folder, "obj"), recursive: true); // NuGet would reuse its list of files from there.
            return (await BuildAsync(dotnet, folder, progress, cancellation), notes);
        }
        catch (PackageException failure) when (aside.Count > 0)
        {
            throw new PackageException(
                $"The archive of {string.Join(", ", aside.Keys)} is damaged, and the package could not be downloaded "
                    + $"again.\n{failure.Message}");
        }
        finally
        {
            foreach (var (package, old) in aside) DamagedPackages.TakeBack(old, package);
        }
    }

    /// <summary>Runs the restore.</summary>
    /// <returns>The build output.</returns>
    private static async Task<IReadOnlyList<string>> BuildAsync(
        string dotnet, string folder, Action<string> progress, CancellationToken cancellation)
    {
        var log = new List<string>();
        string[] arguments =
            ["msbuild", "Session.csproj", "-nologo", "-terminalLogger:off", "-verbosity:normal", "-nodeReuse:false", "-restore",
                "-target:ResolveReferences;GenerateMSBuildEditorConfigFile",
                "-property:Configuration=Release", "-property:UseSharedCompilation=false", .. Items.Select(item => "-getItem:" + item),
                "-getResultOutputFile:resolved.json"];
        var exitCode = await DotnetSdk.RunAsync(dotnet, folder, arguments, Read, cancellation);
        if (exitCode != 0) throw Explain(log);
        return log;

        void Read(string line)
        {
            log.Add(line);
            if (Doing().Match(line) is { Success: true } doing) progress(doing.Value.Trim());
        }
    }

    private static PackageException Explain(IReadOnlyList<string> log)
    {
        // Some errors are reported twice: for all platforms and for this one.
        var errors = Problems(log, "error")
            .Select(error => (error.Code, Text: error.Text.Replace($" / {Runtime}", "", StringComparison.Ordinal))).Distinct().ToList();
        if (errors.Count == 0)
        {
            return new(
                "The .NET SDK could not restore the packages:\n"
                    + $"{string.Join('\n', log.Where(line => line.Trim().Length > 0).TakeLast(10))}");
        }

        var unfit = errors.Where(error => error.Code == "NU1202").Select(error => Incompatible().Match(error.Text))
            .Where(match => match.Success)
            .Select(match => new InstalledPackage(match.Groups["id"].Value, match.Groups["version"].Value, null)).ToList();
        var unknown = errors.Where(error => error.Code == "NU1101").Select(error => UnknownId().Match(error.Text))
            .Where(match => match.Success).Select(match => match.Groups["id"].Value);
        return new(
            string.Join('\n',
                errors.Select(error => $"{error.Code}: {error.Text}")
                    .Concat(errors.GroupBy(error => error.Code).SelectMany(AdviceFor).Distinct())))
        {
            Unfit = unfit.Count == errors.Count ? unfit : [],
            Unknown = [.. unknown.Distinct()],
        };
    }

    private static IEnumerable<string> AdviceFor(IGrouping<string, (string Code, string Text)> errors)
    {
        var text = string.Join(' ', errors.Select(error => error.Text));
        switch (errors.Key)
        {
            case "NU1202":
                foreach (Match unfit in Incompatible().Matches(text))
                {
                    var (id, version) = (unfit.Groups["id"].Value, unfit.Groups["version"].Value);
                    var earlier = Version.TryParse(version.Split('-')[0], out var number) && number.Major > Environment.Version.Major
                        ? $" or #r \"nuget: {id}, {Environment.Version.Major}.*\"" : "";
                    yield return $"{id} {version} does not support .NET {Environment.Version.Major}, which notebooks run on. Write #r "
                        + $"\"nuget: {id}\"{earlier} for the newest version that does.";
                }

                break;
            case "NU1102":
                var wanted = NearestVersion().Match(text);
                yield return (wanted.Success
                    ? $"Write #r \"nuget: {wanted.Groups["id"].Value}, {wanted.Groups["version"].Value}\", or leave"
                    : "Write a version that the sources have, or leave") + " the version out for the newest one.";
                break;
            default:
                if (Advice.TryGetValue(errors.Key, out var advice)) yield return advice;
                break;
        }
    }

    private static IEnumerable<(string Code, string Text)> Problems(IEnumerable<string> log, string kind) => log
        .Select(line => Problem().Match(line)).Where(match => match.Success && match.Groups["kind"].Value == kind)
        .Select(match =>
            (match.Groups["code"].Value,
                match.Groups["text"].Value.Replace("Session depends on", Asked, StringComparison.Ordinal).Trim(' ', '-')));

    private static ResolvedPackages Read(string folder, string dotnet, PackageSet set, IReadOnlyList<string> log)
    {
        var items = (JObject)JObject.Parse(File.ReadAllText(Path.Combine(folder, "resolved.json")))["Items"]!;
        var references = Of("ReferencePath")
            .Where(item => Text(item, "FrameworkReferenceName") != "Microsoft.NETCore.App").Select(Full).ToList();
        var local = Of("ReferenceCopyLocalPaths").ToList();
        bool IsNative(JToken item) => Text(item, "AssetType") == "native";
        var frameworks = set.Frameworks.Select(name => DotnetSdk.FindFramework(dotnet, name, Environment.Version.Major)
            ?? throw new PackageException(
                $"The framework {name} for .NET {Environment.Version.Major} is not installed beside the SDK in "
                    + $"{Path.GetDirectoryName(dotnet)}."));
        var extensions = Extensions(folder);
        return new(
            Installed(folder), references,
            [.. extensions.SelectMany(extension => extension.Assemblies),
                .. local.Where(item => !IsNative(item) && Text(item, "Extension").Equals(".dll", StringComparison.OrdinalIgnoreCase))
                    .Select(Full), .. frameworks.SelectMany(path => Directory.EnumerateFiles(path, "*.dll"))],
            [.. local.Where(IsNative).Select(Full)],
            // A project may itself be a generator.
            [.. Of("Analyzer").Where(item => Text(item, "NuGetPackageId").Length > 0)
                .Concat(Of("ReferencePath").Where(item => Text(item, "ReferenceSourceTarget") == "ProjectReference")).Select(Full),
                .. GeneratorOptions(folder)],

            // A dependency that is resolved to a newer version than requested (NU1603) does not concern the user.
            [.. Problems(log, "warning")
                .Where(warning => warning.Code != "NU1603" || warning.Text.StartsWith(Asked, StringComparison.Ordinal))
                .Select(warning => $"{warning.Code}: {warning.Text}").Distinct()])
        {
            Extensions = extensions,
        };

        IEnumerable<JToken> Of(string name) => items[name] ?? Enumerable.Empty<JToken>();

        static string Full(JToken item)
        {
            var path = Path.GetFullPath(Text(item, "FullPath"));
            return Text(item, "NuGetPackageId").Length > 0 || Text(item, "FrameworkReferenceName").Length > 0 ? path : Copy(path);
        }

        static string Text(JToken item, string name) => (string?)item[name] ?? "";
    }

    /// <summary>
    /// Copies the output of a project to a folder named after the content's hash, and returns the copy. So the project can be built again
    /// while a worker has the copy loaded, and the new output is then another file.
    /// </summary>
    private static string Copy(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var folder = CreatePrivately("projects", Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]);
        var copy = Path.Combine(folder, Path.GetFileName(path));
        if (File.Exists(copy)) return copy;
        var written = $"{copy}.{Guid.NewGuid():N}";
        File.WriteAllBytes(written, bytes);
        File.Move(written, copy, overwrite: true);
        return copy;
    }

    /// <summary>Returns a copy of the file with the properties that packages expose to their generators; empty if there is none.</summary>
    /// <remarks>
    /// Source:
    /// https://github.com/dotnet/roslyn/blob/main/docs/features/source-generators.cookbook.md#consume-msbuild-properties-and-metadata
    /// </remarks>
    private static IEnumerable<string> GeneratorOptions(string folder)
    {
        if (Directory.EnumerateFiles(Path.Combine(folder, "obj"), "*.GeneratedMSBuildEditorConfig.editorconfig",
            SearchOption.AllDirectories).FirstOrDefault() is not { } written)
        {
            return [];
        }
        var copy = Path.Combine(folder, "generators.editorconfig");
        File.WriteAllLines(copy, File.ReadLines(written).Where(line => !line.Contains(folder, StringComparison.Ordinal)));
        return [Copy(copy)];
    }

    private static List<Extension> Extensions(string folder) =>
        [.. Libraries(folder)
            .Select(library =>
                library.Roots.Select(root => Extension.In(library.Id, root)).FirstOrDefault(extension => extension is not null))
                .OfType<Extension>()];

    private static string AssetsFile(string folder) => Path.Combine(folder, "obj", "project.assets.json");

    private static JObject Assets(string folder) => JObject.Parse(File.ReadAllText(AssetsFile(folder)));

    /// <summary>Reads the installed packages from the files that NuGet wrote.</summary>
    /// <remarks>Source: https://learn.microsoft.com/nuget/concepts/package-installation-process</remarks>
    private static List<InstalledPackage> Installed(string folder)
    {
        return [
            .. Libraries(folder)
                .Select(library =>
                    new InstalledPackage(library.Id, library.Version,
                        library.Roots.Select(Source).FirstOrDefault(source => source is not null)))];

        static string? Source(string package)
        {
            var metadata = Path.Combine(package, ".nupkg.metadata");
            return File.Exists(metadata) ? (string?)JObject.Parse(File.ReadAllText(metadata))["source"] : null;
        }
    }

    /// <summary>Reads the packages, each with the folders in which it may be.</summary>
    private static IEnumerable<(string Id, string Version, IEnumerable<string> Roots)> Libraries(string folder)
    {
        var assets = Assets(folder);
        var stores = ((JObject?)assets["packageFolders"])?.Properties().Select(property => property.Name).ToList() ?? [];
        return ((JObject)assets["libraries"]!).Properties().Where(library => (string?)library.Value["type"] == "package").Select(library =>
        {
            var (id, version) = library.Name.Split('/') is [var name, var number] ? (name, number) : (library.Name, "");
            return (id, version, stores.Select(store => Path.Combine(store, (string)library.Value["path"]!)));
        });
    }

    [GeneratedRegex(@"(?<kind>error|warning) (?<code>[A-Z]+\d+)?\s*: (?<text>.*?)( \[[^\[\]]+proj\])?$")]
    private static partial Regex Problem();

    [GeneratedRegex(@"Package (?<id>\S+) (?<version>\S+) is not compatible with net")]
    private static partial Regex Incompatible();

    [GeneratedRegex(@"Unable to find package (?<id>[\w.\-]+\w)")]
    private static partial Regex UnknownId();

    [GeneratedRegex(@"Unable to find package (?<id>\S+) with version.*?Nearest version: (?<version>[^\s\]]+)")]
    private static partial Regex NearestVersion();

    [GeneratedRegex(@"^\s*(Restoring packages|Installed \S+ \S+|GET \S+|Acquiring lock|Restored )")]
    private static partial Regex Doing();
}
