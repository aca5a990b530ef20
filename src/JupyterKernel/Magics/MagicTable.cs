using JupyterKernel.Compilation;

namespace JupyterKernel.Magics;

/// <summary>The kernel's own magics, in one table that is used to run, list, explain and complete them. Immutable; any thread.</summary>
internal static class MagicTable
{
    /// <summary>The magics in listing order.</summary>
    public static readonly IReadOnlyList<MagicDefinition> All =
    [
        .. TextMagics.All.Where(magic => !magic.IsForeign), .. AboutMagics.All, .. VariableMagics.All, .. ValueMagics.All,
        .. FileMagics.All,
        .. SessionMagics.All, .. TextMagics.All.Where(magic => magic.IsForeign),
    ];

    private static readonly Dictionary<string, MagicDefinition> ByName =
        All.SelectMany(magic => magic.Names.Select(name => (name, magic)))
            .ToDictionary(named => named.name, named => named.magic, StringComparer.OrdinalIgnoreCase);

    /// <summary>Finds a magic by name, which includes <c>#!</c>; null if there is none.</summary>
    public static MagicDefinition? Find(string name) =>
        ByName.TryGetValue(name, out var magic) ? magic
        : name.Length > 2 && NotebookFiles.CellLanguage.Find(name[2..]) is { Instead: not null } connection
            ? ByName["#!" + connection.Name.Split('-')[0]]
        : null;
}
