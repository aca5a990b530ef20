using System.Collections.Concurrent;
using System.Composition;
using System.Composition.Hosting.Core;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace JupyterKernel.RoslynInternals;

/// <summary>
/// Composes Roslyn's parts by the attributes that they carry. The library for that, System.Composition, compiles an expression for each
/// part before the first is created, which takes half a second; Roslyn requests five lists, and its parts need few of each other. Any
/// thread.
/// </summary>
/// <param name="parts">The types of the parts.</param>
[UnconditionalSuppressMessage("Trimming", "IL2060", Justification = Kept)]
[UnconditionalSuppressMessage("Trimming", "IL2070", Justification = Kept)]
[UnconditionalSuppressMessage("Trimming", "IL2072", Justification = Kept)]
[UnconditionalSuppressMessage("Trimming", "IL2075", Justification = Kept)]
[UnconditionalSuppressMessage("Trimming", "IL2087", Justification = Kept)]
[UnconditionalSuppressMessage("Trimming", "IL2091", Justification = Kept)]
[UnconditionalSuppressMessage("AOT", "IL3050", Justification = Kept)]
internal sealed class RoslynParts(IEnumerable<Type> parts) : CompositionContext
{
    private const string Kept = "RoslynPartList keeps what is reflected on, and all type arguments are reference types, which share code.";

    private static readonly MethodInfo MakeLazy = Method(nameof(LazyOf), 1);
    private static readonly MethodInfo MakeLazyWithMetadata = Method(nameof(LazyOf), 2);

    private readonly ILookup<Type, Export> exports = parts.SelectMany(ExportsOf).ToLookup(export => export.Contract);
    private readonly ConcurrentDictionary<Type, Lazy<object>> made = [];

    /// <inheritdoc/>
    public override bool TryGetExport(CompositionContract contract, out object export)
    {
        export = Find(contract.ContractType)!;
        return export is not null;
    }

    private object? Find(Type wanted)
    {
        if (!wanted.IsConstructedGenericType || wanted.GetGenericTypeDefinition() != typeof(IEnumerable<>))
            return exports[ContractOf(wanted)].Select(export => Shape(export, wanted)).FirstOrDefault();
        var item = wanted.GetGenericArguments()[0];
        var found = exports[ContractOf(item)].ToArray();
        var list = Array.CreateInstance(item, found.Length);
        for (var i = 0; i < found.Length; i++) list.SetValue(Shape(found[i], item), i);
        return list;
    }

    private static Type ContractOf(Type wanted) => IsLazy(wanted) ? wanted.GetGenericArguments()[0] : wanted;

    private static bool IsLazy(Type wanted) => wanted.IsConstructedGenericType && wanted.GetGenericTypeDefinition() is var definition
        && (definition == typeof(Lazy<>) || definition == typeof(Lazy<,>));

    /// <summary>
    /// Returns a part in the requested form: itself, or created on first use, with or without the metadata of its attributes.
    /// </summary>
    private object Shape(Export export, Type wanted)
    {
        if (!IsLazy(wanted)) return Make(export.Part);
        Func<object> make = () => Make(export.Part);
        return wanted.GetGenericArguments() is { Length: 2 } both
            ? MakeLazyWithMetadata.MakeGenericMethod(both).Invoke(null, [make, export.Metadata])!
            : MakeLazy.MakeGenericMethod(wanted.GetGenericArguments()).Invoke(null, [make])!;
    }

    private object Make(Type part) => made.GetOrAdd(part, type => new Lazy<object>(() =>
    {
        var constructors = type.GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
        var chosen = constructors.FirstOrDefault(constructor => constructor.IsDefined(typeof(ImportingConstructorAttribute)))
            ?? constructors.First(constructor => constructor.GetParameters().Length == 0);
        return chosen.Invoke(BindingFlags.DoNotWrapExceptions, null,
            [.. chosen.GetParameters().Select(parameter => Find(parameter.ParameterType))], null);
    })).Value;

    private static IEnumerable<Export> ExportsOf(Type part)
    {
        var attributes = part.GetCustomAttributes(inherit: false);
        var common = attributes.Where(attribute =>
            attribute is not ExportAttribute && attribute.GetType().IsDefined(typeof(MetadataAttributeAttribute))).ToList();
        foreach (var export in attributes.OfType<ExportAttribute>())
        {
            var metadata = new Dictionary<string, object?>();
            foreach (var attribute in common.Append(export)) Read(attribute, metadata);
            yield return new(part, export.ContractType ?? part, metadata);
        }
    }

    private static void Read(object attribute, Dictionary<string, object?> metadata)
    {
        foreach (var property in attribute.GetType()
            .GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
        {
            var value = property.GetValue(attribute);

            // The metadata of attributes that may occur several times is a list.
            metadata[property.Name] = !metadata.TryGetValue(property.Name, out var other) ? value
                : (string?[])[.. other as string?[] ?? [other as string], value as string];
        }
    }

    private static Lazy<T> LazyOf<T>(Func<object> make) => new(() => (T)make());

    private static Lazy<T, TMetadata> LazyOf<T, TMetadata>(Func<object> make, IDictionary<string, object?> metadata) =>
        new(() => (T)make(), (TMetadata)Activator.CreateInstance(typeof(TMetadata), metadata)!);

    private static MethodInfo Method(string name, int parameters) =>
        typeof(RoslynParts).GetMethod(name, parameters, BindingFlags.Static | BindingFlags.NonPublic, null,
        parameters == 1 ? [typeof(Func<object>)] : [typeof(Func<object>), typeof(IDictionary<string, object?>)], null)!;

    private sealed record Export(Type Part, Type Contract, IDictionary<string, object?> Metadata);
}
