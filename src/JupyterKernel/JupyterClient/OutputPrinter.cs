using System.Text.RegularExpressions;
using JupyterKernel.NotebookFiles;
using JupyterKernel.Protocol;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.JupyterClient;

/// <summary>Shows what cells publish as text while it comes. Used by one thread at a time.</summary>
/// <param name="output">Takes results, displays and standard output.</param>
/// <param name="error">Takes errors, notices and standard error.</param>
/// <param name="colours">False where nothing draws ANSI colours, such as a file: they are left out of tracebacks.</param>
internal sealed partial class OutputPrinter(TextWriter output, TextWriter error, bool colours)
{
    // In the order in which they are to be printed.
    private readonly OrderedDictionary<string, string> updates = [];
    private bool inLine;

    /// <summary>Shows one iopub message; kinds that show nothing are ignored.</summary>
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
    /// Shows what displays have been updated to. Updates are held back until then: a progress bar has ten a second, and what
    /// was printed cannot be taken back.
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
