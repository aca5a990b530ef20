using System.Text;
using System.Threading.Channels;
using JupyterKernel.Protocol;
using NetMQ;
using NetMQ.Sockets;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.JupyterClient;

/// <summary>
/// A Jupyter client. Its own thread (a NetMQPoller) owns the sockets; all members can be used from any thread.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html
/// </summary>
internal sealed class KernelClient : IAsyncDisposable
{
    private static readonly TimeSpan InterruptRepeatedEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan InterruptDeadline = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ShutdownDeadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan NudgePause = TimeSpan.FromMilliseconds(200);

    private readonly ChildKernel? child;
    private readonly WireFormat wire;
    private readonly DealerSocket shell = new();
    private readonly DealerSocket control = new();
    private readonly DealerSocket stdin = new();
    private readonly DealerSocket heartbeat = new();
    private readonly SubscriberSocket iopub = new();
    private readonly NetMQQueue<Action> outbox = new();
    private readonly NetMQPoller poller;

    // Only the poller thread uses these three fields.
    private readonly Dictionary<string, Exchange> open = [];
    private readonly Queue<TaskCompletionSource> beats = new();
    private Exception? lost;

    private readonly Channel<Message> broadcasts =
        Channel.CreateBounded<Message>(new BoundedChannelOptions(10_000) { FullMode = BoundedChannelFullMode.DropOldest });

    private bool disposed;

    private KernelClient(ConnectionFile connection, ChildKernel? child)
    {
        Connection = connection;
        this.child = child;
        wire = new WireFormat(connection.Key, connection.SignatureScheme);

        // The kernel addresses an input_request with the identity of the client's request.
        var identity = Encoding.ASCII.GetBytes(Guid.NewGuid().ToString("N"));
        foreach (var dealer in (DealerSocket[])[shell, control, stdin, heartbeat]) dealer.Options.Identity = identity;

        iopub.Options.ReceiveHighWatermark = 0;
        iopub.SubscribeToAnyTopic();
        poller = [shell, control, stdin, heartbeat, iopub, outbox];
        Connect(shell, connection.ShellPort, message => TakeReply(message));
        Connect(control, connection.ControlPort, message => TakeReply(message));
        Connect(stdin, connection.StdinPort, message => TakePublished(message));
        Connect(iopub, connection.IopubPort, message => TakePublished(message));
        Connect(heartbeat, connection.HeartbeatPort);
        heartbeat.ReceiveReady += (_, _) => TakeBeats();
        outbox.ReceiveReady += (_, _) =>
        {
            while (outbox.TryDequeue(out var action, TimeSpan.Zero)) action();
        };
        poller.RunAsync("kernel client", isBackgroundThread: true);
        if (child is not null) _ = LoseAtEndAsync(child);
    }

    public ConnectionFile Connection { get; }

    /// <summary>The process id of the kernel if this client started it; otherwise null.</summary>
    public int? ProcessId => child?.Id;

    /// <summary>
    /// The iopub messages that belong to no open request of this client: those for other clients, and late output. They need not be read;
    /// when there are too many, the oldest are dropped.
    /// </summary>
    public ChannelReader<Message> Broadcasts => broadcasts.Reader;

    /// <summary>The content of the kernel_info_reply; empty until the kernel is ready.</summary>
    public JObject KernelInfo { get; private set; } = [];

    /// <summary>
    /// Starts a kernel and waits until it is ready (<see cref="WaitUntilReadyAsync"/>); disposing the client shuts it down.
    /// </summary>
    /// <param name="command">The start command, containing <see cref="ChildKernel.ConnectionFilePlaceholder"/>.</param>
    /// <param name="deadline">The time limit for the start; null for one minute.</param>
    /// <exception cref="KernelLostException">The kernel exited or did not answer; the message contains its latest output.</exception>
    public static async Task<KernelClient> StartAsync(
        IReadOnlyList<string> command, string? workingDirectory = null, TimeSpan? deadline = null, CancellationToken cancellation = default)
    {
        // A port may be taken before the kernel binds it; the start is then repeated with other ports.
        const int Attempts = 3;
        for (var attempt = 1; ; attempt++)
        {
            var child = new ChildKernel(command, workingDirectory);
            var client = new KernelClient(child.Connection, child);
            try
            {
                await client.WaitUntilReadyAsync(deadline ?? TimeSpan.FromMinutes(1), cancellation);
                return client;
            }
            catch (Exception failure)
            {
                var ended = child.Ended.IsCompleted;
                child.Kill();
                await client.DisposeAsync();
                if (failure is not KernelLostException || !ended || attempt == Attempts) throw;
            }
        }
    }

