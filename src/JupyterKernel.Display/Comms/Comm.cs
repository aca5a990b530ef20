using System.Collections.Immutable;
using System.Diagnostics;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Hosting;

namespace JupyterKernel.Display;

/// <summary>
/// A line between code of a cell and code in a front end: both send JSON and bytes, whenever they want. What handlers do runs on the
/// cells' thread, when no cell runs; what they show or throw belongs to the message they got. Any thread may send.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#custom-messages
/// </summary>
/// <remarks>
/// In a fresh worker (after a crash, or a planned replacement) the comms that cells opened are there again, since the cells are executed
/// again; those that a front end or a handler opened are closed.
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

    // Immutable and exchanged, not locked: who is interrupted while holding a lock would leave it taken.
    private static ImmutableDictionary<string, Comm> open = ImmutableDictionary<string, Comm>.Empty;
    private static ImmutableDictionary<string, Func<Comm, CommMessage, Task>> targets = ImmutableDictionary<string, Func<Comm, CommMessage, Task>>.Empty;

    private Func<CommMessage, Task>? received;
    private Func<CommMessage, Task>? closed;

    private Comm(string id, string target) => (Id, Target) = (id, target);

    /// <summary>What both sides know it by.</summary>
    public string Id { get; }

    /// <summary>The name of what it was opened to.</summary>
    public string Target { get; }

    /// <summary>Whether either side has closed it.</summary>
    public bool IsClosed => !Volatile.Read(ref open).ContainsKey(Id);

    /// <summary>Opens a comm to a target that front ends have registered; one that has not closes it again.</summary>
    /// <param name="target">The target's name; <c>"jupyter.widget"</c> for widgets.</param>
    /// <param name="data">Any value that can be JSON.</param>
    /// <param name="metadata">The same, beside it.</param>
    /// <param name="buffers">Binary data beside it.</param>
    /// <exception cref="InvalidOperationException">This is no notebook, or 10,000 comms are open.</exception>
    public static Comm Open(string target, object? data = null, object? metadata = null, IReadOnlyList<byte[]>? buffers = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(target);
        var comm = new Comm(Host.NewId("comm"), target);
        comm.Add();
        comm.Post("comm_open", data, metadata, buffers);
        return comm;
    }

    /// <summary>Lets front ends open comms to a target. The handler is called with each new comm, and with what came with its opening.</summary>
    /// <exception cref="InvalidOperationException">This is no notebook.</exception>
    public static void Register(string target, Action<Comm, CommMessage> opened)
    {
        ArgumentNullException.ThrowIfNull(opened);
        Register(target, (comm, message) =>
        {
            opened(comm, message);
            return Task.CompletedTask;
        });
    }

    /// <summary>The same for a handler that awaits.</summary>
    /// <exception cref="InvalidOperationException">This is no notebook.</exception>
    public static void Register(string target, Func<Comm, CommMessage, Task> opened)
    {
        ArgumentException.ThrowIfNullOrEmpty(target);
        ArgumentNullException.ThrowIfNull(opened);
        var host = Host;
        Change(ref targets, all => all.SetItem(target, opened));
        host.ListenForComms(target);
    }

    /// <summary>Has a handler called with each message of the front end, in place of the one before.</summary>
    public void OnMessage(Action<CommMessage> handler) => received = Awaited(handler);

    /// <summary>The same for a handler that awaits.</summary>
    public void OnMessage(Func<CommMessage, Task> handler) => received = handler;

    /// <summary>Has a handler called when the front end closes the comm, in place of the one before.</summary>
    public void OnClose(Action<CommMessage> handler) => closed = Awaited(handler);

    /// <summary>The same for a handler that awaits.</summary>
    public void OnClose(Func<CommMessage, Task> handler) => closed = handler;

    /// <summary>Sends to all front ends that have the comm.</summary>
    /// <param name="data">Any value that can be JSON.</param>
    /// <param name="metadata">The same, beside it.</param>
    /// <param name="buffers">Binary data beside it.</param>
    /// <exception cref="InvalidOperationException">It is closed.</exception>
    public void Send(object? data = null, object? metadata = null, IReadOnlyList<byte[]>? buffers = null)
    {
        if (IsClosed) throw new InvalidOperationException($"The comm to {Target} is closed.");
        Post("comm_msg", data, metadata, buffers);
    }

    /// <summary>Closes it, on both sides. Nothing where that was done before.</summary>
    /// <param name="data">What to say with it.</param>
    public void Close(object? data = null)
    {
        if (!IsClosed) Post("comm_close", data, null, null);
        Remove();
    }

    /// <summary>The same as <see cref="Close"/>.</summary>
    public void Dispose() => Close();

    /// <summary>Takes what a front end sent: on the cells' thread.</summary>
    internal static Task ReceiveAsync(string type, string id, string target, CommMessage message)
    {
        if (type == "comm_open") return OpenedAsync(new Comm(id, target), message);
        if (!Volatile.Read(ref open).TryGetValue(id, out var comm)) return Task.CompletedTask;
        if (type == "comm_close") comm.Remove();
        return (type == "comm_close" ? comm.closed : comm.received)?.Invoke(message) ?? Task.CompletedTask;
    }

    /// <summary>A comm that cannot be opened on this side is closed on the other.</summary>
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

    private static INotebookHost Host => NotebookHost.Current ?? throw new InvalidOperationException("There is no front end to open a comm to: this is no notebook.");

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
        if (Volatile.Read(ref open).Count >= MaxOpen) throw new InvalidOperationException("10,000 comms are open: close those that nobody needs.");
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
