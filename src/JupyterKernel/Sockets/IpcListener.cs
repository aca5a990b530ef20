using System.Net.Sockets;
using System.Reflection;
using System.Runtime.CompilerServices;
using AsyncIO;
using JupyterKernel.Hosting;
using NetMQ;

namespace JupyterKernel.Sockets;

/// <summary>
/// Listens for one of the kernel's sockets on the ipc transport. ZeroMQ implements ipc with Unix domain sockets, NetMQ with a TCP port on
/// loopback, to which every user of the machine can connect. This class listens on a domain socket that only the kernel's user can open,
/// and passes accepted connections to NetMQ, which runs the protocol on them. Accepts on the thread pool, hands over on the loop thread.
/// Source: https://rfc.zeromq.org/spec/23/ (the protocol is the same for all stream transports)
/// </summary>
internal sealed class IpcListener : IDisposable
{
    /// <summary>The pause before connections are accepted again when the process has run out of file descriptors.</summary>
    private static readonly TimeSpan PauseWithoutDescriptors = TimeSpan.FromMilliseconds(100);

    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly object owner;
    private readonly object options;
    private readonly string path;
    private readonly Loop loop;

    /// <param name="socket">The socket that receives the connections.</param>
    /// <param name="path">The path of the domain socket; a file left by another kernel is replaced.</param>
    /// <param name="loop">The loop that owns the socket.</param>
    /// <exception cref="SocketException">Listening on the path failed.</exception>
    public IpcListener(NetMQSocket socket, string path, Loop loop)
    {
        (this.path, this.loop) = (path, loop);
        owner = Internals.SocketBase(socket);
        options = Internals.Options(owner);
        var endpoint = new UnixDomainSocketEndPoint(path);
        File.Delete(path);
        listener.Bind(endpoint);

        // No client can connect before Listen, so other users can never open the new file.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        listener.Listen();
        _ = Task.Run(AcceptAsync);
    }

    /// <summary>
    /// Prepares NetMQ for this transport. On Windows NetMQ's own socket implementation supports only internet addresses, so it is switched
    /// to the framework's, which it uses on other systems anyway. Called before the first NetMQ socket is created.
    /// </summary>
    public static void Prepare()
    {
        if (OperatingSystem.IsWindows()) ForceDotNet.Force();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        listener.Dispose();
        File.Delete(path);
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                var client = await listener.AcceptAsync().ConfigureAwait(false);
                loop.Post(() => HandOver(client));
            }
            catch (Exception closed) when (closed is ObjectDisposedException
                or SocketException { SocketErrorCode: SocketError.OperationAborted })
            {
                return;
            }
            catch (SocketException failed)
            {
                Log.WarnOnce($"A connection to {path} could not be accepted: {failed.Message}");
                await Task.Delay(PauseWithoutDescriptors).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Does for an accepted connection what NetMQ.Core.Transports.Tcp.TcpListener does. Loop thread.</summary>
    private void HandOver(Socket client)
    {
        var session = Internals.Session(Internals.ChooseIOThread(owner, affinity: 0), connect: false, owner, options, null);
        Internals.LaunchChild(owner, session);
        Internals.SendAttach(owner, session, Internals.Engine(Internals.AsyncSocket(client), options, path), increment: true);
    }

    /// <summary>
    /// Accesses non-public members of NetMQ. They match the version in Directory.Packages.props; with a version that changes them, the
    /// first connection and the tests of this transport fail.
    /// </summary>
    private static class Internals
    {
        private const string SocketBaseType = "NetMQ.Core.SocketBase, NetMQ";
        private const string OwnType = "NetMQ.Core.Own, NetMQ";
        private const string ZObjectType = "NetMQ.Core.ZObject, NetMQ";
        private const string OptionsType = "NetMQ.Core.Options, NetMQ";
        private const string IOThreadType = "NetMQ.Core.IOThread, NetMQ";
        private const string SessionType = "NetMQ.Core.SessionBase, NetMQ";
        private const string AddressType = "NetMQ.Core.Address, NetMQ";
        private const string EngineInterface = "NetMQ.Core.Transports.IEngine, NetMQ";
        private const string EngineType = "NetMQ.Core.Transports.StreamEngine, NetMQ";
        private const string AsyncSocketType = "AsyncIO.DotNet.NativeSocket, AsyncIO";

        [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_SocketHandle")]
        [return: UnsafeAccessorType(SocketBaseType)]
        public static extern object SocketBase(NetMQSocket socket);

        /// <summary>Reads the field by reflection, because accessors cannot return fields of a non-public type.</summary>
        public static object Options(object owner) =>
            Type.GetType(OwnType, throwOnError: true)!
                .GetField("m_options", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(owner)!;

        [UnsafeAccessor(UnsafeAccessorKind.Method)]
        [return: UnsafeAccessorType(IOThreadType)]
        public static extern object ChooseIOThread([UnsafeAccessorType(ZObjectType)] object owner, long affinity);

        [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
        [return: UnsafeAccessorType(SessionType)]
        public static extern object Session(
            [UnsafeAccessorType(IOThreadType)] object thread, bool connect, [UnsafeAccessorType(SocketBaseType)] object socket,
            [UnsafeAccessorType(OptionsType)] object options, [UnsafeAccessorType(AddressType)] object? address);

        [UnsafeAccessor(UnsafeAccessorKind.Method)]
        public static extern void LaunchChild([UnsafeAccessorType(OwnType)] object owner, [UnsafeAccessorType(OwnType)] object child);

        [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
        [return: UnsafeAccessorType(AsyncSocketType)]
        public static extern object AsyncSocket(Socket socket);

        [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
        [return: UnsafeAccessorType(EngineType)]
        public static extern object Engine([UnsafeAccessorType("AsyncIO.AsyncSocket, AsyncIO")] object socket,
            [UnsafeAccessorType(OptionsType)] object options, string endpoint);

        [UnsafeAccessor(UnsafeAccessorKind.Method)]
        public static extern void SendAttach(
            [UnsafeAccessorType(ZObjectType)] object owner, [UnsafeAccessorType(SessionType)] object session,
            [UnsafeAccessorType(EngineInterface)] object engine, bool increment);
    }
}
