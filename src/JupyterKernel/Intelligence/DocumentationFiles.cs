using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using Microsoft.CodeAnalysis;

namespace JupyterKernel.Intelligence;

/// <summary>
/// Reads the XML documentation of assemblies: for the framework from the SDK's reference pack, for packages from the file beside the
/// assembly. Each file is read once to index the positions of the members; only the index is kept in memory. Any thread.
/// Source: https://learn.microsoft.com/dotnet/csharp/language-reference/xmldoc/
/// </summary>
/// <param name="frameworkFolder">Returns the folder of the reference pack; null if there is none.</param>
internal sealed class DocumentationFiles(Func<string?> frameworkFolder)
{
    private const int MaxMemberBytes = 200_000;

    private static readonly byte[] Start = "<member name=\""u8.ToArray();
    private static readonly byte[] End = "</member>"u8.ToArray();

    private readonly ConcurrentDictionary<string, Lazy<Dictionary<ulong, Place>>> packages = new();
    private readonly Lazy<Dictionary<ulong, Place>> framework = new(() => Index(XmlFilesIn(frameworkFolder())));

    private readonly record struct Place(string File, int Offset);

    /// <summary>Returns the documentation of a symbol as XML; null if there is none or it cannot be read.</summary>
    /// <param name="symbol">A symbol of a referenced assembly, or of a cell.</param>
    /// <param name="compilation">The compilation that the symbol belongs to.</param>
    public string? Of(ISymbol symbol, Microsoft.CodeAnalysis.Compilation compilation, CancellationToken cancellation)
    {
        var definition = symbol.OriginalDefinition;
        if (definition.DeclaringSyntaxReferences.Length > 0) return definition.GetDocumentationCommentXml(cancellationToken: cancellation);
        if (definition.GetDocumentationCommentId() is not { } id || definition.ContainingAssembly is null) return null;
        var key = Hash(Encoding.UTF8.GetBytes(id));
        var beside = (compilation.GetMetadataReference(definition.ContainingAssembly) as PortableExecutableReference)?.FilePath
            is { } assembly ? Path.ChangeExtension(assembly, ".xml") : null;
        if (beside is not null && File.Exists(beside))
        {
            var known = packages.GetOrAdd(beside, static path => new(() => Index([path])));
            if (known.Value.TryGetValue(key, out var place)) return Read(place, id);
        }

        return framework.Value.TryGetValue(key, out var found) ? Read(found, id) : null;
    }

    private static string[] XmlFilesIn(string? folder) =>
        folder is not null && Directory.Exists(folder) ? Directory.GetFiles(folder, "*.xml") : [];

    private static Dictionary<ulong, Place> Index(IReadOnlyList<string> files)
    {
        var places = new Dictionary<ulong, Place>();
        foreach (var file in files)
        {
            try
            {
                using var stream = File.OpenHandle(file);
                var length = (int)Math.Min(RandomAccess.GetLength(stream), int.MaxValue / 2);
                var buffer = ArrayPool<byte>.Shared.Rent(length);
                length = RandomAccess.Read(stream, buffer.AsSpan(0, length), 0);
                var text = buffer.AsSpan(0, length);
                for (var at = 0; text[at..].IndexOf(Start) is >= 0 and var next;)
                {
                    at += next;
                    var name = text[(at + Start.Length)..];
                    if (name.IndexOf((byte)'"') is not (>= 0 and var end)) break;
                    places.TryAdd(Hash(name[..end]), new(file, at));
                    at += Start.Length;
                }

                ArrayPool<byte>.Shared.Return(buffer);
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
            {
                // The members of this assembly then have no documentation.
            }
        }

        return places;
    }

    private static string? Read(Place place, string id)
    {
        try
        {
            using var stream = File.OpenHandle(place.File);
            var buffer = new byte[(int)Math.Min(MaxMemberBytes, RandomAccess.GetLength(stream) - place.Offset)];
            var text = buffer.AsSpan(0, RandomAccess.Read(stream, buffer, place.Offset));
            var end = text.IndexOf(End);
            if (end < 0) return null;
            var member = Encoding.UTF8.GetString(text[..(end + End.Length)]);
            return member.StartsWith($"<member name=\"{id}\"", StringComparison.Ordinal) ? member : null;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>
    /// Computes the FNV-1a hash of a name. Two names of a framework may have the same hash; they are distinguished when the text is read.
    /// </summary>
    private static ulong Hash(ReadOnlySpan<byte> name)
    {
        var hash = 14695981039346656037;
        foreach (var b in name) hash = (hash ^ b) * 1099511628211;
        return hash;
    }
}
