using JupyterKernel.Link;

namespace JupyterKernel.Worker.Cells;

/// <summary>
/// A cell from its start until nothing of it runs any more, and the synchronization context of its code: what follows an await returns to
/// the cell thread, and is dropped once the cell was interrupted.
/// </summary>
/// <param name="queue">Where its continuations wait for the cell thread.</param>
/// <param name="number">The cell's number in the session.</param>
/// <param name="request">A <see cref="RunCell"/>, or another request that runs user code like a cell.</param>
/// <param name="loaded">The submission's class, where it is loaded ahead.</param>
internal sealed class CellContext(CellQueue queue, long number, WorkerMessage request, Task<Type>? loaded) : SynchronizationContext
{
    private CancellationTokenSource? unwinding;

    /// <summary>The request that the cell was started by.</summary>
    public WorkerMessage Request => request;

    /// <summary>The submission's class, where it is loaded ahead.</summary>
    public Task<Type>? Loaded => loaded;

    /// <summary>The cell's number in the session.</summary>
    public long Number => number;

    /// <summary>The code that it has submitted while it ran.</summary>
    public SubmittedCode.OfCell Submitted { get; } = new(request as RunCell);

    /// <summary>Actions to run when it has ended.</summary>
    public List<Action> AtEnd { get; } = [];

    /// <summary>The source of the token that user code can look at.</summary>
    public CancellationTokenSource Cancellation { get; } = new();

    /// <summary>Aborts the cell.</summary>
    public CancellationTokenSource Abort { get; } = new();

    /// <summary>Whether user code has asked for the token.</summary>
    public bool TokenSeen { get; private set; }

    /// <summary>Whether the cell was aborted.</summary>
    public bool IsInterrupted => Abort.IsCancellationRequested;

    /// <summary>Whether nothing of it may run any more: it is interrupted, and its awaits are unwound.</summary>
    public bool IsStopped => StopToken.IsCancellationRequested;

    /// <summary>Aborts the code of the cell that runs.</summary>
    public CancellationToken StopToken => (Volatile.Read(ref unwinding) ?? Abort).Token;

    /// <summary>Lets code of the interrupted cell run, its <c>finally</c> blocks, until the returned source is cancelled.</summary>
    public CancellationTokenSource BeginUnwinding()
    {
        var stop = new CancellationTokenSource();
        Volatile.Write(ref unwinding, stop);
        return stop;
    }

    /// <summary>The token for user code, which then gets <see cref="CellInterrupt"/>'s time to act on it.</summary>
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
