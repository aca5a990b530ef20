using Newtonsoft.Json.Linq;

namespace JupyterKernel.Intelligence;

/// <summary>A proposal that replaces the text between the start and the end of its list.</summary>
/// <param name="Text">The replacement.</param>
/// <param name="Type">The kind, in one word; front ends choose an icon by it.</param>
/// <param name="Signature">The declaration, on one line; empty for keywords and paths.</param>
/// <param name="Namespace">The namespace to import; null if none is needed.</param>
public sealed record CompletionItem(string Text, string Type, string Signature, string? Namespace = null);

/// <summary>A list of proposals, the best first.</summary>
/// <param name="Items">The proposals; empty if there are none.</param>
/// <param name="Start">The start of the text to replace, in UTF-16 units.</param>
/// <param name="End">The end of the text to replace (exclusive), in UTF-16 units: the cursor.</param>
public sealed record CompletionList(IReadOnlyList<CompletionItem> Items, int Start, int End)
{
    /// <summary>The matches of a complete_reply.</summary>
    public IReadOnlyList<string> Matches => [.. Items.Select(i => i.Text)];

    /// <summary>
    /// Returns the metadata of a complete_reply: types and signatures in the format that ipykernel introduced and JupyterLab reads.
    /// </summary>
    /// <param name="start"><see cref="Start"/> in the protocol's code points.</param>
    /// <param name="end"><see cref="End"/> in the protocol's code points.</param>
    public JObject Metadata(int start, int end) => new()
    {
        ["_jupyter_types_experimental"] = new JArray(Items.Select(i => new JObject
        {
            ["start"] = start, ["end"] = end, ["text"] = i.Text, ["type"] = i.Type, ["signature"] = i.Signature,
        })),
    };
}
