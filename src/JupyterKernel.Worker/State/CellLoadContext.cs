using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using JupyterKernel.Display.Hosting;
using JupyterKernel.Link;

namespace JupyterKernel.Worker.State;

/// <summary>
/// Where cells and what they reference are loaded, apart from the worker's own assemblies: a notebook's version of a
/// library wins over the one that the worker happens to use. Loading happens on the cell thread and wherever user code
/// first needs an assembly.
/// </summary>
internal sealed class CellLoadContext() : AssemblyLoadContext("cells")
{
    private readonly Dictionary<string, Assembly> cells = [];
    private readonly Dictionary<string, Type> submissions = [];
    private readonly List<Assembly> libraries = [];
    private readonly Dictionary<string, string> paths = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> directories = [];
    private readonly Dictionary<string, string> nativeLibraries = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Lets files be found by their names, and what references need beside them.</summary>
    private void Add(LoadableFiles files) => AbortSafe.Run(files, files =>
    {
        lock (paths)
        {
            foreach (var path in files.References)
            {
                paths[Path.GetFileNameWithoutExtension(path)] = path;
                if (Path.GetDirectoryName(path) is { } directory && !directories.Contains(directory)) directories.Add(directory);
            }

            foreach (var path in files.PackageAssemblies) paths[IsSatellite(path) ? SatelliteName(Path.GetFileName(Path.GetDirectoryName(path))!, Path.GetFileNameWithoutExtension(path)) : Path.GetFileNameWithoutExtension(path)] = path;
            foreach (var path in files.NativeLibraries) nativeLibraries[Path.GetFileName(path)] = path;
        }

        static bool IsSatellite(string path) => path.EndsWith(".resources.dll", StringComparison.OrdinalIgnoreCase);
    });

    /// <summary>What of cells is no script.</summary>
    public IReadOnlyList<Assembly> Libraries
    {
        get
        {
            lock (paths) return [.. libraries];
        }
    }

    /// <summary>Whether a cell declares the type.</summary>
    public bool IsOfCell(Type type)
    {
        lock (paths) return cells.ContainsValue(type.Assembly);
    }

    /// <summary>Loads the part of a cell that is no script.</summary>
    private void LoadLibrary(byte[] image, byte[] symbols) => AbortSafe.Run(LoadCell(image, symbols), library =>
    {
        lock (paths) libraries.Add(library);
    });

    /// <summary>
    /// Runs the module initializers of a cell's library, as user code. In a program they run before anything else; here they would wait for the
    /// first call into the library, and generated ones register what other code looks for. Cell thread.
    /// </summary>
    public void InitializeLibraryOf(Assembly cell)
    {
        if (FindCell(cell.GetName().Name + ".Library") is { } library) RuntimeHelpers.RunModuleConstructor(library.ManifestModule.ModuleHandle);
    }

    /// <summary>A cell's submission, which is loaded once: a cell that is repeated has it again.</summary>
    /// <param name="name">The class's full name.</param>
    /// <param name="files">What the cell brought.</param>
    /// <param name="images">Its library's assembly and symbols if it has one, its assembly, its symbols.</param>
    public Type LoadSubmission(string name, LoadableFiles? files, IReadOnlyList<byte[]> images) => AbortSafe.Run((name, files, images), cell =>
    {
        lock (submissions)
        {
            if (submissions.TryGetValue(cell.name, out var known)) return known;
            if (cell.files is not null) Add(cell.files);
            if (cell.images.Count > 2) LoadLibrary(cell.images[0], cell.images[1]);
            return submissions[cell.name] = LoadCell(cell.images[^2], cell.images[^1]).GetType(cell.name, throwOnError: true)!;
        }
    });

    /// <summary>Loads a cell's assembly from its image and symbols.</summary>
    private Assembly LoadCell(byte[] image, byte[] symbols) => AbortSafe.Run((image, symbols), cell =>
    {
        var assembly = LoadFromStream(new MemoryStream(cell.image, writable: false), new MemoryStream(cell.symbols, writable: false));
        lock (paths) cells[assembly.GetName().Name!] = assembly;
        return assembly;
    });

    /// <summary>A cell's assembly by its name.</summary>
    public Assembly? FindCell(string name) => AbortSafe.Run(name, name =>
    {
        lock (paths) return cells.GetValueOrDefault(name);
    });

    /// <summary>A type of a cell, of what cells reference or of the framework, by its assembly-qualified name.</summary>
    /// <exception cref="TypeLoadException">There is none.</exception>
    public Type FindType(string name) => Type.GetType(name, LoadFromAssemblyName, null, throwOnError: true)!;

    private static string? Interactive(string name) => Path.Combine(AppContext.BaseDirectory, "interactive", name + ".dll") is var path && File.Exists(path) ? path : null;

    private static string SatelliteName(string culture, string name) => $"{culture}/{name}";

    protected override Assembly? Load(AssemblyName assemblyName) => AbortSafe.Run(assemblyName, assemblyName =>
    {
        var name = assemblyName.CultureName is { Length: > 0 } culture ? SatelliteName(culture, assemblyName.Name!) : assemblyName.Name!;
        string? path;
        lock (paths)
        {
            if (cells.TryGetValue(name, out var cell)) return cell;

            // What stands in for .NET Interactive does so also for those who brought the original; but an abstraction that others have too is theirs.
            if (name.StartsWith("Microsoft.DotNet.Interactive", StringComparison.Ordinal) && Interactive(name) is { } own) path = own;
            else if (!paths.TryGetValue(name, out path))
            {
                path = directories.Select(directory => Path.Combine(directory, name + ".dll")).FirstOrDefault(File.Exists)
                    ?? (name.StartsWith("Microsoft.", StringComparison.Ordinal) ? Interactive(name) : null);
            }
        }

        // The display API is shared with the worker: a copy of its own would publish into the void.
        return path is null || name == "JupyterKernel.Display" ? null : LoadFromAssemblyPath(path);
    });

    protected override nint LoadUnmanagedDll(string unmanagedDllName)
    {
        string[] names = [unmanagedDllName, unmanagedDllName + ".so", "lib" + unmanagedDllName + ".so", unmanagedDllName + ".dll", "lib" + unmanagedDllName + ".dylib", unmanagedDllName + ".dylib"];
        var path = AbortSafe.Run(names, names =>
        {
            lock (paths)
            {
                return names.Select(nativeLibraries.GetValueOrDefault).FirstOrDefault(path => path is not null)
                    ?? directories.SelectMany(directory => names.Select(name => Path.Combine(directory, name))).FirstOrDefault(File.Exists);
            }
        });
        return path is null ? 0 : LoadUnmanagedDllFromPath(path);
    }
}
