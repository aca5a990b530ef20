using Microsoft.CodeAnalysis;

namespace JupyterKernel.Compilation;

/// <summary>
/// The framework assemblies that cells compile against, in two tiers: every reference costs each cell about 15 µs of
/// compilation and memory, and most notebooks use few. <see cref="Core"/> is always there; what else a cell needs is
/// found among <see cref="Rest"/> when it does not compile without. Immutable; any thread.
/// </summary>
internal static class ReferenceSet
{
    private static readonly string FrameworkDirectory = Path.GetDirectoryName(typeof(object).Assembly.Location)!;

    /// <summary>Holds every public type of the namespaces that cells use by default, and what notebooks use most.</summary>
    private static readonly string[] CoreNames =
    [
        "System.Private.CoreLib", "System.Private.Uri", "System.Runtime", "System.Collections", "System.Console", "System.Linq",
        "System.Threading", "System.Memory", "System.Net.Http", "System.Net.Primitives", "System.Text.RegularExpressions",
        "System.Text.Json", "System.Collections.Concurrent", "System.Collections.Immutable", "System.Linq.Expressions",
        "System.Linq.Queryable", "System.Linq.Parallel", "System.Linq.AsyncEnumerable", "System.Threading.Tasks.Parallel",
        "System.Runtime.Numerics", "System.Runtime.InteropServices", "System.ComponentModel", "System.ComponentModel.Primitives",
        "System.ObjectModel", "System.Diagnostics.Process", "System.IO.FileSystem.DriveInfo", "System.IO.FileSystem.Watcher",
        "System.ComponentModel.TypeConverter", "System.Text.Encoding.CodePages", "Microsoft.CSharp",
    ];

    // A self-contained installation keeps the framework beside the kernel's own libraries; these are not the framework's.
    private static readonly string[] NotFramework =
        ["System.CommandLine", "System.ServiceModel", "System.Security.Cryptography.Pkcs", "System.Security.Cryptography.Xml"];

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, MetadataReference> Packages = new();

    private static readonly Lazy<IReadOnlyList<MetadataReference>> LazyRest = new(FindRest);

    /// <summary>Referenced by every cell: the core of the framework and the display API.</summary>
    public static IReadOnlyList<MetadataReference> Core { get; } =
    [
        .. CoreNames.Select(name => MetadataReference.CreateFromFile(Path.Combine(FrameworkDirectory, name + ".dll"))),
        MetadataReference.CreateFromFile(typeof(Display.Notebook).Assembly.Location),
    ];

    /// <summary>The rest of the framework; looked for at the first use.</summary>
    public static IReadOnlyList<MetadataReference> Rest => LazyRest.Value;

    /// <summary>A file of a package. Read once, however often its cells are compiled.</summary>
    public static MetadataReference Of(string path) => Packages.GetOrAdd(path, static path => MetadataReference.CreateFromFile(path));

    /// <summary>Whether a file of a package takes the place of one of the framework's.</summary>
    public static bool IsFrameworks(string path) => File.Exists(Path.Combine(FrameworkDirectory, Path.GetFileName(path)))
        && !NotFramework.Contains(Path.GetFileNameWithoutExtension(path)) && Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal);

    private static MetadataReference[] FindRest() =>
    [
        .. Directory.EnumerateFiles(FrameworkDirectory, "*.dll")
            .Where(path =>
            {
                var name = Path.GetFileNameWithoutExtension(path);
                return (name.StartsWith("System.", StringComparison.Ordinal) || name.StartsWith("Microsoft.Win32.", StringComparison.Ordinal)
                        || name is "System" or "mscorlib" or "netstandard" or "WindowsBase" or "Microsoft.VisualBasic.Core" or "Microsoft.VisualBasic")
                    && !name.EndsWith(".Native", StringComparison.Ordinal)
                    && !CoreNames.Contains(name)
                    && !NotFramework.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));
            })
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];
}
