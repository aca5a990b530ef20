namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>The context in which a formatter writes.</summary>
public class FormatContext : IDisposable
{
    private readonly TextWriter writer;

    /// <summary>Creates a context that writes to a writer.</summary>
    public FormatContext(TextWriter writer) => this.writer = writer ?? throw new ArgumentNullException(nameof(writer));

    /// <summary>The writer.</summary>
    public TextWriter Writer => writer;

    /// <summary>The number of formatters that are writing, each inside the previous one.</summary>
    public int Depth { get; private set; }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    internal bool Within(Func<bool> format)
    {
        Depth++;
        try
        {
            return format();
        }
        finally
        {
            Depth--;
        }
    }
}

/// <summary>Writes a value.</summary>
/// <returns>False if the value was not written; another formatter then writes it.</returns>
public delegate bool FormatDelegate<in T>(T value, FormatContext context);

/// <summary>Writes values of one type as text in one MIME type.</summary>
public interface ITypeFormatter
{
    /// <summary>The MIME type, for example text/html.</summary>
    string MimeType { get; }

    /// <summary>The type of the values; derived types are included.</summary>
    Type Type { get; }

    /// <summary>Writes a value, or returns false if another formatter must write it.</summary>
    bool Format(object instance, FormatContext context);
}

/// <inheritdoc/>
public interface ITypeFormatter<in T> : ITypeFormatter
{
    /// <inheritdoc cref="ITypeFormatter.Format"/>
    bool Format(T instance, FormatContext context);
}

/// <summary>Creates the formatters for types that name this source in a <see cref="TypeFormatterSourceAttribute"/>.</summary>
public interface ITypeFormatterSource
{
    /// <summary>Creates the formatters. Called once per type.</summary>
    IEnumerable<ITypeFormatter> CreateTypeFormatters();
}

/// <summary>
/// Names the source of a type's formatters. A library without a reference to this assembly can declare its own attribute of this name, and
/// its own source and formatters with the same members, because they are found by name.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface)]
public class TypeFormatterSourceAttribute(Type formatterSourceType) : Attribute
{
    /// <summary>
    /// The type of the source; it has a parameterless constructor and <see cref="ITypeFormatterSource.CreateTypeFormatters"/>.
    /// </summary>
    public Type FormatterSourceType => formatterSourceType;

    /// <summary>The preferred MIME types for the type; empty for all.</summary>
    public string[] PreferredMimeTypes { get; set; } = [];
}

/// <summary>Base class of formatters for one type.</summary>
public abstract class TypeFormatter<T> : ITypeFormatter<T>
{
    private readonly Type? type;

    /// <summary>Creates a formatter.</summary>
    /// <param name="type">The type of the values; null for T.</param>
    protected TypeFormatter(Type? type = null) => this.type = type;

    /// <inheritdoc/>
    public Type Type => type ?? typeof(T);

    /// <inheritdoc/>
    public abstract string MimeType { get; }

    /// <inheritdoc/>
    public abstract bool Format(T value, FormatContext context);

    bool ITypeFormatter.Format(object instance, FormatContext context) => Format((T)instance, context);
}

/// <summary>A formatter that calls a delegate, for any MIME type.</summary>
internal sealed class DelegateFormatter<T>(FormatDelegate<T> format, string mimeType, Type? type = null) : TypeFormatter<T>(type)
{
    public override string MimeType => mimeType;

    public override bool Format(T value, FormatContext context) => context.Within(() => format(value, context));
}

/// <summary>The default formatter for a type.</summary>
internal sealed class DefaultFormatter<T>(string mimeType, Type? type = null) : TypeFormatter<T>(type)
{
    public override string MimeType => mimeType;

    public override bool Format(T value, FormatContext context)
    {
        context.Writer.Write(Forms.Text(value, mimeType));
        return true;
    }
}
