using NetMQ;

namespace JupyterKernel.Hosting;

/// <summary>
/// The loop thread of the kernel process: it owns every socket, and whatever waits for something here goes on here. So the
/// state of Kernel, Session and Supervision needs no locks. Any thread may post.
/// </summary>
internal sealed class Loop : SynchronizationContext, IDisposable
{
    private const int Burst = 100;

    private readonly NetMQQueue<Action> posted = new();
    private readonly Lock posting = new();
    private bool ended;

    public Loop()
    {
        posted.ReceiveReady += (_, _) =>
        {
            // The poller calls again for what is left, once the sockets had their turn: other threads may post faster than this one works.
            for (var done = 0; done < Burst && posted.TryDequeue(out var action, TimeSpan.Zero); done++) Guarded(action!);
        };
        Poller = [posted];
    }

    /// <summary>For adding sockets and timers, on the loop thread or before it runs.</summary>
    public NetMQPoller Poller { get; }

    /// <summary>Runs an action on the loop thread, behind all that was posted before it.</summary>
    /// <remarks>Once the loop has ended, nothing is run any more.</remarks>
    public void Post(Action action)
    {
        // The queue's socket must not be used while it is closed: what closes it would wait for ever.
        lock (posting)
        {
            if (!ended) posted.Enqueue(action);
        }
    }

    /// <inheritdoc/>
    public override void Post(SendOrPostCallback d, object? state) => Post(() => d(state));

    /// <inheritdoc/>
    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Makes the calling thread the loop thread until <see cref="Stop"/>.</summary>
    /// <param name="begin">The first thing to run.</param>
    public void Run(Action begin)
    {
        Post(begin);
        Poller.Run(this);
    }

    /// <summary>Ends <see cref="Run"/> once what is being handled is done.</summary>
    public void Stop() => Poller.Stop();

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (posting) ended = true;
        Poller.Dispose();
        posted.Dispose();
    }

    /// <summary>Runs an action; its failure is a bug, which is logged and must not end the kernel.</summary>
    public static void Guarded(Action action)
    {
        try
        {
            action();
        }
        catch (Exception bug)
        {
            Log.Bug(bug);
        }
    }
}
