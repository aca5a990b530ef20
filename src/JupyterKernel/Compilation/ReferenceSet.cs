using System.Collections.Concurrent;
using System.IO.MemoryMappedFiles;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using JupyterKernel.Link;
using Microsoft.CodeAnalysis;

namespace JupyterKernel.Compilation;

/// <summary>
/// The framework assemblies that cells compile against, in two tiers. Every reference costs memory, and time wherever references are bound
/// and names are looked up, and most notebooks use few. <see cref="Core"/> is always referenced; the others that a cell needs are found
/// among <see cref="Rest"/> when it does not compile without them. Immutable; any thread.
/// </summary>
internal static class ReferenceSet
{
    private static readonly string InteractiveDirectory = Path.Combine(WorkerPrograms.Directory, "interactive");

    /// <summary>
    /// The assemblies of all public types in the namespaces that cells import by default, and of the types that notebooks use most.
    /// </summary>
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

    private static readonly ConcurrentDictionary<string, PortableExecutableReference> Files = new();

    /// <summary>The alias of references whose names are hidden from cells.</summary>
    private const string HiddenAlias = "__behind";

    private static readonly Lazy<IReadOnlyList<MetadataReference>> LazyRest = new(FindRest);

    private static readonly Lazy<IReadOnlyList<MetadataReference>> LazyInteractive = new(() =>
        [.. Directory.EnumerateFiles(InteractiveDirectory, "*.dll").Select(Of)]);

    /// <summary>The references of every cell: the core of the framework and the display API.</summary>
    public static IReadOnlyList<PortableExecutableReference> Core { get; } =
    [
        .. CoreNames.Select(name => Of(Path.Combine(DotnetFramework.Current.Directory, name + ".dll"))),
        Of(Path.Combine(WorkerPrograms.Directory, "JupyterKernel.Display.dll")),
    ];

    /// <summary>
    /// The assemblies that <see cref="Core"/> refers to, with their names hidden. If one were missing until a cell references it, the
    /// compiler would create all types that refer to it again, and an earlier cell's <c>HttpClient</c> would differ from a later one's.
    /// </summary>
    public static IReadOnlyList<MetadataReference> CoreDependencies { get; } = FindCoreDependencies();

    /// <summary>The rest of the framework; found at the first use.</summary>
    public static IReadOnlyList<MetadataReference> Rest => LazyRest.Value;

    /// <summary>The assemblies that stand in for .NET Interactive: tried like <see cref="Rest"/>.</summary>
    public static IReadOnlyList<MetadataReference> Interactive => LazyInteractive.Value;

    /// <summary>
    /// Returns the references to try for cells that do not compile without them: <see cref="Rest"/> and <see cref="Interactive"/>.
    /// </summary>
    /// <param name="known">The references that they have already: an assembly among these is not added again.</param>
    public static IReadOnlyList<MetadataReference> OptionalBeside(IEnumerable<MetadataReference> known)
    {
        var names = known.Where(reference => reference.Properties.Aliases.IsEmpty).Select(NameOf)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. Rest.Concat(Interactive).Where(reference => !names.Contains(NameOf(reference)))];
    }

    /// <summary>
    /// Returns the assembly of a name that a package's assembly refers to; null if it belongs neither to the framework nor to
    /// <see cref="Interactive"/>.
    /// </summary>
    public static PortableExecutableReference? ReferredTo(string name) =>
        Path.Combine(DotnetFramework.Current.Directory, name + ".dll") is var framework && IsOfFramework(framework)
            && File.Exists(framework) ? Of(framework)
        : Path.Combine(InteractiveDirectory, name + ".dll") is var interactive && File.Exists(interactive) ? Of(interactive)
        : null;

    /// <summary>Whether a file is an assembly of the framework that runs the cells, which does not need to be loaded.</summary>
    public static bool IsOfFramework(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        return Path.GetDirectoryName(path) == DotnetFramework.Current.Directory
            && (name.StartsWith("System.", StringComparison.Ordinal) || name.StartsWith("Microsoft.Win32.", StringComparison.Ordinal)
                || name is "System" or "mscorlib" or "netstandard" or "WindowsBase" or "Microsoft.CSharp" or "Microsoft.VisualBasic.Core"
                    or "Microsoft.VisualBasic")
            && !name.EndsWith(".Native", StringComparison.Ordinal);
    }

    /// <summary>Returns the simple name of the assembly in a reference's file; empty for an image of a cell.</summary>
    public static string NameOf(MetadataReference reference) =>
        Path.GetFileNameWithoutExtension((reference as PortableExecutableReference)?.FilePath ?? "");

    /// <summary>
    /// Returns the reference to an assembly's file. A file is read once, however often cells are compiled: its types are identical only if
    /// they come from one reading.
    /// </summary>
    public static PortableExecutableReference Of(string path) =>
        Files.GetOrAdd(path, static path => IsOfProgram(path) ? Mapped(path) : MetadataReference.CreateFromFile(path));

    /// <summary>Whether the framework has an assembly of the same file name as this file of a package, which replaces it.</summary>
    public static bool IsFrameworks(string path) => File.Exists(Path.Combine(DotnetFramework.Current.Directory, Path.GetFileName(path)))
        && Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal);

    private static bool IsOfProgram(string path) =>
        Path.GetDirectoryName(path) is { } directory
            && (directory == DotnetFramework.Current.Directory || path.StartsWith(WorkerPrograms.Directory, StringComparison.Ordinal));

    /// <summary>
    /// Maps a file that is not replaced while the program runs into memory: it is not copied, and only the pages in use are loaded. The
    /// compiler uses little of the hundred assemblies that it references. It is given their metadata only: the whole of a file would be
    /// written into every cell's symbols.
    /// </summary>
    private static unsafe PortableExecutableReference Mapped(string path)
    {
        using var file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        var view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;

        // Never released, because the references themselves are not.
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        using var headers = new PEReader(start, checked((int)new FileInfo(path).Length));
        var metadata = headers.GetMetadata();
        return AssemblyMetadata.Create(ModuleMetadata.CreateFromMetadata((IntPtr)metadata.Pointer, metadata.Length))
            .GetReference(filePath: path);
    }

    private static MetadataReference[] FindCoreDependencies()
    {
        var found = new List<MetadataReference>();
        var seen = Core.Select(NameOf).ToHashSet();
        var open = new Queue<PortableExecutableReference>(Core);
        while (open.TryDequeue(out var next))
        {
            var metadata = ((AssemblyMetadata)next.GetMetadata()).GetModules()[0].GetMetadataReader();
            foreach (var name in metadata.AssemblyReferences.Select(handle =>
                metadata.GetString(metadata.GetAssemblyReference(handle).Name)))
            {
                if (!seen.Add(name) || ReferredTo(name) is not { } needed) continue;
                found.Add(needed.WithAliases([HiddenAlias]));
                open.Enqueue(needed);
            }
        }

        return [.. found];
    }

    private static MetadataReference[] FindRest() =>
    [
        .. Directory.EnumerateFiles(DotnetFramework.Current.Directory, "*.dll")
            .Where(path => IsOfFramework(path) && !CoreNames.Contains(Path.GetFileNameWithoutExtension(path)))
            .Select(Of),
    ];
}
