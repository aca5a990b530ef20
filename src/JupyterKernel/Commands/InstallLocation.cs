using System.CommandLine;

namespace JupyterKernel.Commands;

/// <summary>The options shared by <c>install</c> and <c>uninstall</c> that select the kernelspecs.</summary>
internal sealed class InstallLocation
{
    private readonly Option<bool> user = new("--user")
    {
        Description = "Use your own Jupyter data directory, which all your Jupyter installations search (default).",
    };

    private readonly Option<string?> prefix = new("--prefix")
    {
        Description = "Use the environment at DIR; kernelspecs are in DIR/share/jupyter/kernels.",
        HelpName = "DIR",
    };

    private readonly Option<bool> sysPrefix = new("--sys-prefix")
    {
        Description = "Use the active virtual or Conda environment; without one, the environment of python3 on the PATH.",
    };

    private readonly Option<string> name = new("--name")
    {
        Description = "The kernel name, which notebooks store in their metadata.",
        HelpName = "NAME",
        DefaultValueFactory = _ => KernelSpec.DefaultName,
    };

    public void AddTo(Command command)
    {
        command.Add(user);
        command.Add(prefix);
        command.Add(sysPrefix);
        command.Add(name);
    }

    /// <summary>Completes the name option with the names of the installed kernels.</summary>
    public void SuggestInstalledNames() =>
        name.CompletionSources.Add(context => KernelSpec.All(Kernels(context.ParseResult)).Where(spec => spec.IsOurs)
            .Select(spec => spec.Name));

    /// <summary>Reads the kernel's name.</summary>
    /// <exception cref="CommandException">It is not a valid kernel name.</exception>
    public string Name(ParseResult parse) => KernelSpec.CheckName(parse.GetRequiredValue(name));

    /// <summary>Returns the directory of kernelspecs that the options select.</summary>
    /// <exception cref="CommandException">They select several, or none that exists.</exception>
    public string Kernels(ParseResult parse)
    {
        var directory = parse.GetValue(prefix);
        var inEnvironment = parse.GetValue(sysPrefix);
        if ((parse.GetValue(user) ? 1 : 0) + (directory is null ? 0 : 1) + (inEnvironment ? 1 : 0) > 1)
            throw new CommandException("--user, --prefix and --sys-prefix cannot be combined. Use one of them.");
        if (directory is "")
            throw new CommandException("--prefix needs a directory.");
        if (inEnvironment)
        {
            directory = JupyterPaths.EnvironmentPrefix()
                ?? throw new CommandException(
                    "No Python environment found. Activate one, put python3 on the PATH, or use --prefix DIR.");
        }

        return JupyterPaths.Kernels(directory is null ? JupyterPaths.UserData : JupyterPaths.DataUnder(directory));
    }
}
