using JupyterKernel.Display;
using JupyterKernel.Display.Hosting;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.Events;

namespace Microsoft.DotNet.Interactive;

/// <summary>The running cell, as its code sees it. Any thread.</summary>
public class KernelInvocationContext : IDisposable
{
    private KernelInvocationContext()
    {
    }

    /// <summary>The running cell.</summary>
    public static KernelInvocationContext Current { get; } = new();

    /// <summary>What is being carried out: a submission, whose text is not told.</summary>
    public KernelCommand Command { get; } = new SubmitCode("");

    /// <summary>Whether the cell has ended: while its code asks, it has not.</summary>
    public bool IsComplete => false;

    /// <summary>Cancelled when the cell is interrupted.</summary>
    public CancellationToken CancellationToken => Notebook.CellCancellation;

    /// <summary>The kernel that runs the cell.</summary>
    public Kernel HandlingKernel => Kernel.Current;

    /// <summary>What happens.</summary>
    public IObservable<KernelEvent> KernelEvents => Kernel.Root.KernelEvents;

    /// <summary>Shows a value, in these forms if any are named.</summary>
    public Formatting.DisplayedValue Display(object? value, params string[] mimeTypes) => value.Display(mimeTypes);

    /// <summary>Shows text as data of a MIME type.</summary>
    public Formatting.DisplayedValue DisplayAs(string value, string mimeType) => value.DisplayAs(mimeType);

    /// <summary>Tells that something has happened, and shows it where it is something to show.</summary>
    public void Publish(KernelEvent @event) => HandlingKernel.PublishEvent(@event);

    /// <inheritdoc cref="Publish(KernelEvent)"/>
    public void Publish(KernelEvent @event, bool publishOnAmbientContextOnly) => Publish(@event);

    /// <summary>Has something done when the cell has ended, before its end is told.</summary>
    public void OnComplete(Action<KernelInvocationContext> onComplete)
    {
        ArgumentNullException.ThrowIfNull(onComplete);
        if (NotebookHost.Current is { } host) host.AtCellEnd(() => onComplete(this));
    }

    /// <summary>Does nothing: the cell ends by itself.</summary>
    public void Complete(KernelCommand command)
    {
    }

    /// <summary>Says that a command failed. The cell goes on; to end it, throw an exception.</summary>
    public void Fail(KernelCommand command, Exception? exception = null, string? message = null) =>
        Publish(new ErrorProduced(message ?? exception?.Message ?? "A command failed.", command));

    /// <inheritdoc/>
    public void Dispose() => GC.SuppressFinalize(this);
}

/// <summary>Showing values, for what was compiled against these.</summary>
public static class KernelInvocationContextExtensions
{
    /// <inheritdoc cref="KernelInvocationContext.Display"/>
    public static Formatting.DisplayedValue Display(this KernelInvocationContext context, object? value, params string[] mimeTypes) => value.Display(mimeTypes);

    /// <inheritdoc cref="KernelInvocationContext.DisplayAs"/>
    public static Formatting.DisplayedValue DisplayAs(this KernelInvocationContext context, string value, string mimeType) => value.DisplayAs(mimeType);

    /// <summary>Writes to stdout.</summary>
    public static void DisplayStandardOut(this KernelInvocationContext context, string output, KernelCommand? command = null) => Console.Out.Write(output);

    /// <summary>Writes to stderr.</summary>
    public static void DisplayStandardError(this KernelInvocationContext context, string error, KernelCommand? command = null) => Console.Error.Write(error);
}
