using JupyterKernel.Display.Hosting;
using JupyterKernel.Link;
using NetMQ;
using NetMQ.Sockets;

namespace JupyterKernel.Worker.Channel;

/// <summary>
/// The worker's end of the pair socket. The thread of <see cref="Run"/> owns the socket; any thread may <see cref="Post"/>.
/// </summary>
/// <param name="key">The worker's key.</param>
internal sealed class KernelChannel(byte[] key)
{
    /// <summary>
    /// The maximum number of messages in transit to the kernel, after which a posting thread waits. The end of an interrupted
    /// cell is sent after them, so the limit is what the kernel handles within some milliseconds. It also limits what ZeroMQ's
    /// queues and TCP's buffers hold.
    /// </summary>
    private const int MaxUntakenMessages = 200;

    private const long MaxUntakenBytes = 4 * 1024 * 1024;

    private const int MessagesAtOnce = 100;

    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(2);

    private readonly NetMQQueue<WorkerMessage> outgoing = new();
    private readonly NetMQQueue<string> endpoints = new();
    private readonly NetMQTimer regular = new(TimeSpan.FromDays(1)) { Enable = false };

    // User code posts through this queue, because an aborted thread could leave NetMQ's own queue in an inconsistent state.
    private readonly object queueGate = new();
    private readonly Queue<WorkerMessage> posted = new();
    private int unsentMessages;
    private int untakenMessages;
    private long untakenBytes;

    private PairSocket? socket;
    private PairFraming? framing;
    private NetMQMessage? unsent;

    /// <summary>Called on the channel thread for each message from the kernel. Set before <see cref="Run"/>.</summary>
    public Action<WorkerMessage> Received { get; set; } = _ => { };

    /// <summary>
    /// Sends a message after all that were posted before it. Blocks while too many messages are in transit. Never call it on the channel
    /// thread, which receives the kernel's receipts.
    /// </summary>
    public void Post(WorkerMessage message)
    {
        lock (queueGate)
        {
            while (untakenBytes > MaxUntakenBytes || untakenMessages > MaxUntakenMessages) Monitor.Wait(queueGate);
        }

        Enqueue(message);
    }

    /// <summary>Makes the channel thread post a message at an interval, as a sign that it works. Call once, on that thread.</summary>
    public void PostEvery(TimeSpan interval, Func<WorkerMessage> message)
    {
        regular.Interval = (int)interval.TotalMilliseconds;

        // Not with Post, because the thread that sends the queued messages must not wait for itself.
        regular.Elapsed += (_, _) => Enqueue(message());
        regular.Enable = true;
    }

    /// <summary>Connects, or reconnects, to the kernel's endpoint.</summary>
    public void Connect(string endpoint) => endpoints.Enqueue(endpoint);

    /// <summary>Waits until all posted messages have been sent, at most for the given time.</summary>
    public void Drain(TimeSpan deadline)
    {
        var end = DateTime.UtcNow + deadline;
        lock (queueGate)
        {
            while (unsentMessages > 0 && DateTime.UtcNow < end) Monitor.Wait(queueGate, 20);
        }

        // A message passed to NetMQ may not have been sent yet, and NetMQ cannot be asked.
        Thread.Sleep(20);
    }

    /// <summary>Owns the socket and runs until the process ends.</summary>
    public void Run()
    {
        var retry = new NetMQTimer(RetryInterval) { Enable = false };
        using var poller = new NetMQPoller { outgoing, endpoints, retry, regular };
        endpoints.ReceiveReady += (_, _) =>
        {
            while (endpoints.TryDequeue(out var endpoint, TimeSpan.Zero)) Attach(endpoint, poller);
        };
        outgoing.ReceiveReady += (_, _) => SendQueued(retry);
        retry.Elapsed += (_, _) => SendQueued(retry);
        new Thread(ForwardPosted, 256 * 1024) { IsBackground = true, Name = "posted" }.Start();
        poller.Run();
    }

    private void Enqueue(WorkerMessage message) => AbortSafe.Run((this, message), static sent =>
    {
        var (channel, message) = sent;
        lock (channel.queueGate)
        {
            channel.posted.Enqueue(message);
            channel.unsentMessages++;
            channel.untakenMessages++;
            channel.untakenBytes += message.PayloadBytes;
            Monitor.PulseAll(channel.queueGate);
        }
    });

    private void ForwardPosted()
    {
        while (true)
        {
            WorkerMessage message;
            lock (queueGate)
            {
                while (posted.Count == 0) Monitor.Wait(queueGate);
                message = posted.Dequeue();
            }

            outgoing.Enqueue(message);
        }
    }

    private void Attach(string endpoint, NetMQPoller poller)
    {
        if (socket is not null)
        {
            poller.Remove(socket);
            socket.Dispose();
            framing!.Dispose();
        }

        framing = new PairFraming(key, isKernel: false);
        socket = new PairSocket();
        socket.Options.Linger = TimeSpan.FromSeconds(1);
        socket.Options.MaxMsgSize = PairFraming.MaxFrameBytes;
        socket.ReceiveReady += (_, _) =>
        {
            var frames = new NetMQMessage();
            while (socket.TryReceiveMultipartMessage(TimeSpan.Zero, ref frames!, 4))
            {
                if (framing.Open([.. frames.Select(frame => frame.Buffer)]) is not { } message) continue;
                if (message is OutputTaken taken) Taken(taken);
                else Received(message);
            }
        };
        socket.Connect(endpoint);
        poller.Add(socket);
        socket.TrySendMultipartMessage(TimeSpan.FromSeconds(5), ToFrames(new Ready(Environment.ProcessId, WorkerPrograms.Version)));
    }

    private void SendQueued(NetMQTimer retry)
    {
        if (socket is null) return;
        retry.Enable = false;

        // The poller calls again for the rest after handling the kernel's messages, one of which may be an interrupt.
        for (var sent = 0; sent < MessagesAtOnce; sent++)
        {
            if (unsent is null)
            {
                if (!outgoing.TryDequeue(out var message, TimeSpan.Zero)) return;
                unsent = ToFrames(message!);
                lock (queueGate)
                {
                    unsentMessages--;
                    Monitor.PulseAll(queueGate);
                }
            }

            if (!socket.TrySendMultipartMessage(unsent))
            {
                // The kernel is slower than the cell. Retry soon; the full queue slows the cell down.
                retry.EnableAndReset();
                return;
            }

            unsent = null;
        }
    }

    private void Taken(OutputTaken taken)
    {
        lock (queueGate)
        {
            untakenMessages -= taken.Messages;
            untakenBytes -= taken.Bytes;
            Monitor.PulseAll(queueGate);
        }
    }

    private NetMQMessage ToFrames(WorkerMessage message) => new(framing!.Seal(message));
}
