using System.Collections;
using System.Dynamic;
using System.Globalization;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Html;

namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>The attributes of an element, in order. An attribute whose value is null is written without a value.</summary>
public class HtmlAttributes : DynamicObject, IDictionary<string, object?>, IHtmlContent
{
    private readonly OrderedDictionary<string, object?> attributes = [];

    /// <summary>Creates an empty collection.</summary>
    public HtmlAttributes()
    {
    }

    /// <summary>Creates a collection of the given attributes.</summary>
    public HtmlAttributes(IEnumerable<KeyValuePair<string, object?>> attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        foreach (var (name, value) in attributes) this.attributes[name] = value;
    }

    /// <inheritdoc/>
    public int Count => attributes.Count;

    /// <inheritdoc/>
    public bool IsReadOnly => false;

    /// <inheritdoc/>
    public ICollection<string> Keys => attributes.Keys;

    /// <inheritdoc/>
    public ICollection<object?> Values => attributes.Values;

    /// <inheritdoc/>
    public object? this[string key]
    {
        get => attributes.GetValueOrDefault(key);
        set => attributes[key] = value;
    }

    /// <summary>Adds one or more classes.</summary>
    public void AddCssClass(string value) => this["class"] = this["class"] is { } old ? $"{old} {value}" : value;

    /// <summary>Removes a class.</summary>
    public void RemoveCssClass(string value)
    {
        if (this["class"] is { } old) this["class"] = string.Join(' ', Words(old).Where(name => name != value));
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => attributes.GetEnumerator();

    /// <inheritdoc/>
    public void Add(KeyValuePair<string, object?> item) => attributes.Add(item.Key, item.Value);

    /// <inheritdoc/>
    public void Add(string key, object? value) => attributes.Add(key, value);

    /// <inheritdoc/>
    public void Clear() => attributes.Clear();

    /// <inheritdoc/>
    public bool Contains(KeyValuePair<string, object?> item) => ((ICollection<KeyValuePair<string, object?>>)attributes).Contains(item);

    /// <inheritdoc/>
    public void CopyTo(KeyValuePair<string, object?>[] array, int arrayIndex) =>
        ((ICollection<KeyValuePair<string, object?>>)attributes).CopyTo(array, arrayIndex);

    /// <inheritdoc/>
    public bool Remove(KeyValuePair<string, object?> item) => ((ICollection<KeyValuePair<string, object?>>)attributes).Remove(item);

    /// <inheritdoc/>
    public bool Remove(string key) => attributes.Remove(key);

    /// <inheritdoc/>
    public bool ContainsKey(string key) => attributes.ContainsKey(key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, out object? value) => attributes.TryGetValue(key, out value);

    /// <summary>Adds attributes; existing ones are kept unless <paramref name="replace"/> is set.</summary>
    public void MergeWith(IDictionary<string, object?> htmlAttributes, bool replace = false)
    {
        ArgumentNullException.ThrowIfNull(htmlAttributes);
        foreach (var (name, value) in htmlAttributes)
        {
            if (replace || !ContainsKey(name)) this[name] = value;
        }
    }

    /// <inheritdoc/>
    public override bool TryGetMember(GetMemberBinder binder, out object? result) =>
        TryGetValue(PocketView.AttributeName(binder.Name), out result);

    /// <inheritdoc/>
    public override IEnumerable<string> GetDynamicMemberNames() => Keys;

    /// <inheritdoc/>
    public override bool TrySetMember(SetMemberBinder binder, object? value)
    {
        this[PocketView.AttributeName(binder.Name)] = value;
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(' ', attributes.Select(attribute =>
        attribute.Value is null
            ? attribute.Key
            : $"{attribute.Key}=\"{Html.Encoded(Convert.ToString(attribute.Value, CultureInfo.InvariantCulture) ?? "")}\""));

    /// <inheritdoc/>
    public void WriteTo(TextWriter writer, HtmlEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write(ToString());
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal static string[] Words(object classes) => classes.ToString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>Fluent methods for attributes.</summary>
public static class HtmlAttributesExtensions
{
    /// <summary>Adds one or more classes.</summary>
    public static HtmlAttributes Class(this HtmlAttributes attributes, string classes) => attributes.Class(classes, include: true);

    /// <summary>Adds or removes one or more classes.</summary>
    public static HtmlAttributes Class(this HtmlAttributes attributes, string classes, bool include)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        foreach (var name in HtmlAttributes.Words(classes))
        {
            if (!include) attributes.RemoveCssClass(name);
            else if (!attributes.HasClass(name)) attributes.AddCssClass(name);
        }

        return attributes;
    }

    /// <summary>Sets whether the element is disabled.</summary>
    public static HtmlAttributes Disabled(this HtmlAttributes attributes, bool value = true) => Switch(attributes, "disabled", value);

    /// <summary>Sets whether the element is selected.</summary>
    public static HtmlAttributes Selected(this HtmlAttributes attributes, bool value = true) => Switch(attributes, "selected", value);

    /// <summary>Whether the element has a class.</summary>
    public static bool HasClass(this HtmlAttributes attributes, string @class)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        return attributes["class"] is { } classes && HtmlAttributes.Words(classes).Contains(@class);
    }

    private static HtmlAttributes Switch(HtmlAttributes attributes, string name, bool isOn)
    {
        if (isOn) attributes[name] = name;
        else attributes.Remove(name);
        return attributes;
    }
}
