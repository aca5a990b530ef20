using System.Collections.Concurrent;
using JupyterKernel.Link;

namespace JupyterKernel.Worker.Console;

/// <summary>
/// Console.In: each line is an input request to the user. A waiting reader blocks and can be interrupted. Any thread reads;
/// the channel thread answers.
/// </summary>
internal sealed class StdinReader(ConsoleCapture console) : TextReader
{
    private readonly ConcurrentDictionary<long, TaskCompletionSource<string>> questions = new();
    private long lastQuestion;
    private string pending = "";

    private IReadOnlyList<string> recorded = [];
    private int answered;

    /// <summary>Whether the client of the running cell supports input requests.</summary>
    public bool Allowed { get; private set; }

    /// <summary>Prepares for a new cell.</summary>
    /// <param name="allowed">Whether the cell's client supports input requests.</param>
    /// <param name="answers">In a replay, the user's answers from the first run of the cell.</param>
    public void Begin(bool allowed, IReadOnlyList<string> answers)
    {
        (Allowed, recorded, answered) = (allowed, answers, 0);
        pending = "";
    }

    /// <summary>Asks the user for a line.</summary>
    /// <param name="prompt">The prompt; empty to use the line that the cell has begun to print.</param>
    /// <exception cref="IOException">The client does not support input requests.</exception>
    public string Ask(string prompt, bool password)
    {
        if (Interlocked.Increment(ref answered) is var next && next <= recorded.Count) return recorded[next - 1];
        if (!Allowed)
            throw new IOException(
                "This cell was run by a client that does not accept input requests (allow_stdin is false), so it cannot read input.");
        var unfinished = console.TakeUnfinishedLine();
        var question = Interlocked.Increment(ref lastQuestion);
        var answer = questions[question] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            console.PostInOrder(new InputQuestion(console.CurrentCell, question, prompt.Length > 0 ? prompt : unfinished, password));
            return answer.Task.GetAwaiter().GetResult();
        }
        finally
        {
            questions.TryRemove(question, out _);
        }
    }

    /// <summary>Passes an answer to the waiting reader; does nothing if no reader waits for it.</summary>
    public void Answer(InputAnswer answer)
    {
        if (!questions.TryGetValue(answer.Question, out var question)) return;
        if (answer.Text is { } text) question.TrySetResult(text);
        else question.TrySetException(new IOException(answer.Problem));
    }

    public override string ReadLine()
    {
        var line = pending;
        pending = "";
        return line.Length > 0 ? line.TrimEnd('\n') : Ask("", password: false);
    }

    public override int Peek()
    {
        if (pending.Length == 0) pending = Ask("", password: false) + "\n";
        return pending[0];
    }

    public override int Read()
    {
        var next = Peek();
        pending = pending[1..];
        return next;
    }
}
