using NetMQ;

namespace JupyterKernel.Hosting;

/// <summary>
/// The loop thread of the kernel process. It owns every socket, and code that awaits on it resumes on it, so the state of Execution,
/// Kernel, Session and Supervision needs no locks. Any thread can post to it.
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
            // The poller calls again for the remaining actions after serving the sockets, because other threads may post
            // faster than this thread works.
            for (var done = 0; done < Burst && posted.TryDequeue(out var action, TimeSpan.Zero); done++) Guarded(action!);
        };
        Poller = [posted];
    }

    /// <summary>The poller. Sockets and timers are added on the loop thread or before it runs.</summary>
    public NetMQPoller Poller { get; }

    /// <summary>Runs an action on the loop thread after all actions posted before.</summary>
    /// <remarks>Actions posted after the end of the loop are not run.</remarks>
    public void Post(Action action)
    {
        // The queue's socket must not be used while it is being closed, because closing it would then block indefinitely.
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
    /// <param name="begin">The first action to run.</param>
    public void Run(Action begin)
    {
        Post(begin);
        Poller.Run(this);
    }

    /// <summary>Ends <see cref="Run"/> after the present action.</summary>
    public void Stop() => Poller.Stop();

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (posting) ended = true;
        Poller.Dispose();
        posted.Dispose();
    }

    /// <summary>Runs an action and logs an exception, which is a bug, without ending the kernel.</summary>
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
