using System.Net;
using System.Net.Sockets;

namespace JupyterKernel.Kernel;

/// <summary>
/// The ipc transport: other ZeroMQ libraries use Unix domain sockets for it, NetMQ a TCP port of its own choice. So this
/// listens on the domain socket and passes the bytes of each connection on to the TCP port that NetMQ is bound to.
/// Runs on the pool.
/// </summary>
internal sealed class IpcRelay : IDisposable
{
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly string path;
    private readonly int port;

    /// <param name="path">The domain socket's path; a stale one is replaced.</param>
    /// <param name="port">The TCP port on 127.0.0.1.</param>
    public IpcRelay(string path, int port)
    {
        this.path = path;
        this.port = port;
        File.Delete(path);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        listener.Listen();
        _ = Task.Run(AcceptAsync);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        listener.Dispose();
        File.Delete(path);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = RelayAsync(await listener.AcceptAsync().ConfigureAwait(false));
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // The kernel ends.
        }
    }

    private async Task RelayAsync(Socket client)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (client)
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, port).ConfigureAwait(false);
                await Task.WhenAny(CopyAsync(client, server), CopyAsync(server, client)).ConfigureAwait(false);
            }
            catch (SocketException)
            {
                // Either side is gone: so is the connection.
            }
        }
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        using var reader = new NetworkStream(from);
        using var writer = new NetworkStream(to);
        try
        {
            await reader.CopyToAsync(writer).ConfigureAwait(false);
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException)
        {
            // Either side is gone.
        }
    }
}
