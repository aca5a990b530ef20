using JupyterKernel.Display.Bundles;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.Events;

namespace Microsoft.DotNet.Interactive;

/// <summary>
/// The result of a command. Its outputs are already displayed, so nothing more is shown if it is the last expression of a cell.
/// </summary>
public class KernelCommandResult : IOnScreen
{
    private readonly List<KernelEvent> events = [];

    internal KernelCommandResult(KernelCommand command) => Command = command;

    /// <summary>The command.</summary>
    public KernelCommand Command { get; }

    /// <summary>The events of the command, in order.</summary>
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
