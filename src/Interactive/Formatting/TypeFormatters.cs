namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>Where a formatter writes to.</summary>
public class FormatContext : IDisposable
{
    private readonly TextWriter writer;

    /// <summary>A context that writes to a writer.</summary>
    public FormatContext(TextWriter writer) => this.writer = writer ?? throw new ArgumentNullException(nameof(writer));

    /// <summary>Takes the text.</summary>
    public TextWriter Writer => writer;

    /// <summary>How many formatters are at work, one within the other.</summary>
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
/// <returns>False if it does not, and another formatter is to.</returns>
public delegate bool FormatDelegate<in T>(T value, FormatContext context);

/// <summary>Writes values of one type as text of one MIME type.</summary>
public interface ITypeFormatter
{
    /// <summary>For example text/html.</summary>
    string MimeType { get; }

    /// <summary>Of this type, or of those that derive from it.</summary>
    Type Type { get; }

    /// <summary>Writes a value; false if it does not.</summary>
    bool Format(object instance, FormatContext context);
}

/// <inheritdoc/>
public interface ITypeFormatter<in T> : ITypeFormatter
{
    /// <inheritdoc cref="ITypeFormatter.Format"/>
    bool Format(T instance, FormatContext context);
}

/// <summary>Makes the formatters of the types that name it in a <see cref="TypeFormatterSourceAttribute"/>.</summary>
public interface ITypeFormatterSource
{
    /// <summary>Called once for a type.</summary>
    IEnumerable<ITypeFormatter> CreateTypeFormatters();
}

/// <summary>
/// Names what makes a type's formatters. A library that does not reference this one has an attribute of its own of this name, and a source and
/// formatters with these members: they are known by their names.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface)]
public class TypeFormatterSourceAttribute(Type formatterSourceType) : Attribute
{
    /// <summary>A type with a constructor without parameters, and with <see cref="ITypeFormatterSource.CreateTypeFormatters"/>.</summary>
    public Type FormatterSourceType => formatterSourceType;

    /// <summary>What is shown of the type's values, if anything is.</summary>
    public string[] PreferredMimeTypes { get; set; } = [];
}

/// <summary>A formatter of one type.</summary>
public abstract class TypeFormatter<T> : ITypeFormatter<T>
{
    private readonly Type? type;

    /// <param name="type">Null for T itself.</param>
    protected TypeFormatter(Type? type = null) => this.type = type;

    /// <inheritdoc/>
    public Type Type => type ?? typeof(T);

    /// <inheritdoc/>
    public abstract string MimeType { get; }

    /// <inheritdoc/>
    public abstract bool Format(T value, FormatContext context);

    bool ITypeFormatter.Format(object instance, FormatContext context) => Format((T)instance, context);
}

/// <summary>A formatter made of a delegate, under any MIME type.</summary>
internal sealed class DelegateFormatter<T>(FormatDelegate<T> format, string mimeType, Type? type = null) : TypeFormatter<T>(type)
{
    public override string MimeType => mimeType;

    public override bool Format(T value, FormatContext context) => context.Within(() => format(value, context));
}

/// <summary>What values of a type look like as long as nobody says otherwise.</summary>
internal sealed class DefaultFormatter<T>(string mimeType, Type? type = null) : TypeFormatter<T>(type)
{
    public override string MimeType => mimeType;

    public override bool Format(T value, FormatContext context)
    {
        context.Writer.Write(Forms.Text(value, mimeType));
        return true;
    }
}
