using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace JupyterKernel.Compilation;

/// <summary>The C# version of a cell and its compilation settings.</summary>
internal sealed record LanguageSettings
{
    /// <summary>The default settings: those of a Release build in the latest C# version.</summary>
    public static LanguageSettings Default { get; } = new();

    public LanguageVersion Version { get; init; } = LanguageVersion.Latest;

    /// <summary>Whether arithmetic overflow throws.</summary>
    public bool Checked { get; init; }

    /// <summary>
    /// Whether to compile as in a Release build; otherwise as in Debug, where the line numbers of stack traces are exact.
    /// </summary>
    public bool Optimize { get; init; } = true;

    public NullableContextOptions Nullable { get; init; } = NullableContextOptions.Disable;

    /// <summary>Applies these settings to a compilation's options.</summary>
    public CSharpCompilationOptions Apply(CSharpCompilationOptions options) => this == Default ? options : options
        .WithOverflowChecks(Checked).WithOptimizationLevel(Optimize ? OptimizationLevel.Release : OptimizationLevel.Debug)
        .WithNullableContextOptions(Nullable);
}
