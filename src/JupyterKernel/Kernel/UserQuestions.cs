using JupyterKernel.Hosting;
using JupyterKernel.Protocol;
using JupyterKernel.Supervision;
using JupyterKernel.Link;

namespace JupyterKernel.Kernel;

/// <summary>
/// What the user is asked while a cell runs: by the cell's code, by a magic, or by the kernel. Loop thread.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-stdin-router-dealer-channel
/// </summary>
/// <param name="outputs">Tells who is to be asked.</param>
internal sealed class UserQuestions(JupyterSockets sockets, CellOutputs outputs)
{
    private readonly Dictionary<long, (Request Request, Action<string> Answer)> open = [];
    private readonly Queue<(string Question, TaskCompletionSource<bool> Answer)> confirmations = new();
    private readonly List<string> answers = [];

    // The worker numbers its own upwards.
    private long lastOwn;

    /// <summary>What the running cell, or its present block, was answered.</summary>
    public IReadOnlyList<string> Answers => [.. answers];

    /// <summary>A cell, or a block of one, begins.</summary>
    public void Begin()
    {
        answers.Clear();
        Confirm();
    }

    /// <summary>The cell has ended, and whoever answers late is not heard.</summary>
    public void End() => open.Clear();

    /// <summary>Hands an input_reply to whoever asked.</summary>
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
            Log.WarnOnce($"a malformed input_reply: {malformed.Message}");
            return;
        }

        open.Remove(asked.Key);
        asked.Value.Answer(value);
    }

    /// <summary>Asks what a cell's code asks.</summary>
    public void Ask(InputQuestion question, SupervisedWorker worker)
    {
        if (outputs.RequestOf(question.Cell) is not { } request) return;
        open[question.Question] = (request, text =>
        {
            answers.Add(text);
            worker.Answer(new InputAnswer(question.Question, text, null));
        });
        if (sockets.AskInput(request, new InputRequest(question.Prompt, question.Password))) return;
        open.Remove(question.Question);
        worker.Answer(new InputAnswer(question.Question, null, "The client that ran this cell has no stdin channel, so it cannot be asked."));
    }

    /// <summary>Asks for the running cell.</summary>
    /// <returns>The answer; null if the client takes no questions.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<string?> AskAsync(string prompt, bool password, CancellationToken cancellation)
    {
        if (!outputs.AllowsQuestions) return null;
        var id = --lastOwn;
        var answer = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = cancellation.Register(() => answer.TrySetCanceled(cancellation));
        open[id] = (outputs.Running!, text => answer.TrySetResult(text));
        if (!sockets.AskInput(outputs.Running!, new InputRequest(prompt, password))) answer.TrySetResult(null);
        try
        {
            return await answer.Task;
        }
        finally
        {
            open.Remove(id);
        }
    }

    /// <summary>Asks for yes or no, as soon as a cell runs. A client that takes no questions means no.</summary>
    public Task<bool> ConfirmAsync(string question)
    {
        var answer = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        confirmations.Enqueue((question, answer));
        Confirm();
        return answer.Task;
    }

    private void Confirm()
    {
        if (outputs.Running is not { } running) return;
        while (confirmations.TryDequeue(out var confirmation))
        {
            var id = --lastOwn;
            open[id] = (running, text => confirmation.Answer.TrySetResult(text.Trim().StartsWith('y') || text.Trim().StartsWith('Y')));
            if (outputs.AllowsQuestions && sockets.AskInput(running, new InputRequest(confirmation.Question + " ", Password: false))) continue;
            open.Remove(id);
            confirmation.Answer.TrySetResult(false);
        }
    }
}
