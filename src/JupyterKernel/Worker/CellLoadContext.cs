using System.Reflection;
using System.Runtime.Loader;

namespace JupyterKernel.Worker;

/// <summary>
/// Where cells and what they reference are loaded, apart from the worker's own assemblies: a notebook's version of a
/// library wins over the one that the worker happens to use. Loading happens on the cell thread and wherever user code
/// first needs an assembly.
/// </summary>
internal sealed class CellLoadContext() : AssemblyLoadContext("cells")
{
    private readonly Dictionary<string, Assembly> cells = [];
    private readonly Dictionary<string, string> paths = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> directories = [];

    /// <summary>Lets an assembly be found by its name, and its dependencies beside it.</summary>
    public void AddReference(string path)
    {
        lock (paths)
        {
            paths[Path.GetFileNameWithoutExtension(path)] = path;
            if (Path.GetDirectoryName(path) is { } directory && !directories.Contains(directory)) directories.Add(directory);
        }
    }

    /// <summary>Loads a cell's assembly from its image and symbols.</summary>
    public Assembly LoadCell(byte[] image, byte[] symbols)
    {
        var assembly = LoadFromStream(new MemoryStream(image, writable: false), new MemoryStream(symbols, writable: false));
        lock (paths) cells[assembly.GetName().Name!] = assembly;
        return assembly;
    }

    /// <summary>A cell's assembly by its name.</summary>
    public Assembly? FindCell(string name)
    {
        lock (paths) return cells.GetValueOrDefault(name);
    }

    /// <summary>A type of a cell, of what cells reference or of the framework, by its assembly-qualified name.</summary>
    /// <exception cref="TypeLoadException">There is none.</exception>
    public Type FindType(string name) => Type.GetType(name, LoadFromAssemblyName, null, throwOnError: true)!;

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        string? path;
        lock (paths)
        {
            if (cells.TryGetValue(assemblyName.Name!, out var cell)) return cell;
            if (!paths.TryGetValue(assemblyName.Name!, out path))
            {
                path = directories.Select(directory => Path.Combine(directory, assemblyName.Name + ".dll")).FirstOrDefault(File.Exists);
            }
        }

        // The display API is shared with the worker: a copy of its own would publish into the void.
        return path is null || assemblyName.Name == "JupyterKernel.Display" ? null : LoadFromAssemblyPath(path);
    }

    protected override nint LoadUnmanagedDll(string unmanagedDllName)
    {
        List<string> candidates;
        lock (paths) candidates = [.. directories];
        foreach (var directory in candidates)
        {
            foreach (var name in (string[])[unmanagedDllName, unmanagedDllName + ".so", "lib" + unmanagedDllName + ".so", unmanagedDllName + ".dll", "lib" + unmanagedDllName + ".dylib"])
            {
                var path = Path.Combine(directory, name);
                if (File.Exists(path)) return LoadUnmanagedDllFromPath(path);
            }
        }

        return 0;
    }
}
