using JupyterKernel.Compilation;

namespace JupyterKernel.Magics;

/// <summary>Every magic that there is: one table for whoever runs, lists, explains or completes them. Immutable; any thread.</summary>
internal static class MagicTable
{
    /// <summary>In the order in which they are listed.</summary>
    public static readonly IReadOnlyList<Magic> All =
    [
        .. TextMagics.All.Where(magic => !magic.IsForeign), .. AboutMagics.All, .. VariableMagics.All, .. ValueMagics.All, .. FileMagics.All,
        .. SessionMagics.All, .. TextMagics.All.Where(magic => magic.IsForeign),
    ];

    private static readonly Dictionary<string, Magic> ByName =
        All.SelectMany(magic => magic.Names.Select(name => (name, magic))).ToDictionary(named => named.name, named => named.magic, StringComparer.OrdinalIgnoreCase);

    /// <summary>The magic of that name, which begins with <c>#!</c>; null if there is none.</summary>
    public static Magic? Find(string name) =>
        ByName.TryGetValue(name, out var magic) ? magic
        : name.Length > 2 && Notebooks.CellLanguage.Find(name[2..]) is { Instead: not null } connection ? ByName["#!" + connection.Name.Split('-')[0]]
        : null;

    /// <summary>What to say of a name that no magic has.</summary>
    public static string Unknown(string name) =>
        $"There is no magic {(name.Length > 60 ? name[..60] + "…" : name)}. {Suggestions.Nearest(name, ByName.Keys) ?? "#!lsmagic lists those that there are."}";
}
