using System.Text.RegularExpressions;
using JupyterKernel.NotebookFiles;
using JupyterKernel.Protocol;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.JupyterClient;

/// <summary>Prints the published output of cells as text while it arrives. Not for several threads at once.</summary>
/// <param name="output">Receives results, displays and standard output.</param>
/// <param name="error">Receives errors, notices and standard error.</param>
/// <param name="colours">Whether ANSI colours are kept in tracebacks; false, for example, when the output is a file.</param>
internal sealed partial class OutputPrinter(TextWriter output, TextWriter error, bool colours)
{
    // In the order in which the displays are printed.
    private readonly OrderedDictionary<string, string> updates = [];
    private bool inLine;

    /// <summary>Prints an iopub message; types without visible output are ignored.</summary>
    public void Print(Message message)
    {
        var content = message.Content;
        switch (message.Header.MsgType)
        {
            case "stream":
                Write((string?)content["name"] == "stderr" ? error : output, (string?)content["text"] ?? "");
                break;
            case "update_display_data" when (string?)content.SelectToken("transient.display_id") is { } id:
                updates[id] = TextOf(content["data"] as JObject ?? []);
                break;
            case "display_data" or "execute_result" or "update_display_data":
                WriteLine(output, TextOf(content["data"] as JObject ?? []));
                break;
            case "error":
                var traceback = string.Join('\n', (content["traceback"] as JArray ?? []).Select(line => (string?)line));
                if (traceback.Length == 0) traceback = $"{content["ename"]}: {content["evalue"]}";
                WriteLine(error, colours ? traceback : Colour().Replace(traceback, ""));
                break;
        }
    }

    /// <summary>
    /// Prints the latest content of updated displays. Updates are held back until this call, because a progress bar is updated ten times
    /// per second and printed text cannot be removed.
    /// </summary>
    public void PrintUpdates()
    {
        foreach (var text in updates.Values) WriteLine(output, text);
        updates.Clear();
    }

    public void PrintLine(string text) => WriteLine(output, text);

    public void PrintNotice(string text) => WriteLine(error, text);

    [GeneratedRegex("\u001b\\[[0-9;]*m")]
    private static partial Regex Colour();

    private static string TextOf(JObject bundle) => bundle.TryGetValue("text/plain", out var text)
        ? MultilineText.Join(text)
        : $"<{string.Join(", ", bundle.Properties().Select(mime => mime.Name))}>";

    private void WriteLine(TextWriter writer, string text)
    {
        if (inLine) writer.WriteLine();
        inLine = false;
        writer.WriteLine(text);
    }

    private void Write(TextWriter writer, string text)
    {
        if (text.Length == 0) return;
        inLine = text[^1] != '\n';
        writer.Write(text);
    }
}
