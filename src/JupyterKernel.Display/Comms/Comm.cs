using System.Collections.Immutable;
using System.Diagnostics;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Hosting;

namespace JupyterKernel.Display;

/// <summary>
/// A comm between code in cells and code in a front end: both can send JSON and bytes at any time. Handlers run on the cell thread while no
/// cell runs; their outputs and exceptions belong to the message that they handle. Any thread can send.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#custom-messages
/// </summary>
/// <remarks>
/// When the worker is replaced (after a crash or by a recycle), the replay reopens the comms that cells opened. Comms opened by a front end
/// or in a handler are closed.
/// </remarks>
/// <example><code>
/// var comm = Comm.Open("my.widget", new { value = 3 });
/// comm.OnMessage(message => display(message.Data.GetProperty("value").GetInt32()));
/// Comm.Register("my.target", (opened, message) => opened.Send(new { hello = "you" }));
/// </code></example>
[StackTraceHidden]
public sealed class Comm : IDisposable
{
    private const int MaxOpen = 10_000;

    // Immutable and exchanged atomically instead of locked, because a thread that is aborted would not release a lock.
    private static ImmutableDictionary<string, Comm> open = ImmutableDictionary<string, Comm>.Empty;
    private static ImmutableDictionary<string, Func<Comm, CommMessage, Task>> targets =
        ImmutableDictionary<string, Func<Comm, CommMessage, Task>>.Empty;

    private Func<CommMessage, Task>? received;
    private Func<CommMessage, Task>? closed;

    private Comm(string id, string target) => (Id, Target) = (id, target);

    /// <summary>The id of the comm, which is the same on both sides.</summary>
    public string Id { get; }

    /// <summary>The name of the comm's target.</summary>
    public string Target { get; }

    /// <summary>Whether either side has closed the comm.</summary>
    public bool IsClosed => !Volatile.Read(ref open).ContainsKey(Id);

    /// <summary>Opens a comm to a target that a front end has registered; a front end without the target closes the comm.</summary>
    /// <param name="target">The name of the target; <c>"jupyter.widget"</c> for widgets.</param>
    /// <param name="data">Data: any value that can be converted to JSON.</param>
    /// <param name="metadata">Metadata: any value that can be converted to JSON.</param>
    /// <param name="buffers">Binary buffers.</param>
    /// <exception cref="InvalidOperationException">The code does not run in a notebook, or 10,000 comms are open.</exception>
    public static Comm Open(string target, object? data = null, object? metadata = null, IReadOnlyList<byte[]>? buffers = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(target);
        var comm = new Comm(Host.NewId("comm"), target);
        comm.Add();
        comm.Post("comm_open", data, metadata, buffers);
        return comm;
    }

    /// <summary>
    /// Registers a target to which front ends can open comms. The handler receives each new comm and its opening message.
    /// </summary>
    /// <exception cref="InvalidOperationException">The code does not run in a notebook.</exception>
    public static void Register(string target, Action<Comm, CommMessage> opened)
    {
        ArgumentNullException.ThrowIfNull(opened);
        Register(target, (comm, message) =>
        {
            opened(comm, message);
            return Task.CompletedTask;
        });
    }

    /// <summary>Registers a target with an asynchronous handler.</summary>
    /// <exception cref="InvalidOperationException">The code does not run in a notebook.</exception>
    public static void Register(string target, Func<Comm, CommMessage, Task> opened)
    {
        ArgumentException.ThrowIfNullOrEmpty(target);
        ArgumentNullException.ThrowIfNull(opened);
        var host = Host;
        Change(ref targets, all => all.SetItem(target, opened));
        host.ListenForComms(target);
    }

    /// <summary>Sets the handler for messages from the front end, replacing the previous one.</summary>
    public void OnMessage(Action<CommMessage> handler) => received = Awaited(handler);

    /// <summary>Sets an asynchronous handler for messages from the front end, replacing the previous one.</summary>
    public void OnMessage(Func<CommMessage, Task> handler) => received = handler;

    /// <summary>Sets the handler that is called when the front end closes the comm, replacing the previous one.</summary>
    public void OnClose(Action<CommMessage> handler) => closed = Awaited(handler);

    /// <summary>Sets an asynchronous handler that is called when the front end closes the comm, replacing the previous one.</summary>
    public void OnClose(Func<CommMessage, Task> handler) => closed = handler;

    /// <summary>Sends a message to all front ends that have the comm.</summary>
    /// <param name="data">Data: any value that can be converted to JSON.</param>
    /// <param name="metadata">Metadata: any value that can be converted to JSON.</param>
    /// <param name="buffers">Binary buffers.</param>
    /// <exception cref="InvalidOperationException">The comm is closed.</exception>
    public void Send(object? data = null, object? metadata = null, IReadOnlyList<byte[]>? buffers = null)
    {
        if (IsClosed) throw new InvalidOperationException($"The comm to {Target} is closed.");
        Post("comm_msg", data, metadata, buffers);
    }

    /// <summary>Closes the comm on both sides; does nothing if it is already closed.</summary>
    /// <param name="data">Data for the closing message: any value that can be converted to JSON.</param>
    public void Close(object? data = null)
    {
        if (!IsClosed) Post("comm_close", data, null, null);
        Remove();
    }

    /// <summary>Closes the comm; see <see cref="Close"/>.</summary>
    public void Dispose() => Close();

    /// <summary>Handles a message from a front end. Cell thread.</summary>
    internal static Task ReceiveAsync(string type, string id, string target, CommMessage message)
    {
        if (type == "comm_open") return OpenedAsync(new Comm(id, target), message);
        if (!Volatile.Read(ref open).TryGetValue(id, out var comm)) return Task.CompletedTask;
        if (type == "comm_close") comm.Remove();
        return (type == "comm_close" ? comm.closed : comm.received)?.Invoke(message) ?? Task.CompletedTask;
    }

    /// <summary>Opens a comm at the request of a front end; if that fails, closes it in the front end.</summary>
    private static async Task OpenedAsync(Comm comm, CommMessage message)
    {
        var isTaken = false;
        comm.Add();
        try
        {
            if (!Volatile.Read(ref targets).TryGetValue(comm.Target, out var opened)) return;
            await opened(comm, message);
            isTaken = true;
        }
        finally
        {
            if (!isTaken) comm.Close();
        }
    }

    private static INotebookHost Host =>
        NotebookHost.Current
            ?? throw new InvalidOperationException("A comm requires a front end, but this code does not run in a notebook.");

    private static Func<CommMessage, Task> Awaited(Action<CommMessage> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return message =>
        {
            handler(message);
            return Task.CompletedTask;
        };
    }

    private void Add()
    {
        if (Volatile.Read(ref open).Count >= MaxOpen)
            throw new InvalidOperationException("10,000 comms are open, which is the maximum. Close unused ones.");
        Change(ref open, all => all.SetItem(Id, this));
    }

    private void Remove() => Change(ref open, all => all.Remove(Id));

    private static void Change<T>(ref T shared, Func<T, T> change)
        where T : class
    {
        for (var known = Volatile.Read(ref shared); ;)
        {
            var seen = Interlocked.CompareExchange(ref shared, change(known), known);
            if (seen == known) return;
            known = seen;
        }
    }

    private void Post(string type, object? data, object? metadata, IReadOnlyList<byte[]>? buffers) =>
        Host.PostComm(type, Id, Target, Json(data), Json(metadata), buffers ?? []);

    private static byte[] Json(object? value) => value is null ? "{}"u8.ToArray() : JsonValues.ToUtf8(JsonValues.Of(value));
}
