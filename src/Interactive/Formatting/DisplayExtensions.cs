using JupyterKernel.Display.Formatting;
using Microsoft.DotNet.Interactive.Formatting;

namespace System;

/// <summary>Extension methods that display a value.</summary>
public static class DisplayExtensions
{
    /// <summary>Displays a value, in the given MIME types if there are any.</summary>
    public static DisplayedValue Display(this object? value, params string[] mimeTypes) => DisplayedValue.Show(value, mimeTypes);

    /// <summary>Displays text in the given MIME type.</summary>
    public static DisplayedValue DisplayAs(this string value, string mimeType) => DisplayedValue.Show(value, [mimeType]);

    /// <summary>Displays a sequence as a table.</summary>
    public static DisplayedValue DisplayTable<T>(this IEnumerable<T> value, params string[] mimeTypes)
    {
        var forms = mimeTypes is { Length: > 0 }
            ? Forms.Of(value, mimeTypes, TupleNames.OfDisplayed(value))
            : JupyterKernel.Display.Formatter.FormatMembers(value, TupleNames.OfDisplayed(value));
        return new DisplayedValue(value, forms, mimeTypes ?? []);
    }
}
