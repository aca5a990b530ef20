using JupyterKernel.Protocol;
using JupyterKernel.Sockets;

namespace JupyterKernel.Execution;

/// <summary>
/// A request whose code runs now: a cell, or a message to a comm's handler. It owns its state from busy to idle and is dropped as a whole. Loop thread.
/// </summary>
internal abstract class RunningRequest(Request request)
{
    private readonly CancellationTokenSource interruption = new();

    /// <summary>The request.</summary>
    public Request Request => request;

    /// <summary>Whether the request's client can be asked.</summary>
    public virtual bool AllowsQuestions => false;

    /// <summary>Takes the user's answers to the code's questions, for replays; null if they are not kept.</summary>
    public virtual IList<string>? Answers => null;

    /// <summary>Cancelled when the user interrupts the request.</summary>
    public CancellationToken Interruption => interruption.Token;

    /// <summary>Ends the request, whichever step it is at.</summary>
    public void Interrupt() => interruption.Cancel();

    /// <summary>Runs the code, and publishes and answers what the protocol asks for, from busy to idle.</summary>
    public abstract Task RunAsync();

    /// <summary>Publishes and answers what the protocol asks for when the kernel itself failed to run the code, up to idle.</summary>
    public abstract Task FailAsync(ErrorReply error);
}
