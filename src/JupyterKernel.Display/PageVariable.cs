using System.Text;
using JupyterKernel.Display.Bundles;

namespace JupyterKernel.Display;

/// <summary>Variables of the scripts in the page that shows the notebook.</summary>
public static class PageVariable
{
    /// <summary>
    /// Gives the page's scripts the JSON of a value: a property of <c>globalThis</c>, for all scripts that are shown later. As a script it is an output
    /// of the cell, so a page that is opened again has it again, and one that is not trusted has not.
    /// </summary>
    /// <param name="name">The variable's name.</param>
    /// <param name="value">Any value; what JSON has no form for is left out or null, as <see cref="Notebook.JSON(object)"/> has it.</param>
    /// <exception cref="System.Text.Json.JsonException">The value nests too deeply.</exception>
    /// <exception cref="NotSupportedException">Its type has no JSON.</exception>
    /// <example><c>PageVariable.Set("data", rows)</c>, then <c>Javascript("element.append(data.length)")</c></example>
    public static void Set(string name, object? value) =>
        Notebook.display(Notebook.Javascript($"globalThis[{Json(name)}] = {Json(value)};"));

    /// <summary>Also within a page's script element, which a <c>&lt;/script></c> in a text would end.</summary>
    private static string Json(object? value) => Encoding.UTF8.GetString(JsonValues.ToUtf8(JsonValues.Of(value))).Replace("<", "\\u003C", StringComparison.Ordinal);
}
