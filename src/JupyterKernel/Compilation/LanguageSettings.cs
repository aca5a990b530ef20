using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Compilation;

/// <summary>The C# version of a cell and its compilation settings.</summary>
internal sealed record LanguageSettings
{
    /// <summary>The default settings: those of a program compiled in Release, in the latest C#.</summary>
    public static LanguageSettings Default { get; } = new();

    public LanguageVersion Version { get; init; } = LanguageVersion.Latest;

    /// <summary>Whether arithmetic overflow throws.</summary>
    public bool Checked { get; init; }

    /// <summary>Whether to compile as in Release; otherwise as in Debug, in which every line of a stack trace is exact.</summary>
    public bool Optimize { get; init; } = true;

    public NullableContextOptions Nullable { get; init; } = NullableContextOptions.Disable;

    /// <summary>Applies these settings to a compilation's options.</summary>
    public CSharpCompilationOptions Apply(CSharpCompilationOptions options) => this == Default ? options : options
        .WithOverflowChecks(Checked).WithOptimizationLevel(Optimize ? OptimizationLevel.Release : OptimizationLevel.Debug)
        .WithNullableContextOptions(Nullable);
}
