using JupyterKernel.Display.Formatting;
using Microsoft.DotNet.Interactive.Formatting;

namespace System;

/// <summary>Showing a value at the end of an expression.</summary>
public static class DisplayExtensions
{
    /// <summary>Shows a value, in these forms if any are named.</summary>
    public static DisplayedValue Display(this object? value, params string[] mimeTypes) => DisplayedValue.Show(value, mimeTypes);

    /// <summary>Shows text as data of a MIME type.</summary>
    public static DisplayedValue DisplayAs(this string value, string mimeType) => DisplayedValue.Show(value, [mimeType]);

    /// <summary>Shows a sequence as a table.</summary>
    public static DisplayedValue DisplayTable<T>(this IEnumerable<T> value, params string[] mimeTypes)
    {
        var forms = mimeTypes is { Length: > 0 }
            ? Forms.Of(value, mimeTypes, TupleNames.OfDisplayed)
            : JupyterKernel.Display.Formatter.FormatMembers(value, TupleNames.OfDisplayed);
        return new DisplayedValue(value, forms, mimeTypes ?? []);
    }
}
