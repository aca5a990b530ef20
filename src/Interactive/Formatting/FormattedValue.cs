namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>A value as text in one MIME type.</summary>
public class FormattedValue(string mimeType, string value)
{
    /// <summary>The MIME type, for example text/html.</summary>
    public string MimeType => mimeType;

    /// <summary>The text.</summary>
    public string Value => value;

    /// <summary>Whether the value is not meant for display.</summary>
    public bool SuppressDisplay { get; set; }

    /// <summary>Formats a value in one MIME type: the given one, or that of the first displayed form.</summary>
    public static FormattedValue CreateSingleFromObject(object? value, string? mimeType = null) =>
        mimeType is null ? CreateManyFromObject(value)[0] : new(mimeType, Forms.Text(value, mimeType));

    /// <summary>Formats a value in the given MIME types or, if none are given, in its displayed forms.</summary>
    public static IReadOnlyList<FormattedValue> CreateManyFromObject(object? value, params string[] mimeTypes) =>
        [.. Forms.Of(value, mimeTypes ?? []).Data.Where(form => mimeTypes is not { Length: > 0 } || mimeTypes.Contains(form.Key)).Select(
            form => new FormattedValue(form.Key, Forms.Text(form.Value)))];

    /// <inheritdoc/>
    public override string ToString() => $"{MimeType}: {Value}";
}
