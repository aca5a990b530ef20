using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Formatting;
using JupyterKernel.Display.Hosting;

namespace JupyterKernel.Display;

/// <summary>
/// The handle of a displayed value, which can be updated. If the handle is the last expression of a cell, nothing
/// more is shown. Any thread.
/// </summary>
/// <example><code>
/// var shown = display("working…");
/// shown.Update("done");
/// </code></example>
public sealed class DisplayedValue : IOnScreen
{
    internal DisplayedValue(string displayId) => DisplayId = displayId;

    /// <summary>The display id in the protocol.</summary>
    public string DisplayId { get; }

    /// <summary>Displays another value in place of this one, everywhere it is shown.</summary>
    public void Update(object? value) => Show(Formatter.Format(value, TupleNames.OfDisplayed(value)), update: true);

    internal void Show(MimeBundle bundle, bool update) => Publish(bundle, DisplayId, update);

    internal static DisplayedValue Show(MimeBundle bundle)
    {
        var displayId = NotebookHost.Current?.NewId("display") ?? Guid.NewGuid().ToString("N");
        Publish(bundle, displayId, update: false);
        return new DisplayedValue(displayId);
    }

    private static void Publish(MimeBundle bundle, string displayId, bool update)
    {
        if (NotebookHost.Current is { } host) host.Publish(bundle, displayId, update);
        else Console.Out.WriteLine(bundle.PlainForm ?? bundle.ToString());
    }
}
