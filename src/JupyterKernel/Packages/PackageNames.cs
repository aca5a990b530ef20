using System.Collections.Concurrent;
using JupyterKernel.Compilation;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Packages;

/// <summary>
/// Which packages and versions there are: those on this machine at once, those of the feeds as the SDK finds them, for whoever types a directive.
/// Any thread.
/// Source: https://learn.microsoft.com/dotnet/core/tools/dotnet-package-search
/// </summary>
/// <param name="folder">The notebook's folder, from which NuGet.config is looked for.</param>
internal sealed class PackageNames(string folder)
{
    private const int FewestLetters = 2;
    private const int MostFound = 50;

    /// <summary>What a feed has not said by then comes to whoever asks again.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan LongestSearch = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, Task<IReadOnlyList<JObject>>> searches = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Packages whose ids begin with what is typed, then those that are found by it otherwise.</summary>
    public async Task<IReadOnlyList<(string Id, string Description)>> IdsAsync(string typed, CancellationToken cancellation)
    {
        var local = OnThisMachine(typed + "*").Select(path => (IdOf(path), ""));
        var found = typed.Length < FewestLetters ? [] : await AskAsync(["search", typed, "--take", $"{MostFound}", "--verbosity", "detailed"], cancellation);
        return
        [
            .. found.Select(package => ((string?)package["id"] ?? "", (string?)package["description"] ?? "")).Concat(local)
                .Where(package => package.Item1.Length > 0).DistinctBy(package => package.Item1, StringComparer.OrdinalIgnoreCase)
                .OrderByDescending(package => package.Item1.StartsWith(typed, StringComparison.OrdinalIgnoreCase)),
        ];
    }

    /// <summary>Asks whether an existing package of nearly the same id was meant; null if there is none.</summary>
    public async Task<string?> NearestAsync(string id, CancellationToken cancellation)
    {
        var found = await Task.WhenAll(((string[])[id, id.Split('.').MaxBy(part => part.Length)!]).Distinct().Select(part => AskAsync(["search", part], cancellation)));
        var local = OnThisMachine("*").Where(path => Math.Abs(Path.GetFileName(path).Length - id.Length) <= 1 + (id.Length / 3)).Select(IdOf);
        return Suggestions.Nearest(id, found.SelectMany(packages => packages).Select(package => (string?)package["id"] ?? "").Concat(PackageHints.Ids).Concat(local));
    }

    /// <summary>A package's versions, the latest first.</summary>
    public async Task<IReadOnlyList<string>> VersionsAsync(string id, CancellationToken cancellation)
    {
        if (id.Length == 0) return [];
        var found = await AskAsync(["search", id, "--exact-match"], cancellation);
        var local = OnThisMachine(id).SelectMany(Directory.EnumerateDirectories).Select(path => Path.GetFileName(path)!);
        return [.. found.Select(package => (string?)package["version"] ?? "").Concat(local).Where(version => version.Length > 0).Distinct().OrderByDescending(version => version, Comparer<string>.Create(Compare))];
    }

    private async Task<IReadOnlyList<JObject>> AskAsync(string[] arguments, CancellationToken cancellation)
    {
        var search = searches.GetOrAdd(string.Join(' ', arguments), _ => Task.Run(() => SearchAsync(arguments), CancellationToken.None));
        try
        {
            return await search.WaitAsync(Patience, cancellation);
        }
        catch (TimeoutException)
        {
            return [];
        }
    }

    private async Task<IReadOnlyList<JObject>> SearchAsync(string[] arguments)
    {
        if (DotnetSdk.Find() is not { } dotnet) return [];
        using var deadline = new CancellationTokenSource(LongestSearch);
        var output = new List<string>();
        try
        {
            await DotnetSdk.RunAsync(dotnet, folder, ["package", .. arguments, "--format", "json"], output.Add, deadline.Token);

            // Something may be said before the answer.
            var answer = JObject.Parse(string.Join('\n', output.SkipWhile(line => !line.StartsWith('{'))));
            return [.. (answer["searchResult"] as JArray ?? []).SelectMany(source => source["packages"] as JArray ?? []).OfType<JObject>()];
        }
        catch (Exception unanswered) when (unanswered is JsonException or OperationCanceledException or System.ComponentModel.Win32Exception)
        {
            // The next who asks may have more luck.
            searches.TryRemove(string.Join(' ', arguments), out _);
            return [];
        }
    }

    /// <summary>The folders of packages that were restored before.</summary>
    private static IEnumerable<string> OnThisMachine(string pattern)
    {
        var store = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } named ? named
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        try
        {
            return Directory.Exists(store) ? [.. Directory.EnumerateDirectories(store, pattern, new EnumerationOptions { MatchCasing = MatchCasing.CaseInsensitive })] : [];
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return [];
        }
    }

    /// <summary>A package's id as it is spelled: its folder has it in small letters.</summary>
    private static string IdOf(string package)
    {
        try
        {
            var specification = Directory.EnumerateDirectories(package).SelectMany(version => Directory.EnumerateFiles(version, "*.nuspec")).FirstOrDefault();
            return specification is not null && System.Xml.Linq.XDocument.Load(specification).Descendants().FirstOrDefault(element => element.Name.LocalName == "id")?.Value is { Length: > 0 } id
                ? id
                : Path.GetFileName(package);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or System.Xml.XmlException)
        {
            return Path.GetFileName(package);
        }
    }

    /// <summary>By numbers, and a preview before what it is one of.</summary>
    private static int Compare(string a, string b)
    {
        var (left, right) = (a.Split('-', 2), b.Split('-', 2));
        var numbers = Version.TryParse(left[0], out var one) && Version.TryParse(right[0], out var other) ? one.CompareTo(other) : string.CompareOrdinal(left[0], right[0]);
        return numbers != 0 ? numbers
            : left.Length != right.Length ? right.Length.CompareTo(left.Length)
            : left.Length == 1 ? 0 : string.CompareOrdinal(left[1], right[1]);
    }
}
