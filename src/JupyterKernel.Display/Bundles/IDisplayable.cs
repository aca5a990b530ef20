namespace JupyterKernel.Display;

/// <summary>
/// A value with a display form of its own. If text/plain is missing, the formatter adds it.
/// </summary>
/// <example><code>
/// record Colour(string Name) : IDisplayable
/// {
///     public MimeBundle ToMimeBundle() =>
///         MimeBundle.Of("text/html", $"&lt;b style='color:{Name}'>■&lt;/b>", plainText: Name);
/// }
/// </code></example>
public interface IDisplayable
{
    /// <summary>Returns the forms of the value. Called on the cell's thread each time the value is displayed.</summary>
    MimeBundle ToMimeBundle();
}
