using System.Threading.Channels;
using JupyterKernel.Protocol;

namespace JupyterKernel.JupyterClient;

/// <summary>The channel of a request. A client sends requests on these channels only.</summary>
internal enum RequestChannel
{
    Shell,
    Control,
}

/// <summary>The kernel can no longer answer: its process has exited, or it does not speak the protocol.</summary>
internal sealed class KernelLostException(string message) : Exception(message);

/// <summary>A finished exchange.</summary>
/// <param name="Published">The messages published with the request as parent, from busy to idle.</param>
internal sealed record Response(Message Reply, IReadOnlyList<Message> Published);

/// <summary>The outcome of a cell: the reply, and whether this client interrupted the cell.</summary>
internal sealed record ExecutedCell(Message Reply, bool TimedOut, bool Cancelled)
{
    public string Status => (string?)Reply.Content["status"] ?? "";
}

/// <summary>
/// A request and its responses: the reply on the same channel, and the messages on iopub and stdin whose parent is the request. Written by
/// the client's poller thread, read by one reader.
/// </summary>
/// <param name="expectsReply">False for messages without a reply, such as comm_open.</param>
internal sealed class Exchange(bool expectsReply)
{
    private readonly Channel<Message> published =
        Channel.CreateUnbounded<Message>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    private readonly TaskCompletionSource<string> requestId = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Message> reply = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool idle;

    /// <summary>The message id of the request; completes when the request has been sent.</summary>
    public Task<string> RequestId => requestId.Task;

    /// <summary>The reply; faults with <see cref="KernelLostException"/> if none can arrive any more.</summary>
    public Task<Message> Reply => reply.Task;

    /// <summary>The published messages in the order of arrival, from busy to idle; then the channel completes.</summary>
    public ChannelReader<Message> Published => published.Reader;

    /// <summary>Completes when the reply and idle have arrived or can no longer arrive. Never faults.</summary>
    public Task Over => over.Task;

    internal void Sent(string id) => requestId.TrySetResult(id);

    internal void TakeReply(Message message)
    {
        reply.TrySetResult(message);
        EndIfOver();
    }

    /// <summary>Adds a published message; returns false after idle, because later messages are not part of the exchange.</summary>
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

        // Tasks that are awaited rethrow the exception; the others must not be reported as unobserved.
        _ = requestId.Task.Exception;
        _ = reply.Task.Exception;
        _ = published.Reader.Completion.Exception;
    }

    private void EndIfOver()
    {
        if (idle && (!expectsReply || reply.Task.IsCompleted)) over.TrySetResult();
    }
}
