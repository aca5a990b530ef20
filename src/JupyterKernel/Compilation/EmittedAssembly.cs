using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;

namespace JupyterKernel.Compilation;

/// <summary>An emitted assembly with its portable symbols.</summary>
internal sealed record EmittedAssembly(byte[] Assembly, byte[] Symbols)
{
    private static readonly EmitOptions EmitOptions = new(debugInformationFormat: DebugInformationFormat.PortablePdb);

    /// <summary>Emits a compilation.</summary>
    /// <returns>The assembly and the warnings, or the errors.</returns>
    public static (EmittedAssembly? Emitted, ImmutableArray<Diagnostic> Problems) Of(
        CSharpCompilation compilation, CancellationToken cancellation)
    {
        using var assembly = new MemoryStream(4096);
        using var symbols = new MemoryStream(4096);
        var result = compilation.Emit(assembly, symbols, options: EmitOptions, cancellationToken: cancellation);
        if (!result.Success) return (null, [.. result.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)]);
        var emitted = new EmittedAssembly(assembly.ToArray(), symbols.ToArray());
        if (compilation.ScriptClass is not null) TopLevelTypes.Unnest(emitted.Assembly);
        return (emitted, [.. result.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Warning)]);
    }

    /// <summary>
    /// Whether the assembly contains a string that its code can read. Code that asks for the path of its source contains the cell's name.
    /// </summary>
    public bool Contains(string text) =>
        Assembly.AsSpan().IndexOf(Encoding.Unicode.GetBytes(text)) >= 0 || Assembly.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;

    /// <summary>Returns the names of the referenced assemblies, including those of other cells.</summary>
    public IReadOnlySet<string> ReferencedAssemblies()
    {
        using var file = new PEReader(new MemoryStream(Assembly));
        var metadata = file.GetMetadataReader();
        return metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name)).ToHashSet();
    }

    /// <summary>Returns the names of the members and nested types of another assembly that this assembly uses.</summary>
    public IReadOnlySet<string> ReferencedMembersOf(string assembly)
    {
        using var file = new PEReader(new MemoryStream(Assembly));
        var metadata = file.GetMetadataReader();
        var names = new HashSet<string>();
        foreach (var handle in metadata.MemberReferences)
        {
            var member = metadata.GetMemberReference(handle);
            if (member.Parent.Kind == HandleKind.TypeReference && AssemblyOf((TypeReferenceHandle)member.Parent) == assembly)
                names.Add(metadata.GetString(member.Name));
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
