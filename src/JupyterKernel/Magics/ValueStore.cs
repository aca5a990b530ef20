using System.Collections.Immutable;

namespace JupyterKernel.Magics;

/// <summary>A text stored by <c>#!value</c>.</summary>
internal sealed record StoredValue(string Text, string MimeType);

/// <summary>
/// Stores the values of <c>#!value</c> by name. It is in the kernel process, so it outlives every worker; it is not part of the history,
/// and <c>#!undo</c> does not change it. Loop thread.
/// </summary>
internal sealed class ValueStore
{
    /// <summary>All stored values; settable to restore an earlier state.</summary>
    public ImmutableSortedDictionary<string, StoredValue> All { get; set; } = ImmutableSortedDictionary<string, StoredValue>.Empty;

    /// <summary>Stores a text, replacing an earlier one of the same name.</summary>
    public void Set(string name, StoredValue value) => All = All.SetItem(name, value);
}
