using System.Diagnostics;
using System.Globalization;
using System.Text;
using JupyterKernel.Hosting;
using JupyterKernel.Protocol;
using NetMQ;
using NetMQ.Sockets;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Sockets;

/// <summary>A message received on shell or control.</summary>
/// <param name="Message">The message.</param>
/// <param name="IsControl">Whether the message was received on control; otherwise on shell.</param>
/// <param name="ReceivedAt">The time of receipt as a <see cref="Stopwatch"/> timestamp, which clock changes do not affect.</param>
internal sealed record Request(Message Message, bool IsControl, long ReceivedAt)
{
    /// <summary>The message type.</summary>
    public string Type => Message.Header.MsgType;

    /// <summary>The id of the notebook cell that the request belongs to; null if the front end does not send it.</summary>
    public string? CellId { get; } = Message.Metadata["cellId"] is JValue { Value: string id } ? id : null;

    /// <summary>The client that sent the request: its routing identity in hexadecimal digits.</summary>
    public string Client => string.Join(' ', Message.Identities.Select(Convert.ToHexString));
}

/// <summary>
/// The five sockets of the protocol. Loop thread.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#introduction
/// </summary>
internal sealed class JupyterSockets : IDisposable
{
    /// <summary>The maximum frame size in bytes; the transport rejects larger frames before allocating memory for them.</summary>
    private const long MaxFrameBytes = 1024L * 1024 * 1024;

    /// <summary>The maximum number of messages received from one socket before the other sockets are served.</summary>
    private const int Burst = 100;

    /// <summary>The maximum number of messages received at once, so that a flood does not block the loop.</summary>
    private const int MaxReceivedAtOnce = 10_000;

    /// <summary>
    /// How long binding a port is retried: clients choose free ports, which any connection may take before the kernel binds them.
    /// </summary>
    private static readonly TimeSpan PortInUseTimeout = TimeSpan.FromSeconds(3);

    private readonly WireFormat wire;
    private readonly RouterSocket shell = new();
    private readonly RouterSocket control = new();
    private readonly RouterSocket stdin = new();
    private readonly XPublisherSocket iopub = new();
    private readonly RouterSocket heartbeat = new();
    private readonly List<IpcListener> listeners = [];

    /// <summary>Binds the sockets to the endpoints in the connection file.</summary>
    /// <param name="ports">Where ports that the connection file leaves open are chosen; null for any.</param>
    /// <exception cref="IOException">A port stays in use, or the address is not one of this machine's.</exception>
    /// <exception cref="InvalidDataException">The two keys of the encryption do not belong together.</exception>
    public JupyterSockets(ConnectionFile connection, Loop loop, PortRange? ports = null)
    {
        wire = new WireFormat(connection.Key, connection.SignatureScheme);
        var certificate = CertificateOf(connection);
        foreach (var (socket, port) in new (NetMQSocket, int)[]
        {
            (heartbeat, connection.HeartbeatPort), (iopub, connection.IopubPort), (control, connection.ControlPort),
            (stdin, connection.StdinPort), (shell, connection.ShellPort),
        })
        {
            socket.Options.Linger = TimeSpan.FromSeconds(1);
            socket.Options.MaxMsgSize = MaxFrameBytes;

            // Output is never dropped, even if a client reads slowly.
            socket.Options.SendHighWatermark = 0;
            socket.Options.ReceiveHighWatermark = 0;
            if (certificate is not null)
            {
                socket.Options.CurveServer = true;
                socket.Options.CurveCertificate = certificate;
            }

            if (connection.Transport == "ipc")
            {
                listeners.Add(new IpcListener(socket, string.Create(CultureInfo.InvariantCulture, $"{connection.Ip}-{port}"), loop));
            }
            else
            {
                if (port == 0 && ports is not null) ports.Bind(free => TryBind(socket, Endpoint(free)));
                else Bind(socket, Endpoint(port));

                string Endpoint(int port) => string.Create(CultureInfo.InvariantCulture, $"tcp://{connection.Ip}:{port}");
            }
        }

        // A client that reconnects with the same identity receives its messages even if the kernel has not noticed the
        // end of the old connection.
        // Source: https://github.com/ipython/ipykernel/pull/270
        foreach (var router in new[] { shell, control, stdin, heartbeat }) router.Options.RouterHandover = true;

        Connection = connection.Transport == "ipc" ? connection : connection with
        {
            HeartbeatPort = PortOf(heartbeat), IopubPort = PortOf(iopub), ControlPort = PortOf(control), StdinPort = PortOf(stdin),
            ShellPort = PortOf(shell),
        };

        // If the client is disconnected, the cell that asks it must get an error instead of waiting indefinitely.
        stdin.Options.RouterMandatory = true;
        iopub.Options.XPubVerbose = true;

        shell.ReceiveReady += (_, _) => ReceiveShell(Burst);
        control.ReceiveReady += (_, _) =>
            Receive(control, "control", Burst, message => Requested(new(message, true, Stopwatch.GetTimestamp())));
        stdin.ReceiveReady += (_, _) => Receive(stdin, "stdin", Burst, message => InputReplied(message));
        iopub.ReceiveReady += (_, _) => Loop.Guarded(Welcome);
        heartbeat.ReceiveReady += (_, _) => Loop.Guarded(Echo);
        foreach (var socket in new NetMQSocket[] { shell, control, stdin, iopub, heartbeat }) loop.Poller.Add(socket);
    }

