using System.Text;
using System.Text.Json;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Formatting;
using JupyterKernel.Display.Hosting;
using JupyterKernel.Display.Plots;
using JupyterKernel.Display.Progress;

namespace JupyterKernel.Display;

/// <summary>
/// What every cell can call without a prefix. Any thread. In a program without a notebook, values are shown
/// as text on the console and questions are asked there.
/// </summary>
public static class Notebook
{
    /// <summary>
    /// Cancelled when the running cell is interrupted. (Not called CancellationToken, which would make
    /// <c>CancellationToken.None</c> ambiguous in cells.)
    /// </summary>
    /// <example><c>await Task.Delay(10_000, CellCancellation);</c></example>
    public static CancellationToken CellCancellation => NotebookHost.Interruption;

    /// <summary>The arguments of a program: a notebook has none.</summary>
    public static string[] args => [];

    /// <summary>Shows a value among the cell's outputs.</summary>
    /// <example><c>display(new[] { 1, 2, 3 });</c></example>
    public static DisplayedValue display(object? value) => DisplayedValue.Show(Formatter.Format(value, TupleNames.OfDisplayed));

    /// <summary>
    /// Shows a value as data of one MIME type: strings and bytes as they are and at any length, text of a JSON
    /// type parsed, other values in the form of that type that they have, as JSON, or as text.
    /// </summary>
    /// <example><c>display("&lt;b>bold&lt;/b>", "text/html");</c></example>
    /// <exception cref="JsonException">Text of a JSON type that is no JSON.</exception>
    public static DisplayedValue display(object? value, string mimeType) =>
        DisplayedValue.Show(Formatter.Format(value, mimeType, TupleNames.OfDisplayed));

    /// <summary>HTML to show; text of others that goes into it needs <see cref="System.Net.WebUtility.HtmlEncode(string)"/>.</summary>
    /// <example><c>HTML("&lt;b>bold&lt;/b>")</c></example>
    public static MimeBundle HTML(string html) => HtmlText.BundleOf(html);

    /// <summary>JavaScript for the page to run, where the client allows that.</summary>
    /// <example><c>Javascript("element.append('hello')")</c></example>
    public static MimeBundle Javascript(string code) => MimeBundle.Of("application/javascript", code, CutText.Of(code));

    /// <summary>Markdown to show.</summary>
    /// <example><c>Markdown("# Results")</c></example>
    public static MimeBundle Markdown(string text) => MimeBundle.Of("text/markdown", text, CutText.Of(text));

    /// <summary>LaTeX to show, with its dollar signs or environment.</summary>
    /// <example><c>Latex(@"$\sqrt{2}$")</c></example>
    public static MimeBundle Latex(string text) => MimeBundle.Of("text/latex", text, CutText.Of(text));

    /// <summary>An SVG image of its text.</summary>
    /// <example><c>SVG("&lt;svg xmlns='http://www.w3.org/2000/svg'>…&lt;/svg>")</c></example>
    public static MimeBundle SVG(string svg) => Image.OfSvg(svg).ToMimeBundle();

    /// <summary>JSON text, shown as a tree where the client can.</summary>
    /// <example><c>JSON("""{ "a": [1, 2] }""")</c></example>
    /// <exception cref="JsonException">The text is no JSON.</exception>
    public static MimeBundle JSON(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return DisplayBundles.OfJson(JsonValues.Parse(json));
    }

    /// <summary>A value as JSON, shown as a tree where the client can; circular references become null.</summary>
    /// <example><c>JSON(new { A = 1, B = new[] { 2, 3 } })</c></example>
    public static MimeBundle JSON(object? value) => DisplayBundles.OfJson(JsonValues.Of(value));

