using JupyterKernel.Display.Bundles;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.Events;

namespace Microsoft.DotNet.Interactive;

/// <summary>What became of a command. What it has shown is on the screen, so a cell that ends in it shows nothing further.</summary>
public class KernelCommandResult : IOnScreen
{
    private readonly List<KernelEvent> events = [];

    internal KernelCommandResult(KernelCommand command) => Command = command;

    /// <summary>The command.</summary>
    public KernelCommand Command { get; }

    /// <summary>What has happened, in its order.</summary>
    public IReadOnlyList<KernelEvent> Events
    {
        get
        {
            lock (events) return [.. events];
        }
    }

    internal void Add(KernelEvent happened)
    {
        lock (events) events.Add(happened);
    }
}
