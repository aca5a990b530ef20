using System.CommandLine;

namespace JupyterKernel.Commands;

/// <summary><c>uninstall</c>: removes the files that <c>install</c> wrote, and nothing else.</summary>
internal static class UninstallCommand
{
    public static Command Create()
    {
        var location = new InstallLocation();
        location.SuggestInstalledNames();
        var command = new Command("uninstall",
            "Remove the kernel and its aliases from Jupyter, and the JupyterLab extension and program copies if no other kernel uses "
            + "them.");
        location.AddTo(command);
        command.SetAction(parse => CommandException.Report(parse, output =>
        {
            var name = location.Name(parse);
            var kernels = location.Kernels(parse);
            KernelSpec.CheckFree(kernels, name);

            var kernel = KernelSpec.Find(kernels, name);
            var aliases = KernelSpec.All(kernels).Where(spec => InstallCommand.IsAliasOf(spec, name));
            List<KernelSpec> ours = kernel is null ? [.. aliases] : [kernel, .. aliases];
            if (ours.Count == 0)
                throw new CommandException(
                    $"Kernel '{name}' not found in {kernels}. If it is installed elsewhere, use --prefix DIR or --sys-prefix.");

            foreach (var spec in ours)
            {
                spec.Remove();
                output.WriteLine($"Removed: {spec.Directory}");
            }

            if (!KernelSpec.All(kernels).Any(spec => spec.IsOurs) && LabExtension.Remove(JupyterPaths.DataOf(kernels)) is { } extension)
                output.WriteLine($"Removed: {extension}");

            ProgramCopies.RemoveUnused();
            ProgramLink.RemoveIfDangling();
        }));
        return command;
    }
}
