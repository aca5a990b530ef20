using System.Text.Encodings.Web;

namespace Microsoft.AspNetCore.Html;

/// <summary>An object that writes itself as HTML. A notebook displays it as HTML.</summary>
public interface IHtmlContent
{
    /// <summary>Writes the HTML.</summary>
    void WriteTo(TextWriter writer, HtmlEncoder encoder);
}
