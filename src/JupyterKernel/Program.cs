using JupyterKernel.Commands;
using JupyterKernel.Hosting;
using JupyterKernel.Kernel;
using JupyterKernel.Link;
using JupyterKernel.Link.Processes;

InheritedSignals.Reset();

// The entry point that Jupyter starts, and that must be fast, bypasses the command line parser.
return args switch
{
    ["kernel", ..] when !SystemLimits.Suffice() || !IsFrameworkInstalled() => 1,
    ["kernel", "--connection-file", var file] => KernelProcess.Run(file),
    _ => CommandLine.Run(args),
};

static bool IsFrameworkInstalled()
{
    if (DotnetFramework.IsInstalled) return true;
    Log.Failure(DotnetFramework.Missing);
    return false;
}
