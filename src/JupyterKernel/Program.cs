using JupyterKernel.Commands;
using JupyterKernel.Hosting;
using JupyterKernel.Kernel;
using JupyterKernel.Link.Processes;
using JupyterKernel.Worker;

InheritedSignals.Reset();

// The two entry points that programs start, and that must be fast, bypass the command line parser.
return args switch
{
    ["worker"] => WorkerMain.Run(),
    ["kernel", ..] when !SystemLimits.Suffice() => 1,
    ["kernel", "--connection-file", var file] => KernelProcess.Run(file),
    _ => CommandLine.Run(args),
};
