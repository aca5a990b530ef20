using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Microsoft.CodeAnalysis;

namespace JupyterKernel.Compilation;

/// <summary>
/// Finds the framework's namespaces by the types and extension methods that they contain. The index is read from the assemblies' metadata
/// on the first query, which takes about 0.2 s. Any thread.
/// </summary>
internal static class FrameworkIndex
{
    private static readonly Lazy<(Dictionary<string, SortedSet<string>> Types, Dictionary<string, SortedSet<string>> Extensions)> Index =
        new(Read);

    /// <summary>Returns the namespaces that contain a public type with the given name; type parameters are ignored.</summary>
    public static IReadOnlyCollection<string> NamespacesOfType(string name) => Index.Value.Types.GetValueOrDefault(name) ?? [];

    /// <summary>Returns the namespaces that contain an extension method with the given name.</summary>
    public static IReadOnlyCollection<string> NamespacesOfExtension(string name) => Index.Value.Extensions.GetValueOrDefault(name) ?? [];

    /// <summary>Returns the names of all public types in a namespace.</summary>
    public static IEnumerable<string> TypesIn(IReadOnlySet<string> namespaces) =>
        Index.Value.Types.Where(type => type.Value.Overlaps(namespaces)).Select(type => type.Key);

    private static (Dictionary<string, SortedSet<string>> Types, Dictionary<string, SortedSet<string>> Extensions) Read()
    {
        var types = new Dictionary<string, SortedSet<string>>();
        var extensions = new Dictionary<string, SortedSet<string>>();
        foreach (var path in ReferenceSet.Core.Concat(ReferenceSet.Rest).OfType<PortableExecutableReference>()
            .Select(reference => reference.FilePath!))
        {
            using var file = new PEReader(File.OpenRead(path));
            var metadata = file.GetMetadataReader();
            foreach (var handle in metadata.TypeDefinitions)
            {
                var type = metadata.GetTypeDefinition(handle);
                if ((type.Attributes & TypeAttributes.VisibilityMask) != TypeAttributes.Public || type.Namespace.IsNil) continue;
                var space = metadata.GetString(type.Namespace);
                var name = metadata.GetString(type.Name);
                Add(types, name.IndexOf('`', StringComparison.Ordinal) is > 0 and var arity ? name[..arity] : name, space);
                if (!type.Attributes.HasFlag(TypeAttributes.Abstract | TypeAttributes.Sealed)
                    || !IsExtension(metadata, type.GetCustomAttributes()))
                {
                    continue;
                }
                foreach (var method in type.GetMethods().Select(metadata.GetMethodDefinition))
                {
                    if (method.Attributes.HasFlag(MethodAttributes.Public | MethodAttributes.Static))
                        Add(extensions, metadata.GetString(method.Name), space);
                }
            }
        }

        return (types, extensions);

        static void Add(Dictionary<string, SortedSet<string>> index, string name, string space)
        {
            if (!index.TryGetValue(name, out var spaces)) index[name] = spaces = new(StringComparer.Ordinal);
            spaces.Add(space);
        }
    }

    private static bool IsExtension(MetadataReader metadata, CustomAttributeHandleCollection attributes) =>
        attributes.Select(metadata.GetCustomAttribute).Any(attribute => attribute.Constructor.Kind switch
        {
            HandleKind.MemberReference when metadata.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent
                is { Kind: HandleKind.TypeReference } parent =>
                metadata.StringComparer.Equals(metadata.GetTypeReference((TypeReferenceHandle)parent).Name, "ExtensionAttribute"),
            HandleKind.MethodDefinition => metadata.StringComparer.Equals(
                metadata.GetTypeDefinition(metadata.GetMethodDefinition((MethodDefinitionHandle)attribute.Constructor)
                    .GetDeclaringType()).Name, "ExtensionAttribute"),
            _ => false,
        });
}
