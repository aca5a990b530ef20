using System.Text;
using System.Text.RegularExpressions;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Commands;

/// <summary>
/// A kernelspec: a directory with a <c>kernel.json</c> that tells Jupyter how to start a kernel, and the kernel's logos.
/// Source: https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs
/// </summary>
/// <remarks>Those that this program wrote say so in their metadata; all others are never changed or removed.</remarks>
internal sealed partial class KernelSpec
{
    public const string DefaultName = "csharp";

    private const string FileName = "kernel.json";
    /// <summary>What <c>installed_by</c> says in files of this program's.</summary>
    public const string InstalledBy = "jupyter-csharp";

    private readonly JObject content;

    private KernelSpec(string directory, JObject content)
    {
        Directory = directory;
        this.content = content;
    }

    public string Directory { get; }

    public string Name => Path.GetFileName(Directory);

    /// <summary>Whether this program wrote it, in this version or another.</summary>
    public bool IsOurs => (content["metadata"] as JObject)?["installed_by"]?.ToString() == InstalledBy;

    /// <summary>The kernel that this one is a second name of; null for kernels in their own right.</summary>
    public string? AliasOf => IsOurs ? content["metadata"]!["alias_of"]?.ToString() : null;

    /// <summary>The command that starts the kernel.</summary>
    public IEnumerable<string> Argv => content["argv"] is JArray argv ? argv.Select(argument => argument.ToString()) : [];

    /// <summary>The kernelspecs in a directory, none if there is no such directory or it may not be read.</summary>
    public static IEnumerable<KernelSpec> All(string kernels)
    {
        // The default options would leave out what begins with a dot.
        var everything = new EnumerationOptions { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = true };
        return System.IO.Directory.Exists(kernels)
            ? System.IO.Directory.EnumerateDirectories(kernels, "*", everything).Select(Read).OfType<KernelSpec>()
            : [];
    }

    /// <summary>The kernelspec of that name; Jupyter makes no difference between upper and lower case.</summary>
    public static KernelSpec? Find(string kernels, string name) =>
        All(kernels).FirstOrDefault(spec => string.Equals(spec.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The kernelspec in a directory, null if there is none. One that cannot be read is there, and is not ours.</summary>
    public static KernelSpec? Read(string directory)
    {
        var file = Path.Combine(directory, FileName);
        if (!File.Exists(file)) return null;
        try
        {
            return new KernelSpec(directory, JObject.Parse(File.ReadAllText(file)));
        }
        catch (Exception unreadable) when (unreadable is JsonException or IOException or UnauthorizedAccessException)
        {
            return new KernelSpec(directory, []);
        }
    }

    /// <summary>Returns the name if a kernel can have it: in Jupyter, in a path and in a URL.</summary>
    /// <exception cref="CommandException">It cannot.</exception>
    public static string CheckName(string name) =>
        ValidName().IsMatch(name) ? name
        : throw new CommandException($"'{name}' cannot be the name of a kernel: use letters, digits, '.', '_' and '-', and no '.' at the end");

    /// <summary>Makes sure that a kernelspec of that name may be written there.</summary>
    /// <exception cref="CommandException">Another program's is there.</exception>
    public static void CheckFree(string kernels, string name)
    {
        if (Find(kernels, name) is { IsOurs: false } other)
            throw new CommandException($"{other.Directory} is the kernelspec of another program and stays as it is: choose another name, or remove it first with 'jupyter kernelspec remove {other.Name}'");
    }

    /// <summary>Writes a kernelspec from the template that lies beside the program, or rewrites ours.</summary>
    /// <param name="environment">Variables that the kernel is started with.</param>
    /// <returns>Its directory.</returns>
    public static string Write(
        string kernels, string name, string displayName, InstalledProgram program, IEnumerable<(string Variable, string Value)> environment, string? aliasOf = null)
    {
        var template = Path.Combine(AppContext.BaseDirectory, "kernelspec");
        var content = JObject.Parse(File.ReadAllText(Path.Combine(template, FileName)));
        content["argv"] = new JArray(program.Argv.Concat(content["argv"]!.Skip(1).Select(argument => argument.ToString())));
        content["display_name"] = displayName;
        foreach (var (variable, value) in environment) (content["env"] ??= new JObject())[variable] = value;
        content["metadata"]!["installed_by"] = InstalledBy;
        if (aliasOf is not null) content["metadata"]!["alias_of"] = aliasOf;

        var directory = Find(kernels, name)?.Directory ?? Path.Combine(kernels, name);
        System.IO.Directory.CreateDirectory(directory);
        foreach (var logo in System.IO.Directory.EnumerateFiles(template, "logo-*"))
            AtomicFile.Write(Path.Combine(directory, Path.GetFileName(logo)), File.ReadAllBytes(logo));
        // Last, because the directory is a kernelspec from here on.
        AtomicFile.Write(Path.Combine(directory, FileName), Encoding.UTF8.GetBytes(content.ToString(Formatting.Indented) + "\n"));
        return directory;
    }

    /// <summary>Removes it with everything in it.</summary>
    public void Remove() => System.IO.Directory.Delete(Directory, recursive: true);

    [GeneratedRegex(@"\A[A-Za-z0-9._-]*[A-Za-z0-9_-]\z")]
    private static partial Regex ValidName();
}
