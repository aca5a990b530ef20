using System.Text;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.NotebookFiles;

/// <summary>
/// Reads and writes .NET Interactive's notebook format (.dib): text in which each cell begins with a line
/// <c>#!language</c>, without outputs. Pure.
/// Source: the files of https://github.com/dotnet/interactive/tree/main/samples/notebooks
/// </summary>
internal static class DibFile
{
    private const string Mark = "#!";
    private const string Meta = "#!meta";

    /// <summary>Reads a file.</summary>
    /// <param name="name">The file name, for error messages.</param>
    /// <exception cref="InvalidDataException">The metadata is not valid JSON.</exception>
    public static NotebookFile Read(string name, string text)
    {
        var notebook = NotebookFile.Create();
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        var first = Array.FindIndex(lines, line => !string.IsNullOrWhiteSpace(line));
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var language = CellLanguage.CSharp;
        var start = 0;
        if (first >= 0 && lines[first].Trim() == Meta)
        {
            var end = Array.FindIndex(lines, first + 1, line => line.StartsWith(Mark, StringComparison.Ordinal));
            start = end < 0 ? lines.Length : end;
            var info = KernelInfo(name, string.Join('\n', lines[(first + 1)..start]));
            if (info is not null) NotebookFile.ObjectIn(notebook.Metadata, "polyglot_notebook")["kernelInfo"] = info;
            if ((string?)(info?["defaultKernelName"] as JValue) is { } defaultName) language = Known(defaultName) ?? language;
            foreach (var item in (info?["items"] as JArray)?.OfType<JObject>() ?? [])
                names.UnionWith(((item["aliases"] as JArray)?.AsEnumerable() ?? []).Append(item["name"] ?? "").OfType<JValue>()
                    .Select(named => (string?)named ?? ""));
            names.Remove("");
        }

        var cell = new List<string>();
        foreach (var line in lines[start..])
        {
            // A language name followed by other text is a magic of the cell.
            if (line.StartsWith(Mark, StringComparison.Ordinal) && line[Mark.Length..].TrimEnd() is var named && Known(named) is { } next)
            {
                Add();
                language = next;
            }
            else
            {
                cell.Add(line);
            }
        }

        Add();
        return notebook;

        CellLanguage? Known(string language) => CellLanguage.Find(language)
            ?? (names.Contains(language) ? new CellLanguage(language, language) : null);

        void Add()
        {
            var source = Trimmed(cell);
            if (source.Length > 0) notebook.Add(source, language == CellLanguage.CSharp ? null : language);
            cell.Clear();
        }
    }

    /// <summary>Writes a notebook without its outputs, empty cells, and cells that are neither code nor Markdown.</summary>
    /// <param name="left">Receives a warning for each omitted cell.</param>
    public static string Write(NotebookFile notebook, Action<string> left)
    {
        var info = (notebook.Metadata["polyglot_notebook"] as JObject)?["kernelInfo"] as JObject ?? new JObject
        {
            ["defaultKernelName"] = "csharp",
            ["items"] = new JArray(new JObject { ["aliases"] = new JArray(), ["name"] = "csharp" }),
        };
        var text = new StringBuilder($"{Meta}\n\n{new JObject { ["kernelInfo"] = info }.ToString(Formatting.None)}\n\n");
        foreach (var (index, cell) in notebook.Cells.Index())
        {
            var source = Trimmed(cell.Source.ReplaceLineEndings("\n").Split('\n'));
            if (source.Length == 0) continue;
            if (cell.IsCode || cell.IsMarkdown)
            {
                text.Append(Mark).Append(cell.IsMarkdown ? CellLanguage.Markdown.Name : notebook.LanguageOf(cell)).Append("\n\n")
                    .Append(source).Append("\n\n");
            }
            else left($"Cell {index + 1} is neither code nor Markdown");
        }

        return text.ToString().TrimEnd('\n') + "\n";
    }

    private static JObject? KernelInfo(string name, string json)
    {
        try
        {
            return JObject.Parse(json)["kernelInfo"] as JObject;
        }
        catch (JsonException malformed)
        {
            throw new InvalidDataException($"{name}: the text after {Meta} is not valid JSON ({malformed.Message})");
        }
    }

    private static string Trimmed(IEnumerable<string> lines)
    {
        var trimmed = lines.SkipWhile(string.IsNullOrWhiteSpace).ToList();
        while (trimmed.Count > 0 && string.IsNullOrWhiteSpace(trimmed[^1])) trimmed.RemoveAt(trimmed.Count - 1);
        return string.Join('\n', trimmed);
    }
}
