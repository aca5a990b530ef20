using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Formatting;

namespace JupyterKernel.Worker.State;

/// <summary>
/// Describes a value in one line, for a tooltip. Describes only values for which this runs nothing but framework code: neither the user's
/// types nor the user's formatters are called. Pure; any thread.
/// </summary>
internal static class ValueText
{
    private const int MaxItems = 10;
    private const int MaxCharacters = 200;
    private const int MaxDepth = 3;

    private static readonly HashSet<Type> Scalars =
    [
        typeof(string), typeof(decimal), typeof(DateTime), typeof(DateTimeOffset), typeof(DateOnly), typeof(TimeOnly), typeof(TimeSpan),
        typeof(Guid),
        typeof(Half), typeof(Int128), typeof(UInt128), typeof(Version), typeof(System.Numerics.BigInteger), typeof(System.Numerics.Complex),
    ];

    private static readonly HashSet<Type> Collections =
    [
        typeof(List<>), typeof(Dictionary<,>), typeof(HashSet<>), typeof(SortedDictionary<,>), typeof(SortedSet<>), typeof(Queue<>),
        typeof(Stack<>), typeof(LinkedList<>),
        typeof(KeyValuePair<,>),
    ];

    /// <summary>Returns the text of a value; null if it would require user code.</summary>
    public static string? Of(object? value) =>
        value is null ? "null" : IsPlain(value.GetType()) ? CutText.Of(Write(value, 0), MaxCharacters) : null;

    private static bool IsPlain(Type type) => type.IsArray ? IsPlain(type.GetElementType()!)
        : type.IsGenericType
            ? (Collections.Contains(type.GetGenericTypeDefinition()) || typeof(ITuple).IsAssignableFrom(type)
                || Nullable.GetUnderlyingType(type) is not null) && type.GetGenericArguments().All(IsPlain)
        : type.IsPrimitive || type.IsEnum || Scalars.Contains(type);

    private static string Write(object? value, int depth) => value switch
    {
        null => "null",
        string text => '"' + CutText.Of(text, MaxCharacters).ReplaceLineEndings("\\n") + '"',
        char letter => $"'{letter}'",
        bool truth => truth ? "true" : "false",
        IFormattable scalar => scalar.ToString(null, CultureInfo.InvariantCulture),
        ITuple tuple => $"({string.Join(", ", Enumerable.Range(0, tuple.Length).Select(i => Write(tuple[i], depth + 1)))})",
        IEnumerable items when depth < MaxDepth => Items(items, depth),
        _ when value.GetType() is { IsGenericType: true } pair && pair.GetGenericTypeDefinition() == typeof(KeyValuePair<,>) =>
            $"[{Write(pair.GetProperty("Key")!.GetValue(value), depth + 1)}] = "
                + Write(pair.GetProperty("Value")!.GetValue(value), depth + 1),
        _ => "…",
    };

    private static string Items(IEnumerable items, int depth)
    {
        var texts = items.Cast<object?>().Take(MaxItems + 1).Select((item, i) => i < MaxItems ? Write(item, depth + 1) : "…");
        var count = items is ICollection collection ? $"({collection.Count})" : "";
        return $"{TypeNames.Of(items.GetType())}{count} {{ {string.Join(", ", texts)} }}";
    }
}
