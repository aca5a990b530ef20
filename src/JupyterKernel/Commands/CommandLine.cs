using System.CommandLine;
using JupyterKernel.Kernel;

namespace JupyterKernel.Commands;

/// <summary>The command line of <c>jupyter-csharp</c>: every subcommand is added here, and only here.</summary>
internal static class CommandLine
{
    public static RootCommand Create() =>
        new("The C# kernel for Jupyter: notebooks in C#, in every Jupyter front end.")
        {
            InstallCommand.Create(),
            UninstallCommand.Create(),
            RunCommand.Create(),
            ConvertCommand.Create(),
            CreateKernelCommand(),
        };

    private static Command CreateKernelCommand()
    {
        var connectionFile = new Option<FileInfo>("--connection-file", "-f")
        {
            Description = "The file that says where to listen and how messages are signed.",
            HelpName = "FILE",
            Required = true,
        };
        var command = new Command("kernel", "Be a kernel: what Jupyter starts for every notebook. You need not call this yourself.") { connectionFile };
        var settings = new SettingsOption();
        command.Add(settings);
        command.SetAction(parse =>
        {
            // Before anything reads them.
            foreach (var (variable, value) in settings.Variables(parse)) Environment.SetEnvironmentVariable(variable, value);
            return KernelProcess.Run(parse.GetRequiredValue(connectionFile).FullName);
        });
        return command;
    }
}
