using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using JupyterKernel.Hosting;
using JupyterKernel.Kernel;

namespace JupyterKernel.Commands;

/// <summary>The command line of <c>jupyter-csharp</c>; all subcommands are added here.</summary>
internal static class CommandLine
{
    /// <summary>Runs the command that the arguments name.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(string[] arguments)
    {
        var kernel = CreateKernelCommand();
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

    private static Command CreateKernelCommand()
    {
        var connectionFile = new Option<string[]>("--connection-file", "-f")
        {
            Description = "The connection file: ports, key and signature scheme.",
            HelpName = "FILE",
            Required = true,
            Arity = ArgumentArity.ZeroOrMore,
        };
        var settings = new SettingsOption();

        // Jupyter appends the arguments of its own command line (`jupyter run --kernel=csharp file`, `jupyter console --debug`).
        var unknown =
            new Argument<string[]>("arguments")
            {
                Description = "Additional arguments. They are logged and ignored.", Arity = ArgumentArity.ZeroOrMore,
            };
        var command =
            new Command("kernel", "Run the kernel. Jupyter starts this; you do not need to call it.") { connectionFile, settings, unknown };
        command.SetAction(parse =>
        {
            var files = parse.GetRequiredValue(connectionFile);
            if (files is not [var file, .. var others])
            {
                Log.Failure("--connection-file needs a file.");
                return 1;
            }

            string[] ignored = [.. others, .. parse.GetValue(unknown) ?? []];
            if (ignored.Length > 0) Log.WarnOnce($"Unknown arguments are ignored: {string.Join(' ', ignored)}");

            // Set before any code reads them.
            foreach (var (variable, value) in settings.Variables(parse)) Environment.SetEnvironmentVariable(variable, value);
            return KernelProcess.Run(file);
        });
        return command;
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
