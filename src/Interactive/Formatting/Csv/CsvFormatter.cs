namespace Microsoft.DotNet.Interactive.Formatting.Csv;

/// <summary>Formatters of text/csv.</summary>
public static class CsvFormatter
{
    /// <summary>The MIME type text/csv.</summary>
    public const string MimeType = "text/csv";

    /// <summary>The formatter of a type.</summary>
    public static ITypeFormatter GetPreferredFormatterFor(Type type) => Formatter.GetPreferredFormatterFor(type, MimeType);
}