    /// <summary>The bound endpoints, including ports that the connection file left open.</summary>
    public ConnectionFile Connection { get; }

    /// <summary>Called with each request on shell and control.</summary>
    public Action<Request> Requested { get; set; } = _ => { };

    /// <summary>Called with each message on stdin.</summary>
    public Action<Message> InputReplied { get; set; } = _ => { };

    /// <summary>Called when new subscriptions have been welcomed, possibly in the middle of a publication.</summary>
    public Action Subscribed { get; set; } = () => { };

    /// <summary>Receives all requests that have arrived on shell so far.</summary>
    public void ReceiveRequests() => ReceiveShell(MaxReceivedAtOnce);

    /// <summary>Replies to the client of a request, on the channel of the request.</summary>
    public void Reply(Request request, byte[] content, byte[]? metadata = null)
    {
        var type = request.Type.EndsWith("_request", StringComparison.Ordinal) ? request.Type[..^"request".Length] + "reply"
            : request.Type + "_reply";
        var channel = request.IsControl ? "control" : "shell";
        Log.Messages?.Write($"{channel} sends {type} to {request.Message.Header.MsgId}, {content.Length} bytes");
        Send(request.IsControl ? control : shell,
            wire.Write(request.Message.Identities, type, request.Message.HeaderFrame, content, metadata));
    }

    /// <summary>Publishes to all clients.</summary>
    /// <param name="type">The message type, which is also the topic.</param>
    /// <param name="parent">The request that caused the message; null for none.</param>
    /// <param name="content">The content as UTF-8 JSON.</param>
    /// <param name="metadata">The metadata as UTF-8 JSON; null for none.</param>
    /// <param name="buffers">The binary frames that follow the content.</param>
    public void Publish(string type, Request? parent, byte[] content, byte[]? metadata = null, IReadOnlyList<byte[]>? buffers = null)
    {
        var frames = wire.Write([Encoding.ASCII.GetBytes(type)], type, parent?.Message.HeaderFrame, content, metadata, buffers);

        Log.Messages?.Write($"iopub sends {type} of {parent?.Message.Header.MsgId ?? "the kernel"}, {content.Length} bytes");

        // The first message to a subscriber is iopub_welcome.
        Welcome();
        Send(iopub, frames);
    }

    /// <summary>Sends an input_request to the client of a request; returns false if the client cannot be reached.</summary>
    public bool AskInput(Request request, InputRequest question)
    {
        try
        {
            Send(stdin, wire.Write(request.Message.Identities, "input_request", request.Message.HeaderFrame, WireFormat.ToJson(question)));
            return true;
        }
        catch (HostUnreachableException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var listener in listeners) listener.Dispose();
        foreach (var socket in new NetMQSocket[] { shell, control, stdin, iopub, heartbeat }) socket.Dispose();
        wire.Dispose();
    }

