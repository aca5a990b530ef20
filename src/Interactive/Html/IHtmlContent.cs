using System.Text.Encodings.Web;

namespace Microsoft.AspNetCore.Html;

/// <summary>What writes itself as HTML, encoded where it must be. A notebook shows it as such.</summary>
public interface IHtmlContent
{
    /// <summary>Writes it.</summary>
    void WriteTo(TextWriter writer, HtmlEncoder encoder);
}
