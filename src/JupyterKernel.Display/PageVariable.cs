using System.Text;
using JupyterKernel.Display.Bundles;

namespace JupyterKernel.Display;

/// <summary>Variables for the scripts of the page that shows the notebook.</summary>
public static class PageVariable
{
    /// <summary>
    /// Sets a property of <c>globalThis</c> to the JSON of a value, for scripts that are displayed later. The script that does so is an
    /// output of the cell, so it also runs when the page is opened again; it does not run in an untrusted notebook.
    /// </summary>
    /// <param name="name">The variable's name.</param>
    /// <param name="value">Any value, converted as by <see cref="Notebook.JSON(object)"/>: parts without a JSON form are omitted or
    /// null.</param>
    /// <exception cref="System.Text.Json.JsonException">The value nests too deeply.</exception>
    /// <exception cref="NotSupportedException">The type cannot be converted to JSON.</exception>
    /// <example><c>PageVariable.Set("data", rows)</c>, then <c>Javascript("element.append(data.length)")</c></example>
    public static void Set(string name, object? value) =>
        Notebook.display(Notebook.Javascript($"globalThis[{Json(name)}] = {Json(value)};"));

    /// <summary>JSON that is safe within a script element, which a <c>&lt;/script></c> in a text would end.</summary>
    private static string Json(object? value) =>
        Encoding.UTF8.GetString(JsonValues.ToUtf8(JsonValues.Of(value))).Replace("<", "\\u003C", StringComparison.Ordinal);
}
