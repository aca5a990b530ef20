using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using JupyterKernel.Display;
using JupyterKernel.Display.Formatting;

namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>Formats values with the kernel's own display API in the representation of .NET Interactive.</summary>
internal static class Forms
{
    /// <summary>Returns the displayed forms of a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="mimeTypes">The MIME types; empty for the forms that the kernel chooses.</param>
    /// <param name="names">The names of tuple items in the value; null if unknown.</param>
    internal static MimeBundle Of(object? value, IReadOnlyList<string> mimeTypes, TupleNames? names = null) =>
        mimeTypes.Count == 0
            ? JupyterKernel.Display.Formatter.Format(value, names)
            : JupyterKernel.Display.Formatter.Format(value, mimeTypes, names);

    /// <summary>Formats a value as text in a MIME type.</summary>
    internal static string Text(object? value, string mimeType) =>
        Text(JupyterKernel.Display.Formatter.Format(
            value is string && mimeType == "application/json" ? JsonValue.Create((string)value) : value, mimeType).Data[mimeType]);

    /// <summary>Converts the data of a form to text; image bytes become base64.</summary>
    internal static string Text(object data) => data switch
    {
        string text => text,
        byte[] bytes => Convert.ToBase64String(bytes),
        JsonElement json => json.GetRawText(),
        JsonNode json => json.ToJsonString(JsonSerializerOptions.Web),
        _ => Convert.ToString(data, CultureInfo.InvariantCulture) ?? "",
    };

    /// <summary>Converts formatted values to a bundle.</summary>
    internal static MimeBundle Bundle(IEnumerable<FormattedValue> values)
    {
        var forms = MimeBundle.Empty;
        foreach (var value in values)
        {
            foreach (var (type, form) in JupyterKernel.Display.Formatter.Format(value.Value, value.MimeType).Data)
            {
                if (type == value.MimeType || !forms.Data.ContainsKey(type)) forms = forms.With(type, form);
            }
        }

        return forms;
    }
}
