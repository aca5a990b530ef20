using JupyterKernel.Protocol;
using JupyterKernel.Session;
using JupyterKernel.Sockets;

namespace JupyterKernel.Execution;

/// <summary>
/// A comm message while user code handles it. The outputs belong to the message; an error ends only the handler. Loop thread.
/// </summary>
/// <param name="isBracketed">Whether busy and idle are published elsewhere.</param>
/// <param name="handle">Passes the message, under a number of its own, to the worker.</param>
internal sealed class RunningHandler(SessionServices services, Request request, bool isBracketed,
    Func<long, CancellationToken, Task<CellOutcome>> handle)
    : RunningRequest(request)
{
    /// <inheritdoc/>
    public override async Task RunAsync()
    {
        if (!isBracketed) Publish("status", Status.Busy);
        var number = services.Session.NextNumber();
        services.Outputs.Add(number, Request, silent: false);
        var outcome = await handle(number, Interruption);
        if (outcome is CellOutcome.Interrupted { Why: null })
        {
            outcome = new CellOutcome.Interrupted("The comm message handler was interrupted.");
        }
        if (Traceback.Of(outcome, services.Session.SourceLine) is { } error)
        {
            Publish("error", new Error(error.Ename, error.Evalue, error.Lines));
        }
        if (!isBracketed) Publish("status", Status.Idle);
        services.Outputs.Remove(number);
    }

    /// <inheritdoc/>
    public override Task FailAsync(ErrorReply error)
    {
        Publish("error", new Error(error.Ename, error.Evalue, error.Traceback));
        if (!isBracketed) Publish("status", Status.Idle);
        return Task.CompletedTask;
    }

    private void Publish(string type, object content) => services.Sockets.Publish(type, Request, WireFormat.ToJson(content));
}