    /// <summary>
    /// Sends kernel_info_requests until one is answered on shell and its messages arrive on iopub, so that no later output is missed.
    /// </summary>
    public async Task WaitUntilReadyAsync(TimeSpan deadline, CancellationToken cancellation = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(deadline);
        try
        {
            while (true)
            {
                var nudge = Send(RequestChannel.Shell, "kernel_info_request", []);
                KernelInfo = (await nudge.Reply.WaitAsync(limit.Token)).Content;
                if (await Task.WhenAny(nudge.Over, Task.Delay(NudgePause, limit.Token)) == nudge.Over) return;
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new KernelLostException($"The kernel did not respond within {deadline.TotalSeconds} s{LogText()}");
        }
    }

    /// <summary>Sends a message on shell or control; the exchange collects the responses.</summary>
    public Exchange Send(RequestChannel channel, string messageType, JObject content, JObject? metadata = null)
    {
        var exchange = new Exchange(expectsReply: messageType.EndsWith("_request", StringComparison.Ordinal));
        var body = WireFormat.ToJson(content);
        var metadataBody = metadata is null ? null : WireFormat.ToJson(metadata);
        Post(() =>
        {
            if (lost is not null)
            {
                exchange.Fail(lost);
                return;
            }

            var frames = wire.Write([], messageType, parentHeader: null, body, metadataBody);
            var id = wire.Read(frames).Header.MsgId;
            open[id] = exchange;
            exchange.Sent(id);
            if ((channel == RequestChannel.Shell ? shell : control).TrySendMultipartBytes(frames)) return;
            open.Remove(id);
            exchange.Fail(new KernelLostException("The kernel no longer accepts messages."));
        });
        return exchange;
    }

    /// <summary>Sends a request and waits for the reply and the idle status.</summary>
    /// <exception cref="KernelLostException">The kernel can no longer answer.</exception>
    public async Task<Response> RequestAsync(
        RequestChannel channel, string messageType, JObject? content = null, CancellationToken cancellation = default)
    {
        var exchange = Send(channel, messageType, content ?? []);
        List<Message> published = [];
        await foreach (var message in exchange.Published.ReadAllAsync(cancellation)) published.Add(message);
        return new Response(await exchange.Reply.WaitAsync(cancellation), published);
    }

    /// <summary>Runs a cell and waits until it has ended; interrupts it at the timeout or on cancellation.</summary>
    /// <param name="onPublished">Receives every iopub message of the cell, in order, before this method returns.</param>
    /// <param name="onInput">Answers the cell's input_requests; null refuses them.</param>
    /// <exception cref="KernelLostException">
    /// The kernel exited, or was terminated because the cell did not end after an interrupt.
    /// </exception>
    public async Task<ExecutedCell> ExecuteAsync(
        string code, Action<Message>? onPublished = null, Func<InputRequest, Task<string>>? onInput = null,
        TimeSpan? timeout = null, JObject? metadata = null, CancellationToken cancellation = default)
    {
        var exchange = Send(RequestChannel.Shell, "execute_request", new JObject
        {
            ["code"] = code,
            ["silent"] = false,
            ["store_history"] = true,
            ["user_expressions"] = new JObject(),
            ["allow_stdin"] = onInput is not null,
            ["stop_on_error"] = true,
        }, metadata);
        using var limit = new CancellationTokenSource();
        if (timeout is { } longest) limit.CancelAfter(longest);
        var timedOut = false;
        using var interruptAtTimeout = limit.Token.Register(() =>
        {
            timedOut = true;
            _ = InterruptAsync(exchange);
        });
        using var interruptOnCancellation = cancellation.Register(() => _ = InterruptAsync(exchange));

        await foreach (var message in exchange.Published.ReadAllAsync(CancellationToken.None))
        {
            if (message.Header.MsgType != "input_request") onPublished?.Invoke(message);
            else if (onInput is not null) Reply(message, await onInput(WireFormat.FromJson<InputRequest>(message.Content)));
        }

        return new ExecutedCell(await exchange.Reply, timedOut, cancellation.IsCancellationRequested);
    }

    /// <summary>Returns the id of the request that caused a message; null if there is none.</summary>
    public static string? ParentId(Message message) => (string?)message.ParentHeader["msg_id"];

    /// <summary>Asks the kernel to interrupt the running cell.</summary>
    public Task<Message> InterruptAsync() => Send(RequestChannel.Control, "interrupt_request", []).Reply;

    /// <summary>Answers an input_request.</summary>
    public void Reply(Message inputRequest, string value)
    {
        var body = WireFormat.ToJson(new InputReply { Value = value });
        Post(() => stdin.TrySendMultipartBytes(wire.Write([], "input_reply", inputRequest.HeaderFrame, body)));
    }

    /// <summary>Sends a heartbeat; completes when the kernel has echoed it.</summary>
    public Task BeatAsync()
    {
        var beat = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            beats.Enqueue(beat);

            // The empty frame is what a REQ socket would send; the kernel may use a REP socket.
            heartbeat.TrySendMultipartBytes([[], "beat"u8.ToArray()]);
        });
        return beat.Task;
    }

    /// <summary>Shuts down the kernel started by this client; terminates it after the deadline.</summary>
    /// <returns>The exit code of the process.</returns>
    public async Task<int> ShutdownAsync(TimeSpan? deadline = null)
    {
        if (child is null) throw new InvalidOperationException("Only the client that started a kernel can shut it down.");
        if (!child.Ended.IsCompleted)
        {
            Send(RequestChannel.Control, "shutdown_request", new JObject { ["restart"] = false });
            await Task.WhenAny(child.Ended, Task.Delay(deadline ?? ShutdownDeadline));
            child.Kill();
        }

        return await child.Ended;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (disposed) return;
        disposed = true;
        if (child is not null)
        {
            await ShutdownAsync();
            child.Dispose();
        }

        poller.Dispose();
        Lose(new KernelLostException("The client was disposed."));
        foreach (var socket in (NetMQSocket[])[shell, control, stdin, heartbeat, iopub])
        {
            socket.Options.Linger = TimeSpan.Zero;
            socket.Dispose();
        }

        outbox.Dispose();
        wire.Dispose();
    }

    private void Connect(NetMQSocket socket, int port, Action<Message> take)
    {
        Connect(socket, port);
        socket.ReceiveReady += (_, _) =>
        {
            List<byte[]> frames = [];

            // Bounded, so that a flood on one socket does not starve the others.
            for (var count = 0; count < 1000 && socket.TryReceiveMultipartBytes(ref frames); count++)
            {
                try
                {
                    take(wire.Read([.. frames]));
                }
                catch (MalformedMessageException malformed)
                {
                    // An invalid message of the kernel itself must not be dropped silently, as that of an unknown sender would be.
                    Lose(new KernelLostException($"The kernel sent an invalid message: {malformed.Message}"));
                }
            }
        };
    }

    private void Connect(NetMQSocket socket, int port)
    {
        // The kernel binds its ports some time after this client connects; on one machine, frequent attempts cost little.
        socket.Options.ReconnectInterval = TimeSpan.FromMilliseconds(20);
        socket.Connect($"tcp://{Connection.Ip}:{port}");
    }

    private void Post(Action action) => outbox.Enqueue(action);

    private void TakeReply(Message message)
    {
        if (!TryFindExchange(message, out var id, out var exchange)) return;
        exchange.TakeReply(message);
        if (exchange.Over.IsCompleted) open.Remove(id);
    }

    private void TakePublished(Message message)
    {
        if (!TryFindExchange(message, out var id, out var exchange) || !exchange.TryTakePublished(message))
        {
            broadcasts.Writer.TryWrite(message);
        }
        else if (exchange.Over.IsCompleted) open.Remove(id);
    }

    private bool TryFindExchange(Message message, out string id, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Exchange? exchange)
    {
        id = ParentId(message) ?? "";
        return open.TryGetValue(id, out exchange);
    }

    private void TakeBeats()
    {
        List<byte[]> frames = [];
        while (heartbeat.TryReceiveMultipartBytes(ref frames))
        {
            if (beats.TryDequeue(out var beat)) beat.TrySetResult();
        }
    }

    private void Lose(Exception reason)
    {
        lost ??= reason;
        foreach (var exchange in open.Values) exchange.Fail(lost);
        foreach (var beat in beats) beat.TrySetException(lost);
        open.Clear();
        beats.Clear();
    }

    // Repeated, because an interrupt that arrives before its execute_request has no effect on an idle kernel.
    private async Task InterruptAsync(Exchange exchange)
    {
        for (var waited = TimeSpan.Zero; waited < InterruptDeadline; waited += InterruptRepeatedEvery)
        {
            Send(RequestChannel.Control, "interrupt_request", []);
            await Task.WhenAny(exchange.Over, Task.Delay(InterruptRepeatedEvery));
            if (exchange.Over.IsCompleted) return;
        }

        Post(() => Lose(new KernelLostException(
            $"The cell did not end within {InterruptDeadline.TotalSeconds} s of the interrupt"
            + (child is null ? "." : ", so the kernel was terminated."))));
        child?.Kill();
    }

    private async Task LoseAtEndAsync(ChildKernel child)
    {
        var exitCode = await child.Ended.ConfigureAwait(false);
        Post(() => Lose(new KernelLostException(LastWords(exitCode))));
    }

    private string LastWords(int exitCode) => $"The kernel exited (code {exitCode}){LogText()}";

    private string LogText() => child?.Log is { Length: > 0 } log ? $":\n{log}" : ".";
}
