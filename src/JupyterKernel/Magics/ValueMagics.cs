using System.Text;
using JupyterKernel.Display;
using JupyterKernel.Display.Formatting;
using JupyterKernel.NotebookFiles;
using JupyterKernel.Session;
using Microsoft.CodeAnalysis.CSharp;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Magics;

/// <summary>
/// Magics that name values. A C# variable is declared by generated C# that runs like any other block, so it is in the history and is
/// re-created by a replay. In a block of HTML or JavaScript the values are variables of the page. Loop thread.
/// Source: https://github.com/dotnet/interactive/blob/main/docs/variable-sharing.md
/// </summary>
internal static class ValueMagics
{
    private const string Api = "global::JupyterKernel.Display.Notebook";
    private const string PageVariable = "global::JupyterKernel.Display.PageVariable";
    private const string Json = "application/json";
    private const string PlainText = "text/plain";
    private const long MaxBytes = 100_000_000;

    /// <summary>
    /// The maximum length of a literal, in characters; the compiler limits all literals of an assembly to 16 MB in total.
    /// </summary>
    private const int MaxLiteralLength = 4_000_000;

    private static readonly Lazy<HttpClient> Http = new();

    /// <summary>The magics in listing order.</summary>
    public static readonly IReadOnlyList<MagicDefinition> All =
    [
        new("#!value", "Stores text under a name; #!share --from value declares a variable with it.", StoreAsync)
        {
            TakesText = true,
            Parameters =
            [
                new("--name", "The name to store the text under.") { IsRequired = true, ValueName = "name" },
                new("--from-file", "The file with the text.") { ValueName = "path" },
                new("--from-url", "The URL of the text.") { ValueName = "url" },
                new("--from-value", "The text, or @input to ask the user."),
                new("--mime-type", "The MIME type of the text; if specified, the text is also displayed.") { ValueName = "type" },
            ],
        },
        new("#!set", "Declares a C# variable; within #!html or #!javascript, a variable of the page's scripts.", SetAsync)
        {
            Parameters =
            [
                new("--name", "The name of the variable.") { IsRequired = true, ValueName = "name" },
                new("--value",
                    "Text; @csharp:x for another variable; @value:x for a value stored by #!value; @input:\"Prompt\" or "
                    + "@password:\"Prompt\" to ask the user.")
                {
                    IsRequired = true, TakesReference = true,
                },
                new("--mime-type", "application/json converts the value of another variable to a JsonDocument.")
                {
                    ValueName = "type", Values = [Json, PlainText],
                },
                new("--byref", "Accepted: variables are shared by reference anyway.") { IsFlag = true },
            ],
        },
        new("#!share",
            "Declares a variable with a stored text or the value of a C# variable; within #!html or #!javascript, one of the page.",
            ShareAsync)
        {
            Parameters =
            [
                new("name", "The name of the value.") { IsRequired = true },
                new("--from", "The owner of the value: csharp, or value for text stored by #!value; other languages are refused.")
                {
                    IsRequired = true, ValueName = "language",
                    Values = ["csharp", "value", "c#", "C#",
                        .. CellLanguage.All.Where(language => language.Instead is not null || language.Name is "javascript" or "html")
                            .Select(language => language.Name)],
                },
                new("--as", "The name of the new variable, if different.") { ValueName = "name" },
                new("--mime-type", "application/json converts the value of another variable to a JsonDocument.")
                {
                    ValueName = "type", Values = [Json, PlainText],
                },
            ],
        },
    ];

    private static async Task<CellOutcome> StoreAsync(MagicCall call, IRunningCell cell)
    {
        var given = ((string[])["--from-file", "--from-url", "--from-value"]).Where(option => call[option] is not null).ToList();
        if (call.Text.Length > 0) given.Add("the lines below it");
        if (given.Count > 1)
            return TableOutput.Refused(
                $"#!value accepts one source of text, but several were given: {string.Join(" and ", given)}. Keep only one.");
        var mimeType = call["--mime-type"];
        string text;
        try
        {
            if (call["--from-file"] is { } file)
            {
                text = await ReadFileAsync(Path.GetFullPath(file, cell.Directory), cell.Cancellation);
            }
            else if (call["--from-url"] is { } url)
            {
                (text, var sent) = await FetchAsync(url, cell.Cancellation);
                cell.Values.Set(call["--name"]!, new(text, mimeType ?? sent ?? PlainText));
            }
            else
            {
                text = call["--from-value"] ?? call.Text;
            }
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException or ArgumentException
            or NotSupportedException
            or HttpRequestException or UriFormatException or InvalidOperationException
            or TaskCanceledException { InnerException: TimeoutException })
        {
            return TableOutput.Refused($"Nothing was stored: {unusable.Message}");
        }

        if (call["--from-url"] is null) cell.Values.Set(call["--name"]!, new(text, mimeType ?? PlainText));
        if (mimeType is not null) cell.Show(Shown(text, mimeType));
        return TableOutput.Nothing;
    }

    private static MimeBundle Shown(string text, string mimeType)
    {
        if (mimeType != Json) return MimeBundle.Of(mimeType, text, CutText.Of(text));
        try
        {
            return JupyterKernel.Display.Notebook.JSON(text);
        }
        catch (System.Text.Json.JsonException)
        {
            return MimeBundle.PlainText(CutText.Of(text));
        }
    }

    private static async Task<string> ReadFileAsync(string path, CancellationToken cancellation) =>
        new FileInfo(path) is { Exists: true, Length: > MaxBytes }
            ? throw new IOException($"'{path}' is larger than {MaxBytes / 1_000_000} MB. Read it in C#.")
            : await File.ReadAllTextAsync(path, cancellation);

