using System.Collections;
using System.Dynamic;
using System.Text;
using System.Text.Encodings.Web;
using JupyterKernel.Display;
using JupyterKernel.Display.Formatting;
using Microsoft.AspNetCore.Html;

namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>
/// An HTML element written in C#: <c>div[style: "color:red"](b("text"), other)</c>. Text is encoded; elements, <see cref="IHtmlContent"/>
/// and the result of <c>HTML("…")</c> are written unchanged; sequences of text and elements are concatenated. Any other value is written
/// as a notebook displays it.
/// </summary>
public class PocketView : DynamicObject, IHtmlContent
{
    /// <summary>Creates an object from which elements of any name can be created: <c>view.svg(…)</c>.</summary>
    public PocketView(PocketView? nested = null) : this("div", nested)
    {
    }

    /// <summary>Creates an element.</summary>
    /// <param name="tagName">The name of the element, for example div.</param>
    /// <param name="nested">The content of the element.</param>
    public PocketView(string tagName, PocketView? nested = null)
    {
        HtmlTag = new HtmlTag(tagName);
        if (nested is not null) HtmlTag.Content = nested.WriteTo;
    }

    /// <summary>The HTML element.</summary>
    public HtmlTag HtmlTag { get; }

    /// <summary>The attributes of the element.</summary>
    public HtmlAttributes HtmlAttributes => HtmlTag.HtmlAttributes;

    /// <summary>Displays the element.</summary>
    public DisplayedValue Display() => DisplayedValue.Show(this, []);

    /// <inheritdoc/>
    public override bool TryGetMember(GetMemberBinder binder, out object? result)
    {
        result = new PocketView(ElementName(binder));
        return true;
    }

    /// <inheritdoc/>
    public override bool TryInvokeMember(InvokeMemberBinder binder, object?[]? args, out object? result)
    {
        var view = new PocketView(ElementName(binder));
        view.SetContent(args ?? []);
        result = view;
        return true;
    }

    /// <inheritdoc/>
    public override bool TryInvoke(InvokeBinder binder, object?[]? args, out object? result)
    {
        SetContent(args ?? []);
        result = this;
        return true;
    }

    /// <inheritdoc/>
    public override bool TrySetMember(SetMemberBinder binder, object? value)
    {
        ArgumentNullException.ThrowIfNull(binder);
        HtmlAttributes[AttributeName(binder.Name)] = value;
        return true;
    }

    /// <inheritdoc/>
    public override bool TryGetIndex(GetIndexBinder binder, object?[] values, out object? result)
    {
        ArgumentNullException.ThrowIfNull(binder);
        ArgumentNullException.ThrowIfNull(values);

        // Named arguments come last.
        var names = binder.CallInfo.ArgumentNames;
        var unnamed = values.Length - names.Count;
        for (var i = 0; i < values.Length; i++)
        {
            if (i >= unnamed) HtmlAttributes[AttributeName(names[i - unnamed])] = values[i];
            else if (values[i] is IDictionary<string, object?> several) HtmlAttributes.MergeWith(several, replace: true);
            else if (values[i] is string name) HtmlAttributes[name] = null;
        }

        result = this;
        return true;
    }

    /// <summary>Replaces the content of the element.</summary>
    public virtual void SetContent(object?[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        HtmlTag.Content = args.Length == 0 ? null : context =>
        {
            foreach (var arg in args) Write(arg, context);
        };
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        using var writer = new StringWriter(new StringBuilder(), System.Globalization.CultureInfo.InvariantCulture);
        WriteTo(writer, HtmlEncoder.Default);
        return writer.ToString();
    }

    /// <inheritdoc/>
    public void WriteTo(TextWriter writer, HtmlEncoder encoder) => HtmlTag.WriteTo(writer, encoder);

    /// <summary>Writes the element.</summary>
    public void WriteTo(FormatContext context) => HtmlTag.WriteTo(context);

    /// <summary>Replaces underscores with dashes, which are not allowed in C# names.</summary>
    internal static string AttributeName(string name) => name.Replace('_', '-');

    private static string ElementName(GetMemberBinder binder) => AttributeName(binder.Name);

    private static string ElementName(InvokeMemberBinder binder) => AttributeName(binder.Name);

    private static void Write(object? value, FormatContext context)
    {
        switch (value)
        {
            case string text: context.Writer.Write(Html.Encoded(text)); break;
            case IHtmlContent content: content.WriteTo(context.Writer, HtmlEncoder.Default); break;
            case IEnumerable several and not IDictionary when Items(several) is { } items:
                items.ForEach(item => Write(item, context));
                break;
            default: context.Writer.Write(HtmlWriter.Inline(value)); break;
        }
    }

    /// <summary>
    /// Returns the items of a sequence of texts and elements, which is enumerated once; null for any other sequence, which is
    /// written as a single value.
    /// </summary>
    private static List<object?>? Items(IEnumerable several)
    {
        if (several is ICollection) return several.Cast<object?>().All(IsHtml) ? [.. several.Cast<object?>()] : null;
        return several.GetType().GetInterfaces().Any(type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IEnumerable<>)
            && (type.GetGenericArguments()[0] is var item && (item == typeof(string) || item == typeof(object) || item == typeof(MimeBundle)
                || typeof(IHtmlContent).IsAssignableFrom(item)))) ? [.. several.Cast<object?>()] : null;
    }

    private static bool IsHtml(object? value) => value is string or IHtmlContent or MimeBundle;
}

/// <summary>A style sheet written in C#: <c>new Style { { "td", ("color", "red") } }</c>.</summary>
public class Style() : PocketView("style"), IEnumerable
{
    private readonly List<(string Selector, (string Name, string Value)[] Properties)> rules = [];

    /// <summary>Adds a rule.</summary>
    public void Add(string selector, params (string, string)[] properties)
    {
        rules.Add((selector, properties));
        HtmlTag.Content = context =>
        {
            foreach (var rule in rules)
            {
                var lines = string.Concat(rule.Properties.Select(property => $"  {property.Name}: {property.Value};\n"));
                context.Writer.Write($"\n{rule.Selector} {{\n{lines}}}\n");
            }
        };
    }

    /// <inheritdoc/>
    public IEnumerator GetEnumerator() => rules.GetEnumerator();
}
