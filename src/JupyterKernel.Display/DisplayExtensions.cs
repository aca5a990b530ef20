using JupyterKernel.Display.Formatting;

namespace JupyterKernel.Display;

/// <summary><see cref="Notebook.display(object?)"/> as extension methods.</summary>
public static class DisplayExtensions
{
    /// <summary>Displays the value.</summary>
    /// <example><c>Enumerable.Range(1, 5).Select(i => i * i).Display();</c></example>
    public static DisplayedValue Display(this object? value) => Notebook.display(value);

    /// <summary>Displays the value as data of one MIME type.</summary>
    /// <example><c>"&lt;b>bold&lt;/b>".Display("text/html");</c></example>
    public static DisplayedValue Display(this object? value, string mimeType) => Notebook.display(value, mimeType);

    /// <summary>Displays a sequence as a table of the members of its items, even if the items override ToString.</summary>
    /// <example><c>new[] { new Version(1, 2), new Version(3, 4) }.DisplayTable();</c></example>
    public static DisplayedValue DisplayTable<T>(this IEnumerable<T> items) =>
        DisplayedValue.Show(Formatter.FormatMembers(items, TupleNames.OfDisplayed(items)));
}
