namespace JupyterKernel.Intelligence;

/// <summary>How well a name matches the typed text; a smaller value is better.</summary>
internal enum NameMatch
{
    /// <summary>The name starts with the typed text.</summary>
    Exact,

    /// <summary>The name starts with the typed text, ignoring case.</summary>
    IgnoringCase,

    /// <summary>The typed text consists of beginnings of the name's words: <c>wl</c> and <c>WrL</c> match WriteLine.</summary>
    Humps,

    /// <summary>The name does not match.</summary>
    None,
}

internal static class NameMatching
{
    public static NameMatch Match(string typed, string name)
    {
        if (name.StartsWith(typed, StringComparison.Ordinal)) return NameMatch.Exact;
        if (name.StartsWith(typed, StringComparison.OrdinalIgnoreCase)) return NameMatch.IgnoringCase;
        return MatchesHumps(typed, name) ? NameMatch.Humps : NameMatch.None;
    }

    private static bool MatchesHumps(string typed, string name)
    {
        var matched = 0;
        var running = false;
        for (var i = 0; i < name.Length && matched < typed.Length; i++)
        {
            running = (running || IsHump(name, i))
                && char.ToUpperInvariant(name[i]) == char.ToUpperInvariant(typed[matched]);
            if (running) matched++;
        }
        return matched == typed.Length;
    }

    private static bool IsHump(string name, int i) =>
        i == 0 || name[i - 1] == '_' || (char.IsUpper(name[i]) && !char.IsUpper(name[i - 1]))
        || (char.IsUpper(name[i]) && i + 1 < name.Length && char.IsLower(name[i + 1]));
}
