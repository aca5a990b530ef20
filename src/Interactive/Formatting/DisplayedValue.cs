using JupyterKernel.Display;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Formatting;

namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>The handle of something that is shown: what stands there can be replaced. A cell that ends in one shows nothing further for it.</summary>
public class DisplayedValue : IOnScreen
{
    private readonly JupyterKernel.Display.DisplayedValue shown;
    private readonly string[] mimeTypes;

    /// <summary>Shows a value in these forms.</summary>
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

    /// <summary>What the display API has shown, by this interface's name.</summary>
    public static implicit operator DisplayedValue(JupyterKernel.Display.DisplayedValue shown) => new(shown ?? throw new ArgumentNullException(nameof(shown)));

    /// <summary>The MIME types of the forms that it is shown in.</summary>
    public IReadOnlyCollection<string> MimeTypes => [.. FormattedValues.Select(form => form.MimeType)];

    /// <summary>The id under which the clients know what is shown.</summary>
    public string DisplayId => shown.DisplayId;

    /// <summary>Whether it was replaced.</summary>
    public bool IsUpdated { get; private set; }

    /// <summary>What is shown.</summary>
    public object? Value { get; private set; }

    /// <summary>The forms that it is shown in.</summary>
    public IReadOnlyList<FormattedValue> FormattedValues { get; private set; }

    /// <summary>Shows another value in its place.</summary>
    public void Update(object? updatedValue)
    {
        var forms = Forms.Of(updatedValue, mimeTypes, TupleNames.OfDisplayed);
        (Value, FormattedValues, IsUpdated) = (updatedValue, Read(forms), true);
        shown.Show(forms, update: true);
    }

    /// <summary>Shows a value.</summary>
    internal static DisplayedValue Show(object? value, string[] mimeTypes)
    {
        var shown = new DisplayedValue(value, Forms.Of(value, mimeTypes ?? [], TupleNames.OfDisplayed), mimeTypes ?? []);
        Formatter.Tell(shown);
        return shown;
    }

    private static IReadOnlyList<FormattedValue> Read(MimeBundle forms) => [.. forms.Data.Select(form => new FormattedValue(form.Key, Forms.Text(form.Value)))];
}
