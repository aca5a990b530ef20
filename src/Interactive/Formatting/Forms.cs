using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using JupyterKernel.Display;
using JupyterKernel.Display.Formatting;

namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>Values in the forms that the kernel's own display API gives them, as .NET Interactive asks for them.</summary>
internal static class Forms
{
    /// <summary>The forms that a value is shown in.</summary>
    /// <param name="value">The value.</param>
    /// <param name="mimeTypes">Empty for the forms that the kernel chooses.</param>
    /// <param name="names">The names of tuple items in it, where they are known.</param>
    internal static MimeBundle Of(object? value, IReadOnlyList<string> mimeTypes, TupleNames? names = null) =>
        mimeTypes.Count == 0 ? JupyterKernel.Display.Formatter.Format(value, names) : JupyterKernel.Display.Formatter.Format(value, mimeTypes, names);

    /// <summary>A value as text of a MIME type.</summary>
    internal static string Text(object? value, string mimeType) =>
        Text(JupyterKernel.Display.Formatter.Format(value is string && mimeType == "application/json" ? JsonValue.Create((string)value) : value, mimeType).Data[mimeType]);

    /// <summary>Data of a bundle as .NET Interactive has it: text, images in base64.</summary>
    internal static string Text(object data) => data switch
    {
        string text => text,
        byte[] bytes => Convert.ToBase64String(bytes),
        JsonElement json => json.GetRawText(),
        JsonNode json => json.ToJsonString(JsonSerializerOptions.Web),
        _ => Convert.ToString(data, CultureInfo.InvariantCulture) ?? "",
    };

    /// <summary>Text of a MIME type as data of a bundle.</summary>
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
