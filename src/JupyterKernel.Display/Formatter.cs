using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace JupyterKernel.Display;

/// <summary>
/// Makes of any value what a notebook shows of it. Any thread. A fault in a value (a getter, an enumerator or
/// ToString that throws) is shown in its place; only the interruption of the cell comes out as an exception.
/// </summary>
public static class Formatter
{
    /// <summary>How many items of a sequence are shown. No more than one further item is asked for.</summary>
    public static int ListExpansionLimit { get; set; } = 20;

    /// <summary>How many objects or sequences deep a value is shown.</summary>
    public static int RecursionLimit { get; set; } = 6;

    /// <summary>How many characters of a string are shown. <c>display(text, "text/plain")</c> shows all of it.</summary>
    public static int TextLimit { get; set; } = 1_000_000;

    /// <summary>How many characters the text of an object or a sequence may have, all that it holds included.</summary>
    public static int StructureTextLimit { get; set; } = 50_000;

    /// <summary>The forms of a value that clients choose from; text/plain is always among them.</summary>
    public static MimeBundle Format(object? value) =>
        // What a first cell shows is mostly a number or a string, and must not wait for anything richer to load.
        Scalars.TryFormat(value, out var text) ? MimeBundle.PlainText(text) : FormatStructure(value!);

    /// <summary>A value as text.</summary>
    /// <example><c>Formatter.ToPlainText(new[] { "a", "b" })</c> is <c>["a", "b"]</c>.</example>
    public static string ToPlainText(object? value) =>
        Scalars.TryFormat(value, out var text) ? text : new PlainTextWriter().Write(value!);

    /// <summary>A value as data of one MIME type; see <see cref="Notebook.display(object?, string)"/>.</summary>
    internal static MimeBundle Format(object? value, string mimeType)
    {
        var isJson = JsonValues.IsJson(mimeType);
        object data = value switch
        {
            string text when isJson => JsonValues.Parse(text),
            string or byte[] or JsonNode or JsonElement => value,
            IDisplayable displayable when BundleOf(displayable).Data.TryGetValue(mimeType, out var form) => form,
            _ => isJson ? JsonValues.Of(value) : ToPlainText(value),
        };
        return MimeBundle.Of(mimeType, data, mimeType switch
        {
            MimeBundle.PlainTextType => null,
            "text/html" when data is string html => HtmlText.Of(html),
            _ => ToPlainText(value),
        });
    }

    /// <summary>Text no longer than <see cref="TextLimit"/>, and how much was left out.</summary>
    internal static string Cut(string text)
    {
        if (text.Length <= TextLimit) return text;
        var end = Math.Max(0, TextLimit);
        if (end > 0 && char.IsHighSurrogate(text[end - 1])) end--;
        return string.Create(CultureInfo.InvariantCulture, $"{text.AsSpan(0, end)}… ({text.Length - end:N0} more characters)");
    }

    internal static MimeBundle FormatJson(object json) =>
        MimeBundle.Of(JsonValues.MimeType, json, Cut(Encoding.UTF8.GetString(JsonValues.ToUtf8(json, indented: true))));

    internal static MimeBundle BundleOf(IDisplayable displayable)
    {
        try
        {
            var bundle = displayable.ToMimeBundle();
            if (bundle?.PlainForm is not null) return bundle;
            var name = TypeNames.Of(displayable.GetType());
            if (bundle is null) return MimeBundle.PlainText(name);
            var html = bundle.Data.GetValueOrDefault("text/html") as string;
            return bundle.With(MimeBundle.PlainTextType, html is null ? name : HtmlText.Of(html));
        }
        catch (Exception exception) when (!NotebookHost.IsInterruption(exception))
        {
            return MimeBundle.PlainText(PlainTextWriter.Fault(exception));
        }
    }

    // Richer forms are added here, by type, before the text that everything has.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MimeBundle FormatStructure(object value) => value switch
    {
        IDisplayable displayable => BundleOf(displayable),
        JsonNode or JsonElement or JsonDocument => FormatJson(JsonValues.Of(value)),
        _ => MimeBundle.PlainText(new PlainTextWriter().Write(value)),
    };
}
