using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Html;

namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>Extension methods for HTML text and elements.</summary>
public static class Html
{
    /// <summary>Encodes text for use in HTML.</summary>
    public static IHtmlContent HtmlEncode(this string content) => new HtmlString(Encoded(content));

    /// <summary>Encodes text for use as an attribute value.</summary>
    public static IHtmlContent HtmlAttributeEncode(this string content) => new HtmlString(Encoded(content));

    /// <summary>Wraps a string that is already HTML.</summary>
    public static IHtmlContent ToHtmlContent(this string value) => new HtmlString(value);

    /// <summary>Creates an element with the given name.</summary>
    public static HtmlTag Tag(this string tagName) => new(tagName);

    /// <summary>Omits the end tag of the element if the element is empty.</summary>
    public static TTag SelfClosing<TTag>(this TTag tag) where TTag : HtmlTag
    {
        ArgumentNullException.ThrowIfNull(tag);
        tag.IsSelfClosing = true;
        return tag;
    }

    /// <summary>Sets attributes.</summary>
    public static TTag WithAttributes<TTag>(this TTag tag, IDictionary<string, object?> htmlAttributes) where TTag : HtmlTag
    {
        ArgumentNullException.ThrowIfNull(tag);
        tag.HtmlAttributes.MergeWith(htmlAttributes, replace: true);
        return tag;
    }

    /// <summary>Sets an attribute.</summary>
    public static TTag WithAttributes<TTag>(this TTag tag, string name, object? value) where TTag : HtmlTag
    {
        ArgumentNullException.ThrowIfNull(tag);
        tag.HtmlAttributes[name] = value;
        return tag;
    }

    /// <summary>Appends content to the element.</summary>
    public static TTag Append<TTag>(this TTag toTag, IHtmlContent content) where TTag : HtmlTag =>
        toTag.Around(inner => Write(inner, content));

    /// <inheritdoc cref="Append{TTag}(TTag, IHtmlContent)"/>
    public static TTag Append<TTag>(this TTag toTag, params IHtmlContent[] contents) where TTag : HtmlTag =>
        toTag.Around(inner => Write([inner, .. contents]));

    /// <summary>Appends the element to the content of another element.</summary>
    public static TTag AppendTo<TTag>(this TTag appendTag, HtmlTag toTag) where TTag : HtmlTag
    {
        toTag.Append(appendTag);
        return appendTag;
    }

    /// <summary>Replaces the content of the element with encoded text.</summary>
    public static TTag Containing<TTag>(this TTag tag, string text) where TTag : HtmlTag => tag.Containing(text.HtmlEncode());

    /// <summary>Replaces the content of the element.</summary>
    public static TTag Containing<TTag>(this TTag tag, IHtmlContent content) where TTag : HtmlTag => tag.Around(_ => Write(content));

    /// <summary>Inserts content at the start of the element.</summary>
    public static TTag Prepend<TTag>(this TTag toTag, IHtmlContent content) where TTag : HtmlTag =>
        toTag.Around(inner => Write(content, inner));

    /// <summary>Inserts the element at the start of another element.</summary>
    public static TTag PrependTo<TTag>(this TTag prependTag, HtmlTag toTag) where TTag : HtmlTag
    {
        toTag.Prepend(prependTag);
        return prependTag;
    }

    /// <summary>Wraps the content of the element in another element.</summary>
    public static TTag WrapInner<TTag>(this TTag tag, HtmlTag wrappingTag) where TTag : HtmlTag => tag.Around(inner => context =>
    {
        wrappingTag.Content = Write(inner);
        wrappingTag.WriteTo(context);
    });

    internal static string Encoded(string? text) =>
        (text ?? "").Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal).Replace("\"", "&quot;", StringComparison.Ordinal);

    private static TTag Around<TTag>(this TTag tag, Func<IHtmlContent, Action<FormatContext>> content) where TTag : HtmlTag
    {
        ArgumentNullException.ThrowIfNull(tag);
        tag.Content = content(new Inner(tag.Content));
        return tag;
    }

    private static Action<FormatContext> Write(params IHtmlContent[] contents) => context =>
    {
        foreach (var content in contents) content.WriteTo(context.Writer, HtmlEncoder.Default);
    };

    private sealed class Inner(Action<FormatContext>? content) : IHtmlContent
    {
        public void WriteTo(TextWriter writer, HtmlEncoder encoder)
        {
            using var context = new FormatContext(writer);
            content?.Invoke(context);
        }
    }
}
