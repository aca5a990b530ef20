using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace JupyterKernel.Commands;

/// <summary>The command line of <c>jupyter-csharp</c>; all subcommands are added here.</summary>
internal static class CommandLine
{
    /// <summary>Runs the command that the arguments name.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(string[] arguments)
    {
        var kernel = KernelCommand.Create();
        var root = new RootCommand("The C# kernel for Jupyter: notebooks in C#, in every Jupyter front end.")
        {
            InstallCommand.Create(),
            UninstallCommand.Create(),
            RunCommand.Create(),
            ConvertCommand.Create(),
            kernel,
        };
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithSettings((SynchronousCommandLineAction)help.Action!);

        // Jupyter passes on the user's arguments: "@name" is not a response file.
        var parse = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });

        // A front end shows the last lines of a kernel's output: these must be the error, not the help.
        if (parse.CommandResult.Command == kernel && parse.Action is ParseErrorAction error) error.ShowHelp = false;
        return parse.Invoke();
    }

    /// <summary>Shows the help of a command, with the settings where it accepts them.</summary>
    private sealed class HelpWithSettings(SynchronousCommandLineAction help) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var exitCode = help.Invoke(parseResult);
            if (parseResult.CommandResult.Command.Options.OfType<SettingsOption>().Any())
            {
                SettingsOption.WriteHelp(parseResult.InvocationConfiguration.Output);
            }
            return exitCode;
        }
    }
}
