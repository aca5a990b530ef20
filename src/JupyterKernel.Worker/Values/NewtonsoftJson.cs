using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace JupyterKernel.Worker.Values;

/// <summary>
/// Converts JObject, JArray and other tokens of any version of Newtonsoft.Json to plain data and back. Not through JSON text, because
/// parsing would turn strings that look like dates into dates. Any thread.
/// </summary>
internal static class NewtonsoftJson
{
    private const string Space = "Newtonsoft.Json.Linq.";

    /// <inheritdoc cref="Conversion.TakeApart"/>
    public static object?[]? TakeApart(object token, Func<object, byte[]> keyOf) => Get(token, "Parent") is null
        ? Content(token) is { } content ? [content] : null
        : [Get(token, "Root"), Get(token, "Path"), token.GetType().Name == "JProperty"];

    /// <inheritdoc cref="Conversion.PutTogether"/>
    public static object PutTogether(Type type, object?[] parts)
    {
        if (parts.Length == 1) return Token(type.Assembly, (object?[])parts[0]!);
        var found = parts[0]!.GetType().GetMethod("SelectToken", [typeof(string)])!.Invoke(parts[0], [parts[1]])!;
        return (bool)parts[2]! ? Get(found, "Parent")! : found;
    }

    /// <inheritdoc cref="Conversion.Refill"/>
    public static void Refill(object there, object made)
    {
        if (there.GetType().Name is not ("JObject" or "JArray")) throw new NotSupportedException();
        there.GetType().GetMethod("RemoveAll", [])!.Invoke(there, null);
        var add = there.GetType().GetMethod("Add", [typeof(object)])!;
        foreach (var child in (IEnumerable)made) add.Invoke(there, [child]);
    }

    // The name of the token's kind, followed by the parts; null for comments, constructors and raw text.
    private static object?[]? Content(object token)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (token.GetType().Name)
        {
            case "JValue":
                return Get(token, "Type")!.ToString() is not { } kind || kind is "Comment" or "Raw"
                    ? null
                    : ["JValue", kind, Get(token, "Value")];
            case "JProperty": return Content(Get(token, "Value")!) is { } value ? ["JProperty", Get(token, "Name"), value] : null;
            case "JObject" or "JArray":
                var children = ((IEnumerable)token).Cast<object>().Select(Content).ToList();
                return children.Contains(null) ? null : [token.GetType().Name, .. children];
            default: return null;
        }
    }

    private static object Token(Assembly assembly, object?[] content)
    {
        var type = assembly.GetType(Space + content[0])!;
        switch ((string)content[0]!)
        {
            case "JValue" when (string)content[1]! is "Undefined" or "Null":
                return type.GetMethod("Create" + content[1])!.Invoke(null, null)!;
            case "JValue": return type.GetConstructor([typeof(object)])!.Invoke([content[2]]);
            case "JProperty":
                return type.GetConstructor([typeof(string), typeof(object)])!.Invoke([content[1], Token(assembly, (object?[])content[2]!)]);
            default:
                var made = Activator.CreateInstance(type)!;
                var add = type.GetMethod("Add", [typeof(object)])!;
                foreach (var child in content.Skip(1)) add.Invoke(made, [Token(assembly, (object?[])child!)]);
                return made;
        }
    }

    private static object? Get(object owner, string name) => owner.GetType().GetProperty(name)!.GetValue(owner);
}