    private static async Task<(string Text, string? MimeType)> FetchAsync(string url, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw new UriFormatException($"'{url}' is not a valid address. Use one that starts with http:// or https://.");
        using var response = await Http.Value.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancellation);
        response.EnsureSuccessStatusCode();
        if (response.Content.Headers.ContentLength > MaxBytes)
        {
            throw new IOException($"'{url}' is larger than {MaxBytes / 1_000_000} MB. Read it in C#.");
        }
        await response.Content.LoadIntoBufferAsync(MaxBytes, cancellation);
        return (await response.Content.ReadAsStringAsync(cancellation), response.Content.Headers.ContentType?.MediaType);
    }

    private static Task<CellOutcome> SetAsync(MagicCall call, IRunningCell cell)
    {
        var name = call["--name"]!;
        var value = call.Values["--value"];
        return value.Kind switch
        {
            MagicValueKind.Input => DeclareAsync(name, $"{Api}.GetInput({Literal(value.Text)})", call, cell),
            MagicValueKind.Password when call.IsInPage =>
                Refused(
                    "A password that is shared with the page would be saved in the notebook. Ask for it in C#, or in a script of the "
                    + "page."),
            MagicValueKind.Password => DeclareAsync(name, $"{Api}.GetPassword({Literal(value.Text)})", call, cell),
            MagicValueKind.Shared => FromAsync(value.From!, value.Text, name, call, cell),
            _ => DeclareAsync(name, Literal(value.Text), call, cell),
        };
    }

    private static Task<CellOutcome> ShareAsync(MagicCall call, IRunningCell cell) =>
        FromAsync(call["--from"]!, call["name"]!, call["--as"] ?? call["name"]!, call, cell);

    private static Task<CellOutcome> FromAsync(string from, string name, string variable, MagicCall call, IRunningCell cell)
    {
        if (CellLanguage.Find(from) == CellLanguage.Value)
        {
            return cell.Values.All.TryGetValue(name, out var stored)
                ? DeclareAsync(variable, Expression(stored with { MimeType = call["--mime-type"] ?? stored.MimeType }), call, cell)
                : Refused(
                    $"No value is stored under the name '{name}'. Stored names: "
                    + $"{string.Join(", ", cell.Values.All.Keys.DefaultIfEmpty("none"))}.");
        }

        if (CellLanguage.Find(from) != CellLanguage.CSharp && !from.Equals(".NET", StringComparison.OrdinalIgnoreCase))
        {
            return Task.FromResult<CellOutcome>(new CellOutcome.Refused(
                CellLanguage.NotSupported,
                $"This kernel runs only C#, so there are no variables of {CellLanguage.Find(from)?.Title ?? from}. Use --from csharp "
                    + "(in #!set: @csharp:name) for C# variables, or --from value (@value:name) for values stored by #!value."));
        }

        if (!SyntaxFacts.IsValidIdentifier(name)) return Refused($"'{name}' cannot be the name of a C# variable.");
        return call["--mime-type"] switch
        {
            Json => DeclareAsync(variable, $"global::System.Text.Json.JsonSerializer.SerializeToDocument<object>(@{name})", call, cell),
            PlainText => DeclareAsync(variable,
                $"global::System.Convert.ToString(@{name}, global::System.Globalization.CultureInfo.InvariantCulture)", call, cell),

            // The variable keeps its name, so the compiler only checks that it exists. Not with a discard, because
            // PocketViewTags declares a _.
            _ => name == variable && !call.IsInPage ? cell.RunCSharpAsync($"if (nameof(@{name}) is null) {{ }}", call, isKept: false)
                : DeclareAsync(variable, $"@{name}", call, cell),
        };
    }

    /// <summary>Returns the C# expression of a stored text as in .NET Interactive: JSON is parsed, any other text is a string.</summary>
    private static string Expression(StoredValue stored)
    {
        if (stored.MimeType != Json) return Literal(stored.Text);
        try
        {
            var token = JToken.ReadFrom(new JsonTextReader(new StringReader(stored.Text)) { DateParseHandling = DateParseHandling.None });
            return token.Type switch
            {
                JTokenType.String => Literal((string)token!),
                JTokenType.Boolean => (bool)token ? "true" : "false",
                JTokenType.Integer or JTokenType.Float =>
                    $"{((double)token).ToString("R", System.Globalization.CultureInfo.InvariantCulture)}d",
                _ => $"global::System.Text.Json.JsonDocument.Parse({Literal(stored.Text)})",
            };
        }
        catch (Exception malformed) when (malformed is JsonException or OverflowException)
        {
            return Literal(stored.Text);
        }
    }

    private static Task<CellOutcome> DeclareAsync(string variable, string expression, MagicCall call, IRunningCell cell)
    {
        if (!SyntaxFacts.IsValidIdentifier(variable)) return Refused($"'{variable}' cannot be the name of a C# variable.");
        return expression.Length > MaxLiteralLength
            ? Refused(
                $"The value of {variable} has {expression.Length / 1_000_000} million characters, more than a string literal can hold. "
                + "Read it in C#: File.ReadAllText(path).")
            : call.IsInPage ? cell.RunCSharpAsync($"{PageVariable}.Set({Literal(variable)}, {expression});", call, isKept: false)
            : cell.RunCSharpAsync($"var @{variable} = {expression};", call);
    }

    private static string Literal(string text) => SymbolDisplay.FormatLiteral(text, quote: true);

    private static Task<CellOutcome> Refused(string reason) => Task.FromResult<CellOutcome>(TableOutput.Refused(reason));
}
