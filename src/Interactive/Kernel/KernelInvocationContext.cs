using JupyterKernel.Display;
using JupyterKernel.Display.Hosting;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.Events;

namespace Microsoft.DotNet.Interactive;

/// <summary>The context of the running cell. Any thread.</summary>
public class KernelInvocationContext : IDisposable
{
    private KernelInvocationContext()
    {
    }

    /// <summary>The context of the running cell.</summary>
    public static KernelInvocationContext Current { get; } = new();

    /// <summary>The current command: a <see cref="SubmitCode"/> without the code.</summary>
    public KernelCommand Command { get; } = new SubmitCode("");

    /// <summary>Whether the cell has ended; always false while its code runs.</summary>
    public bool IsComplete => false;

    /// <summary>Cancelled when the cell is interrupted.</summary>
    public CancellationToken CancellationToken => Notebook.CellCancellation;

    /// <summary>The kernel that runs the cell.</summary>
    public Kernel HandlingKernel => Kernel.Current;

    /// <summary>The events of all kernels.</summary>
    public IObservable<KernelEvent> KernelEvents => Kernel.Root.KernelEvents;

    /// <summary>Displays a value, in the given MIME types if there are any.</summary>
    public Formatting.DisplayedValue Display(object? value, params string[] mimeTypes) => value.Display(mimeTypes);

    /// <summary>Displays text in the given MIME type.</summary>
    public Formatting.DisplayedValue DisplayAs(string value, string mimeType) => value.DisplayAs(mimeType);

    /// <summary>Publishes an event, and displays the value of the event if it has one.</summary>
    public void Publish(KernelEvent @event) => HandlingKernel.PublishEvent(@event);

    /// <inheritdoc cref="Publish(KernelEvent)"/>
    public void Publish(KernelEvent @event, bool publishOnAmbientContextOnly) => Publish(@event);

    /// <summary>Registers an action to run after the cell has ended and before its outcome is reported.</summary>
    public void OnComplete(Action<KernelInvocationContext> onComplete)
    {
        ArgumentNullException.ThrowIfNull(onComplete);
        if (NotebookHost.Current is { } host) host.AtCellEnd(() => onComplete(this));
    }

    /// <summary>Does nothing, because the cell ends by itself.</summary>
    public void Complete(KernelCommand command)
    {
    }

    /// <summary>Reports that a command failed. The cell continues; to end it, throw an exception.</summary>
    public void Fail(KernelCommand command, Exception? exception = null, string? message = null) =>
        Publish(new ErrorProduced(message ?? exception?.Message ?? "A command failed.", command));

    /// <inheritdoc/>
    public void Dispose() => GC.SuppressFinalize(this);
}

/// <summary>Extension methods, for assemblies that were compiled to call them.</summary>
public static class KernelInvocationContextExtensions
{
    /// <inheritdoc cref="KernelInvocationContext.Display"/>
    public static Formatting.DisplayedValue Display(this KernelInvocationContext context, object? value, params string[] mimeTypes) =>
        value.Display(mimeTypes);

    /// <inheritdoc cref="KernelInvocationContext.DisplayAs"/>
    public static Formatting.DisplayedValue DisplayAs(this KernelInvocationContext context, string value, string mimeType) =>
        value.DisplayAs(mimeType);

    /// <summary>Writes to stdout.</summary>
    public static void DisplayStandardOut(this KernelInvocationContext context, string output, KernelCommand? command = null) =>
        Console.Out.Write(output);

    /// <summary>Writes to stderr.</summary>
    public static void DisplayStandardError(this KernelInvocationContext context, string error, KernelCommand? command = null) =>
        Console.Error.Write(error);
}
