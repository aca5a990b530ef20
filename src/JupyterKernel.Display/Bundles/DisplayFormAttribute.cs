namespace JupyterKernel.Display;

/// <summary>
/// Names the method or property that returns the form of a type's values in one MIME type: a string or, for images, a byte[]. To avoid a
/// reference to this assembly, a library can instead declare a public method <c>ToMimeBundle()</c> that returns a dictionary from MIME
/// types to strings or bytes.
/// </summary>
/// <example><code>
/// [DisplayForm("text/html", nameof(ToHtml))]
/// class Box { public string ToHtml() => "&lt;b>box&lt;/b>"; }
/// </code></example>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface, AllowMultiple = true)]
public sealed class DisplayFormAttribute(string mimeType, string member) : Attribute
{
    /// <summary>The MIME type, for example text/html.</summary>
    public string MimeType => mimeType;

    /// <summary>The name of a public property or a public method without parameters.</summary>
    public string Member => member;
}
