using System.Net;
using System.Net.Sockets;
using System.Text;
using JupyterKernel.Hosting;
using JupyterKernel.Sockets;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Gateway;

/// <summary>
/// Receives the signals that the gateway cannot send to a process on another machine: <c>{"signum": 2}</c>, or <c>{"shutdown": 1}</c>. The
/// gateway also asks every few seconds whether the kernel lives (<c>{"signum": 0}</c>), and waits milliseconds for the connection to be
/// accepted. The port has no authentication: it can do no more than interrupt and end the kernel. Its callbacks run on the pool.
/// </summary>
internal sealed class GatewayListener : IDisposable
{
    private const int MaxRequestBytes = 1024;
    private const int Interrupt = 2;
    private const int Kill = 9;
    private const int Terminate = 15;

    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(2);

    private readonly TcpListener listener;
    private readonly Action interrupted;
    private readonly Action<string> ended;

    /// <summary>Listens on a port of the range, or on any.</summary>
    /// <param name="interrupted">Called when the running cell is to be interrupted.</param>
    /// <param name="ended">Called with the reason, as a sentence, when the kernel is to end.</param>
    /// <exception cref="IOException">All ports of the range are in use.</exception>
    public GatewayListener(PortRange? ports, Action interrupted, Action<string> ended)
    {
        listener = Listen(ports);
        this.interrupted = interrupted;
        this.ended = ended;
        _ = AcceptAsync();
    }

    /// <summary>The port.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <inheritdoc/>
    public void Dispose() => listener.Dispose();

    private static TcpListener Listen(PortRange? ports)
    {
        TcpListener? listener = null;
        if (ports is null) TryListen(0);
        else ports.Bind(TryListen);
        return listener!;

        bool TryListen(int port)
        {
            listener = new TcpListener(IPAddress.Any, port);
            try
            {
                listener.Start();
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = HandleAsync(await listener.AcceptTcpClientAsync());
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The kernel ends.
        }
    }

    private async Task HandleAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                using var deadline = new CancellationTokenSource(RequestTimeout);
                var buffer = new byte[MaxRequestBytes];
                var length = await client.GetStream().ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, deadline.Token);
                Obey(JObject.Parse(Encoding.UTF8.GetString(buffer, 0, length)));
            }
            catch (Exception invalid) when (invalid is JsonException or FormatException or IOException or OperationCanceledException)
            {
                Log.WarnOnce($"Ignored a request on the port for signals: {invalid.Message}");
            }
        }
    }

    private void Obey(JObject request)
    {
        if (request["shutdown"] is JValue { Value: 1L })
        {
            ended("The gateway requested a shutdown; the kernel is shutting down.");
        }
        else if (request["signum"] is JValue { Value: long signal })
        {
            if (signal == Interrupt) interrupted();
            else if (signal is Terminate or Kill) ended($"The gateway sent signal {signal}; the kernel is shutting down.");
        }
    }
}
