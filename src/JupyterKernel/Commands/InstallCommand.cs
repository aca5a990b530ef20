using System.CommandLine;

namespace JupyterKernel.Commands;

/// <summary>
/// <c>install</c>: writes the kernelspec of this program, a second one under the name that notebooks made with .NET Interactive use, and
/// the JupyterLab extension.
/// </summary>
internal static class InstallCommand
{
    private const string DefaultAlias = ".net-csharp";
    private const string AliasDisplayName = ".NET (C#)";

    public static Command Create()
    {
        var location = new InstallLocation();
        var displayName = new Option<string>("--display-name")
        {
            Description = "The name that people see in Jupyter.",
            HelpName = "TEXT",
            DefaultValueFactory = _ => "C#",
        };
        var alias = new Option<string?>("--alias")
        {
            Description =
                $"A second name for the kernel. Without this option {DefaultAlias} is added, so that notebooks made with .NET Interactive "
                + $"run, unless another kernel has that name.",
            HelpName = "NAME",
        };
        alias.CompletionSources.Add(DefaultAlias);
        var noAlias = new Option<bool>("--no-alias")
        {
            Description = "No second name; those that the kernel has are removed.",
        };
        var copy = new Option<bool>("--copy")
        {
            Description =
                "Copy the program to your data folder first, so that the folder it runs from may go, and link it in ~/.local/bin.",
        };

        var settings = new SettingsOption();

        var command = new Command("install",
            "Make this program a kernel of Jupyter's, and add the extension of JupyterLab that pages, sorts and filters its large tables.");
        location.AddTo(command);
        command.Add(displayName);
        command.Add(alias);
        command.Add(noAlias);
        command.Add(copy);
        command.Add(settings);
        command.SetAction(parse => CommandException.Report(parse, output =>
        {
            var name = location.Name(parse);
            var aliasName = parse.GetValue(alias);
            if (aliasName is not null && parse.GetValue(noAlias))
                throw new CommandException("--alias and --no-alias exclude each other: give one of them");
            if (aliasName is not null) KernelSpec.CheckName(aliasName);

            var kernels = location.Kernels(parse);
            // All checks run before anything is written.
            KernelSpec.CheckFree(kernels, name);
            if (aliasName is not null) KernelSpec.CheckFree(kernels, aliasName);

            var program = parse.GetValue(copy) ? ProgramCopies.Make() : InstalledProgram.Running();
            Write(name, parse.GetRequiredValue(displayName));
            if (parse.GetValue(noAlias))
            {
                foreach (var spec in KernelSpec.All(kernels).Where(spec => IsAliasOf(spec, name)).ToList()) spec.Remove();
            }
            else
            {
                foreach (var second in Aliases(kernels, name, aliasName, output)) Write(second, AliasDisplayName, aliasOf: name);
            }

            output.WriteLine(LabExtension.Write(JupyterPaths.DataOf(kernels)) is { } extension
                ? $"JupyterLab extension: {extension}"
                : "Another program's extension of JupyterLab has the name jupyter-csharp and stays as it is: large tables show their first "
                    + "rows only.");
            output.WriteLine($"Program: {program}");
            if (parse.GetValue(copy))
            {
                ProgramLink.Create(program, output);
                ProgramCopies.RemoveUnused(program);
            }

            void Write(string name, string displayName, string? aliasOf = null)
            {
                var directory = KernelSpec.Write(kernels, name, displayName, program, settings.Variables(parse), aliasOf);
                ProgramCopies.RecordUse(program, directory);
                output.WriteLine($"Kernel: {name} ({displayName}) in {directory}");
            }
        }));
        return command;
    }

    /// <summary>Whether a kernelspec was written by this program and is an alias of that kernel.</summary>
    public static bool IsAliasOf(KernelSpec spec, string name) => string.Equals(spec.AliasOf, name, StringComparison.OrdinalIgnoreCase);

    // An update renews the kernel's aliases and adds one: the requested one, or the default if no other program uses it.
    private static HashSet<string> Aliases(string kernels, string name, string? asked, TextWriter output)
    {
        var aliases = KernelSpec.All(kernels).Where(spec => IsAliasOf(spec, name)).Select(spec => spec.Name)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (asked is not null)
        {
            aliases.Add(asked);
        }
        else if (OtherKernel(kernels, DefaultAlias) is not { } other)
        {
            aliases.Add(DefaultAlias);
        }
        else if (other.Name != name)
        {
            output.WriteLine($"Notebooks that ask for {DefaultAlias} keep using the kernel that has that name: {other.Directory}");
        }

        aliases.Remove(name);
        return aliases;
    }

    private static KernelSpec? OtherKernel(string kernels, string name) =>
        JupyterPaths.Search().Select(JupyterPaths.Kernels).Prepend(kernels)
            .Select(directory => KernelSpec.Find(directory, name))
            .FirstOrDefault(spec => spec is { AliasOf: null });
}
