using System.Collections;
using System.Globalization;
using System.Reflection;
using JupyterKernel.Display.Bundles;

namespace JupyterKernel.Display.Formatting;

/// <summary>
/// Finds the formatters of types that name their formatter source in an attribute called TypeFormatterSourceAttribute, as in .NET
/// Interactive. Members are found by name, so that a library needs no reference to this assembly. Any thread.
/// </summary>
internal static class FormatterSources
{
    /// <summary>Returns the function that creates the forms of a type's values; null if the type has no formatter source.</summary>
    internal static Func<object, MimeBundle>? Of(Type type)
    {
        for (var at = type; at is not null && at != typeof(object); at = at.BaseType)
        {
            var declared = at.CustomAttributes.FirstOrDefault(attribute => attribute.AttributeType.Name == "TypeFormatterSourceAttribute");
            if (declared is { ConstructorArguments: [{ Value: Type source }, ..] } data)
                return Read(source, data);
        }

        return null;
    }

    private static Func<object, MimeBundle> Read(Type sourceType, CustomAttributeData attribute)
    {
        var source = Activator.CreateInstance(sourceType, nonPublic: true)!;
        var create = source.GetType().GetMethod("CreateTypeFormatters")!;
        var formatters = ((IEnumerable)create.Invoke(source, BindingFlags.DoNotWrapExceptions, null, null, null)!).Cast<object>().ToList();
        var preference = attribute.NamedArguments.FirstOrDefault(argument => argument.MemberName == "PreferredMimeTypes");
        string[] preferred = preference.TypedValue.Value is IEnumerable<CustomAttributeTypedArgument> named
            ? [.. named.Select(argument => (string)argument.Value!)]
            : [];
        return value =>
        {
            var forms = MimeBundle.Empty;
            foreach (var formatter in formatters)
            {
                var mimeType = (string)Get(formatter, "MimeType")!;
                if ((preferred.Length > 0 && !preferred.Contains(mimeType) && mimeType != MimeBundle.PlainTextType)
                    || Written(formatter, value) is not { } text)
                    continue;
                forms = forms.With(mimeType, JsonValues.IsJson(mimeType) ? JsonValues.Parse(text) : text);
            }

            return forms;
        };
    }

    /// <summary>Returns the text that a formatter writes; null if it writes none.</summary>
    private static string? Written(object formatter, object value)
    {
        var format = formatter.GetType().GetInterfaces().Append(formatter.GetType()).SelectMany(type => type.GetMethods())
            .First(method => method.Name == "Format" && method.GetParameters() is [{ ParameterType: var first }, _]
                && first.IsInstanceOfType(value));
        using var writer = new StringWriter(CultureInfo.InvariantCulture);
        var target = format.GetParameters()[1].ParameterType;
        var context = target.IsInstanceOfType(writer) ? writer : Activator.CreateInstance(target, writer);
        return format.Invoke(formatter, BindingFlags.DoNotWrapExceptions, null, [value, context], null) is false ? null : writer.ToString();
    }

    private static object? Get(object owner, string name) => owner.GetType().GetProperty(name)?.GetValue(owner);
}
