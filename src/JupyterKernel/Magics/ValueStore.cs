using System.Collections.Immutable;

namespace JupyterKernel.Magics;

/// <summary>A text that <c>#!value</c> has stored.</summary>
internal sealed record StoredValue(string Text, string MimeType);

/// <summary>
/// What <c>#!value</c> has stored, by name. It lives in the kernel, so it outlives every worker; it is no part of the history, and
/// <c>#!undo</c> leaves it alone. Loop thread.
/// </summary>
internal sealed class ValueStore
{
    /// <summary>All of it, to be kept or set back.</summary>
    public ImmutableSortedDictionary<string, StoredValue> All { get; set; } = ImmutableSortedDictionary<string, StoredValue>.Empty;

    /// <summary>Stores a text, in the place of an older one.</summary>
    public void Set(string name, StoredValue value) => All = All.SetItem(name, value);
}
