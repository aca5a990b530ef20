using System.Collections.Concurrent;
using System.Globalization;
using JupyterKernel.Display;
using JupyterKernel.Display.Formatting;
using Core = JupyterKernel.Display.Formatter;

namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>
/// Formats any value for display. This is the kernel's own formatter under its .NET Interactive name, with the members of both; a
/// registration with one of them applies to both. Any thread.
/// </summary>
public static class Formatter
{
    private static readonly ConcurrentQueue<ITypeFormatter> Registered = new();
    private static event Action<DisplayedValue>? Displayed;

    /// <summary>The maximum number of items shown of a sequence.</summary>
    public static int ListExpansionLimit
    {
        get => Core.ListExpansionLimit;
        set => Core.ListExpansionLimit = value;
    }

    /// <summary>The maximum nesting depth of objects and sequences.</summary>
    public static int RecursionLimit
    {
        get => Core.RecursionLimit;
        set => Core.RecursionLimit = value;
    }

    /// <inheritdoc cref="Core.TextLimit"/>
    public static int TextLimit
    {
        get => Core.TextLimit;
        set => Core.TextLimit = value;
    }

    /// <inheritdoc cref="Core.StructureTextLimit"/>
    public static int StructureTextLimit
    {
        get => Core.StructureTextLimit;
        set => Core.StructureTextLimit = value;
    }

    /// <summary>The text of null. Setting it has no effect.</summary>
    public static string NullString
    {
        get => Core.ToPlainText(null);
        set
        {
        }
    }

    /// <summary>
    /// The MIME type of values without a preferred one; by default text/html, which is displayed together with plain text.
    /// </summary>
    public static string DefaultMimeType
    {
        get => FormatterRegistry.PreferredFor(typeof(object)) is [var first, ..] ? first : "text/html";
        set => FormatterRegistry.Prefer(typeof(object), value == "text/html" ? [] : [value]);
    }

    /// <summary>Raised when all registrations are removed.</summary>
    public static event Action? Clearing;

    /// <summary>Raised for each displayed value.</summary>
    public static event Action<DisplayedValue> OnFormatterEvent
    {
        add => Displayed += value;
        remove => Displayed -= value;
    }

    /// <summary>Removes all registrations and resets the limits.</summary>
    public static void ResetToDefault()
    {
        Core.ResetToDefault();
        Registered.Clear();
        Clearing?.Invoke();
    }

    /// <summary>Sets the preferred MIME types for a type and its derived types.</summary>
    public static void SetPreferredMimeTypesFor(Type type, params string[] preferredMimeTypes)
    {
        ArgumentNullException.ThrowIfNull(type);
        FormatterRegistry.Prefer(type, preferredMimeTypes ?? []);
    }

    /// <summary>Sets the preferred MIME type for a type; an older name of <see cref="SetPreferredMimeTypesFor"/>.</summary>
    public static void SetPreferredMimeTypeFor(Type type, string preferredMimeType) => SetPreferredMimeTypesFor(type, preferredMimeType);

    /// <summary>Returns the preferred MIME types for a type.</summary>
    public static IReadOnlyCollection<string> GetPreferredMimeTypesFor(Type type) =>
        FormatterRegistry.PreferredFor(type) ?? (type == typeof(string) ? ["text/plain"] : [DefaultMimeType]);

    /// <summary>Formats a value as text in a MIME type.</summary>
    public static string ToDisplayString(this object? obj, string mimeType = "text/plain") => Forms.Text(obj, mimeType);

    /// <summary>Formats a value as text with a formatter.</summary>
    public static string ToDisplayString(this object? obj, ITypeFormatter formatter)
    {
        using var writer = new StringWriter(CultureInfo.InvariantCulture);
        Format(formatter, obj, writer);
        return writer.ToString();
    }

    /// <summary>Writes a value with a formatter.</summary>
    public static void Format(this ITypeFormatter formatter, object? instance, TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(formatter);
        using var context = new FormatContext(writer);
        formatter.Format(instance!, context);
    }

