using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;

namespace JupyterKernel.Compilation;

/// <summary>An assembly as it was emitted, with its portable symbols.</summary>
internal sealed record Image(byte[] Assembly, byte[] Symbols)
{
    private static readonly EmitOptions EmitOptions = new(debugInformationFormat: DebugInformationFormat.PortablePdb);

    /// <summary>Emits a compilation.</summary>
    /// <returns>The image and the warnings, or the errors.</returns>
    public static (Image? Image, ImmutableArray<Diagnostic> Problems) Of(CSharpCompilation compilation, CancellationToken cancellation)
    {
        using var assembly = new MemoryStream(4096);
        using var symbols = new MemoryStream(4096);
        var emitted = compilation.Emit(assembly, symbols, options: EmitOptions, cancellationToken: cancellation);
        if (!emitted.Success) return (null, [.. emitted.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)]);
        var image = new Image(assembly.ToArray(), symbols.ToArray());
        if (compilation.ScriptClass is not null) TopLevelTypes.Unnest(image.Assembly);
        return (image, [.. emitted.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Warning)]);
    }

    /// <summary>Whether a text is among what its code can ask for: its own cell's name, where it asks for the path of its source.</summary>
    public bool Contains(string text) => Assembly.AsSpan().IndexOf(Encoding.Unicode.GetBytes(text)) >= 0 || Assembly.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;

    /// <summary>The names of the assemblies that it uses, other cells' among them.</summary>
    public IReadOnlySet<string> ReferencedAssemblies()
    {
        using var file = new PEReader(new MemoryStream(Assembly));
        var metadata = file.GetMetadataReader();
        return metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name)).ToHashSet();
    }

    /// <summary>The names of members and nested types of an assembly that it uses.</summary>
    public IReadOnlySet<string> ReferencedMembersOf(string assembly)
    {
        using var file = new PEReader(new MemoryStream(Assembly));
        var metadata = file.GetMetadataReader();
        var names = new HashSet<string>();
        foreach (var handle in metadata.MemberReferences)
        {
            var member = metadata.GetMemberReference(handle);
            if (member.Parent.Kind == HandleKind.TypeReference && AssemblyOf((TypeReferenceHandle)member.Parent) == assembly) names.Add(metadata.GetString(member.Name));
        }

        foreach (var handle in metadata.TypeReferences)
        {
            if (AssemblyOf(handle) == assembly) names.Add(metadata.GetString(metadata.GetTypeReference(handle).Name));
        }

        return names;

        string? AssemblyOf(TypeReferenceHandle handle)
        {
            var scope = metadata.GetTypeReference(handle).ResolutionScope;
            return scope.Kind switch
            {
                HandleKind.TypeReference => AssemblyOf((TypeReferenceHandle)scope),
                HandleKind.AssemblyReference => metadata.GetString(metadata.GetAssemblyReference((AssemblyReferenceHandle)scope).Name),
                _ => null,
            };
        }
    }
}
