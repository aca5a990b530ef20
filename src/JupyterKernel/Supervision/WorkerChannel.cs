using System.Diagnostics;
using JupyterKernel.Hosting;
using JupyterKernel.Link;
using NetMQ;
using NetMQ.Sockets;

namespace JupyterKernel.Supervision;

/// <summary>
/// The kernel's end of a worker's pair socket. Loop thread. A pair socket accepts only one peer: if another process connects before the
/// worker, the socket is replaced and the worker receives the new endpoint. Once the worker has connected, other peers are ignored.
/// </summary>
internal sealed class WorkerChannel : IDisposable
{
    /// <summary>The time for the worker to authenticate, after which its socket is considered taken by another process.</summary>
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(3);

    /// <summary>
    /// The maximum time for receiving before other sockets are served: endless output of a worker must not delay an interrupt.
    /// </summary>
    private static readonly TimeSpan TurnLimit = TimeSpan.FromMilliseconds(2);

    /// <summary>
    /// The number of received messages after which a receipt is sent to the worker; a fraction of the messages that may be in transit, so
    /// that the worker need not pause.
    /// </summary>
    private const int MessagesPerReceipt = 50;

    private const long BytesPerReceipt = 1024 * 1024;

    private readonly NetMQPoller poller;
    private readonly byte[] key;
    private readonly Action<string> tellEndpoint;
    private readonly Action<WorkerMessage> received;
    private readonly Queue<NetMQMessage> outbox = new();
    private readonly NetMQTimer retry = new(TimeSpan.FromMilliseconds(2)) { Enable = false };
    private readonly NetMQTimer readyTimer = new(ReadyTimeout);
    private PairSocket socket = null!;
    private PairFraming framing = null!;
    private int takenMessages;
    private long takenBytes;
    private bool disposed;

    /// <param name="poller">The loop's poller.</param>
    /// <param name="key">The worker's key.</param>
    /// <param name="tellEndpoint">Sends the endpoint to the worker over its private pipe.</param>
    /// <param name="received">Called with each message from the worker.</param>
    public WorkerChannel(NetMQPoller poller, byte[] key, Action<string> tellEndpoint, Action<WorkerMessage> received)
    {
        this.poller = poller;
        this.key = key;
        this.tellEndpoint = tellEndpoint;
        this.received = received;
        retry.Elapsed += (_, _) => SendOutbox();
        readyTimer.Elapsed += (_, _) =>
        {
            if (!IsReady) Rebind();
        };
        poller.Add(retry);
        poller.Add(readyTimer);
        Bind();
    }

    /// <summary>Whether the worker has authenticated.</summary>
    public bool IsReady { get; private set; }

    /// <summary>Sends a message without blocking, even if the worker does not read.</summary>
    public void Send(WorkerMessage message)
    {
        if (disposed) return;
        Log.Messages?.Write($"pair sends {message.GetType().Name}, {message.PayloadBytes} bytes");
        outbox.Enqueue(new NetMQMessage(framing.Seal(message)));
        SendOutbox();
    }

    /// <summary>Receives all messages that have arrived.</summary>
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
                Log.Messages?.Write($"pair received {message.GetType().Name}, {message.PayloadBytes} bytes");
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
        retry.Enable = readyTimer.Enable = false;
        poller.Remove(retry);
        poller.Remove(readyTimer);
        Unbind();
    }

    private void Accept()
    {
        // Unbinding here would exclude all other peers, but NetMQ would also disconnect the worker.
        IsReady = true;
        readyTimer.Enable = false;
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
