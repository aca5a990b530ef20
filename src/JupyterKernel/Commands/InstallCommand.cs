using System.CommandLine;
using JupyterKernel.Link;

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
            Description = "The display name in Jupyter.",
            HelpName = "TEXT",
            DefaultValueFactory = _ => "C#",
        };
        var alias = new Option<string?>("--alias")
        {
            Description =
                $"An additional kernel name. Default: {DefaultAlias}, the name that notebooks made with .NET Interactive request, unless "
                + $"another kernel has it.",
            HelpName = "NAME",
        };
        alias.CompletionSources.Add(DefaultAlias);
        var noAlias = new Option<bool>("--no-alias")
        {
            Description = "Install no alias, and remove existing aliases of this kernel.",
        };
        var copy = new Option<bool>("--copy")
        {
            Description =
                "Copy the program to your data directory first, so that the original directory can be deleted, and link it in "
                + "~/.local/bin.",
        };

        var gateway = new Option<string?>("--gateway")
        {
            Description = "Write a kernelspec for a Jupyter Enterprise Gateway, which starts the kernel on another machine.",
            HelpName = string.Join('|', GatewaySpec.All.Keys),
        };
        gateway.AcceptOnlyFromAmong([.. GatewaySpec.All.Keys]);
        var image = new Option<string>("--image")
        {
            Description = "With --gateway docker or kubernetes: the image of the kernel.",
            HelpName = "NAME",
            DefaultValueFactory = _ => "jupyter-csharp-kernel",
        };
        var settings = new SettingsOption();

        var command = new Command("install",
            "Install this program as a Jupyter kernel, together with the JupyterLab extension that pages, sorts and filters large tables.");
        location.AddTo(command);
        command.Add(displayName);
        command.Add(alias);
        command.Add(noAlias);
        command.Add(copy);
        command.Add(gateway);
        command.Add(image);
        command.Add(settings);
        command.SetAction(parse => CommandException.Report(parse, output =>
        {
            var name = location.Name(parse);
            var aliasName = parse.GetValue(alias);
            if (aliasName is not null && parse.GetValue(noAlias))
                throw new CommandException("--alias and --no-alias cannot be combined. Use one of them.");
            if (aliasName is not null) KernelSpec.CheckName(aliasName);

            var kernels = location.Kernels(parse);
            // All checks run before anything is written.
            var gatewaySpec = parse.GetValue(gateway) is { } kind ? GatewaySpec.All[kind] : null;
            if (gatewaySpec is null && !DotnetFramework.IsInstalled) throw new CommandException(DotnetFramework.Missing);
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
                : "The JupyterLab extension was not installed: another extension is named jupyter-csharp. Large tables show only their "
                    + "first rows.");
            output.WriteLine($"Program: {program}");
            if (parse.GetValue(copy))
            {
                ProgramLink.Create(program, output);
                ProgramCopies.RemoveUnused(program);
            }

            void Write(string name, string displayName, string? aliasOf = null)
            {
                // With a gateway the kernel runs on another machine.
                IEnumerable<(string, string)> environment = [.. gatewaySpec is null ? DotnetRoot() : [], .. settings.Variables(parse)];
                var directory = KernelSpec.Write(kernels, name, displayName, program, environment, aliasOf,
                    content => gatewaySpec?.Apply(content, program, parse.GetRequiredValue(image)));
                ProgramCopies.RecordUse(program, directory);
                output.WriteLine($"Kernel: {name} ({displayName}) in {directory}");
            }
        }));
        return command;
    }

    // A front end that was not started from a shell may have neither the variable nor the PATH by which .NET was found.
    private static IEnumerable<(string Variable, string Value)> DotnetRoot() =>
        DotnetFramework.Current.Root is var root && DotnetInstallation.IsUsual(root) ? [] : [(DotnetInstallation.RootVariable, root)];

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
            output.WriteLine(
                $"The alias {DefaultAlias} was not added: another kernel has that name ({other.Directory}). Notebooks that request it keep "
                + "using that kernel.");
        }

        aliases.Remove(name);
        return aliases;
    }

    private static KernelSpec? OtherKernel(string kernels, string name) =>
        JupyterPaths.Search().Select(JupyterPaths.Kernels).Prepend(kernels)
            .Select(directory => KernelSpec.Find(directory, name))
            .FirstOrDefault(spec => spec is { AliasOf: null });
}
