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
/// The comms between front ends and the worker's code, as front ends know them; and one target of the kernel's own, over which they read
/// the rows of large tables. What code listens to waits for its turn among the cells; a table's rows are told at once wherever reading
/// them runs no code. Loop thread.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#custom-messages
/// </summary>
/// <param name="enqueue">Has the message of a request handled when its turn comes, and says whether it is bracketed already; the handling is given its number.</param>
/// <param name="session">Tells which cells are executed again in a fresh worker, which opens their comms again.</param>
internal sealed class Comms(JupyterSockets sockets, Supervisor supervisor, Action<Request, bool, Func<long, CancellationToken, Task<CellOutcome>>> enqueue, NotebookSession session)
{
    /// <summary>The target of the tables. What it takes and tells is described at <c>TableQuery</c>.</summary>
    private const string TablesTarget = "jupyter-csharp.tables";

    /// <summary>More are not opened: a front end that opens them without end must not take all memory.</summary>
    private const int MaxOpen = 10_000;

    /// <summary>Opened by a front end, not by a cell.</summary>
    private const long NoCell = 0;

    private readonly Dictionary<string, (string Target, long Cell)> open = [];
    private readonly HashSet<string> targets = [];
    private SupervisedWorker? serving;

    /// <summary>Takes a comm's message that code listens to.</summary>
    /// <returns>False if there is none, and the message is to be handled at once.</returns>
    /// <exception cref="MalformedMessageException">The content is not what the message type says.</exception>
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

    /// <summary>Handles a comm's message at once.</summary>
    /// <exception cref="MalformedMessageException">The content is not what the message type says.</exception>
    public async Task<object?> HandleAsync(Request request)
    {
        var (id, target, data) = Read(request);
        switch (request.Type)
        {
            case "comm_open" when open.ContainsKey(id):
                break; // It is open already, and stays what it is.
            case "comm_open" when target == TablesTarget && open.Count < MaxOpen:
                open.Add(id, (TablesTarget, NoCell));
                break;
            case "comm_open": // #opening-a-comm: one to an unknown target is closed at once.
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

    /// <summary>The open comms, or those to one target.</summary>
    public CommInfoReply Info(CommInfoRequest request) => new(new JObject(open
        .Where(comm => request.TargetName is null || comm.Value.Target == request.TargetName)
        .Select(comm => new JProperty(comm.Key, new JObject { ["target_name"] = comm.Value.Target }))));

    /// <summary>Publishes what code says over a comm.</summary>
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
                return; // Said before the code could know that the front end has closed it.
        }

        sockets.Publish(output.Type, parent, WireFormat.ToJson(content), output.Payload[1], [.. output.Payload.Skip(2)]);
    }

    /// <summary>Code listens to a target; or will again, where it did in a worker that is lost.</summary>
    public void Listen(string target) => targets.Add(target);

    /// <summary>A worker serves from now on: comms that it does not have are closed, and those that front ends have closed are in it too.</summary>
    public void Serves(SupervisedWorker worker)
    {
        serving = worker;
        Close(comm => !worker.Comms.ContainsKey(comm));
        foreach (var (id, target) in worker.Comms.Where(comm => !open.ContainsKey(comm.Key)).ToList())
        {
            var number = session.NextNumber();
            _ = worker.HandleAsync(number, new CommArrived(number, "comm_close", id, target) { Payload = ["{}"u8.ToArray(), "{}"u8.ToArray()] });
        }
    }

    /// <summary>A worker has ended. Those of its comms that no cell will open again are closed.</summary>
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

        // There is no worker just now, or the rows' own code has to run: after the cells that were sent before.
        var told = new TaskCompletionSource();
        enqueue(request, true, async (number, cancellation) =>
        {
            try
            {
                var outcome = await supervisor.HandleAsync(worker => worker.HandleAsync(number, new ReadTableInTurn(number) { Payload = [query] }), cancellation);
                Tell(outcome is CellOutcome.Returned { Data: { } late } ? late : WireFormat.ToJson(new JObject
                {
                    ["id"] = (content as JObject)?["id"],
                    ["error"] = outcome is CellOutcome.Interrupted { Why: null } ? "Reading the rows was interrupted." : Traceback.Of(outcome, session.SourceLine)?.Evalue,
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
            if (open.ContainsKey(comm)) sockets.Publish("comm_msg", request, WireFormat.ToJson(new JObject { ["comm_id"] = comm, ["data"] = new JRaw(Encoding.UTF8.GetString(answer)) }));
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
                var said = WireFormat.FromJson<CommMessage>(request.Message.Content);
                return (said.CommId, null, said.Data ?? new JObject());
            default:
                var closed = WireFormat.FromJson<CommClose>(request.Message.Content);
                return (closed.CommId, null, closed.Data ?? new JObject());
        }
    }
}
