namespace Microsoft.DotNet.Interactive.Formatting.Csv;

/// <summary>Formatters of text/csv.</summary>
public static class CsvFormatter
{
    /// <summary>text/csv.</summary>
    public const string MimeType = "text/csv";

    /// <summary>What writes values of a type.</summary>
    public static ITypeFormatter GetPreferredFormatterFor(Type type) => Formatter.GetPreferredFormatterFor(type, MimeType);
}
