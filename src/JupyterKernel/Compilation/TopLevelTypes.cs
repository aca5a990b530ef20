using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace JupyterKernel.Compilation;

/// <summary>
/// Moves a cell's types out of its submission's class after compilation. For the compiler they are nested there, so that a later cell's
/// type replaces an earlier one's; for reflection, serializers and printed names they are as in a program: public top-level types, named as
/// they are written. The declarations of submissions are public in their images, so all accesses remain valid. No row or name changes its
/// size, so the image is edited in place. Pure; any thread. Source: ECMA-335, partition II, 22 (tables), 23.3 (values of attributes) and
/// 24.2.6 (where the tables are).
/// </summary>
internal static partial class TopLevelTypes
{
    /// <summary>The prefix of the names of the submissions' assemblies or classes; both continue with the same number.</summary>
    public const string AssemblyPrefix = "Cell#";

    /// <inheritdoc cref="AssemblyPrefix"/>
    public const string SubmissionPrefix = "Submission_";

    /// <summary>Edits a submission's image: its own types, and its references to the types of earlier ones.</summary>
    public static void Unnest(byte[] image)
    {
        using var file = new PEReader(ImmutableCollectionsMarshal.AsImmutableArray(image));
        var metadata = file.GetMetadataReader();
        var own = metadata.TypeDefinitions.Where(IsOfTop).Select(handle => MetadataTokens.GetRowNumber(handle)).ToHashSet();
        var others = metadata.TypeReferences.Where(IsOfOtherTop).ToList();
        if (own.Count == 0 && others.Count == 0) return;

        var bytes = image.AsSpan(file.PEHeaders.MetadataStartOffset);
        foreach (var row in own) MakePublic(Row(bytes, metadata, TableIndex.TypeDef, row));
        Unnest(bytes, metadata, own);
        foreach (var handle in others)
        {
            var assembly = metadata.GetTypeReference(Outer(handle)).ResolutionScope;
            SetScope(Row(bytes, metadata, TableIndex.TypeRef, MetadataTokens.GetRowNumber(handle)), CodedIndex.ResolutionScope(assembly));
        }

        // Attributes name types by text. A name may begin with spaces, so a shorter one is padded to the same length.
        var blobs = bytes.Slice(metadata.GetHeapMetadataOffset(HeapIndex.Blob), metadata.GetHeapSize(HeapIndex.Blob));
        foreach (var name in OuterNames().EnumerateMatches(Encoding.Latin1.GetString(blobs)))
            blobs.Slice(name.Index, name.Length).Fill((byte)' ');

        bool IsOfTop(TypeDefinitionHandle handle) => metadata.GetTypeDefinition(handle) is var type
            && type.GetDeclaringType() is { IsNil: false } outer
            && metadata.GetTypeDefinition(outer) is { Namespace.IsNil: true } submission && submission.GetDeclaringType().IsNil
            && IsSubmission(submission.Name) && IsSpeakable(type.Name);

        bool IsOfOtherTop(TypeReferenceHandle handle) =>
            metadata.GetTypeReference(handle) is { ResolutionScope.Kind: HandleKind.TypeReference } type
            && metadata.GetTypeReference(Outer(handle)) is { ResolutionScope.Kind: HandleKind.AssemblyReference } submission
            && IsSubmission(submission.Name) && IsSpeakable(type.Name)
            && IsNumbered(metadata.GetAssemblyReference((AssemblyReferenceHandle)submission.ResolutionScope).Name, AssemblyPrefix);

        TypeReferenceHandle Outer(TypeReferenceHandle handle) => (TypeReferenceHandle)metadata.GetTypeReference(handle).ResolutionScope;

        bool IsSubmission(StringHandle name) => IsNumbered(name, SubmissionPrefix);

        bool IsNumbered(StringHandle name, string prefix) =>
            metadata.StringComparer.StartsWith(name, prefix)
                && !metadata.GetString(name).AsSpan(prefix.Length).ContainsAnyExceptInRange('0', '9');

        // The compiler's own types (state machines, closures) stay nested.
        bool IsSpeakable(StringHandle name) => !metadata.StringComparer.StartsWith(name, "<");
    }

    private static void MakePublic(Span<byte> typeDefinition)
    {
        var attributes = (TypeAttributes)BinaryPrimitives.ReadInt32LittleEndian(typeDefinition);
        BinaryPrimitives.WriteInt32LittleEndian(typeDefinition,
            (int)((attributes & ~TypeAttributes.VisibilityMask) | TypeAttributes.Public));
    }

    /// <summary>Removes the rows that nest these types, and moves up the rows after them.</summary>
    private static void Unnest(Span<byte> bytes, MetadataReader metadata, HashSet<int> types)
    {
        var size = metadata.GetTableRowSize(TableIndex.NestedClass);
        var table = metadata.GetTableMetadataOffset(TableIndex.NestedClass);
        var count = metadata.GetTableRowCount(TableIndex.NestedClass);
        var to = table;
        for (var from = table; from < table + (count * size); from += size)
        {
            if (types.Contains(ReadIndex(bytes[from..], size / 2))) continue;
            bytes.Slice(from, size).CopyTo(bytes[to..]);
            to += size;
        }

        var end = metadata.GetTableMetadataOffset(TableIndex.GenericParamConstraint)
            + (metadata.GetTableRowCount(TableIndex.GenericParamConstraint) * metadata.GetTableRowSize(TableIndex.GenericParamConstraint));
        bytes[(table + (count * size))..end].CopyTo(bytes[to..]);

        // The row counts precede the first table, in the order of the tables, for the tables that have rows.
        var following = Enumerable.Range((int)TableIndex.NestedClass, MetadataTokens.TableCount - (int)TableIndex.NestedClass)
            .Count(later => metadata.GetTableRowCount((TableIndex)later) > 0);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[(metadata.GetTableMetadataOffset(TableIndex.Module) - (following * sizeof(int)))..],
            (to - table) / size);
    }

    /// <summary>Sets the first column of a type reference. The two others, its name and namespace, are of one size: 2 or 4 bytes.</summary>
    private static void SetScope(Span<byte> typeReference, int scope)
    {
        if (typeReference.Length % sizeof(int) == 0) BinaryPrimitives.WriteInt32LittleEndian(typeReference, scope);
        else BinaryPrimitives.WriteUInt16LittleEndian(typeReference, (ushort)scope);
    }

    private static int ReadIndex(ReadOnlySpan<byte> column, int size) =>
        size == sizeof(short) ? BinaryPrimitives.ReadUInt16LittleEndian(column) : BinaryPrimitives.ReadInt32LittleEndian(column);

    private static Span<byte> Row(Span<byte> bytes, MetadataReader metadata, TableIndex table, int row) =>
        bytes.Slice(metadata.GetTableMetadataOffset(table) + ((row - 1) * metadata.GetTableRowSize(table)),
            metadata.GetTableRowSize(table));

    [GeneratedRegex(SubmissionPrefix + @"\d+\+")]
    private static partial Regex OuterNames();
}
