namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>A value as text of one MIME type.</summary>
public class FormattedValue(string mimeType, string value)
{
    /// <summary>For example text/html.</summary>
    public string MimeType => mimeType;

    /// <summary>The text.</summary>
    public string Value => value;

    /// <summary>Whether it is for programs only.</summary>
    public bool SuppressDisplay { get; set; }

    /// <summary>A value in one form: the given one, or the first that it is shown in.</summary>
    public static FormattedValue CreateSingleFromObject(object? value, string? mimeType = null) =>
        mimeType is null ? CreateManyFromObject(value)[0] : new(mimeType, Forms.Text(value, mimeType));

    /// <summary>A value in these forms, or in those that it is shown in.</summary>
    public static IReadOnlyList<FormattedValue> CreateManyFromObject(object? value, params string[] mimeTypes) =>
        [.. Forms.Of(value, mimeTypes ?? []).Data.Where(form => mimeTypes is not { Length: > 0 } || mimeTypes.Contains(form.Key)).Select(form => new FormattedValue(form.Key, Forms.Text(form.Value)))];

    /// <inheritdoc/>
    public override string ToString() => $"{MimeType}: {Value}";
}
