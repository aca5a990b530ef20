using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace JupyterKernel.Compilation;

/// <summary>Resolves the file names in <c>#load</c>. The names of cells, which are not paths, are not changed. Any thread.</summary>
/// <param name="baseDirectory">The directory that relative paths refer to.</param>
internal sealed class CellSourceResolver(string baseDirectory) : SourceFileResolver(ImmutableArray<string>.Empty, baseDirectory)
{
    /// <inheritdoc/>
    public override string? NormalizePath(string path, string? baseFilePath) =>
        path.StartsWith("Cell [", StringComparison.Ordinal) ? path : base.NormalizePath(path, baseFilePath);

    /// <inheritdoc/>
    public override string? ResolveReference(string path, string? baseFilePath) =>
        base.ResolveReference(path, Path.IsPathRooted(baseFilePath) ? baseFilePath : null);

    /// <inheritdoc/>
    public override SourceText ReadText(string resolvedPath)
    {
        var text = base.ReadText(resolvedPath);
        return PackageDirectives.Blank(text.ToString()) is var blanked && blanked.Length == text.Length
            ? SourceText.From(blanked, text.Encoding, text.ChecksumAlgorithm) : text;
    }
}
