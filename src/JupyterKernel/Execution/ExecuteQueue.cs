using System.Diagnostics;
using JupyterKernel.Hosting;
using JupyterKernel.NotebookFiles;
using JupyterKernel.Protocol;
using JupyterKernel.Session;
using JupyterKernel.Sockets;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Execution;

/// <summary>Queues the requests that run user code: cells and messages to comm handlers. One request runs at a time. Loop thread.</summary>
internal sealed class ExecuteQueue(SessionServices services)
{
    /// <summary>The delay from the end of a comm handler until its changes are recorded, if no cell comes first.</summary>
    private static readonly TimeSpan KeepDelay = TimeSpan.FromSeconds(1);

    /// <summary>The pause after which a client that sends cells ahead is considered to have sent them all.</summary>
    private static readonly TimeSpan BurstPause = TimeSpan.FromMilliseconds(100);

    /// <summary>The time in which a client can send a second cell after one that fails immediately.</summary>
    private static readonly TimeSpan BurstStart = TimeSpan.FromMilliseconds(10);

    /// <summary>The maximum time for which the reply to a failed cell is delayed while the client keeps sending cells.</summary>
    private static readonly TimeSpan MaxBurst = TimeSpan.FromSeconds(2);

    private readonly Queue<Waiting> waiting = new();
    private bool hasUnkeptChanges;
    private long changedAt = Stopwatch.GetTimestamp();

    /// <summary>The running request; null if there is none.</summary>
    public RunningRequest? Running { get; private set; }

    /// <summary>The execution count of the latest cell.</summary>
    public int ExecutionCount { get; private set; }

    /// <summary>The time since a request last began or ended.</summary>
    public TimeSpan CalmFor => Stopwatch.GetElapsedTime(changedAt);

    /// <summary>Queues an execute_request.</summary>
    /// <exception cref="MalformedMessageException">The content is not that of an execute_request.</exception>
    public void Add(Request request)
    {
        var content = WireFormat.FromJson<ExecuteRequest>(request.Message.Content) with { Language = LanguageIn(request.Message.Metadata) };
        request = request with { Message = request.Message.WithoutContent() };
        Enqueue(new(request, IsCell: true, abortFollowing =>
        {
            if (RunningCell.IsCounted(content)) ExecutionCount++;
            KeepChanges();
            return new RunningCell(services, request, content, ExecutionCount, abortFollowing);
        }));
    }

    /// <summary>Queues a comm message.</summary>
    /// <param name="isBracketed">Whether busy and idle are published elsewhere.</param>
    /// <param name="handle">Passes the message, under a number of its own, to the worker.</param>
    public void Add(Request request, bool isBracketed, Func<long, CancellationToken, Task<CellOutcome>> handle)
    {
        request = request with { Message = request.Message.WithoutContent() };
        Enqueue(new(request, IsCell: false, _ => new RunningHandler(services, request, isBracketed, handle)));
    }

    /// <summary>Interrupts the running request or, if there is none, a planned replacement of the worker.</summary>
    public void Interrupt()
    {
        if (Running is { } running) running.Interrupt();
        else services.Supervisor.CancelRecycling();
    }

    private void Enqueue(Waiting next)
    {
        waiting.Enqueue(next);
        if (Running is null) _ = WorkOffAsync();
    }

    private async Task WorkOffAsync()
    {
        while (waiting.TryDequeue(out var next))
        {
            var aborted = new List<Request>();
            changedAt = Stopwatch.GetTimestamp();
            Running = next.Begin(async () =>
            {
                await EndOfBurstAsync(next.Request);
                aborted.AddRange(TakeWaitingCells());
            });
            services.Questions.Begin(Running);
            try
            {
                await Running.RunAsync();
            }
            catch (Exception bug)
            {
                Log.Bug(bug);
                await Running.FailAsync(ErrorReply.OfBug(bug));
            }

            services.Questions.End();
            services.Notices.End();
            foreach (var request in aborted) Abort(request);
            if (!next.IsCell) KeepChangesSoon();
            Running = null;
            changedAt = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>Records the changes of a comm handler, because a replay does not repeat them.</summary>
    private void KeepChanges()
    {
        if (hasUnkeptChanges) _ = services.Commits.KeepChangesAsync();
        hasUnkeptChanges = false;
    }

    private async void KeepChangesSoon()
    {
        if (hasUnkeptChanges) return;
        hasUnkeptChanges = true;
        do await Task.Delay(KeepDelay);
        while (hasUnkeptChanges && Running is not null);
        KeepChanges();
    }

    /// <summary>
    /// Waits until a client has sent all the cells that it sends ahead. Cells received before the failure is published were sent without
    /// knowledge of it; so no clock of the client is needed. Delays a client that sends one cell at a time by at most
    /// <see cref="BurstStart"/>.
    /// </summary>
    private async Task EndOfBurstAsync(Request failed)
    {
        var (began, client) = (Stopwatch.GetTimestamp(), failed.Client);
        while (Stopwatch.GetElapsedTime(began) < MaxBurst)
        {
            services.Sockets.ReceiveRequests();
            var last = waiting.LastOrDefault(next => next.IsCell && next.Request.Client == client)?.Request;
            var left = (last is null ? BurstStart : BurstPause) - Stopwatch.GetElapsedTime((last ?? failed).ReceivedAt);
            if (left <= TimeSpan.Zero) return;
            await Task.Delay(left);
        }
    }

    /// <summary>Removes all received cells, of any client, from the queue.</summary>
    private List<Request> TakeWaitingCells()
    {
        services.Sockets.ReceiveRequests();
        List<Request> cells = [.. waiting.Where(next => next.IsCell).Select(next => next.Request)];
        Waiting[] others = [.. waiting.Where(next => !next.IsCell)];
        waiting.Clear();
        foreach (var other in others) waiting.Enqueue(other);
        return cells;
    }

    private void Abort(Request request)
    {
        services.Sockets.Publish("status", request, WireFormat.ToJson(Status.Busy));
        services.Sockets.Reply(request, WireFormat.ToJson(StatusReply.Aborted), WireFormat.ToJson(new JObject { ["status"] = "aborted" }));
        services.Sockets.Publish("status", request, WireFormat.ToJson(Status.Idle));
    }

    /// <summary>
    /// Returns the language in a cell's metadata, which some front ends send; null for C#.
    /// Source: https://github.com/dotnet/interactive/blob/main/docs/kernels-overview.md
    /// </summary>
    private static string? LanguageIn(JObject metadata) =>
        metadata.Count > 0 && Cell.LanguageIn(metadata) is { } language && CellLanguage.Find(language) != CellLanguage.CSharp ? language
            : null;

    /// <summary>A queued request.</summary>
    /// <param name="Begin">Creates the running request from the function that aborts the cells sent after it.</param>
    private sealed record Waiting(Request Request, bool IsCell, Func<Func<Task>, RunningRequest> Begin);
}
