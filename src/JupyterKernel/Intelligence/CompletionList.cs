using Newtonsoft.Json.Linq;

namespace JupyterKernel.Intelligence;

/// <summary>One proposal for the text between a list's start and end.</summary>
/// <param name="Text">What replaces that text.</param>
/// <param name="Type">One word that front ends choose an icon by.</param>
/// <param name="Signature">The declaration, on one line; empty for keywords and paths.</param>
/// <param name="Namespace">What is to be imported for it; null if nothing is.</param>
public sealed record CompletionItem(string Text, string Type, string Signature, string? Namespace = null);

/// <summary>Proposals, the best first.</summary>
/// <param name="Items">Empty where nothing can be said.</param>
/// <param name="Start">First position to replace, in UTF-16 units.</param>
/// <param name="End">Position behind the last to replace, in UTF-16 units: the cursor.</param>
public sealed record CompletionList(IReadOnlyList<CompletionItem> Items, int Start, int End)
{
    /// <summary>The texts alone, as a complete_reply lists them.</summary>
    public IReadOnlyList<string> Matches => [.. Items.Select(i => i.Text)];

    /// <summary>
    /// A complete_reply's metadata: types and signatures in the shape that ipykernel began and JupyterLab reads.
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
