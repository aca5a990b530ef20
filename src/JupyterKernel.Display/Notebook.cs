using System.Text;
using System.Text.Json;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Formatting;
using JupyterKernel.Display.Hosting;
using JupyterKernel.Display.Plots;
using JupyterKernel.Display.Progress;

namespace JupyterKernel.Display;

/// <summary>
/// The functions that every cell can call without a prefix. In a program without a notebook, values are written to the console as text, and
/// input is read from the console. Any thread.
/// </summary>
public static class Notebook
{
    /// <summary>
    /// Cancelled when the running cell is interrupted. (Not called CancellationToken, which would make
    /// <c>CancellationToken.None</c> ambiguous in cells.)
    /// </summary>
    /// <example><c>await Task.Delay(10_000, CellCancellation);</c></example>
    public static CancellationToken CellCancellation => NotebookHost.Interruption;

    /// <summary>The arguments of a program; empty in a notebook.</summary>
    public static string[] args => [];

    /// <summary>Displays a value as an output of the cell.</summary>
    /// <example><c>display(new[] { 1, 2, 3 });</c></example>
    public static DisplayedValue display(object? value) => DisplayedValue.Show(Formatter.Format(value, TupleNames.OfDisplayed(value)));

    /// <summary>
    /// Displays a value in one MIME type. Strings and bytes are sent unchanged at any length, text of a JSON type is parsed, and other
    /// values are converted to their form of that type, to JSON or to text.
    /// </summary>
    /// <example><c>display("&lt;b>bold&lt;/b>", "text/html");</c></example>
    /// <exception cref="JsonException">The text is not valid JSON.</exception>
    public static DisplayedValue display(object? value, string mimeType) =>
        DisplayedValue.Show(Formatter.Format(value, mimeType, TupleNames.OfDisplayed(value)));

    /// <summary>HTML to display. Text from elsewhere must be encoded with <see cref="System.Net.WebUtility.HtmlEncode(string)"/>.</summary>
    /// <example><c>HTML("&lt;b>bold&lt;/b>")</c></example>
    public static MimeBundle HTML(string html) => HtmlText.BundleOf(html);

    /// <summary>JavaScript that the page runs, if the client allows it.</summary>
    /// <example><c>Javascript("element.append('hello')")</c></example>
    public static MimeBundle Javascript(string code) => MimeBundle.Of("application/javascript", code, CutText.Of(code));

    /// <summary>Markdown to display.</summary>
    /// <example><c>Markdown("# Results")</c></example>
    public static MimeBundle Markdown(string text) => MimeBundle.Of("text/markdown", text, CutText.Of(text));

    /// <summary>LaTeX to display, with its dollar signs or environment.</summary>
    /// <example><c>Latex(@"$\sqrt{2}$")</c></example>
    public static MimeBundle Latex(string text) => MimeBundle.Of("text/latex", text, CutText.Of(text));

    /// <summary>An SVG image.</summary>
    /// <example><c>SVG("&lt;svg xmlns='http://www.w3.org/2000/svg'>…&lt;/svg>")</c></example>
    public static MimeBundle SVG(string svg) => Image.OfSvg(svg).ToMimeBundle();

    /// <summary>JSON text, displayed as a tree if the client supports it.</summary>
    /// <example><c>JSON("""{ "a": [1, 2] }""")</c></example>
    /// <exception cref="JsonException">The text is not valid JSON.</exception>
    public static MimeBundle JSON(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return DisplayBundles.OfJson(JsonValues.Parse(json));
    }

    /// <summary>A value as JSON, displayed as a tree if the client supports it; circular references become null.</summary>
    /// <example><c>JSON(new { A = 1, B = new[] { 2, 3 } })</c></example>
    public static MimeBundle JSON(object? value) => DisplayBundles.OfJson(JsonValues.Of(value));

