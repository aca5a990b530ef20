using System.Reflection;
using System.Runtime.CompilerServices;
using JupyterKernel.Display.Hosting;

namespace JupyterKernel.Display.Formatting;

/// <summary>
/// The names of tuple items in a value. They are not part of the value's type: only the compiler knows them, and writes them as attributes
/// on members. Immutable; any thread.
/// </summary>
/// <param name="Names">The names of the tuple's items (null for an item without a name); null if the value is not a tuple.</param>
/// <param name="Parts">
/// The names inside the items of a tuple, the key and value of an entry, or the items of a sequence; null for parts without names.
/// </param>
internal sealed record TupleNames(IReadOnlyList<string?>? Names, IReadOnlyList<TupleNames?> Parts)
{
    /// <summary>Returns the tuple item names of the value that the calling code displays.</summary>
    /// <remarks>This needs a stack trace, so it is skipped for values that contain no tuples.</remarks>
    internal static TupleNames? OfDisplayed(object? value) =>
        value is null or IConvertible or MimeBundle ? null : Parse(NotebookHost.Current?.TupleNamesOfDisplayed());

    /// <summary>
    /// Parses names, written as <c>* 2 Name - Count -</c> for a sequence of pairs and <c>: - *…</c> for a key and its value.
    /// </summary>
    internal static TupleNames? Parse(string? text)
    {
        if (text is null) return null;
        var tokens = new Queue<string>(text.Split(' '));
        return Next();

        TupleNames? Next()
        {
            switch (tokens.Dequeue())
            {
                case "-": return null;
                case "*": return new(null, [Next()]);
                case ":": return new(null, [Next(), Next()]);
                case var count:
                    var items = Enumerable.Range(0, int.Parse(count, System.Globalization.CultureInfo.InvariantCulture))
                        .Select(_ => (Name: tokens.Dequeue(), Names: Next())).ToList();
                    return new([.. items.Select(item => item.Name == "?" ? null : item.Name)], [.. items.Select(item => item.Names)]);
            }
        }
    }

    /// <summary>
    /// Returns the names in a member's value from the member's attribute, which lists them in the order in which the type is written.
    /// </summary>
    internal static TupleNames? Of(MemberInfo member)
    {
        if (member.GetCustomAttribute<TupleElementNamesAttribute>() is not { TransformNames: var all }) return null;
        var at = 0;
        return Next((member as PropertyInfo)?.PropertyType ?? ((FieldInfo)member).FieldType);

        TupleNames? Next(Type type)
        {
            if (type.IsArray) return Next(type.GetElementType()!) is { } items ? new(null, [items]) : null;
            var arguments = type.IsGenericType ? type.GetGenericArguments() : [];
            if (typeof(ITuple).IsAssignableFrom(type) && type.IsValueType && arguments.Length is > 0 and < 8)
            {
                var names = all.Skip(at).Take(arguments.Length).ToList();
                at += arguments.Length;
                return new(names, [.. arguments.Select(Next)]);
            }

            var parts = arguments.Select(Next).ToList();
            return parts.TrueForAll(static part => part is null) ? null
                : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Nullable<>) ? parts[0]
                : parts.Count == 2
                    ? (typeof(System.Collections.IEnumerable).IsAssignableFrom(type) ? new(null, [new(null, parts)]) : new(null, parts))
                : new(null, [parts[0]]);
        }
    }
}
