using System.Security.Cryptography;
using System.Text;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Commands;

/// <summary>
/// The JupyterLab extension that pages, sorts and filters large tables: a directory with a <c>package.json</c> next to the kernelspecs,
/// where JupyterLab finds it. All kernels of a data directory share it.
/// Source: https://jupyterlab.readthedocs.io/en/stable/extension/extension_dev.html#prebuilt-extensions
/// </summary>
internal static class LabExtension
{
    private const string Name = "jupyter-csharp";
    private const string FileName = "package.json";

    /// <summary>Writes the extension, replacing an earlier one of ours.</summary>
    /// <param name="data">The Jupyter data directory.</param>
    /// <returns>The directory; null if another program's extension exists there, which stays unchanged.</returns>
    public static string? Write(string data)
    {
        var directory = DirectoryIn(data);
        if (Path.Exists(directory) && !IsOurs(directory)) return null;

        var template = Path.Combine(AppContext.BaseDirectory, "labextension");
        var package = JObject.Parse(File.ReadAllText(Path.Combine(template, FileName)));
        var build = (JObject)package["jupyterlab"]!["_build"]!;
        var script = File.ReadAllBytes(Path.Combine(template, (string)build["load"]!));

        // Browsers cache scripts by address, so a changed script needs another address.
        var load = $"static/tables-{Convert.ToHexStringLower(SHA256.HashData(script))[..12]}.js";
        build["load"] = load;
        package["version"] = typeof(LabExtension).Assembly.GetName().Version!.ToString(3);
        package["installed_by"] = KernelSpec.InstalledBy;
        var statics = Path.Combine(directory, "static");
        Directory.CreateDirectory(statics);
        AtomicFile.Write(Path.Combine(directory, load), script);
        AtomicFile.Write(Path.Combine(directory, FileName), Encoding.UTF8.GetBytes(package.ToString(Formatting.Indented) + "\n"));
        foreach (var older in Directory.EnumerateFiles(statics).Where(file => Path.GetFileName(file) != Path.GetFileName(load)).ToList())
        {
            File.Delete(older);
        }
        return directory;
    }

    /// <summary>Removes the extension if it is ours.</summary>
    /// <param name="data">The Jupyter data directory.</param>
    /// <returns>The directory; null if there was none.</returns>
    public static string? Remove(string data)
    {
        var directory = DirectoryIn(data);
        if (!IsOurs(directory)) return null;
        Directory.Delete(directory, recursive: true);
        return directory;
    }

    private static string DirectoryIn(string data) => Path.Combine(data, "labextensions", Name);

    private static bool IsOurs(string directory)
    {
        try
        {
            return (string?)JObject.Parse(File.ReadAllText(Path.Combine(directory, FileName)))["installed_by"] == KernelSpec.InstalledBy;
        }
        catch (Exception unreadable) when (unreadable is JsonException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }
}