    /// <summary>
    /// Returns the items of a sequence and shows a progress bar for the loop over them. The sequence is enumerated once, while the loop
    /// runs; its length is used if it is known without enumeration. If the loop ends early, the bar stops there. Progress loops inside a
    /// Progress loop are shown below the bar of the outer loop, each in place of the previous one, until the outer loop is done.
    /// </summary>
    /// <param name="items">The items to loop over.</param>
    /// <param name="label">The text before the bar.</param>
    /// <param name="total">The number of items, if the sequence does not provide it.</param>
    /// <example><c>foreach (var file in Progress(files, "Reading")) Read(file);</c></example>
    /// <exception cref="ArgumentOutOfRangeException">The total is negative.</exception>
    public static IEnumerable<T> Progress<T>(IEnumerable<T> items, string label = "", long? total = null)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (total is { } given) ArgumentOutOfRangeException.ThrowIfNegative(given, nameof(total));
        return new ProgressItems<T>(items, label ?? "", total);
    }

    /// <summary>Returns the items of an asynchronous sequence and shows a progress bar for the loop over them.</summary>
    /// <param name="items">The items to loop over.</param>
    /// <param name="label">The text before the bar.</param>
    /// <param name="total">The number of items, if known.</param>
    /// <example><c>await foreach (var row in Progress(rows, "Reading")) Read(row);</c></example>
    /// <exception cref="ArgumentOutOfRangeException">The total is negative.</exception>
    public static IAsyncEnumerable<T> Progress<T>(IAsyncEnumerable<T> items, string label = "", long? total = null)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (total is { } given) ArgumentOutOfRangeException.ThrowIfNegative(given, nameof(total));
        return new AwaitedProgressItems<T>(items, label ?? "", total);
    }

    /// <summary>Shows a progress bar for code that reports its progress; the bar is also an <see cref="IProgress{T}"/>.</summary>
    /// <param name="label">The text before the bar.</param>
    /// <param name="total">
    /// The value of 100%. Without a total, <c>Report(double)</c> takes a fraction between 0 and 1, and whole numbers are only counted.
    /// </param>
    /// <example><code>
    /// using var bar = ProgressBar("Copying", total: 100);
    /// bar.Report(5);
    /// bar.Increment();
    /// </code></example>
    /// <exception cref="ArgumentOutOfRangeException">The total is negative or not finite.</exception>
    public static DisplayedProgress ProgressBar(string label = "", double? total = null) => new(label ?? "", total);

    /// <summary>Comma-separated values, displayed as a table; their text is the text/csv form. Fields may be quoted.</summary>
    /// <example><c>CSV(File.ReadAllText("prices.csv"))</c></example>
    public static MimeBundle CSV(string text) => TableForms.OfCsv(text);

    /// <summary>
    /// A Vega-Lite chart, for clients that render it, such as JupyterLab and VS Code. The specification is JSON text or a value
    /// that is converted to JSON.
    /// </summary>
    /// <example><c>VegaLite(new { data = new { values = rows }, mark = "bar", encoding = new { x = new { field = "Name" }, y = new { field
    /// = "Size", type = "quantitative" } } })</c></example>
    /// <exception cref="JsonException">The text is not valid JSON.</exception>
    public static MimeBundle VegaLite(object specification) => Specified("application/vnd.vegalite.v5+json", specification);

    /// <summary>A Vega chart; see <see cref="VegaLite"/>.</summary>
    /// <exception cref="JsonException">The text is not valid JSON.</exception>
    public static MimeBundle Vega(object specification) => Specified("application/vnd.vega.v5+json", specification);

    /// <summary>A Plotly figure, for clients that render it.</summary>
    /// <example><c>Plotly(new { data = new[] { new { y = new[] { 1, 4, 9 } } }, layout = new { title = "Squares" } })</c></example>
    /// <exception cref="JsonException">The text is not valid JSON.</exception>
    public static MimeBundle Plotly(object figure) => Specified("application/vnd.plotly.v1+json", figure);

    /// <summary>
    /// A map of GeoJSON (a FeatureCollection, a Feature, a geometry, or a list of these), given as JSON text or as a value that is
    /// converted to JSON. Clients that do not render GeoJSON show the shapes as a Vega-Lite chart.
    /// </summary>
    /// <example><c>GeoJSON(new { type = "Point", coordinates = new[] { 11.8, -45.04 } })</c></example>
    /// <exception cref="JsonException">The text is not valid JSON.</exception>
    /// <exception cref="ArgumentException">The JSON is not GeoJSON.</exception>
    public static MimeBundle GeoJSON(object features) => GeoJson.Of(Json(features));

    private static MimeBundle Specified(string mimeType, object value) => DisplayBundles.OfJson(Json(value), mimeType);

    private static object Json(object value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value is string text ? JsonValues.Parse(text) : JsonValues.Of(value);
    }

    /// <summary>Clears the cell's output; with <paramref name="wait"/> only when the next output arrives, to avoid flicker.</summary>
    public static void ClearOutput(bool wait = false) => NotebookHost.Current?.ClearOutput(wait);

    /// <summary>The IPython name of <see cref="ClearOutput"/>.</summary>
    public static void clear_output(bool wait = false) => ClearOutput(wait);

    /// <summary>Asks the user for a line of input and waits for the answer.</summary>
    /// <example><c>var name = GetInput("Your name?");</c></example>
    /// <exception cref="InvalidOperationException">The client does not support input requests.</exception>
    public static string GetInput(string prompt = "")
    {
        if (NotebookHost.Current is { } host) return host.ReadInput(prompt, password: false);
        Console.Out.Write(prompt);
        return Console.In.ReadLine() ?? "";
    }

    /// <summary>Asks the user for a line of input, hidden while it is typed, and waits for the answer.</summary>
    /// <example><c>var token = GetPassword("Token?").GetClearTextPassword();</c></example>
    /// <exception cref="InvalidOperationException">The client does not support input requests.</exception>
    public static PasswordString GetPassword(string prompt = "")
    {
        if (NotebookHost.Current is { } host) return new PasswordString(host.ReadInput(prompt, password: true));
        Console.Out.Write(prompt);
        return new PasswordString(Console.IsInputRedirected ? Console.In.ReadLine() ?? "" : ReadUnseen());
    }

    private static string ReadUnseen()
    {
        var typed = new StringBuilder();
        for (var key = Console.ReadKey(intercept: true); key.Key != ConsoleKey.Enter; key = Console.ReadKey(intercept: true))
        {
            if (key.Key != ConsoleKey.Backspace) typed.Append(key.KeyChar);
            else if (typed.Length > 0) typed.Length--;
        }
        Console.Out.WriteLine();
        return typed.ToString();
    }
}
