using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Hosting;

namespace JupyterKernel.Display.Formatting;

/// <summary>
/// Creates MIME bundles of JSON and of values that have their own forms, with text for clients that support no other form.
/// </summary>
internal static class DisplayBundles
{
    /// <summary>Creates a bundle of JSON and its indented text.</summary>
    /// <param name="json">A <see cref="JsonNode"/> or <see cref="JsonElement"/>.</param>
    /// <param name="mimeType">application/json or another type whose data is JSON.</param>
    internal static MimeBundle OfJson(object json, string mimeType = JsonValues.MimeType) => MimeBundle.Of(mimeType, json, Indented(json));

    /// <summary>Returns the bundle that a value creates; an exception of its code is shown in its place.</summary>
    internal static MimeBundle Of(IDisplayable displayable)
    {
        try
        {
            return displayable.ToMimeBundle() is { } forms
                ? WithPlainText(forms, displayable)
                : MimeBundle.PlainText(TypeNames.Of(displayable.GetType()));
        }
        catch (Exception exception) when (!NotebookHost.IsInterruption(exception))
        {
            return MimeBundle.PlainText(FaultText.Of(exception));
        }
    }

    /// <summary>
    /// Returns the forms with plain text added if it is missing: the text of the HTML, otherwise any text or JSON among the forms.
    /// </summary>
    internal static MimeBundle WithPlainText(MimeBundle forms, object value)
    {
        if (forms.PlainForm is not null) return forms;
        var text = forms.Data.GetValueOrDefault("text/html") is string html ? HtmlText.Of(html)
            : forms.Data.FirstOrDefault(form => form.Key.StartsWith("text/", StringComparison.Ordinal)).Value is string other
                ? CutText.Of(other)
            : forms.Data.FirstOrDefault(form => JsonValues.IsJson(form.Key)).Value is { } json and (JsonNode or JsonElement)
                ? Indented(json)
            : TypeNames.Of(value.GetType());
        return forms.With(MimeBundle.PlainTextType, text);
    }

    private static string Indented(object json) => CutText.Of(Encoding.UTF8.GetString(JsonValues.ToUtf8(json, indented: true)));
}
