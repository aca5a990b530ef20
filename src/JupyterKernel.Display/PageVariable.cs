using System.Text;
using JupyterKernel.Display.Bundles;

namespace JupyterKernel.Display;

/// <summary>Sets variables for scripts in the page that shows the notebook.</summary>
public static class PageVariable
{
    /// <summary>
    /// Sets a property of <c>globalThis</c> to a value as JSON, for scripts that are displayed later. This is done by a script in the
    /// output of the cell, so it is repeated when the page is opened again, but not in an untrusted notebook.
    /// </summary>
    /// <param name="name">The name of the variable.</param>
    /// <param name="value">
    /// Any value, converted as by <see cref="Notebook.JSON(object)"/>: parts without a JSON form are omitted or null.
    /// </param>
    /// <exception cref="System.Text.Json.JsonException">The value is nested too deeply.</exception>
    /// <exception cref="NotSupportedException">The type cannot be converted to JSON.</exception>
    /// <example><c>PageVariable.Set("data", rows)</c>, then <c>Javascript("element.append(data.length)")</c></example>
    public static void Set(string name, object? value) =>
        Notebook.display(Notebook.Javascript($"globalThis[{Json(name)}] = {Json(value)};"));

    /// <summary>Returns JSON that is safe inside a script element, which a <c>&lt;/script></c> in a string would end.</summary>
    private static string Json(object? value) =>
        Encoding.UTF8.GetString(JsonValues.ToUtf8(JsonValues.Of(value))).Replace("<", "\\u003C", StringComparison.Ordinal);
}
