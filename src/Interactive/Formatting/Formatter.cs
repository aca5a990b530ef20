using System.Collections.Concurrent;
using System.Globalization;
using JupyterKernel.Display;
using JupyterKernel.Display.Formatting;
using Core = JupyterKernel.Display.Formatter;

namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>
/// Makes of any value what a notebook shows of it: the kernel's own formatter under the name that .NET Interactive has for it, with what either of
/// them has. What is registered with one is registered with both. Any thread.
/// </summary>
public static class Formatter
{
    private static readonly ConcurrentQueue<ITypeFormatter> Registered = new();
    private static event Action<DisplayedValue>? Displayed;

    /// <summary>How many items of a sequence are shown.</summary>
    public static int ListExpansionLimit
    {
        get => Core.ListExpansionLimit;
        set => Core.ListExpansionLimit = value;
    }

    /// <summary>How many objects or sequences deep a value is shown.</summary>
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

    /// <summary>What stands for null; it cannot be changed here.</summary>
    public static string NullString
    {
        get => Core.ToPlainText(null);
        set
        {
        }
    }

    /// <summary>The form in which values are shown where nothing else is said; text/html by itself, which is shown beside text.</summary>
    public static string DefaultMimeType
    {
        get => FormatterRegistry.PreferredFor(typeof(object)) is [var first, ..] ? first : "text/html";
        set => FormatterRegistry.Prefer(typeof(object), value == "text/html" ? [] : [value]);
    }

    /// <summary>Told when everything that was registered is forgotten.</summary>
    public static event Action? Clearing;

    /// <summary>Told what is shown.</summary>
    public static event Action<DisplayedValue> OnFormatterEvent
    {
        add => Displayed += value;
        remove => Displayed -= value;
    }

    /// <summary>Forgets everything that was registered, and sets the limits back.</summary>
    public static void ResetToDefault()
    {
        Core.ResetToDefault();
        Registered.Clear();
        Clearing?.Invoke();
    }

    /// <summary>Has values of a type, and of those that derive from it, shown in these forms.</summary>
    public static void SetPreferredMimeTypesFor(Type type, params string[] preferredMimeTypes)
    {
        ArgumentNullException.ThrowIfNull(type);
        FormatterRegistry.Prefer(type, preferredMimeTypes ?? []);
    }

    /// <summary>The same for one form, as it was called at first.</summary>
    public static void SetPreferredMimeTypeFor(Type type, string preferredMimeType) => SetPreferredMimeTypesFor(type, preferredMimeType);

    /// <summary>The forms that values of a type are shown in.</summary>
    public static IReadOnlyCollection<string> GetPreferredMimeTypesFor(Type type) =>
        FormatterRegistry.PreferredFor(type) ?? (type == typeof(string) ? ["text/plain"] : [DefaultMimeType]);

    /// <summary>A value as text.</summary>
    public static string ToDisplayString(this object? obj, string mimeType = "text/plain") => Forms.Text(obj, mimeType);

    /// <summary>A value as text, by this formatter.</summary>
    public static string ToDisplayString(this object? obj, ITypeFormatter formatter)
    {
        using var writer = new StringWriter(CultureInfo.InvariantCulture);
        Format(formatter, obj, writer);
        return writer.ToString();
    }

    /// <summary>Writes a value.</summary>
    public static void Format(this ITypeFormatter formatter, object? instance, TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(formatter);
        using var context = new FormatContext(writer);
        formatter.Format(instance!, context);
    }

    /// <summary>Writes a value.</summary>
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

        // A text that is null is none: then the value is shown as if nothing were registered.
        Core.Register(formatter.Type, value => Written(formatter, value)!, formatter.MimeType);
    }

    /// <summary>Registers what writes values of a type, or says that it does not.</summary>
    public static void Register<T>(FormatDelegate<T> formatter, string mimeType = "text/plain") => Register(new DelegateFormatter<T>(formatter, mimeType));

    /// <inheritdoc cref="Register{T}(FormatDelegate{T}, string)"/>
    public static void Register(Type type, FormatDelegate<object> formatter, string mimeType = "text/plain") =>
        Register(new DelegateFormatter<object>(formatter, mimeType, type));

    /// <summary>Registers what writes values of a type, or of all of a generic one: <c>typeof(List&lt;>)</c>.</summary>
    public static void Register(Type type, Action<object, TextWriter> formatter, string mimeType = "text/plain") =>
        Register(type, (value, context) => Always(() => formatter(value, context.Writer)), mimeType);

    /// <inheritdoc cref="Register(Type, Action{object, TextWriter}, string)"/>
    public static void Register(Type type, Func<object, string> formatter, string mimeType = "text/plain") =>
        Register(type, (value, context) => Always(() => context.Writer.Write(formatter(value))), mimeType);

    /// <summary>Registers what writes values of a type.</summary>
    public static void Register<T>(Action<T, TextWriter> formatter, string mimeType = "text/plain") =>
        Register<T>((value, context) => Always(() => formatter(value, context.Writer)), mimeType);

    /// <summary>Registers what makes text of values of a type.</summary>
    public static void Register<T>(Func<T, string> formatter, string mimeType = "text/plain") =>
        Register<T>((value, context) => Always(() => context.Writer.Write(formatter(value))), mimeType);

    /// <inheritdoc cref="Core.Register{T}(Func{T, MimeBundle})"/>
    public static void Register<T>(Func<T, MimeBundle> format) => Core.Register(format);

    /// <summary>What was registered here, the latest first.</summary>
    /// <param name="includeDefaults">Has no effect: what is shown of all other values is no list of formatters.</param>
    public static IEnumerable<ITypeFormatter> RegisteredFormatters(bool includeDefaults = true) => Registered.Reverse();

    /// <summary>What writes values of a type in a form.</summary>
    public static ITypeFormatter GetPreferredFormatterFor(Type actualType, string mimeType) =>
        Registered.LastOrDefault(formatter => formatter.MimeType == mimeType && formatter.Type.IsAssignableFrom(actualType)) ?? new DefaultFormatter<object>(mimeType, actualType);

    /// <summary>Told what is shown, until what this returns is disposed of.</summary>
    public static IDisposable SubscribeToDisplayedValues(Action<DisplayedValue> onEvent)
    {
        Displayed += onEvent;
        return new Subscription(() => Displayed -= onEvent);
    }

    /// <summary>Writes what is shown to the console.</summary>
    public static void WriteToConsole(DisplayedValue displayedValue)
    {
        ArgumentNullException.ThrowIfNull(displayedValue);
        Console.WriteLine(Core.ToPlainText(displayedValue.Value));
    }

    internal static void Tell(DisplayedValue shown) => Displayed?.Invoke(shown);

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

/// <summary>The formatter of one type, as early notebooks name it.</summary>
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
