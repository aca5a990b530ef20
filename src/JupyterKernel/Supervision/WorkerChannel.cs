using System.Diagnostics;
using JupyterKernel.Link;
using NetMQ;
using NetMQ.Sockets;

namespace JupyterKernel.Supervision;

/// <summary>
/// The kernel's end of a worker's pair socket. Loop thread. Whoever connects first and is not the worker has taken the
/// socket's one place; then the socket is given up and the worker told of a new one. Once the worker has the place,
/// whoever connects after it is not heard.
/// </summary>
internal sealed class WorkerChannel : IDisposable
{
    /// <summary>How long the worker may take before the socket is thought to be taken by somebody else.</summary>
    private static readonly TimeSpan PatienceForReady = TimeSpan.FromSeconds(3);

    /// <summary>After this time others get their turn: a worker that shows output endlessly must not keep an interrupt waiting.</summary>
    private static readonly TimeSpan TurnLimit = TimeSpan.FromMilliseconds(2);

    /// <summary>The worker is told what was taken after this much of it: a part of what it lets be on its way, so that it need not pause.</summary>
    private const int MessagesPerReceipt = 50;

    private const long BytesPerReceipt = 1024 * 1024;

    private readonly NetMQPoller poller;
    private readonly byte[] key;
    private readonly Action<string> tellEndpoint;
    private readonly Action<WorkerMessage> received;
    private readonly Queue<NetMQMessage> outbox = new();
    private readonly NetMQTimer retry = new(TimeSpan.FromMilliseconds(2)) { Enable = false };
    private readonly NetMQTimer impatience = new(PatienceForReady);
    private PairSocket socket = null!;
    private PairFraming framing = null!;
    private int takenMessages;
    private long takenBytes;
    private bool disposed;

    /// <param name="poller">The loop's.</param>
    /// <param name="key">The worker's key.</param>
    /// <param name="tellEndpoint">Tells the worker, privately, where to connect.</param>
    /// <param name="received">Called with each message of the worker.</param>
    public WorkerChannel(NetMQPoller poller, byte[] key, Action<string> tellEndpoint, Action<WorkerMessage> received)
    {
        this.poller = poller;
        this.key = key;
        this.tellEndpoint = tellEndpoint;
        this.received = received;
        retry.Elapsed += (_, _) => SendOutbox();
        impatience.Elapsed += (_, _) =>
        {
            if (!IsReady) Rebind();
        };
        poller.Add(retry);
        poller.Add(impatience);
        Bind();
    }

    /// <summary>Whether the worker has proved itself.</summary>
    public bool IsReady { get; private set; }

    /// <summary>Sends a message; waits for nothing, even if the worker does not read.</summary>
    public void Send(WorkerMessage message)
    {
        if (disposed) return;
        outbox.Enqueue(new NetMQMessage(framing.Seal(message)));
        SendOutbox();
    }

    /// <summary>Takes what has arrived and has not been taken.</summary>
    public void ReceiveAll() => Receive(TimeSpan.MaxValue);

    private void Receive(TimeSpan limit)
    {
        var frames = new NetMQMessage();
        var began = Stopwatch.GetTimestamp();
        while (!disposed && socket.TryReceiveMultipartMessage(TimeSpan.Zero, ref frames!, 4))
        {
            if (framing.Open([.. frames.Select(frame => frame.Buffer)]) is { } message)
            {
                var isFirst = !IsReady;
                if (isFirst) Accept();
                received(message);
                if (!isFirst) Count(message);
                if (Stopwatch.GetElapsedTime(began) >= limit) return;
            }
            else if (!IsReady)
            {
                Rebind();
                return;
            }
        }
    }

    private void Count(WorkerMessage message)
    {
        takenMessages++;
        takenBytes += message.PayloadBytes;
        if (takenMessages < MessagesPerReceipt && takenBytes < BytesPerReceipt) return;
        Send(new OutputTaken(takenMessages, takenBytes));
        (takenMessages, takenBytes) = (0, 0);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        retry.Enable = impatience.Enable = false;
        poller.Remove(retry);
        poller.Remove(impatience);
        Unbind();
    }

    private void Accept()
    {
        // Unbinding now would shut everybody else out, but NetMQ would shut the worker out with them.
        IsReady = true;
        impatience.Enable = false;
    }

    private void Bind()
    {
        framing = new PairFraming(key, isKernel: true);
        socket = new PairSocket();
        socket.Options.Linger = TimeSpan.Zero;
        socket.Options.MaxMsgSize = PairFraming.MaxFrameBytes;
        var port = socket.BindRandomPort("tcp://127.0.0.1");
        var endpoint = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"tcp://127.0.0.1:{port}");
        socket.ReceiveReady += OnReceiveReady;
        poller.Add(socket);
        tellEndpoint(endpoint);
    }

    private void Unbind()
    {
        socket.ReceiveReady -= OnReceiveReady;
        poller.Remove(socket);
        socket.Dispose();
        framing.Dispose();
    }

    private void Rebind()
    {
        Unbind();
        Bind();
    }

    private void OnReceiveReady(object? sender, NetMQSocketEventArgs e) => Receive(TurnLimit);

    private void SendOutbox()
    {
        while (outbox.TryPeek(out var message))
        {
            if (!socket.TrySendMultipartMessage(message))
            {
                retry.Enable = true;
                return;
            }

            outbox.Dequeue();
        }

        retry.Enable = false;
    }
}
