namespace JupyterKernel.Display;

/// <summary>
/// A value that says itself how a notebook shows it. Where text/plain is left out, the formatter adds it.
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
    /// <summary>Called on the cell's thread each time the value is shown.</summary>
    MimeBundle ToMimeBundle();
}
