using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace JupyterKernel.Intelligence;

/// <summary>The names that were written lately: what was meant once is likely to be meant again.</summary>
internal static partial class RecentNames
{
    /// <summary>How many texts are looked at.</summary>
    public const int MostCells = 20;

    private const int LongestCell = 20_000;

    /// <summary>None.</summary>
    public static IReadOnlyDictionary<string, int> None { get; } = FrozenDictionary<string, int>.Empty;

    /// <summary>The names in some texts, with a number that is the greater the later the text is.</summary>
    /// <param name="codes">The texts, the latest last.</param>
    public static IReadOnlyDictionary<string, int> In(IReadOnlyList<string> codes)
    {
        var names = new Dictionary<string, int>();
        for (var i = Math.Max(0, codes.Count - MostCells); i < codes.Count; i++)
        {
            if (codes[i].Length > LongestCell) continue;
            foreach (var name in Name().EnumerateMatches(codes[i])) names[codes[i].Substring(name.Index, name.Length)] = i + 1;
        }

        return names;
    }

    [GeneratedRegex(@"[\p{L}_][\p{L}\p{Nd}_]{2,60}")]
    private static partial Regex Name();
}
