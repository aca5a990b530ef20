using System.CommandLine;
using JupyterKernel.Hosting;
using JupyterKernel.Kernel;

namespace JupyterKernel.Commands;

/// <summary><c>kernel</c>: runs the kernel, on a connection file or as a Jupyter Enterprise Gateway starts it.</summary>
internal static class KernelCommand
{
    public static Command Create()
    {
        var connectionFile = new Option<string[]>("--connection-file", "-f")
        {
            Description = "The connection file: ports, key and signature scheme.",
            HelpName = "FILE",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<string?>[] gateway =
        [
            GatewayOption("kernel-id", "From a Jupyter Enterprise Gateway, instead of a connection file: the id of the kernel."),
            GatewayOption("response-address", "From a gateway: where it waits for the ports and the key of the kernel."),
            GatewayOption("public-key", "From a gateway: encrypts what is sent to it."),
            GatewayOption("port-range", "From a gateway: the ports that the kernel may use, as FIRST..LAST."),
            GatewayOption("spark-context-initialization-mode", "From a gateway: ignored."),
        ];
        var settings = new SettingsOption();

        // Jupyter appends the arguments of its own command line (`jupyter run --kernel=csharp file`, `jupyter console --debug`).
        var unknown =
            new Argument<string[]>("arguments")
            {
                Description = "Additional arguments. They are logged and ignored.", Arity = ArgumentArity.ZeroOrMore,
            };
        var command =
            new Command("kernel", "Run the kernel. Jupyter starts this; you do not need to call it.") { connectionFile, settings, unknown };
        foreach (var option in gateway) command.Add(option);
        command.SetAction(parse =>
        {
            var files = parse.GetValue(connectionFile) ?? [];
            if (files.Length == 0 && parse.GetResult(connectionFile) is not null)
            {
                Log.Failure("--connection-file needs a file.");
                return 1;
            }

            string[] ignored = [.. files.Skip(1), .. parse.GetValue(unknown) ?? []];
            if (ignored.Length > 0) Log.WarnOnce($"Unknown arguments are ignored: {string.Join(' ', ignored)}");

            // Set before any code reads them.
            foreach (var (variable, value) in settings.Variables(parse)) Environment.SetEnvironmentVariable(variable, value);
            return files.Length > 0 ? KernelProcess.Run(files[0])
                : KernelProcess.RunForGateway(name => parse.GetValue(gateway.Single(option => option.Name == "--" + name)));
        });
        return command;
    }

    // The kernelspecs of the gateway itself use the longer name.
    private static Option<string?> GatewayOption(string name, string description) =>
        new($"--{name}", $"--RemoteProcessProxy.{name}") { Description = description, HelpName = "VALUE" };
}
