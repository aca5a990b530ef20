namespace Microsoft.DotNet.Interactive.Formatting.Csv;

/// <summary>Formatters for text/csv.</summary>
public static class CsvFormatter
{
    /// <summary>The MIME type text/csv.</summary>
    public const string MimeType = "text/csv";

    /// <summary>Returns the formatter for a type.</summary>
    public static ITypeFormatter GetPreferredFormatterFor(Type type) => Formatter.GetPreferredFormatterFor(type, MimeType);
}
