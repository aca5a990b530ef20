using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Formatting;
using JupyterKernel.Display.Tables;

namespace JupyterKernel.Display;

/// <summary>
/// Formats any value for display. An exception thrown by a value's own code (a getter, an enumerator, ToString) is shown in place of the
/// value; only the interruption of the cell is thrown. Any thread.
/// </summary>
public static class Formatter
{
    /// <summary>The maximum number of items shown of a sequence. At most one more item is enumerated.</summary>
    public static int ListExpansionLimit
    {
        get => FormatLimits.ListItems;
        set => FormatLimits.ListItems = value;
    }

    /// <summary>The maximum nesting depth of objects and sequences.</summary>
    public static int RecursionLimit
    {
        get => FormatLimits.Levels;
        set => FormatLimits.Levels = value;
    }

    /// <summary>The maximum number of characters shown of a string. <c>display(text, "text/plain")</c> shows the whole string.</summary>
    public static int TextLimit
    {
        get => FormatLimits.TextChars;
        set => FormatLimits.TextChars = value;
    }

    /// <summary>The maximum number of characters in the text of an object or a sequence, including everything that it contains.</summary>
    public static int StructureTextLimit
    {
        get => FormatLimits.StructureChars;
        set => FormatLimits.StructureChars = value;
    }

    /// <summary>Registers a form for a type and its derived types; it is also used inside other values.</summary>
    /// <example><c>Formatter.Register&lt;Money>(m => $"&lt;b>{m.Amount:F2}&lt;/b>", "text/html");</c></example>
    public static void Register<T>(Func<T, string> format, string mimeType = MimeBundle.PlainTextType)
    {
        ArgumentNullException.ThrowIfNull(format);
        Register(typeof(T), value => format((T)value), mimeType);
    }

    /// <summary>Registers a form for a type; the formatter writes the text to a writer.</summary>
    public static void Register<T>(Action<T, TextWriter> format, string mimeType = MimeBundle.PlainTextType)
    {
        ArgumentNullException.ThrowIfNull(format);
        Register(typeof(T), (value, writer) => format((T)value, writer), mimeType);
    }

    /// <summary>Registers several forms for a type at once.</summary>
    /// <example><c>Formatter.Register&lt;Chart>(chart => new Image(chart.ToPng()).ToMimeBundle());</c></example>
    public static void Register<T>(Func<T, MimeBundle> format)
    {
        ArgumentNullException.ThrowIfNull(format);
        FormatterRegistry.Add(typeof(T), null, value => format((T)value));
    }

    /// <summary>
    /// Registers a form for a type that is known only at run time, or for an open generic type: <c>typeof(Option&lt;>)</c>.
    /// </summary>
    public static void Register(Type type, Func<object, string> format, string mimeType = MimeBundle.PlainTextType)
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(format);
        FormatterRegistry.Add(type, mimeType, value => format(value) is { } text
            ? MimeBundle.Of(mimeType, JsonValues.IsJson(mimeType) ? JsonValues.Parse(text) : text) : null);
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

    /// <summary>Removes all registrations and resets the limits.</summary>
    public static void ResetToDefault()
    {
        FormatterRegistry.Clear();
        FormatLimits.Reset();
    }

    /// <summary>Formats a value as a MIME bundle, which always contains text/plain. The client chooses one of its MIME types.</summary>
    public static MimeBundle Format(object? value) => Format(value, names: null);

    /// <summary>Formats a value that contains tuples with named items.</summary>
    internal static MimeBundle Format(object? value, TupleNames? names) =>
        // The first cell often shows a number or a string, which must not wait until the code of richer forms is loaded.
        !FormatterRegistry.IsUsed && Scalars.TryFormat(value, out var text) ? MimeBundle.PlainText(text) : FormatStructure(value, names);

    /// <summary>Formats a value as text on one line.</summary>
    /// <example><c>Formatter.ToPlainText(new[] { "a", "b" })</c> is <c>["a", "b"]</c>.</example>
    public static string ToPlainText(object? value) => PlainTextWriter.Of(value);

    /// <summary>Formats a value as HTML: as a table or tree if it has parts, otherwise as encoded text.</summary>
    public static string ToHtml(object? value) => HtmlWriter.Always(new DisplayTreeReader { WithoutRegisteredText = true }.Read(value));

