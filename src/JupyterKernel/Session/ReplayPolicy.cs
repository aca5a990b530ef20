namespace JupyterKernel.Session;

/// <summary>What becomes of a cell when the session is brought into a fresh worker.</summary>
internal enum ReplayPolicy
{
    /// <summary>It is executed again.</summary>
    Always,

    /// <summary>It is not; the variables are set to what they were after it, as far as they hold plain data.</summary>
    Never,

    /// <summary>After a crash the user is asked; at a planned recycle it is as <see cref="Never"/>.</summary>
    Ask,
}

/// <summary>The line <c>#!replay always|never|ask</c> at the top of a cell.</summary>
internal static class ReplayDirective
{
    private const string Word = "#!replay";

    /// <summary>Takes the directive out of a cell, leaving its line empty so that the others keep their numbers.</summary>
    /// <returns>The policy, null where the cell names none; the code that is left; and what is wrong with the directive.</returns>
    public static (ReplayPolicy? Policy, string Code, string? Problem) Take(string code)
    {
        if (!code.AsSpan().TrimStart().StartsWith(Word)) return (null, code, null);
        var start = code.IndexOf(Word, StringComparison.Ordinal);
        var end = code.IndexOfAny(['\r', '\n'], start);
        if (end < 0) end = code.Length;
        var asked = code[(start + Word.Length)..end].Trim();
        var rest = string.Concat(code.AsSpan(0, start), code.AsSpan(end));
        return Parse(asked) is { } policy
            ? (policy, rest, null)
            : (null, rest, $"{Word} wants one of always, never, ask{(asked.Length > 0 ? $", not '{asked}'" : "")}.");
    }

    /// <summary>A policy by its name; null if there is none of that name.</summary>
    public static ReplayPolicy? Parse(string name) => name switch
    {
        "always" => ReplayPolicy.Always,
        "never" => ReplayPolicy.Never,
        "ask" => ReplayPolicy.Ask,
        _ => null,
    };
}
