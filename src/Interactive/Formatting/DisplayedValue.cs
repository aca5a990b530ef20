using JupyterKernel.Display;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Formatting;

namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>
/// The handle of a displayed value, which can be updated. If the handle is the last expression of a cell, nothing more is shown.
/// </summary>
public class DisplayedValue : IOnScreen
{
    private readonly JupyterKernel.Display.DisplayedValue shown;
    private readonly string[] mimeTypes;

    /// <summary>Displays a value in the given forms.</summary>
    public DisplayedValue(object? value, IReadOnlyList<FormattedValue> formattedValues)
        : this(value, Forms.Bundle(formattedValues), [])
    {
    }

    internal DisplayedValue(object? value, MimeBundle forms, string[] mimeTypes)
    {
        Value = value;
        this.mimeTypes = mimeTypes;
        FormattedValues = Read(forms);
        shown = JupyterKernel.Display.DisplayedValue.Show(forms);
    }

    private DisplayedValue(JupyterKernel.Display.DisplayedValue shown) => (this.shown, mimeTypes, FormattedValues) = (shown, [], []);

    /// <summary>Converts a handle of the display API.</summary>
    public static implicit operator DisplayedValue(JupyterKernel.Display.DisplayedValue shown) =>
        new(shown ?? throw new ArgumentNullException(nameof(shown)));

    /// <summary>The MIME types of the displayed forms.</summary>
    public IReadOnlyCollection<string> MimeTypes => [.. FormattedValues.Select(form => form.MimeType)];

    /// <summary>The display id in the protocol.</summary>
    public string DisplayId => shown.DisplayId;

    /// <summary>Whether the value was updated.</summary>
    public bool IsUpdated { get; private set; }

    /// <summary>The displayed value.</summary>
    public object? Value { get; private set; }

    /// <summary>The displayed forms.</summary>
    public IReadOnlyList<FormattedValue> FormattedValues { get; private set; }

    /// <summary>Displays another value in place of this one.</summary>
    public void Update(object? updatedValue)
    {
        var forms = Forms.Of(updatedValue, mimeTypes, TupleNames.OfDisplayed(updatedValue));
        (Value, FormattedValues, IsUpdated) = (updatedValue, Read(forms), true);
        shown.Show(forms, update: true);
    }

    /// <summary>Displays a value and raises <see cref="Formatter.OnFormatterEvent"/>.</summary>
    internal static DisplayedValue Show(object? value, string[] mimeTypes)
    {
        var shown = new DisplayedValue(value, Forms.Of(value, mimeTypes ?? [], TupleNames.OfDisplayed(value)), mimeTypes ?? []);
        Formatter.RaiseDisplayed(shown);
        return shown;
    }

    private static IReadOnlyList<FormattedValue> Read(MimeBundle forms) =>
        [.. forms.Data.Select(form => new FormattedValue(form.Key, Forms.Text(form.Value)))];
}
