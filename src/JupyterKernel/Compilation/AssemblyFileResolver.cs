using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace JupyterKernel.Compilation;

/// <summary>Finds what <c>#r "path.dll"</c> names. Immutable; any thread.</summary>
/// <param name="baseDirectory">What relative paths start from.</param>
internal sealed class AssemblyFileResolver(string baseDirectory) : MetadataReferenceResolver
{
    /// <inheritdoc/>
    public override ImmutableArray<PortableExecutableReference> ResolveReference(
        string reference, string? baseFilePath, MetadataReferenceProperties properties)
    {
        try
        {
            var path = Path.GetFullPath(reference, baseDirectory);
            return File.Exists(path) ? [MetadataReference.CreateFromFile(path, properties)] : [];
        }
        catch (Exception unusable) when (unusable is ArgumentException or IOException or UnauthorizedAccessException)
        {
            // Roslyn reports CS0006, which names the reference.
            return [];
        }
    }

    /// <inheritdoc/>
    public override bool Equals(object? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => baseDirectory.GetHashCode(StringComparison.Ordinal);
}