    /// <summary>
    /// The items of a sequence, and a bar that shows how many of them a loop has behind it. The sequence is enumerated once and as
    /// the loop goes; its length is taken where it knows that without being enumerated. A loop that is left early leaves the bar
    /// where it was. In a loop over Progress, others are shown below it and each in the place of the one before, until it is done.
    /// </summary>
    /// <param name="items">What to loop over.</param>
    /// <param name="label">What stands before the bar.</param>
    /// <param name="total">How many items there are, where the sequence does not know.</param>
    /// <example><c>foreach (var file in Progress(files, "Reading")) Read(file);</c></example>
    /// <exception cref="ArgumentOutOfRangeException">The total is negative.</exception>
    public static IEnumerable<T> Progress<T>(IEnumerable<T> items, string label = "", long? total = null)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (total is { } given) ArgumentOutOfRangeException.ThrowIfNegative(given, nameof(total));
        return new ProgressItems<T>(items, label ?? "", total);
    }

    /// <summary>The same for items that are awaited.</summary>
    /// <param name="items">What to loop over.</param>
    /// <param name="label">What stands before the bar.</param>
    /// <param name="total">How many items there are, where that is known.</param>
    /// <example><c>await foreach (var row in Progress(rows, "Reading")) Read(row);</c></example>
    /// <exception cref="ArgumentOutOfRangeException">The total is negative.</exception>
    public static IAsyncEnumerable<T> Progress<T>(IAsyncEnumerable<T> items, string label = "", long? total = null)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (total is { } given) ArgumentOutOfRangeException.ThrowIfNegative(given, nameof(total));
        return new AwaitedProgressItems<T>(items, label ?? "", total);
    }

    /// <summary>A bar for code that reports how far it is; it can be given to whatever takes an <see cref="IProgress{T}"/>.</summary>
    /// <param name="label">What stands before the bar.</param>
    /// <param name="total">What 100% is. Without it <c>Report(double)</c> takes a fraction between 0 and 1, and whole numbers are counted.</param>
    /// <example><code>
    /// using var bar = ProgressBar("Copying", total: 100);
    /// bar.Report(5);
    /// bar.Increment();
    /// </code></example>
    /// <exception cref="ArgumentOutOfRangeException">The total is negative or no number.</exception>
    public static DisplayedProgress ProgressBar(string label = "", double? total = null) => new(label ?? "", total);

    /// <summary>Comma-separated values: a table, and their text for programs. Fields may be quoted.</summary>
    /// <example><c>CSV(File.ReadAllText("prices.csv"))</c></example>
    public static MimeBundle CSV(string text) => TableForms.OfCsv(text);

    /// <summary>A Vega-Lite chart, for clients that draw it (JupyterLab and VS Code do). The specification is JSON or any value that is one.</summary>
    /// <example><c>VegaLite(new { data = new { values = rows }, mark = "bar", encoding = new { x = new { field = "Name" }, y = new { field = "Size", type = "quantitative" } } })</c></example>
    /// <exception cref="JsonException">Text that is no JSON.</exception>
    public static MimeBundle VegaLite(object specification) => Specified("application/vnd.vegalite.v5+json", specification);

    /// <summary>A Vega chart; see <see cref="VegaLite"/>.</summary>
    /// <exception cref="JsonException">Text that is no JSON.</exception>
    public static MimeBundle Vega(object specification) => Specified("application/vnd.vega.v5+json", specification);

    /// <summary>A Plotly figure, for clients that have a renderer for it.</summary>
    /// <example><c>Plotly(new { data = new[] { new { y = new[] { 1, 4, 9 } } }, layout = new { title = "Squares" } })</c></example>
    /// <exception cref="JsonException">Text that is no JSON.</exception>
    public static MimeBundle Plotly(object figure) => Specified("application/vnd.plotly.v1+json", figure);

    /// <summary>
    /// A map of GeoJSON: a FeatureCollection, a Feature, a geometry, or a list of these, as JSON or any value that is. Clients without a renderer for it
    /// draw the shapes as a Vega-Lite chart.
    /// </summary>
    /// <example><c>GeoJSON(new { type = "Point", coordinates = new[] { 11.8, -45.04 } })</c></example>
    /// <exception cref="JsonException">The text is not valid JSON.</exception>
    /// <exception cref="ArgumentException">It is not GeoJSON.</exception>
    public static MimeBundle GeoJSON(object features) => GeoJson.Of(Json(features));

    private static MimeBundle Specified(string mimeType, object value) => DisplayBundles.OfJson(Json(value), mimeType);

    private static object Json(object value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value is string text ? JsonValues.Parse(text) : JsonValues.Of(value);
    }

    /// <summary>Clears the cell's output; with <paramref name="wait"/> only when the next output is there, so that nothing flickers.</summary>
    public static void ClearOutput(bool wait = false) => NotebookHost.Current?.ClearOutput(wait);

    /// <summary><see cref="ClearOutput"/> under the name that notebooks in Python use.</summary>
    public static void clear_output(bool wait = false) => ClearOutput(wait);

    /// <summary>Asks the user for a line, and waits for it.</summary>
    /// <example><c>var name = GetInput("Your name?");</c></example>
    /// <exception cref="InvalidOperationException">The client takes no input.</exception>
    public static string GetInput(string prompt = "")
    {
        if (NotebookHost.Current is { } host) return host.ReadInput(prompt, password: false);
        Console.Out.Write(prompt);
        return Console.In.ReadLine() ?? "";
    }

    /// <summary>Asks the user for a line that is not shown while it is typed, and waits for it.</summary>
    /// <example><c>var token = GetPassword("Token?").GetClearTextPassword();</c></example>
    /// <exception cref="InvalidOperationException">The client takes no input.</exception>
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
