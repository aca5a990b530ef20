using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Compilation;

/// <summary>
/// Resolves <c>#r "path.dll"</c> and <c>#r "Alias=path.dll"</c>. With an alias, the types are visible only under that extern alias, as with
/// the compiler option of that form. Immutable; any thread.
/// </summary>
/// <param name="baseDirectory">The directory that relative paths refer to.</param>
internal sealed class AssemblyFileResolver(string baseDirectory) : MetadataReferenceResolver
{
    /// <inheritdoc/>
    public override ImmutableArray<PortableExecutableReference> ResolveReference(
        string reference, string? baseFilePath, MetadataReferenceProperties properties)
    {
        try
        {
            if (Named(reference, baseFilePath, properties) is { } named) return [named];
            return reference.Split('=', 2) is [var alias, var name] && SyntaxFacts.IsValidIdentifier(alias)
                && Named(name, baseFilePath, properties.WithAliases([alias])) is { } aliased
                ? [aliased]
                : [];
        }
        catch (Exception unusable) when (unusable is ArgumentException or IOException or UnauthorizedAccessException)
        {
            // Roslyn then reports CS0006 with the name of the reference.
            return [];
        }
    }

    private PortableExecutableReference? Named(string name, string? baseFilePath, MetadataReferenceProperties properties) =>
        Find(name, baseFilePath) is { } path ? MetadataReference.CreateFromFile(path, properties)
        : OfFramework(name)?.WithProperties(properties);

    // Scripts may reference framework assemblies without a path: #r "System.Xml.Linq", #r "System.Net.Http.Json.dll".
    private static PortableExecutableReference? OfFramework(string name) =>
        Path.GetFileName(name) == name
        ? ReferenceSet.ReferredTo(name.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) ? name[..^4] : name) : null;

    /// <inheritdoc/>
    public override bool ResolveMissingAssemblies => true;

    /// <inheritdoc/>
    public override PortableExecutableReference? ResolveMissingAssembly(MetadataReference definition, AssemblyIdentity referenceIdentity) =>
        ReferenceSet.ReferredTo(referenceIdentity.Name);

    /// <summary>Resolves a path relative to the file that contains it, otherwise relative to the notebook.</summary>
    private string? Find(string file, string? baseFilePath)
    {
        if (Path.IsPathRooted(baseFilePath)
            && Path.GetFullPath(file, Path.GetDirectoryName(baseFilePath)!) is var beside && File.Exists(beside))
        {
            return beside;
        }
        return Path.GetFullPath(file, baseDirectory) is var path && File.Exists(path) ? path : null;
    }

    /// <inheritdoc/>
    public override bool Equals(object? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => baseDirectory.GetHashCode(StringComparison.Ordinal);
}