    private static NetMQCertificate? CertificateOf(ConnectionFile connection)
    {
        if (connection.CurveSecretKey is not { } secret) return null;
        var certificate = NetMQCertificate.CreateFromSecretKey(secret);
        return certificate.PublicKeyZ85 == connection.CurvePublicKey ? certificate
            : throw new InvalidDataException(
                "curve_publickey and curve_secretkey in the connection file do not belong together. Write the two keys of one pair.");
    }

    private static bool TryBind(NetMQSocket socket, string endpoint)
    {
        try
        {
            socket.Bind(endpoint);
            return true;
        }
        catch (AddressAlreadyInUseException)
        {
            return false;
        }
    }

    private static void Bind(NetMQSocket socket, string endpoint)
    {
#pragma warning disable RS0030 // The loop has not begun, and cannot without the port.
        for (var waited = Stopwatch.StartNew(); ; Thread.Sleep(20))
#pragma warning restore RS0030
        {
            try
            {
                socket.Bind(endpoint);
                return;
            }
            catch (AddressAlreadyInUseException inUse)
            {
                Log.WarnOnce($"{endpoint} is in use by another program. Waiting until it is free.");
                if (waited.Elapsed < PortInUseTimeout) continue;
                throw new IOException(
                    $"{endpoint} is still in use. Restart the kernel or change the port in the connection file.", inUse);
            }
            catch (Exception refused) when (refused is NetMQException or System.Net.Sockets.SocketException or ArgumentException)
            {
                var reason = refused switch
                {
                    NetMQException { ErrorCode: ErrorCode.AddressNotAvailable } => "the address does not belong to this machine",
                    NetMQException { ErrorCode: ErrorCode.AccessDenied } => "this user may not use the port",
                    NetMQException other => other.ErrorCode.ToString(),
                    _ => refused.Message,
                };
                throw new IOException($"Cannot listen on {endpoint}: {reason}. Use another ip or port in the connection file.", refused);
            }
        }
    }

    private static int PortOf(NetMQSocket socket) =>
        socket.Options.LastEndpoint is { } endpoint
            ? int.Parse(endpoint.AsSpan(endpoint.LastIndexOf(':') + 1), CultureInfo.InvariantCulture) : 0;

    private void ReceiveShell(int limit) =>
        Receive(shell, "shell", limit, message => Requested(new(message, false, Stopwatch.GetTimestamp())));

    private void Receive(NetMQSocket socket, string channel, int limit, Action<Message> handle)
    {
        var frames = new NetMQMessage();
        for (var i = 0; i < limit && socket.TryReceiveMultipartMessage(TimeSpan.Zero, ref frames!, 7); i++)
        {
            Message message;
            try
            {
                message = wire.Read([.. frames.Select(frame => frame.Buffer)]);
            }
            catch (MalformedMessageException malformed)
            {
                Log.WarnOnce($"Dropped a message on {channel}: {malformed.Message.TrimEnd('.')}.");
                continue;
            }

            Log.Messages?.Write($"{channel} received {message.Header.MsgType} {message.Header.MsgId}");
            Loop.Guarded(() => handle(message));
        }
    }

    private void Welcome()
    {
        var subscribed = false;
        while (iopub.HasIn)
        {
            if (iopub.ReceiveFrameBytes() is not [1, .. var topic]) continue;
            Send(iopub, wire.Write([topic], "iopub_welcome", null, WireFormat.ToJson(new IopubWelcome(Encoding.UTF8.GetString(topic)))));
            subscribed = true;
        }

        if (subscribed) Subscribed();
    }

    private void Echo()
    {
        var frames = new NetMQMessage();
        while (heartbeat.TryReceiveMultipartMessage(TimeSpan.Zero, ref frames!, 3)) heartbeat.TrySendMultipartMessage(frames);
    }

    private static void Send(NetMQSocket socket, List<byte[]> frames)
    {
        var message = new NetMQMessage(frames);
        if (!socket.TrySendMultipartMessage(message)) Log.WarnOnce("A message could not be sent.");
    }
}
