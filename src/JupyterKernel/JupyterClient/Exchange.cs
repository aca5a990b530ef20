using System.Threading.Channels;
using JupyterKernel.Protocol;

namespace JupyterKernel.JupyterClient;

/// <summary>Where a request goes; the other channels carry no requests of a client.</summary>
internal enum RequestChannel
{
    Shell,
    Control,
}

/// <summary>Thrown where a kernel can answer no more: its process is gone, or it does not speak the protocol.</summary>
internal sealed class KernelLostException(string message) : Exception(message);

/// <summary>A finished exchange.</summary>
/// <param name="Published">What was published with the request as parent, from busy to idle.</param>
internal sealed record Response(Message Reply, IReadOnlyList<Message> Published);

/// <summary>How a cell ended: the reply, and whether it was us who ended it early.</summary>
internal sealed record ExecutedCell(Message Reply, bool TimedOut, bool Cancelled)
{
    public string Status => (string?)Reply.Content["status"] ?? "";
}

/// <summary>
/// One request and all that comes back for it: the reply on the channel it was sent on, and what is published on
/// iopub or asked on stdin with the request as parent. The client's poller thread fills it; one reader takes from it.
/// </summary>
/// <param name="expectsReply">False for messages that are no requests, such as comm_open.</param>
internal sealed class Exchange(bool expectsReply)
{
    private readonly Channel<Message> published =
        Channel.CreateUnbounded<Message>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    private readonly TaskCompletionSource<string> requestId = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Message> reply = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool idle;

    /// <summary>The request's message id, there as soon as it is sent.</summary>
    public Task<string> RequestId => requestId.Task;

    /// <summary>The reply; fails with <see cref="KernelLostException"/> where none can come any more.</summary>
    public Task<Message> Reply => reply.Task;

    /// <summary>Messages in the order they came, from the busy status to the idle status, where it ends.</summary>
    public ChannelReader<Message> Published => published.Reader;

    /// <summary>Completes when nothing more is owed: reply and idle status are there, or will never be. Never fails.</summary>
    public Task Over => over.Task;

    internal void Sent(string id) => requestId.TrySetResult(id);

    internal void TakeReply(Message message)
    {
        reply.TrySetResult(message);
        EndIfOver();
    }

    /// <summary>False for what comes after the idle status: it is not part of the exchange any more.</summary>
    internal bool TryTakePublished(Message message)
    {
        if (!published.Writer.TryWrite(message)) return false;
        if (message.Header.MsgType == "status" && (string?)message.Content["execution_state"] == "idle")
        {
            idle = true;
            published.Writer.TryComplete();
            EndIfOver();
        }

        return true;
    }

    internal void Fail(Exception reason)
    {
        requestId.TrySetException(reason);
        reply.TrySetException(reason);
        published.Writer.TryComplete(reason);
        over.TrySetResult();

        // Who waits for one of them hears of it; the others must not be reported as unobserved.
        _ = requestId.Task.Exception;
        _ = reply.Task.Exception;
        _ = published.Reader.Completion.Exception;
    }

    private void EndIfOver()
    {
        if (idle && (!expectsReply || reply.Task.IsCompleted)) over.TrySetResult();
    }
}
