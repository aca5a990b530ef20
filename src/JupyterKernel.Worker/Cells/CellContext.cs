using JupyterKernel.Link;

namespace JupyterKernel.Worker.Cells;

/// <summary>
/// A cell from its start until its last code has ended, and the synchronization context of its code: continuations of awaits run on the
/// cell thread, and are dropped after an interrupt.
/// </summary>
/// <param name="queue">The queue in which its continuations wait for the cell thread.</param>
/// <param name="number">The cell's number in the session.</param>
/// <param name="request">A <see cref="RunCell"/>, or another request that runs user code like a cell.</param>
/// <param name="loaded">The submission's class, if it is loaded ahead.</param>
internal sealed class CellContext(CellQueue queue, long number, WorkerMessage request, Task<Type>? loaded) : SynchronizationContext
{
    private CancellationTokenSource? unwinding;

    /// <summary>The request that started the cell.</summary>
    public WorkerMessage Request => request;

    /// <summary>The submission's class, if it is loaded ahead.</summary>
    public Task<Type>? Loaded => loaded;

    /// <summary>The cell's number in the session.</summary>
    public long Number => number;

    /// <summary>The code that the cell has submitted while it ran.</summary>
    public SubmittedCode.OfCell Submitted { get; } = new(request as RunCell);

    /// <summary>Actions to run when the cell has ended.</summary>
    public List<Action> AtEnd { get; } = [];

    /// <summary>The source of the cancellation token for user code.</summary>
    public CancellationTokenSource Cancellation { get; } = new();

    /// <summary>The source of the token that aborts the cell.</summary>
    public CancellationTokenSource Abort { get; } = new();

    /// <summary>Whether user code has asked for the token.</summary>
    public bool TokenSeen { get; private set; }

    /// <summary>Whether user code has the token, and an interrupt has cancelled it.</summary>
    public bool HasObeyed => TokenSeen && Cancellation.IsCancellationRequested;

    /// <summary>Whether the cell was aborted.</summary>
    public bool IsInterrupted => Abort.IsCancellationRequested;

    /// <summary>Whether no code of the cell may run any more: it is interrupted, and its awaits are unwound.</summary>
    public bool IsStopped => StopToken.IsCancellationRequested;

    /// <summary>The token that aborts the cell's running code.</summary>
    public CancellationToken StopToken => (Volatile.Read(ref unwinding) ?? Abort).Token;

    /// <summary>Allows code of the interrupted cell, its <c>finally</c> blocks, to run until the returned source is cancelled.</summary>
    public CancellationTokenSource BeginUnwinding()
    {
        var stop = new CancellationTokenSource();
        Volatile.Write(ref unwinding, stop);
        return stop;
    }

    /// <summary>Returns the token to user code, which then has <see cref="CellInterrupt"/>'s timeout to act on it.</summary>
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
