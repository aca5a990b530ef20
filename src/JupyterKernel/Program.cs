using JupyterKernel.Commands;
using JupyterKernel.Hosting;
using JupyterKernel.Kernel;
using JupyterKernel.Link.Processes;

InheritedSignals.Reset();

// The entry point that Jupyter starts, and that must be fast, bypasses the command line parser.
return args switch
{
    ["kernel", ..] when !SystemLimits.Suffice() => 1,
    ["kernel", "--connection-file", var file] => KernelProcess.Run(file),
    _ => CommandLine.Run(args),
};
