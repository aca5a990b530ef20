using JupyterKernel.Compilation;

namespace JupyterKernel.Packages;

/// <summary>
/// The packages of .NET Interactive that this program stands in for: who asks for them has them, and as what another package depends on they are
/// left out of the restore. Immutable; any thread.
/// </summary>
internal static class InteractivePackages
{
    /// <summary>Their ids.</summary>
    public static readonly IReadOnlyList<string> Ids =
    [
        "Microsoft.DotNet.Interactive", "Microsoft.DotNet.Interactive.Formatting", "Microsoft.DotNet.Interactive.CSharp",
        "Microsoft.DotNet.Interactive.PackageManagement",
    ];

    /// <summary>Whether a line asks for one of them.</summary>
    public static bool Has(PackageDirective directive) => directive.Kind == PackageDirectiveKind.Package && Ids.Contains(directive.Name, StringComparer.OrdinalIgnoreCase);
}
