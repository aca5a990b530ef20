using System.Reflection.Metadata;
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

    private static readonly Lazy<IReadOnlyList<MetadataReference>> LazyInteractive = new(() =>
        [.. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "interactive"), "*.dll").Select(path => MetadataReference.CreateFromFile(path))]);

    /// <summary>Referenced by every cell: the core of the framework and the display API.</summary>
    public static IReadOnlyList<MetadataReference> Core { get; } =
    [
        .. CoreNames.Select(name => MetadataReference.CreateFromFile(Path.Combine(FrameworkDirectory, name + ".dll"))),
        MetadataReference.CreateFromFile(typeof(Display.Notebook).Assembly.Location),
    ];

    /// <summary>The rest of the framework; looked for at the first use.</summary>
    public static IReadOnlyList<MetadataReference> Rest => LazyRest.Value;

    /// <summary>What stands in for .NET Interactive: tried like <see cref="Rest"/>.</summary>
    public static IReadOnlyList<MetadataReference> Interactive => LazyInteractive.Value;

    /// <summary>What cells are tried with that do not compile without: <see cref="Rest"/> and <see cref="Interactive"/>.</summary>
    /// <param name="known">What they reference already: of an assembly that is among it, there is no other.</param>
    public static IReadOnlyList<MetadataReference> OptionalBeside(IEnumerable<MetadataReference> known)
    {
        var names = known.Select(NameOf).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. Rest.Concat(Interactive).Where(reference => !names.Contains(NameOf(reference)))];
    }

    /// <summary>
    /// References and those of the optional ones that they need. Where an assembly is added that one already there refers to, the compiler makes the
    /// latter's types anew, and variables of earlier cells are of other types than a later cell names: so all that anything refers to is added at once.
    /// </summary>
    /// <param name="references">What is wanted.</param>
    /// <param name="optional">What there is to add.</param>
    public static IReadOnlyList<MetadataReference> WithNeeded(IEnumerable<MetadataReference> references, IReadOnlyList<MetadataReference> optional)
    {
        var byName = optional.ToDictionary(NameOf, StringComparer.OrdinalIgnoreCase);
        var wanted = new List<MetadataReference>(references);
        var seen = wanted.Select(NameOf).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var open = new Queue<MetadataReference>(wanted.Concat(Core));
        while (open.TryDequeue(out var next))
        {
            foreach (var name in ReferencedBy(next))
            {
                if (!byName.TryGetValue(name, out var needed) || !seen.Add(name)) continue;
                wanted.Add(needed);
                open.Enqueue(needed);
            }
        }

        return wanted;
    }

    /// <summary>The simple name of the assembly in a reference's file; empty for an image of a cell.</summary>
    public static string NameOf(MetadataReference reference) => Path.GetFileNameWithoutExtension((reference as PortableExecutableReference)?.FilePath ?? "");

    /// <summary>A file of a package. Read once, however often its cells are compiled.</summary>
    public static MetadataReference Of(string path) => Packages.GetOrAdd(path, static path => MetadataReference.CreateFromFile(path));

    /// <summary>Whether a file of a package takes the place of one of the framework's.</summary>
    public static bool IsFrameworks(string path) => File.Exists(Path.Combine(FrameworkDirectory, Path.GetFileName(path)))
        && !NotFramework.Contains(Path.GetFileNameWithoutExtension(path)) && Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal);

    private static IEnumerable<string> ReferencedBy(MetadataReference reference)
    {
        if (reference is not PortableExecutableReference file) return [];
        try
        {
            return (file.GetMetadata() as AssemblyMetadata)?.GetModules().Select(module => module.GetMetadataReader())
                .SelectMany(metadata => metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))) ?? [];
        }
        catch (Exception unreadable) when (unreadable is BadImageFormatException or IOException)
        {
            // The compiler says what is wrong with it.
            return [];
        }
    }

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
