using JupyterKernel.Hosting;
using JupyterKernel.Protocol;
using JupyterKernel.Sockets;

namespace JupyterKernel.Execution;

/// <summary>
/// Manages the open input requests of user code, magics and the kernel. Loop thread.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-stdin-router-dealer-channel
/// </summary>
internal sealed class Questions(JupyterSockets sockets)
{
    private readonly Dictionary<long, (Request Request, Action<string> Answer)> open = [];
    private readonly Queue<(string Question, TaskCompletionSource<bool> Answer)> confirmations = new();
    private RunningRequest? running;
    private long lastId;

    /// <summary>Begins a request; its client is asked the waiting questions.</summary>
    public void Begin(RunningRequest request)
    {
        running = request;
        Confirm();
    }

    /// <summary>Ends the request; late answers are dropped.</summary>
    public void End()
    {
        running = null;
        open.Clear();
    }

    /// <summary>Passes an input_reply to whatever sent the input request.</summary>
    public void Answer(Message message)
    {
        var asked = open.FirstOrDefault(question => question.Value.Request.Message.Identities
            .Zip(message.Identities).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second)));
        if (asked.Value.Answer is null) return;
        string value;
        try
        {
            value = WireFormat.FromJson<InputReply>(message.Content).Value;
        }
        catch (MalformedMessageException malformed)
        {
            Log.WarnOnce($"Malformed input_reply: {malformed.Message}");
            return;
        }

        open.Remove(asked.Key);
        asked.Value.Answer(value);
    }

    /// <summary>Sends an input request to the client of a request.</summary>
    /// <returns>The id of the question; null if the client cannot be reached.</returns>
    public long? Ask(Request request, InputRequest question, Action<string> answer)
    {
        var id = ++lastId;
        open[id] = (request, answer);
        if (sockets.AskInput(request, question)) return id;
        open.Remove(id);
        return null;
    }

    /// <summary>Sends an input request to the client of a request and waits for the answer.</summary>
    /// <returns>The answer; null if the client cannot be reached.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<string?> AskAsync(Request request, InputRequest question, CancellationToken cancellation)
    {
        var answer = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = cancellation.Register(() => answer.TrySetCanceled(cancellation));
        if (Ask(request, question, text => answer.TrySetResult(text)) is not { } id) return null;
        try
        {
            return await answer.Task;
        }
        finally
        {
            open.Remove(id);
        }
    }

    /// <summary>Asks a yes-or-no question as soon as a request runs; the answer is no if the client cannot be asked.</summary>
    public Task<bool> ConfirmAsync(string question)
    {
        var answer = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        confirmations.Enqueue((question, answer));
        Confirm();
        return answer.Task;
    }

    private void Confirm()
    {
        while (running is not null && confirmations.TryDequeue(out var confirmation))
        {
            var question = new InputRequest(confirmation.Question + " ", Password: false);
            var isAsked = running.AllowsQuestions
                && Ask(running.Request, question, text => confirmation.Answer.TrySetResult(text.Trim() is ['y' or 'Y', ..])) is not null;
            if (!isAsked) confirmation.Answer.TrySetResult(false);
        }
    }
}
