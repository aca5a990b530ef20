namespace Microsoft.DotNet.Interactive.Formatting.TabularData;

/// <summary>Writes values of a type as tables in JSON format.</summary>
public class TabularDataResourceFormatter<T>(FormatDelegate<T> format) : TypeFormatter<T>
{
    /// <summary>Creates a formatter from a function that writes every value.</summary>
    public TabularDataResourceFormatter(Action<T, FormatContext> format) : this(Always.Of(format))
    {
    }

    /// <inheritdoc/>
    public override string MimeType => TabularDataResourceFormatter.MimeType;

    /// <inheritdoc/>
    public override bool Format(T value, FormatContext context) => context.Within(() => format(value, context));
}
