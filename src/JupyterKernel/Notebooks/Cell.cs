using Newtonsoft.Json.Linq;

namespace JupyterKernel.Notebooks;

/// <summary>
/// A cell of a notebook, as a view of its JSON.
/// Source: https://nbformat.readthedocs.io/en/latest/format_description.html#cell-types
/// </summary>
internal sealed class Cell(JObject json)
{
    public JObject Json => json;

    public bool IsCode => (string?)(json["cell_type"] as JValue) == "code";

    public string Source => MultilineText.Join(json["source"]);

    public int? ExecutionCount
    {
        set => json["execution_count"] = value;
    }

    /// <summary>
    /// The language that the cell's metadata names, as Polyglot Notebooks, its predecessor and VS Code write it;
    /// null where the cell is in the notebook's language.
    /// </summary>
    public string? Language
    {
        get
        {
            var metadata = Notebook.ObjectIn(json, "metadata");
            var language = metadata.SelectToken("polyglot_notebook.kernelName")
                ?? metadata.SelectToken("dotnet_interactive.language")
                ?? metadata.SelectToken("vscode.languageId");
            return (string?)(language as JValue);
        }
    }

    public bool HasTag(string tag) => Notebook.ObjectIn(json, "metadata")["tags"] is JArray tags && tags.Any(present => (string?)(present as JValue) == tag);

    /// <summary>Empties the cell's outputs, and gives the list to fill.</summary>
    public JArray ClearOutputs()
    {
        var outputs = new JArray();
        json["execution_count"] = null;
        json["outputs"] = outputs;
        return (JArray)json["outputs"]!;
    }
}
