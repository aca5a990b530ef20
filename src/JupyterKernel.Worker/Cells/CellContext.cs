using JupyterKernel.Link;

namespace JupyterKernel.Worker.Cells;

/// <summary>
/// A running cell, until its last code has ended. Also the synchronization context of its code: continuations of its awaits run on the cell
/// thread, and are dropped after an interrupt.
/// </summary>
/// <param name="queue">The queue in which the cell's continuations wait for the cell thread.</param>
/// <param name="number">The cell's number in the session.</param>
/// <param name="request">A <see cref="RunCell"/>, or another request that runs user code like a cell.</param>
/// <param name="loaded">The submission's class, if it is being loaded ahead; otherwise null.</param>
internal sealed class CellContext(CellQueue queue, long number, WorkerMessage request, Task<Type>? loaded) : SynchronizationContext
{
    private CancellationTokenSource? unwinding;

    /// <summary>The request that started the cell.</summary>
    public WorkerMessage Request => request;

    /// <summary>The submission's class, if it is being loaded ahead; otherwise null.</summary>
    public Task<Type>? Loaded => loaded;

    /// <summary>The cell's number in the session.</summary>
    public long Number => number;

    /// <summary>The code that the cell has submitted.</summary>
    public SubmittedCode.OfCell Submitted { get; } = new(request as RunCell);

    /// <summary>The actions to run when the cell has ended.</summary>
    public List<Action> AtEnd { get; } = [];

    /// <summary>The source of the cancellation token for user code.</summary>
    public CancellationTokenSource Cancellation { get; } = new();

    /// <summary>The source of the token that aborts the cell.</summary>
    public CancellationTokenSource Abort { get; } = new();

    /// <summary>Whether user code has requested the cancellation token.</summary>
    public bool TokenSeen { get; private set; }

    /// <summary>Whether user code requested the cancellation token and an interrupt has cancelled it.</summary>
    public bool HasObeyed => TokenSeen && Cancellation.IsCancellationRequested;

    /// <summary>Whether the cell was interrupted.</summary>
    public bool IsInterrupted => Abort.IsCancellationRequested;

    /// <summary>Whether no code of the cell may run any more: the cell was aborted, and the unwinding of its awaits has ended.</summary>
    public bool IsStopped => StopToken.IsCancellationRequested;

    /// <summary>The token that aborts the cell's code, or its unwinding.</summary>
    public CancellationToken StopToken => (Volatile.Read(ref unwinding) ?? Abort).Token;

    /// <summary>Allows the <c>finally</c> blocks of the interrupted cell to run until the returned source is cancelled.</summary>
    public CancellationTokenSource BeginUnwinding()
    {
        var stop = new CancellationTokenSource();
        Volatile.Write(ref unwinding, stop);
        return stop;
    }

    /// <summary>
    /// Returns the cancellation token to user code, which then gets time to react to it before the abort (<see cref="CellInterrupt"/>).
    /// </summary>
    public CancellationToken SeenToken()
    {
        TokenSeen = true;
        return Cancellation.Token;
    }

    /// <inheritdoc/>
    public override void Post(SendOrPostCallback d, object? state) => queue.Post(this, d, state);

    /// <inheritdoc/>
    public override void Send(SendOrPostCallback d, object? state)
    {
        if (queue.IsCellThread)
        {
            d(state);
            return;
        }

        using var done = new ManualResetEventSlim();
        Post(
            _ =>
            {
                try
                {
                    d(state);
                }
                finally
                {
                    done.Set();
                }
            },
            null);
        done.Wait();
    }

    /// <inheritdoc/>
    public override SynchronizationContext CreateCopy() => this;
}