    /// <summary>
    /// Formats a value in one MIME type; see <see cref="Notebook.display(object?, string)"/>. The value is read only once.
    /// </summary>
    internal static MimeBundle Format(object? value, string mimeType, TupleNames? names = null)
    {
        if (value is string text)
        {
            if (JsonValues.IsJson(mimeType)) return DisplayBundles.OfJson(JsonValues.Parse(text), mimeType);
            return MimeBundle.Of(mimeType, text, mimeType switch
            {
                MimeBundle.PlainTextType => null,
                "text/html" => HtmlText.Of(text),
                _ => CutText.Of(text),
            });
        }
        if (value is JsonNode or JsonElement && JsonValues.IsJson(mimeType)) return DisplayBundles.OfJson(value, mimeType);
        if (value is byte[] or JsonNode or JsonElement)
            return MimeBundle.Of(mimeType, value, mimeType == MimeBundle.PlainTextType ? null : ToPlainText(value));

        if (JsonValues.IsJson(mimeType) && !TableForms.Has(mimeType) && !HasOwnForms(value))
            return DisplayBundles.OfJson(JsonValues.Of(value), mimeType);
        var reader = new DisplayTreeReader(TableForms.Has(mimeType) ? int.MaxValue : ListExpansionLimit) { Names = names };
        var shown = reader.Read(value);
        if (reader.HasRegisteredText && mimeType == "text/html") return MimeBundle.Of(mimeType, ToHtml(value), PlainTextWriter.Line(shown));
        var data = (shown as DisplayTree.Bundle)?.Forms.Data.GetValueOrDefault(mimeType)
            ?? (mimeType == "text/html" ? HtmlWriter.Always(shown) : null)
            ?? TableForms.Of(shown, mimeType)
            ?? (JsonValues.IsJson(mimeType) ? JsonValues.Of(value) : PlainTextWriter.Line(shown));
        return MimeBundle.Of(mimeType, data, mimeType == MimeBundle.PlainTextType ? null : PlainTextWriter.Line(shown));
    }

    /// <summary>Formats a value in the given MIME types.</summary>
    internal static MimeBundle Format(object? value, IReadOnlyList<string> mimeTypes, TupleNames? names = null)
    {
        var forms = MimeBundle.Empty;
        foreach (var mimeType in mimeTypes)
        {
            foreach (var (type, form) in Format(value, mimeType, names).Data)
            {
                if (type == mimeType || !forms.Data.ContainsKey(type)) forms = forms.With(type, form);
            }
        }
        return forms;
    }

    private static bool HasOwnForms(object? value) =>
        FormatterRegistry.IsUsed || value is IDisplayable || (value is not null && ObjectShape.Of(value.GetType()).Known is not null);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MimeBundle FormatStructure(object? value, TupleNames? names)
    {
        if (FormatterRegistry.PreferredFor(value?.GetType() ?? typeof(object)) is { } preferred) return Format(value, preferred);
        var reader = new DisplayTreeReader { Names = names };
        var shown = reader.Read(value);
        var text = PlainTextWriter.Alone(shown);
        if (reader.HasRegisteredText) shown = new DisplayTreeReader { WithoutRegisteredText = true, Names = names }.Read(value);
        if (shown is DisplayTree.Bundle bundle)
            return reader.HasRegisteredText ? bundle.Forms.With(MimeBundle.PlainTextType, text) : bundle.Forms;
        if (HtmlWriter.Of(shown) is not { } html) return MimeBundle.PlainText(text);
        var forms = MimeBundle.Of("text/html", html, text);
        return shown is DisplayTree.Table { Rest: not null } or DisplayTree.Sequence { Rest: not null }
            ? VirtualTables.WithRows(forms, value!, membersOnly: false, names)
            : forms;
    }

    /// <summary>Formats a sequence as a table of the members of its items, even if the items have another form.</summary>
    internal static MimeBundle FormatMembers(IEnumerable items, TupleNames? names = null)
    {
        ArgumentNullException.ThrowIfNull(items);
        var sequence = new DisplayTreeReader { Names = names }.ReadSequence(items, ObjectShape.Of(items.GetType()), membersOnly: true);
        var forms = MimeBundle.Of("text/html", HtmlWriter.Always(sequence), PlainTextWriter.Alone(sequence));
        return sequence.Rest is null ? forms : VirtualTables.WithRows(forms, items, membersOnly: true, names);
    }
}
