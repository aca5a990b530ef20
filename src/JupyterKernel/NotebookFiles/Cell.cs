using Newtonsoft.Json.Linq;

namespace JupyterKernel.NotebookFiles;

/// <summary>
/// A cell of a notebook, as a view of the cell's JSON.
/// Source: https://nbformat.readthedocs.io/en/latest/format_description.html#cell-types
/// </summary>
internal sealed class Cell(JObject json)
{
    public JObject Json => json;

    public bool IsCode => (string?)(json["cell_type"] as JValue) == "code";

    public bool IsMarkdown => (string?)(json["cell_type"] as JValue) == "markdown";

    public bool HasOutputs => json["outputs"] is JArray { Count: > 0 };

    public string Source => MultilineText.Join(json["source"]);

    public int? ExecutionCount
    {
        set => json["execution_count"] = value;
    }

    /// <summary>The language in the cell's metadata; null for the notebook's language.</summary>
    public string? Language => LanguageIn(NotebookFile.ObjectIn(json, "metadata"));

    /// <summary>Returns the language in metadata, in the forms written by Polyglot Notebooks, its predecessor and VS Code.</summary>
    public static string? LanguageIn(JObject metadata)
    {
        var language = (metadata["polyglot_notebook"] as JObject)?["kernelName"] ?? (metadata["dotnet_interactive"] as JObject)?["language"]
            ?? (metadata["vscode"] as JObject)?["languageId"];
        return (string?)(language as JValue);
    }

    public bool HasTag(string tag) =>
        NotebookFile.ObjectIn(json, "metadata")["tags"] is JArray tags && tags.Any(present => (string?)(present as JValue) == tag);

    /// <summary>Clears the cell's outputs and returns the new, empty list.</summary>
    public JArray ClearOutputs()
    {
        var outputs = new JArray();
        json["execution_count"] = null;
        json["outputs"] = outputs;
        return (JArray)json["outputs"]!;
    }
}
