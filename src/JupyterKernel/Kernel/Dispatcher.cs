using System.Runtime.ExceptionServices;
using JupyterKernel.Execution;
using JupyterKernel.History;
using JupyterKernel.Hosting;
using JupyterKernel.Protocol;
using JupyterKernel.Sockets;
using JupyterKernel.Supervision;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Kernel;

/// <summary>
/// Handles requests by one table of all message types. Each request is bracketed by busy and idle. Code waits for its turn in the execute
/// queue; all other requests are answered immediately, including while a cell runs. Loop thread.
/// </summary>
internal sealed class Dispatcher
{
    private readonly JupyterSockets sockets;
    private readonly ExecuteQueue queue;
    private readonly HistoryStore history;
    private readonly Action shutDown;
    private readonly UsageMeter usage = new();
    private readonly LateSubscribers lateSubscribers = new();
    private readonly Dictionary<string, Route> routes;

    /// <param name="connection">The ports, for connect_request.</param>
    /// <param name="shutDown">Shuts down the kernel.</param>
    public Dispatcher(
        ConnectionFile connection, JupyterSockets sockets, ExecuteQueue queue, Comms comms, LanguageRequests language, HistoryStore history,
        Supervisor supervisor, Action shutDown)
    {
        (this.sockets, this.queue, this.history, this.shutDown) = (sockets, queue, history, shutDown);
        routes = new()
        {
            ["execute_request"] = new(Queue: request =>
            {
                queue.Add(request);
                return true;
            }),
            ["comm_open"] = new(comms.HandleAsync, comms.TryEnqueue) { HasReply = false },
            ["comm_msg"] = new(comms.HandleAsync, comms.TryEnqueue) { HasReply = false },
            ["comm_close"] = new(comms.HandleAsync, comms.TryEnqueue) { HasReply = false },
            ["comm_info_request"] = Answered(request => comms.Info(WireFormat.FromJson<CommInfoRequest>(request.Message.Content))),
            ["complete_request"] = new(language.CompleteAsync),
            ["inspect_request"] = new(language.InspectAsync),
            ["is_complete_request"] = new(language.IsCompleteAsync),
            ["history_request"] = new(HistoryAsync),
            ["kernel_info_request"] = Answered(_ => KernelInfo.Reply),
            ["connect_request"] = Answered(_ => new ConnectReply(
                connection.ShellPort, connection.IopubPort, connection.StdinPort, connection.HeartbeatPort, connection.ControlPort)),
            ["interrupt_request"] = Answered(_ =>
            {
                queue.Interrupt();
                return StatusReply.Ok;
            }),
            ["usage_request"] = Answered(_ => usage.Measure(supervisor.Current?.Usage)),
            ["shutdown_request"] = Answered(ShutDown),
        };
    }

    /// <summary>Handles a request.</summary>
    public void Handle(Request request)
    {
        var route = routes.GetValueOrDefault(request.Type);
        Exception? refused = null;
        try
        {
            if (route?.Queue?.Invoke(request) == true) return;
        }
        catch (Exception malformed)
        {
            // Reported between busy and idle, as for every other request.
            refused = malformed;
        }

        _ = HandleAsync(request, route, refused);
    }

    /// <summary>
    /// Publishes the status that a new subscriber may have missed: idle for its kernel_info_request, and busy while a cell runs.
    /// </summary>
    public void Inform() => PublishIdle(lateSubscribers.Unaware());

    private async Task HandleAsync(Request request, Route? route, Exception? refused)
    {
        sockets.Publish("status", request, WireFormat.ToJson(Status.Busy));
        try
        {
            if (refused is not null) ExceptionDispatchInfo.Throw(refused);
            if (route is null)
            {
                Log.WarnOnce($"Unknown message type '{(request.Type.Length > 100 ? request.Type[..100] + "…" : request.Type)}'.");
            }
            else if (await route.Answer!(request) is { } content) sockets.Reply(request, WireFormat.ToJson(content));
        }
        catch (MalformedMessageException malformed)
        {
            Log.WarnOnce($"Malformed {request.Type}: {malformed.Message}");
            if (route!.HasReply)
            {
                sockets.Reply(request, WireFormat.ToJson(new ErrorReply("MalformedRequest", malformed.Message, [malformed.Message])));
            }
        }
        catch (Exception bug)
        {
            Log.Bug(bug);
            var error = ErrorReply.OfBug(bug);
            if (route is not { HasReply: true, Queue: null })
            {
                sockets.Publish("error", request, WireFormat.ToJson(new Error(error.Ename, error.Evalue, error.Traceback)));
            }
            if (route is { HasReply: true }) sockets.Reply(request, WireFormat.ToJson(error));
        }

        lateSubscribers.Answered(request);
        PublishIdle([request]);
    }

    private void PublishIdle(IEnumerable<Request> requests)
    {
        foreach (var request in requests) sockets.Publish("status", request, WireFormat.ToJson(Status.Idle));

        // Front ends show the last status whatever its parent; while a cell runs it must not be idle.
        if (queue.Running is { } running) sockets.Publish("status", running.Request, WireFormat.ToJson(Status.Busy));
    }

    private async Task<object?> HistoryAsync(Request request)
    {
        var content = WireFormat.FromJson<HistoryRequest>(request.Message.Content);
        var entries = await history.QueryAsync(content);
        return new HistoryReply([.. entries.Select(entry => new JArray(
            entry.Session, entry.Line, content.Output ? new JArray(entry.Input, entry.Output!) : JValue.CreateString(entry.Input)))]);
    }

    private ShutdownReply ShutDown(Request request)
    {
        var reply = new ShutdownReply(WireFormat.FromJson<ShutdownRequest>(request.Message.Content).Restart);
        sockets.Publish("shutdown_reply", request, WireFormat.ToJson(reply));
        shutDown();
        return reply;
    }

    private static Route Answered(Func<Request, object> answer) => new(request => Task.FromResult<object?>(answer(request)));

    /// <summary>Defines how requests of one type are handled.</summary>
    /// <param name="Answer">Creates the reply's content; null for no reply.</param>
    /// <param name="Queue">Adds the request to the execute queue if it must wait for its turn, and returns whether it did.</param>
    private sealed record Route(Func<Request, Task<object?>>? Answer = null, Func<Request, bool>? Queue = null)
    {
        /// <summary>
        /// Whether the message type has a reply.
        /// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#custom-messages
        /// </summary>
        public bool HasReply { get; init; } = true;
    }
}
