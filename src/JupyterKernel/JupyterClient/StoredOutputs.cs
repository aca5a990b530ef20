using System.Text;
using JupyterKernel.NotebookFiles;
using JupyterKernel.Protocol;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.JupyterClient;

/// <summary>
/// Converts a cell's published messages to the outputs stored in the notebook. Not for several threads at once.
/// Source: https://nbformat.readthedocs.io/en/latest/format_description.html#code-cell-outputs
/// </summary>
/// <param name="cell">The cell; its outputs are cleared.</param>
/// <param name="displays">The outputs of the whole notebook, by display id, for update_display_data.</param>
internal sealed class StoredOutputs(Cell cell, Dictionary<string, List<JObject>> displays)
{
    private readonly JArray outputs = cell.ClearOutputs();
    private readonly StringBuilder streamText = new();
    private string? stream;
    private bool clearBeforeNext;

    /// <summary>Processes an iopub message; types without stored output are ignored.</summary>
    public void Take(Message message)
    {
        var content = message.Content;
        switch (message.Header.MsgType)
        {
            case "execute_input":
                cell.ExecutionCount = (int?)content["execution_count"];
                break;
            case "stream":
                AddText((string?)content["name"] ?? "stdout", (string?)content["text"] ?? "");
                break;
            case "display_data":
                Add(Track(content,
                    new JObject { ["data"] = Data(content), ["metadata"] = Metadata(content), ["output_type"] = "display_data" }));
                break;
            case "execute_result":
                Add(Track(content, new JObject
                {
                    ["data"] = Data(content),
                    ["execution_count"] = content["execution_count"],
                    ["metadata"] = Metadata(content),
                    ["output_type"] = "execute_result",
                }));
                break;
            case "error":
                AddError((string?)content["ename"] ?? "", (string?)content["evalue"] ?? "", content["traceback"] as JArray ?? []);
                break;
            case "update_display_data":
                Update(content);
                break;
            case "clear_output" when (bool?)content["wait"] == true:
                clearBeforeNext = true;
                break;
            case "clear_output":
                Clear();
                break;
        }
    }

    /// <summary>Adds an error: that of the cell itself, or one that explains why the cell did not complete.</summary>
    public void AddError(string name, string value, JArray traceback) => Add(new JObject
    {
        ["ename"] = name,
        ["evalue"] = value,
        ["output_type"] = "error",
        ["traceback"] = traceback,
    });

    /// <summary>Stores the stream text collected so far; called when the cell has ended.</summary>
    public void Flush()
    {
        if (stream is null) return;
        outputs.Add(new JObject { ["name"] = stream, ["output_type"] = "stream", ["text"] = MultilineText.Split(streamText.ToString()) });
        stream = null;
        streamText.Clear();
    }

    private static JObject Data(JObject content) => MultilineText.SplitBundle(content["data"] as JObject ?? []);

    private static JObject Metadata(JObject content) => content["metadata"] as JObject ?? [];

    private static string? DisplayId(JObject content) => (string?)(content.SelectToken("transient.display_id") as JValue);

    private void AddText(string name, string text)
    {
        ClearIfDue();
        if (stream != name) Flush();
        if (text.Length == 0) return;
        stream = name;
        streamText.Append(text);
    }

    private void Add(JObject output)
    {
        ClearIfDue();
        Flush();
        outputs.Add(output);
    }

    private JObject Track(JObject content, JObject output)
    {
        if (DisplayId(content) is { } id)
        {
            if (!displays.TryGetValue(id, out var shown)) displays[id] = shown = [];
            shown.Add(output);
        }

        return output;
    }

    private void Update(JObject content)
    {
        if (DisplayId(content) is not { } id || !displays.TryGetValue(id, out var shown)) return;
        foreach (var output in shown)
        {
            output["data"] = Data(content);
            output["metadata"] = Metadata(content);
        }
    }

    private void ClearIfDue()
    {
        if (clearBeforeNext) Clear();
    }

    private void Clear()
    {
        clearBeforeNext = false;
        stream = null;
        streamText.Clear();
        outputs.Clear();
    }
}
