using System.Collections.Concurrent;
using JupyterKernel.Compilation;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Packages;

/// <summary>
/// Looks up package ids and versions for the completion of directives: on this machine immediately, in the feeds
/// through the SDK. Any thread.
/// Source: https://learn.microsoft.com/dotnet/core/tools/dotnet-package-search
/// </summary>
/// <param name="folder">The notebook's folder, where the search for NuGet.config begins.</param>
internal sealed class PackageNames(string folder)
{
    private const int MinLetters = 2;
    private const int MaxFound = 50;

    /// <summary>The time to wait for a feed; a later answer is used for the next query.</summary>
    private static readonly TimeSpan FeedTimeout = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan SearchTimeout = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, Task<IReadOnlyList<JObject>>> searches = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Returns the packages whose ids begin with the typed text, followed by others that the feeds find.</summary>
    public async Task<IReadOnlyList<(string Id, string Description)>> IdsAsync(string typed, CancellationToken cancellation)
    {
        var local = OnThisMachine(typed + "*").Select(path => (IdOf(path), ""));
        var found = typed.Length < MinLetters
            ? [] : await AskAsync(["search", typed, "--take", $"{MaxFound}", "--verbosity", "detailed"], cancellation);
        return
        [
            .. found.Select(package => ((string?)package["id"] ?? "", (string?)package["description"] ?? "")).Concat(local)
                .Where(package => package.Item1.Length > 0).DistinctBy(package => package.Item1, StringComparer.OrdinalIgnoreCase)
                .OrderByDescending(package => package.Item1.StartsWith(typed, StringComparison.OrdinalIgnoreCase)),
        ];
    }

    /// <summary>Returns a question that proposes an existing package with a similar id; null if there is none.</summary>
    public async Task<string?> NearestAsync(string id, CancellationToken cancellation)
    {
        var found = await Task.WhenAll(((string[])[id, id.Split('.').MaxBy(part => part.Length)!]).Distinct()
            .Select(part => AskAsync(["search", part], cancellation)));
        var local = OnThisMachine("*")
            .Where(path => Math.Abs(Path.GetFileName(path).Length - id.Length) <= 1 + (id.Length / 3)).Select(IdOf);
        return Suggestions.Nearest(id,
            found.SelectMany(packages => packages).Select(package => (string?)package["id"] ?? "").Concat(PackageHints.Ids).Concat(local));
    }

    /// <summary>Returns the versions of a package, the latest first.</summary>
    public async Task<IReadOnlyList<string>> VersionsAsync(string id, CancellationToken cancellation)
    {
        if (id.Length == 0) return [];
        var found = await AskAsync(["search", id, "--exact-match"], cancellation);
        var local = OnThisMachine(id).SelectMany(Directory.EnumerateDirectories).Select(path => Path.GetFileName(path)!);
        return [
            .. found.Select(package => (string?)package["version"] ?? "").Concat(local).Where(version => version.Length > 0).Distinct()
                .OrderByDescending(version => version, Comparer<string>.Create(Compare))];
    }

    private async Task<IReadOnlyList<JObject>> AskAsync(string[] arguments, CancellationToken cancellation)
    {
        var search = searches.GetOrAdd(string.Join(' ', arguments), _ => Task.Run(() => SearchAsync(arguments), CancellationToken.None));
        try
        {
            return await search.WaitAsync(FeedTimeout, cancellation);
        }
        catch (TimeoutException)
        {
            return [];
        }
    }

    private async Task<IReadOnlyList<JObject>> SearchAsync(string[] arguments)
    {
        if (DotnetSdk.Find() is not { } dotnet) return [];
        using var deadline = new CancellationTokenSource(SearchTimeout);
        var output = new List<string>();
        try
        {
            await DotnetSdk.RunAsync(dotnet, folder, ["package", .. arguments, "--format", "json"], output.Add, deadline.Token);

            // Other output may precede the JSON.
            var answer = JObject.Parse(string.Join('\n', output.SkipWhile(line => !line.StartsWith('{'))));
            return [.. (answer["searchResult"] as JArray ?? []).SelectMany(source => source["packages"] as JArray ?? []).OfType<JObject>()];
        }
        catch (Exception unanswered) when (unanswered is JsonException or OperationCanceledException
            or System.ComponentModel.Win32Exception)
        {
            // A failed search is not cached, so the next query repeats it.
            searches.TryRemove(string.Join(' ', arguments), out _);
            return [];
        }
    }

    /// <summary>Returns the folders of restored packages.</summary>
    private static IEnumerable<string> OnThisMachine(string pattern)
    {
        var store = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } named ? named
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        try
        {
            return Directory.Exists(store)
                ? [.. Directory.EnumerateDirectories(store, pattern, new EnumerationOptions { MatchCasing = MatchCasing.CaseInsensitive })]
                : [];
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return [];
        }
    }

    /// <summary>Returns a package's id in its original spelling; the name of the folder is in lower case.</summary>
    private static string IdOf(string package)
    {
        try
        {
            var specification = Directory.EnumerateDirectories(package)
                .SelectMany(version => Directory.EnumerateFiles(version, "*.nuspec")).FirstOrDefault();
            return specification is not null && System.Xml.Linq.XDocument.Load(specification).Descendants()
                .FirstOrDefault(element => element.Name.LocalName == "id")?.Value is { Length: > 0 } id
                ? id
                : Path.GetFileName(package);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or System.Xml.XmlException)
        {
            return Path.GetFileName(package);
        }
    }

    /// <summary>Compares version numbers; a preview comes before its release.</summary>
    private static int Compare(string a, string b)
    {
        var (left, right) = (a.Split('-', 2), b.Split('-', 2));
        var numbers = Version.TryParse(left[0], out var one) && Version.TryParse(right[0], out var other)
            ? one.CompareTo(other) : string.CompareOrdinal(left[0], right[0]);
        return numbers != 0 ? numbers
            : left.Length != right.Length ? right.Length.CompareTo(left.Length)
            : left.Length == 1 ? 0 : string.CompareOrdinal(left[1], right[1]);
    }
}
