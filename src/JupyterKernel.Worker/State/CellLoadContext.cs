using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using JupyterKernel.Display.Hosting;
using JupyterKernel.Link;

namespace JupyterKernel.Worker.State;

/// <summary>
/// The load context of cells and of the files that they reference. It is separate from the worker's own assemblies, so that a
/// notebook's version of a library takes precedence over the worker's. Loads on the cell thread, or on any thread on which user code
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

    /// <summary>Makes files available by assembly name, including dependencies in the folders of references.</summary>
    private void Add(LoadableFiles files) => AbortSafe.Run(files, files =>
    {
        lock (paths)
        {
            foreach (var path in files.References)
            {
                paths[Path.GetFileNameWithoutExtension(path)] = path;
                if (Path.GetDirectoryName(path) is { } directory && !directories.Contains(directory)) directories.Add(directory);
            }

            foreach (var path in files.PackageAssemblies)
            {
                paths[IsSatellite(path)
                    ? SatelliteName(Path.GetFileName(Path.GetDirectoryName(path))!, Path.GetFileNameWithoutExtension(path))
                    : Path.GetFileNameWithoutExtension(path)] = path;
            }
            foreach (var path in files.NativeLibraries) nativeLibraries[Path.GetFileName(path)] = path;
        }

        static bool IsSatellite(string path) => path.EndsWith(".resources.dll", StringComparison.OrdinalIgnoreCase);
    });

    /// <summary>The libraries of cells: assemblies with declarations that cannot be in a script.</summary>
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

    /// <summary>Loads a cell's library.</summary>
    private void LoadLibrary(byte[] image, byte[] symbols) => AbortSafe.Run(LoadCell(image, symbols), library =>
    {
        lock (paths) libraries.Add(library);
    });

    /// <summary>
    /// Runs the module initializers of a cell's library, as user code. In a program they run before any other code. Here they would run
    /// only at the first call into the library, too late for generated initializers that register something for other code. Cell thread.
    /// </summary>
    public void InitializeLibraryOf(Assembly cell)
    {
        if (FindCell(cell.GetName().Name + ".Library") is { } library)
        {
            RuntimeHelpers.RunModuleConstructor(library.ManifestModule.ModuleHandle);
        }
    }

    /// <summary>Loads a cell's submission class; a repeated cell uses the loaded class again.</summary>
    /// <param name="name">The full name of the class.</param>
    /// <param name="files">The files that the cell added; null if none.</param>
    /// <param name="images">
    /// The assembly and symbols of the cell's library, if it has one, followed by its own assembly and symbols.
    /// </param>
    public Type LoadSubmission(string name, LoadableFiles? files, IReadOnlyList<byte[]> images) =>
        AbortSafe.Run((name, files, images), cell =>
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

    /// <summary>Finds a cell's assembly by name.</summary>
    public Assembly? FindCell(string name) => AbortSafe.Run(name, name =>
    {
        lock (paths) return cells.GetValueOrDefault(name);
    });

    /// <summary>Finds a type by its assembly-qualified name: in a cell, in a referenced assembly or in the framework.</summary>
    /// <exception cref="TypeLoadException">The type does not exist.</exception>
    public Type FindType(string name) => Type.GetType(name, LoadFromAssemblyName, null, throwOnError: true)!;

    private static string? Interactive(string name) =>
        Path.Combine(AppContext.BaseDirectory, "interactive", name + ".dll") is var path && File.Exists(path) ? path : null;

    private static string SatelliteName(string culture, string name) => $"{culture}/{name}";

    protected override Assembly? Load(AssemblyName assemblyName) => AbortSafe.Run(assemblyName, assemblyName =>
    {
        var name = assemblyName.CultureName is { Length: > 0 } culture ? SatelliteName(culture, assemblyName.Name!) : assemblyName.Name!;
        string? path;
        lock (paths)
        {
            if (cells.TryGetValue(name, out var cell)) return cell;

            // The stand-ins for .NET Interactive take precedence even over a referenced original. Assemblies with abstractions that other
            // packages contain too are taken from those packages.
            if (name.StartsWith("Microsoft.DotNet.Interactive", StringComparison.Ordinal) && Interactive(name) is { } own) path = own;
            else if (!paths.TryGetValue(name, out path))
            {
                path = directories.Select(directory => Path.Combine(directory, name + ".dll")).FirstOrDefault(File.Exists)
                    ?? (name.StartsWith("Microsoft.", StringComparison.Ordinal) ? Interactive(name) : null);
            }
        }

        // Always the worker's own display API: a second copy would not be connected to the front end.
        return path is null || name == "JupyterKernel.Display" ? null : LoadFromAssemblyPath(path);
    });

    protected override nint LoadUnmanagedDll(string unmanagedDllName)
    {
        string[] names =
            [unmanagedDllName, unmanagedDllName + ".so", "lib" + unmanagedDllName + ".so", unmanagedDllName + ".dll",
                "lib" + unmanagedDllName + ".dylib", unmanagedDllName + ".dylib"];
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
