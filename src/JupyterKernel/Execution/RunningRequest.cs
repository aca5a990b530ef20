using JupyterKernel.Protocol;
using JupyterKernel.Sockets;

namespace JupyterKernel.Execution;

/// <summary>
/// A request whose code is running: a cell, or a message to a comm handler. It owns all state from busy to idle. Loop thread.
/// </summary>
internal abstract class RunningRequest(Request request)
{
    private readonly CancellationTokenSource interruption = new();

    /// <summary>The request.</summary>
    public Request Request => request;

    /// <summary>Whether the request's client supports input requests.</summary>
    public virtual bool AllowsQuestions => false;

    /// <summary>Collects the user's answers to the code's input requests, for replays; null if they are not kept.</summary>
    public virtual IList<string>? Answers => null;

    /// <summary>Cancelled when the user interrupts the request.</summary>
    public CancellationToken Interruption => interruption.Token;

    /// <summary>Interrupts the request, whatever it is doing.</summary>
    public void Interrupt() => interruption.Cancel();

    /// <summary>Runs the code and sends everything that the protocol requires, from busy to idle.</summary>
    public abstract Task RunAsync();

    /// <summary>Sends what the protocol still requires, up to idle, when the kernel itself failed to run the code.</summary>
    public abstract Task FailAsync(ErrorReply error);
}
