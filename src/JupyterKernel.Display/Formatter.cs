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

    /// <summary>Has values of a type, and of those that derive from it, shown as text of this kind, among other values too.</summary>
    /// <example><c>Formatter.Register&lt;Money>(m => $"&lt;b>{m.Amount:F2}&lt;/b>", "text/html");</c></example>
    public static void Register<T>(Func<T, string> format, string mimeType = MimeBundle.PlainTextType)
    {
        ArgumentNullException.ThrowIfNull(format);
        Register(typeof(T), value => format((T)value), mimeType);
    }

    /// <summary>The same, where the text is written to a writer.</summary>
    public static void Register<T>(Action<T, TextWriter> format, string mimeType = MimeBundle.PlainTextType)
    {
        ArgumentNullException.ThrowIfNull(format);
        Register(typeof(T), (value, writer) => format((T)value, writer), mimeType);
    }

    /// <summary>The same for several forms at once.</summary>
    /// <example><c>Formatter.Register&lt;Chart>(chart => new Image(chart.ToPng()).ToMimeBundle());</c></example>
    public static void Register<T>(Func<T, MimeBundle> format)
    {
        ArgumentNullException.ThrowIfNull(format);
        FormatterRegistry.Add(typeof(T), null, value => format((T)value));
    }

    /// <summary>The same for a type that is known only while the program runs, or for all of a generic one: <c>typeof(Option&lt;>)</c>.</summary>
    public static void Register(Type type, Func<object, string> format, string mimeType = MimeBundle.PlainTextType)
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(format);
        FormatterRegistry.Add(type, mimeType, value => format(value) is { } text ? MimeBundle.Of(mimeType, JsonValues.IsJson(mimeType) ? JsonValues.Parse(text) : text) : null);
    }

    /// <inheritdoc cref="Register(Type, Func{object, string}, string)"/>
    public static void Register(Type type, Action<object, TextWriter> format, string mimeType = MimeBundle.PlainTextType)
    {
        ArgumentNullException.ThrowIfNull(format);
        Register(type, value =>
        {
            var writer = new StringWriter(CultureInfo.InvariantCulture);
            format(value, writer);
            return writer.ToString();
        }, mimeType);
    }

    /// <summary>Forgets everything that was registered, and sets the limits back.</summary>
    public static void ResetToDefault()
    {
        FormatterRegistry.Clear();
        (ListExpansionLimit, RecursionLimit, TextLimit, StructureTextLimit) = (20, 6, 1_000_000, 50_000);
    }

    /// <summary>The forms of a value that clients choose from; text/plain is always among them.</summary>
    public static MimeBundle Format(object? value)
    {
        if (FormatterRegistry.IsUsed && value is not null && FormatterRegistry.TryFormat(value, out var forms)) return forms;

        // What a first cell shows is mostly a number or a string, and must not wait for anything richer to load.
        return Scalars.TryFormat(value, out var text) ? MimeBundle.PlainText(text) : FormatStructure(value!);
    }

    /// <summary>A value as text on a line.</summary>
    /// <example><c>Formatter.ToPlainText(new[] { "a", "b" })</c> is <c>["a", "b"]</c>.</example>
    public static string ToPlainText(object? value)
    {
        if (FormatterRegistry.IsUsed && value is not null && FormatterRegistry.TryFormat(value, out var forms)) return forms.PlainForm!;
        return Scalars.TryFormat(value, out var text) ? text : PlainTextWriter.Line(new ShownReader().Read(value));
    }

    /// <summary>A value as HTML: a table or a tree of what has parts, encoded text of the others.</summary>
    public static string ToHtml(object? value) => (string)Format(value, "text/html").Data["text/html"];

    /// <summary>A value as data of one MIME type; see <see cref="Notebook.display(object?, string)"/>.</summary>
    internal static MimeBundle Format(object? value, string mimeType)
    {
        var isJson = JsonValues.IsJson(mimeType);
        var own = value is null or string or byte[] or JsonNode or JsonElement ? null : Format(value);
        object data = value switch
        {
            string text when isJson => JsonValues.Parse(text),
            string or byte[] or JsonNode or JsonElement => value,
            _ when own?.Data.GetValueOrDefault(mimeType) is { } form => form,
            _ when mimeType == "text/html" => HtmlWriter.Always(new ShownReader().Read(value)),
            _ when TableForms.TryFormat(value, mimeType) is { } table => table,
            _ => isJson ? JsonValues.Of(value) : ToPlainText(value),
        };
        return MimeBundle.Of(mimeType, data, mimeType switch
        {
            MimeBundle.PlainTextType => null,
            "text/html" when value is string html => HtmlText.Of(html),
            _ => own?.PlainForm ?? ToPlainText(value),
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

    /// <summary>What a value makes of itself; a fault of it is shown in its place.</summary>
    internal static MimeBundle BundleOf(IDisplayable displayable)
    {
        try
        {
            return displayable.ToMimeBundle() is { } forms ? WithPlainText(forms, displayable) : MimeBundle.PlainText(TypeNames.Of(displayable.GetType()));
        }
        catch (Exception exception) when (!NotebookHost.IsInterruption(exception))
        {
            return MimeBundle.PlainText(ShownReader.Fault(exception));
        }
    }

    /// <summary>The same forms, with text where there is none.</summary>
    internal static MimeBundle WithPlainText(MimeBundle forms, object value) => forms.PlainForm is not null
        ? forms
        : forms.With(MimeBundle.PlainTextType, forms.Data.GetValueOrDefault("text/html") is string html ? HtmlText.Of(html) : TypeNames.Of(value.GetType()));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MimeBundle FormatStructure(object value)
    {
        if (value is IDisplayable displayable) return BundleOf(displayable);
        if (value is JsonNode or JsonElement or JsonDocument) return FormatJson(JsonValues.Of(value));
        var shown = new ShownReader().Read(value);
        if (shown is Shown.Bundle bundle) return bundle.Forms;
        var text = PlainTextWriter.Alone(shown);
        return HtmlWriter.Of(shown) is { } html ? MimeBundle.Of("text/html", html, text) : MimeBundle.PlainText(text);
    }
}
