using System.Text.Json;
using System.Text.Json.Nodes;
using JupyterKernel.Display.Bundles;

namespace JupyterKernel.Display;

/// <summary>
/// A value in several forms; a client displays the richest one that it supports. Immutable; any thread.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#display-data
/// </summary>
/// <example><c>MimeBundle.Of("text/html", "&lt;b>3&lt;/b>", plainText: "3")</c></example>
public sealed class MimeBundle : IDisplayable
{
    internal const string PlainTextType = "text/plain";

    private readonly string? markup;

    /// <summary>A bundle without forms.</summary>
    internal static readonly MimeBundle Empty = new([]);

    /// <summary>Creates a bundle of the given forms, in the given order.</summary>
    /// <param name="data">
    /// The data by MIME type: a <see cref="string"/>, <see cref="byte"/>[], <see cref="JsonNode"/> or <see cref="JsonElement"/>.
    /// </param>
    /// <param name="metadata">Metadata by MIME type, as in the protocol: <c>{"image/png": {"width": 640}}</c>.</param>
    /// <exception cref="ArgumentException">The data is of another type.</exception>
    public MimeBundle(
        IEnumerable<KeyValuePair<string, object>> data, IEnumerable<KeyValuePair<string, JsonNode?>>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        var forms = new Dictionary<string, object>();
        foreach (var (mimeType, form) in data) forms[mimeType] = Checked(mimeType, form);
        Data = forms;
        if (metadata is not null) Metadata = new Dictionary<string, JsonNode?>(metadata);
    }

    private MimeBundle(Dictionary<string, object> data, string? markup = null) => (Data, this.markup) = (data, markup);

    /// <summary>The data by MIME type: a string, a byte[] (base64 in the protocol), a JsonNode or a JsonElement.</summary>
    public IReadOnlyDictionary<string, object> Data { get; }

    /// <summary>The metadata by MIME type, each a JSON object; null if there is none.</summary>
    public IReadOnlyDictionary<string, JsonNode?>? Metadata { get; }

    /// <summary>Creates a bundle of HTML.</summary>
    /// <param name="html">The HTML; <see cref="ToString"/> returns it too.</param>
    /// <param name="plainText">The text for clients that do not support HTML.</param>
    internal static MimeBundle Html(string html, string plainText) =>
        new(new Dictionary<string, object>(2) { ["text/html"] = html, [PlainTextType] = plainText }, markup: html);

    /// <summary>Creates a bundle that contains only plain text.</summary>
    public static MimeBundle PlainText(string text) => new(new Dictionary<string, object>(1) { [PlainTextType] = text });

    /// <summary>Creates a bundle of one form, with an optional text for clients that do not support it.</summary>
    /// <exception cref="ArgumentException">The data is not a string, a byte[], a JsonNode or a JsonElement.</exception>
    public static MimeBundle Of(string mimeType, object data, string? plainText = null)
    {
        ArgumentNullException.ThrowIfNull(mimeType);
        var forms = new Dictionary<string, object>(2) { [mimeType] = Checked(mimeType, data) };
        if (plainText is not null) forms.TryAdd(PlainTextType, plainText);
        return new MimeBundle(forms);
    }

    /// <summary>Returns a copy of the bundle with one form added or replaced.</summary>
    public MimeBundle With(string mimeType, object data) =>
        new(new Dictionary<string, object>(Data) { [mimeType] = data }, Metadata);

    /// <inheritdoc/>
    public MimeBundle ToMimeBundle() => this;

    /// <summary>
    /// Returns the text/plain form or, without one, a list of the MIME types. For <see cref="Notebook.HTML"/> it returns the HTML, so that
    /// it can be part of other HTML.
    /// </summary>
    public override string ToString() => markup ?? PlainForm ?? $"MimeBundle of {string.Join(", ", Data.Keys)}";

    /// <summary>The text/plain form; null if there is none.</summary>
    internal string? PlainForm => Data.TryGetValue(PlainTextType, out var text) ? text as string : null;

    /// <summary>Returns the protocol's <c>data</c> as UTF-8 JSON.</summary>
    internal byte[] DataJson() => MimeJson.Of(Data);

    /// <summary>Returns the protocol's <c>metadata</c> as UTF-8 JSON.</summary>
    internal byte[] MetadataJson() => Metadata is null ? "{}"u8.ToArray() : JsonValues.ToUtf8(Metadata);

    /// <summary>Returns the content of the protocol's <c>display_data</c> as UTF-8 JSON.</summary>
    internal byte[] DisplayJson(string? displayId) => MimeJson.DisplayOf(Data, MetadataJson(), displayId);

    private static object Checked(string mimeType, object data) =>
        data is string or byte[] or JsonNode or JsonElement
            ? data
            : throw new ArgumentException(
                $"The data of {mimeType} must be a string, a byte[], a JsonNode or a JsonElement, not {TypeNames.Of(data?.GetType())}.",
                nameof(data));
}
