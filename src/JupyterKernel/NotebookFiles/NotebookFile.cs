using System.Text;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.NotebookFiles;

/// <summary>
/// A notebook file of format 4, kept as JSON so that unknown members are preserved.
/// Source: https://nbformat.readthedocs.io/en/latest/format_description.html
/// </summary>
internal sealed class NotebookFile
{
    private const int MaxDepth = 512;

    private readonly JObject json;
    private readonly JArray cells;

    private NotebookFile(JObject json, JArray cells)
    {
        this.json = json;
        this.cells = cells;
    }

    public JObject Metadata => ObjectIn(json, "metadata");

    /// <summary>All cells, in the order of the notebook.</summary>
    public IEnumerable<Cell> Cells => cells.Cast<JObject>().Select(cell => new Cell(cell));

    /// <summary>The language in the notebook's metadata; null if there is none.</summary>
    public string? Language =>
        (string?)((Metadata.SelectToken("kernelspec.language") ?? Metadata.SelectToken("language_info.name")) as JValue);

    /// <summary>Returns the language name of a code cell: from the cell's metadata, otherwise from the notebook's, otherwise C#.</summary>
    public string LanguageOf(Cell cell) =>
        cell.Language ?? (string?)(Metadata.SelectToken("polyglot_notebook.kernelInfo.defaultKernelName") as JValue)
            ?? CellLanguage.CSharp.Name;

    /// <summary>Creates an empty notebook for this kernel.</summary>
    public static NotebookFile Create()
    {
        var cells = new JArray();
        return new(
            new JObject
            {
                ["cells"] = cells,
                ["metadata"] = new JObject
                {
                    ["kernelspec"] = new JObject { ["display_name"] = "C#", ["language"] = "csharp", ["name"] = "csharp" },
                    ["language_info"] = new JObject
                    {
                        ["file_extension"] = ".cs", ["mimetype"] = "text/x-csharp", ["name"] = "csharp", ["pygments_lexer"] = "csharp",
                    },
                },
                ["nbformat"] = 4,
                ["nbformat_minor"] = 5,
            },
            cells);
    }

    /// <summary>Reads a notebook: an .ipynb file, or a .dib file of .NET Interactive.</summary>
    /// <exception cref="InvalidDataException">The file is not a valid notebook; the message states the reason.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static NotebookFile Load(string path) =>
        Path.GetExtension(path).Equals(".dib", StringComparison.OrdinalIgnoreCase) ? DibFile.Read(path, File.ReadAllText(path))
            : LoadJson(path);

    private static NotebookFile LoadJson(string path)
    {
        JObject json;
        try
        {
            using var reader = new JsonTextReader(new StringReader(File.ReadAllText(path)))
            {
                DateParseHandling = DateParseHandling.None,
                MaxDepth = MaxDepth,
            };
            json = JToken.ReadFrom(reader) as JObject
                ?? throw new InvalidDataException($"'{path}' is not a notebook: it is not a JSON object.");
        }
        catch (JsonException malformed)
        {
            throw new InvalidDataException($"'{path}' is not a notebook: {malformed.Message}");
        }

        if (json["nbformat"] is not JValue { Type: JTokenType.Integer } format || json["nbformat_minor"] is not JValue { Value: long })
            throw new InvalidDataException($"'{path}' is not a notebook: nbformat or nbformat_minor is missing.");
        if (format.Value is not 4L)
            throw new InvalidDataException(
                $"'{path}' is a notebook of format {format}. Only format 4 can be run; convert it with: jupyter nbconvert --to notebook");
        if (json["cells"] is not JArray cells || cells.Any(cell => cell is not JObject))
            throw new InvalidDataException($"'{path}' is not a notebook: it has no list of cells.");
        return new NotebookFile(json, cells);
    }

    /// <summary>Appends a cell.</summary>
    /// <param name="language">The language of the cell; null for the notebook's language.</param>
    /// <param name="isRaw">Whether the cell is neither code nor Markdown.</param>
    public void Add(string source, CellLanguage? language, bool isRaw = false)
    {
        var isCode = language != CellLanguage.Markdown && !isRaw;
        var metadata = new JObject();
        if (language is not null && isCode)
        {
            metadata["dotnet_interactive"] = new JObject { ["language"] = language.Name };
            metadata["polyglot_notebook"] = new JObject { ["kernelName"] = language.Name };
        }

        var cell = new JObject { ["cell_type"] = isCode ? "code" : isRaw ? "raw" : "markdown" };
        if (isCode) cell["execution_count"] = null;

        // Deterministic ids, so that converting the same notebook again gives the same file.
        cell["id"] = $"cell-{cells.Count + 1}";
        cell["metadata"] = metadata;
        if (isCode) cell["outputs"] = new JArray();
        cell["source"] = MultilineText.Split(source);
        cells.Add(cell);
    }

    /// <summary>Inserts a code cell: in place of a replaced cell, otherwise after a given cell, otherwise at the beginning.</summary>
    public void InsertCode(string source, string tag, Cell? replaced, Cell? after)
    {
        var cell = new JObject { ["cell_type"] = "code", ["execution_count"] = null };
        if ((long?)json["nbformat_minor"] >= 5) cell["id"] = Guid.NewGuid().ToString("N")[..8];
        cell["metadata"] = new JObject { ["tags"] = new JArray(tag) };
        cell["outputs"] = new JArray();
        cell["source"] = MultilineText.Split(source);

        if (replaced is not null) replaced.Json.Replace(cell);
        else if (after is not null) after.Json.AddAfterSelf(cell);
        else cells.AddFirst(cell);
    }

    /// <summary>Writes the notebook atomically, replacing an existing file.</summary>
    /// <param name="path">The path to write to.</param>
    /// <param name="source">The file that the notebook was loaded from.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path, string source) => WholeFile.Write(path, source, Write);

    internal static JObject ObjectIn(JObject parent, string name)
    {
        if (parent[name] is JObject present) return present;
        var created = new JObject();
        parent[name] = created;
        return created;
    }

    private void Write(TextWriter writer)
    {
        // Python writes NaN and Infinity without quotes, and some notebooks contain them.
        using var output = new JsonTextWriter(writer)
        {
            Formatting = Formatting.Indented, Indentation = 1, FloatFormatHandling = FloatFormatHandling.Symbol, CloseOutput = false,
        };
        json.WriteTo(output);
        output.Flush();
        writer.WriteLine();
    }
}
