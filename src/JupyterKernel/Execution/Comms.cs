using System.Text;
using JupyterKernel.Hosting;
using JupyterKernel.Protocol;
using JupyterKernel.Session;
using JupyterKernel.Sockets;
using JupyterKernel.Supervision;
using JupyterKernel.Link;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Execution;

/// <summary>
/// Manages the comms between front ends and user code, and a target of the kernel itself through which front ends read rows of large
/// tables. Messages for user code are queued with the cells; rows are sent immediately if reading them runs no user code. Loop thread.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#custom-messages
/// </summary>
/// <param name="enqueue">
/// Queues the handling of a request. The flag states whether busy and idle are published elsewhere; the handler receives its own number.
/// </param>
/// <param name="session">The history: its cells reopen their comms when they are replayed.</param>
internal sealed class Comms(JupyterSockets sockets, Supervisor supervisor,
    Action<Request, bool, Func<long, CancellationToken, Task<CellOutcome>>> enqueue, NotebookSession session)
{
    /// <summary>The name of the target for tables; <c>TableQuery</c> describes its messages.</summary>
    private const string TablesTarget = "jupyter-csharp.tables";

    /// <summary>The maximum number of open comms, so that a front end cannot exhaust the memory.</summary>
    private const int MaxOpen = 10_000;

    /// <summary>The owner of a comm that a front end opened.</summary>
    private const long NoCell = 0;

    private readonly Dictionary<string, (string Target, long Cell)> open = [];
    private readonly HashSet<string> targets = [];
    private SupervisedWorker? serving;

    /// <summary>Queues a comm message that user code listens to.</summary>
    /// <returns>False if no code listens to the message; it is then to be handled immediately.</returns>
    /// <exception cref="MalformedMessageException">The content does not match the message type.</exception>
    public bool TryEnqueue(Request request)
    {
        var (id, target, data) = Read(request);
        switch (request.Type)
        {
            case "comm_open" when targets.Contains(target!) && open.Count < MaxOpen && open.TryAdd(id, (target!, NoCell)):
                break;
            case "comm_msg" or "comm_close" when open.TryGetValue(id, out var known) && known.Target != TablesTarget:
                target = known.Target;
                if (request.Type == "comm_close") open.Remove(id);
                break;
            default:
                return false;
        }

        byte[][] payload = [WireFormat.ToJson(data), WireFormat.ToJson(request.Message.Metadata), .. request.Message.Buffers];
        enqueue(request, false, (number, cancellation) => supervisor.HandleAsync(worker =>
            request.Type == "comm_open" || worker.Comms.ContainsKey(id)
                ? worker.HandleAsync(number, new CommArrived(number, request.Type, id, target!) { Payload = payload })
                : Task.FromResult<CellOutcome>(new CellOutcome.Returned(null, null)), cancellation));
        return true;
    }

    /// <summary>Handles a comm message immediately.</summary>
    /// <exception cref="MalformedMessageException">The content does not match the message type.</exception>
    public async Task<object?> HandleAsync(Request request)
    {
        var (id, target, data) = Read(request);
        switch (request.Type)
        {
            case "comm_open" when open.ContainsKey(id):
        break; // The comm is already open and does not change.
            case "comm_open" when target == TablesTarget && open.Count < MaxOpen:
                open.Add(id, (TablesTarget, NoCell));
                break;
            case "comm_open": // #opening-a-comm: a comm to an unknown target is closed at once.
                PublishClose(id, request);
                break;
            case "comm_msg" when open.ContainsKey(id):
                await TellRowsAsync(request, id, data);
                break;
            case "comm_close":
                open.Remove(id);
                break;
        }

        return null;
    }

    /// <summary>Lists the open comms of a target, or all.</summary>
    public CommInfoReply Info(CommInfoRequest request) => new(new JObject(open
        .Where(comm => request.TargetName is null || comm.Value.Target == request.TargetName)
        .Select(comm => new JProperty(comm.Key, new JObject { ["target_name"] = comm.Value.Target }))));

    /// <summary>Publishes a comm message that user code sent.</summary>
    /// <param name="parent">The request that the code belongs to.</param>
    public void Output(CommOutput output, Request? parent)
    {
        JObject content = new() { ["comm_id"] = output.Comm, ["data"] = new JRaw(Encoding.UTF8.GetString(output.Payload[0])) };
        switch (output.Type)
        {
            case "comm_open":
                open[output.Comm] = (output.Target, output.Cell);
                content["target_name"] = output.Target;
                break;
            case "comm_close" when !open.Remove(output.Comm):
            case "comm_msg" when !open.ContainsKey(output.Comm):
        return; // Sent before the code received the front end's comm_close.
        }

        sockets.Publish(output.Type, parent, WireFormat.ToJson(content), output.Payload[1], [.. output.Payload.Skip(2)]);
    }

    /// <summary>
    /// Registers a target of user code; it stays registered when its worker is lost, because a replay registers it again.
    /// </summary>
    public void Listen(string target) => targets.Add(target);

    /// <summary>
    /// Synchronizes the comms with a worker that now serves: closes the comms that the worker does not have, and closes in the worker those
    /// that front ends have closed.
    /// </summary>
    public void Serves(SupervisedWorker worker)
    {
        serving = worker;
        Close(comm => !worker.Comms.ContainsKey(comm));
        foreach (var (id, target) in worker.Comms.Where(comm => !open.ContainsKey(comm.Key)).ToList())
        {
            var number = session.NextNumber();
            _ = worker.HandleAsync(number,
                new CommArrived(number, "comm_close", id, target) { Payload = ["{}"u8.ToArray(), "{}"u8.ToArray()] });
        }
    }

    /// <summary>Closes the comms of a worker that has ended, except those of accepted cells, which the replay reopens.</summary>
    public void Ended(SupervisedWorker worker)
    {
        if (worker == serving) Close(comm => !session.Accepted.Any(cell => cell.Number == open[comm].Cell));
    }

    private void Close(Func<string, bool> isGone)
    {
        foreach (var id in open.Where(comm => comm.Value.Target != TablesTarget && isGone(comm.Key)).Select(comm => comm.Key).ToList())
        {
            open.Remove(id);
            PublishClose(id, null);
        }
    }

    private void PublishClose(string id, Request? parent) =>
        sockets.Publish("comm_close", parent, WireFormat.ToJson(new JObject { ["comm_id"] = id, ["data"] = new JObject() }));

    private async Task TellRowsAsync(Request request, string comm, JToken content)
    {
        var query = WireFormat.ToJson(content);
        if (await supervisor.ReadTableAsync(query) is { } rows)
        {
            Tell(rows);
            return;
        }

        // There is no worker at present, or reading the rows runs code, so the request is queued after the cells received before.
        var told = new TaskCompletionSource();
        enqueue(request, true, async (number, cancellation) =>
        {
            try
            {
                var outcome = await supervisor.HandleAsync(
                    worker => worker.HandleAsync(number, new ReadTableInTurn(number) { Payload = [query] }), cancellation);
                Tell(outcome is CellOutcome.Returned { Data: { } late } ? late : WireFormat.ToJson(new JObject
                {
                    ["id"] = (content as JObject)?["id"],
                    ["error"] = outcome is CellOutcome.Interrupted { Why: null } ? "Reading the rows was interrupted."
                        : Traceback.Of(outcome, session.SourceLine)?.Evalue,
                }));
                return new CellOutcome.Returned(null, null);
            }
            finally
            {
                told.SetResult();
            }
        });
        await told.Task;

        void Tell(byte[] answer)
        {
            if (open.ContainsKey(comm))
            {
                sockets.Publish("comm_msg", request,
                    WireFormat.ToJson(new JObject { ["comm_id"] = comm, ["data"] = new JRaw(Encoding.UTF8.GetString(answer)) }));
            }
        }
    }

    private static (string Id, string? Target, JToken Data) Read(Request request)
    {
        switch (request.Type)
        {
            case "comm_open":
                var opened = WireFormat.FromJson<CommOpen>(request.Message.Content);
                return (opened.CommId, opened.TargetName, opened.Data ?? new JObject());
            case "comm_msg":
                var said = WireFormat.FromJson<CommMsg>(request.Message.Content);
                return (said.CommId, null, said.Data ?? new JObject());
            default:
                var closed = WireFormat.FromJson<CommClose>(request.Message.Content);
                return (closed.CommId, null, closed.Data ?? new JObject());
        }
    }
}