    /// <summary>Writes a value as text in a MIME type.</summary>
    public static void FormatTo<T>(this T obj, FormatContext context, string mimeType)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Writer.Write(Forms.Text(obj, mimeType));
    }

    /// <inheritdoc cref="Core.Format(object?)"/>
    public static MimeBundle Format(object? value) => Core.Format(value);

    /// <inheritdoc cref="Core.ToPlainText"/>
    public static string ToPlainText(object? value) => Core.ToPlainText(value);

    /// <inheritdoc cref="Core.ToHtml"/>
    public static string ToHtml(object? value) => Core.ToHtml(value);

    /// <summary>Registers a formatter.</summary>
    public static void Register(ITypeFormatter formatter)
    {
        ArgumentNullException.ThrowIfNull(formatter);
        Registered.Enqueue(formatter);

        // If the formatter writes no text, the value is displayed as if nothing were registered.
        Core.Register(formatter.Type, value => Written(formatter, value)!, formatter.MimeType);
    }

    /// <summary>Registers a function that writes a value of a type and returns true, or returns false without writing it.</summary>
    public static void Register<T>(FormatDelegate<T> formatter, string mimeType = "text/plain") =>
        Register(new DelegateFormatter<T>(formatter, mimeType));

    /// <inheritdoc cref="Register{T}(FormatDelegate{T}, string)"/>
    public static void Register(Type type, FormatDelegate<object> formatter, string mimeType = "text/plain") =>
        Register(new DelegateFormatter<object>(formatter, mimeType, type));

    /// <summary>Registers a function that writes values of a type or of an open generic type: <c>typeof(List&lt;>)</c>.</summary>
    public static void Register(Type type, Action<object, TextWriter> formatter, string mimeType = "text/plain") =>
        Register(type, (value, context) => Always(() => formatter(value, context.Writer)), mimeType);

    /// <inheritdoc cref="Register(Type, Action{object, TextWriter}, string)"/>
    public static void Register(Type type, Func<object, string> formatter, string mimeType = "text/plain") =>
        Register(type, (value, context) => Always(() => context.Writer.Write(formatter(value))), mimeType);

    /// <summary>Registers a function that writes values of a type.</summary>
    public static void Register<T>(Action<T, TextWriter> formatter, string mimeType = "text/plain") =>
        Register<T>((value, context) => Always(() => formatter(value, context.Writer)), mimeType);

    /// <summary>Registers a function that converts values of a type to text.</summary>
    public static void Register<T>(Func<T, string> formatter, string mimeType = "text/plain") =>
        Register<T>((value, context) => Always(() => context.Writer.Write(formatter(value))), mimeType);

    /// <inheritdoc cref="Core.Register{T}(Func{T, MimeBundle})"/>
    public static void Register<T>(Func<T, MimeBundle> format) => Core.Register(format);

    /// <summary>Returns the formatters registered with this class, the most recent first.</summary>
    /// <param name="includeDefaults">Has no effect, because the default formats are not a list of formatters.</param>
    public static IEnumerable<ITypeFormatter> RegisteredFormatters(bool includeDefaults = true) => Registered.Reverse();

    /// <summary>Returns the formatter for a type and a MIME type.</summary>
    public static ITypeFormatter GetPreferredFormatterFor(Type actualType, string mimeType) =>
        Registered.LastOrDefault(formatter => formatter.MimeType == mimeType && formatter.Type.IsAssignableFrom(actualType))
            ?? new DefaultFormatter<object>(mimeType, actualType);

    /// <summary>Subscribes to displayed values.</summary>
    /// <returns>The subscription, which ends when it is disposed of.</returns>
    public static IDisposable SubscribeToDisplayedValues(Action<DisplayedValue> onEvent)
    {
        Displayed += onEvent;
        return new Subscription(() => Displayed -= onEvent);
    }

    /// <summary>Writes the text of a displayed value to the console.</summary>
    public static void WriteToConsole(DisplayedValue displayedValue)
    {
        ArgumentNullException.ThrowIfNull(displayedValue);
        Console.WriteLine(Core.ToPlainText(displayedValue.Value));
    }

    internal static void RaiseDisplayed(DisplayedValue shown) => Displayed?.Invoke(shown);

    private static string? Written(ITypeFormatter formatter, object value)
    {
        using var writer = new StringWriter(CultureInfo.InvariantCulture);
        using var context = new FormatContext(writer);
        return formatter.Format(value, context) ? writer.ToString() : null;
    }

    private static bool Always(Action write)
    {
        write();
        return true;
    }
}

/// <summary>The formatter for one type; an older form of <see cref="Formatter"/>.</summary>
public static class Formatter<T>
{
    /// <inheritdoc cref="Formatter.ListExpansionLimit"/>
    public static int ListExpansionLimit
    {
        get => Formatter.ListExpansionLimit;
        set => Formatter.ListExpansionLimit = value;
    }

    /// <inheritdoc cref="Formatter.FormatTo"/>
    public static void FormatTo(T obj, FormatContext context, string mimeType = "text/plain") => Formatter.FormatTo(obj, context, mimeType);

    /// <inheritdoc cref="Formatter.Register{T}(Action{T, TextWriter}, string)"/>
    public static void Register(Action<T, TextWriter> formatter, string mimeType = "text/plain") => Formatter.Register(formatter, mimeType);

    /// <inheritdoc cref="Formatter.Register{T}(Func{T, string}, string)"/>
    public static void Register(Func<T, string> formatter, string mimeType = "text/plain") => Formatter.Register(formatter, mimeType);
}
