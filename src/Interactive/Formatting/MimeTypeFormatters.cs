namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>Formatters for text/html.</summary>
public static class HtmlFormatter
{
    /// <summary>The MIME type text/html.</summary>
    public const string MimeType = "text/html";

    /// <summary>Returns the formatter for a type.</summary>
    public static ITypeFormatter GetPreferredFormatterFor(Type type) => Formatter.GetPreferredFormatterFor(type, MimeType);

    /// <inheritdoc cref="GetPreferredFormatterFor(Type)"/>
    public static ITypeFormatter GetPreferredFormatterFor<T>() => GetPreferredFormatterFor(typeof(T));

    /// <summary>Does nothing, because the HTML of values includes its style sheet.</summary>
    public static void RequireDefaultStyles(this FormatContext context)
    {
    }
}

/// <summary>Writes values of a type as HTML.</summary>
public class HtmlFormatter<T>(FormatDelegate<T> format) : TypeFormatter<T>
{
    /// <summary>Creates a formatter from a function that writes every value.</summary>
    public HtmlFormatter(Action<T, FormatContext> format) : this(Always.Of(format))
    {
    }

    /// <summary>Creates a formatter from a function that converts values to text.</summary>
    public HtmlFormatter(Func<T, string> format) : this(Always.Of(format))
    {
    }

    /// <inheritdoc/>
    public override string MimeType => HtmlFormatter.MimeType;

    /// <inheritdoc/>
    public override bool Format(T value, FormatContext context) => context.Within(() => format(value, context));
}

/// <summary>Formatters for text/plain.</summary>
public static class PlainTextFormatter
{
    /// <summary>The MIME type text/plain.</summary>
    public const string MimeType = "text/plain";

    /// <summary>Returns the formatter for a type.</summary>
    public static ITypeFormatter GetPreferredFormatterFor(Type type) => Formatter.GetPreferredFormatterFor(type, MimeType);

    /// <inheritdoc cref="GetPreferredFormatterFor(Type)"/>
    public static ITypeFormatter GetPreferredFormatterFor<T>() => GetPreferredFormatterFor(typeof(T));
}

/// <summary>Writes values of a type as plain text.</summary>
public class PlainTextFormatter<T>(FormatDelegate<T> format) : TypeFormatter<T>
{
    /// <summary>The default formatter for the type.</summary>
    public static readonly PlainTextFormatter<T> Default = new(new DefaultFormatter<T>(PlainTextFormatter.MimeType).Format);

    /// <summary>Creates a formatter from a function that writes every value.</summary>
    public PlainTextFormatter(Action<T, FormatContext> format) : this(Always.Of(format))
    {
    }

    /// <summary>Creates a formatter from a function that converts values to text.</summary>
    public PlainTextFormatter(Func<T, string> format) : this(Always.Of(format))
    {
    }

    /// <inheritdoc/>
    public override string MimeType => PlainTextFormatter.MimeType;

    /// <inheritdoc/>
    public override bool Format(T value, FormatContext context) => context.Within(() => format(value, context));
}

/// <summary>Formatters for application/json.</summary>
public static class JsonFormatter
{
    /// <summary>The MIME type application/json.</summary>
    public const string MimeType = "application/json";

    /// <summary>The options with which values are serialized.</summary>
    public static System.Text.Json.JsonSerializerOptions SerializerOptions { get; } = new() { WriteIndented = false };

    /// <summary>Returns the formatter for a type.</summary>
    public static ITypeFormatter GetPreferredFormatterFor(Type type) => Formatter.GetPreferredFormatterFor(type, MimeType);
}

/// <summary>Writes values of a type as JSON.</summary>
public class JsonFormatter<T>(FormatDelegate<T> format) : TypeFormatter<T>
{
    /// <summary>Creates the default formatter for the type.</summary>
    public JsonFormatter() : this(new DefaultFormatter<T>(JsonFormatter.MimeType).Format)
    {
    }

    /// <summary>Creates a formatter from a function that writes every value.</summary>
    public JsonFormatter(Action<T, FormatContext> format) : this(Always.Of(format))
    {
    }

    /// <inheritdoc/>
    public override string MimeType => JsonFormatter.MimeType;

    /// <inheritdoc/>
    public override bool Format(T instance, FormatContext context) => context.Within(() => format(instance, context));
}

/// <summary>Converts functions that write every value to delegates that always return true.</summary>
internal static class Always
{
    internal static FormatDelegate<T> Of<T>(Action<T, FormatContext> format) => (value, context) =>
    {
        format(value, context);
        return true;
    };

    internal static FormatDelegate<T> Of<T>(Func<T, string> format) => Of<T>((value, context) => context.Writer.Write(format(value)));
}
