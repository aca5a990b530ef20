using JupyterKernel.Compilation;

namespace JupyterKernel.Packages;

/// <summary>
/// The packages of .NET Interactive that this program replaces: directives for them are always satisfied, and the restore omits them as
/// dependencies of other packages. Immutable; any thread.
/// </summary>
internal static class InteractivePackages
{
    /// <summary>The ids of the replaced packages.</summary>
    public static readonly IReadOnlyList<string> Ids =
    [
        "Microsoft.DotNet.Interactive", "Microsoft.DotNet.Interactive.Formatting", "Microsoft.DotNet.Interactive.CSharp",
        "Microsoft.DotNet.Interactive.PackageManagement",
    ];

    /// <summary>Whether a directive references a replaced package.</summary>
    public static bool Has(PackageDirective directive) =>
        directive.Kind == PackageDirectiveKind.Package && Ids.Contains(directive.Name, StringComparer.OrdinalIgnoreCase);
}
