using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Compilation;

/// <summary>Which C# a cell is in, and how it is compiled.</summary>
internal sealed record LanguageSettings
{
    /// <summary>As a program is compiled in Release, in the latest C#.</summary>
    public static LanguageSettings Default { get; } = new();

    public LanguageVersion Version { get; init; } = LanguageVersion.Latest;

    /// <summary>Whether arithmetic throws where it overflows.</summary>
    public bool Checked { get; init; }

    /// <summary>Release; else Debug, in which every line of a trace is exact.</summary>
    public bool Optimize { get; init; } = true;

    public NullableContextOptions Nullable { get; init; } = NullableContextOptions.Disable;

    /// <summary>A compilation's options with these.</summary>
    public CSharpCompilationOptions Apply(CSharpCompilationOptions options) => this == Default ? options : options
        .WithOverflowChecks(Checked).WithOptimizationLevel(Optimize ? OptimizationLevel.Release : OptimizationLevel.Debug).WithNullableContextOptions(Nullable);
}
