using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace JupyterKernel.Intelligence;

/// <summary>Collects recently used names, which are likely to be used again.</summary>
internal static partial class RecentNames
{
    /// <summary>The maximum number of texts to read.</summary>
    public const int MaxCells = 20;

    private const int MaxCellLength = 20_000;

    /// <summary>An empty collection.</summary>
    public static IReadOnlyDictionary<string, int> None { get; } = FrozenDictionary<string, int>.Empty;

    /// <summary>Returns the names in several texts, each with a rank that increases with the position of the text.</summary>
    /// <param name="codes">The texts, in order of age; the latest is the last.</param>
    public static IReadOnlyDictionary<string, int> In(IReadOnlyList<string> codes)
    {
        var names = new Dictionary<string, int>();
        for (var i = Math.Max(0, codes.Count - MaxCells); i < codes.Count; i++)
        {
            if (codes[i].Length > MaxCellLength) continue;
            foreach (var name in Name().EnumerateMatches(codes[i])) names[codes[i].Substring(name.Index, name.Length)] = i + 1;
        }

        return names;
    }

    [GeneratedRegex(@"[\p{L}_][\p{L}\p{Nd}_]{2,60}")]
    private static partial Regex Name();
}
