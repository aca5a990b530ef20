using System.Text;
using System.Text.RegularExpressions;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Commands;

/// <summary>
/// A kernelspec: a directory with a <c>kernel.json</c>, which defines how Jupyter starts a kernel, and the kernel's logos.
/// Source: https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs
/// </summary>
/// <remarks>The metadata marks kernelspecs written by this program; all others are never changed or removed.</remarks>
internal sealed partial class KernelSpec
{
    public const string DefaultName = "csharp";

    private const string FileName = "kernel.json";
    /// <summary>The value of <c>installed_by</c> in kernelspecs written by this program.</summary>
    public const string InstalledBy = "jupyter-csharp";

    private readonly JObject content;

    private KernelSpec(string directory, JObject content)
    {
        Directory = directory;
        this.content = content;
    }

    public string Directory { get; }

    public string Name => Path.GetFileName(Directory);

    /// <summary>Whether this program wrote it, in any version.</summary>
    public bool IsOurs => (content["metadata"] as JObject)?["installed_by"]?.ToString() == InstalledBy;

    /// <summary>The kernel that this one is an alias of; null if it is not an alias.</summary>
    public string? AliasOf => IsOurs ? content["metadata"]!["alias_of"]?.ToString() : null;

    /// <summary>The command that starts the kernel.</summary>
    public IEnumerable<string> Argv => content["argv"] is JArray argv ? argv.Select(argument => argument.ToString()) : [];

    /// <summary>Lists the kernelspecs in a directory; empty if the directory does not exist or cannot be read.</summary>
    public static IEnumerable<KernelSpec> All(string kernels)
    {
        // The default options omit names that begin with a dot.
        var everything = new EnumerationOptions { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = true };
        return System.IO.Directory.Exists(kernels)
            ? System.IO.Directory.EnumerateDirectories(kernels, "*", everything).Select(Read).OfType<KernelSpec>()
            : [];
    }

    /// <summary>Finds the kernelspec of a name; Jupyter ignores case.</summary>
    public static KernelSpec? Find(string kernels, string name) =>
        All(kernels).FirstOrDefault(spec => string.Equals(spec.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Reads the kernelspec in a directory; null if there is none. One that cannot be read exists and is not ours.</summary>
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

    /// <summary>Returns the name if it is valid as a kernel name in Jupyter, in a path and in a URL.</summary>
    /// <exception cref="CommandException">The name is not valid.</exception>
    public static string CheckName(string name) =>
        ValidName().IsMatch(name) ? name
        : throw new CommandException(
            $"'{name}' is not a valid kernel name. Use letters, digits, '.', '_' and '-', without a '.' at the end.");

    /// <summary>Checks that a kernelspec of that name may be written to a directory.</summary>
    /// <exception cref="CommandException">A kernelspec of another program exists there.</exception>
    public static void CheckFree(string kernels, string name)
    {
        if (Find(kernels, name) is { IsOurs: false } other)
            throw new CommandException(
                $"The kernelspec in {other.Directory} belongs to another program and was not changed. Choose another name, or remove it "
                + $"with 'jupyter kernelspec remove {other.Name}'.");
    }

    /// <summary>Writes a kernelspec from the template next to the program, replacing an earlier one of ours.</summary>
    /// <param name="environment">The environment variables of the kernel.</param>
    /// <param name="aliasOf">The kernel that this one is an alias of; null if it is not an alias.</param>
    /// <param name="change">Changes the content before it is written.</param>
    /// <returns>The directory of the kernelspec.</returns>
    public static string Write(
        string kernels, string name, string displayName, InstalledProgram program, IEnumerable<(string Variable, string Value)> environment,
        string? aliasOf, Action<JObject> change)
    {
        var template = Path.Combine(AppContext.BaseDirectory, "kernelspec");
        var content = JObject.Parse(File.ReadAllText(Path.Combine(template, FileName)));
        content["argv"] = new JArray(program.Argv.Concat(content["argv"]!.Skip(1).Select(argument => argument.ToString())));
        content["display_name"] = displayName;
        foreach (var (variable, value) in environment) (content["env"] ??= new JObject())[variable] = value;
        content["metadata"]!["installed_by"] = InstalledBy;
        if (aliasOf is not null) content["metadata"]!["alias_of"] = aliasOf;
        change(content);

        var directory = Find(kernels, name)?.Directory ?? Path.Combine(kernels, name);
        System.IO.Directory.CreateDirectory(directory);
        foreach (var logo in System.IO.Directory.EnumerateFiles(template, "logo-*"))
            AtomicFile.Write(Path.Combine(directory, Path.GetFileName(logo)), File.ReadAllBytes(logo));
        // Written last, because this file makes the directory a kernelspec.
        AtomicFile.Write(Path.Combine(directory, FileName), Encoding.UTF8.GetBytes(content.ToString(Formatting.Indented) + "\n"));
        return directory;
    }

    /// <summary>Removes the kernelspec with all its files.</summary>
    public void Remove() => System.IO.Directory.Delete(Directory, recursive: true);

    [GeneratedRegex(@"\A[A-Za-z0-9._-]*[A-Za-z0-9_-]\z")]
    private static partial Regex ValidName();
}
