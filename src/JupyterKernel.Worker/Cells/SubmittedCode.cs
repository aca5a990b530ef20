using System.Collections.Concurrent;
using JupyterKernel.Display;
using JupyterKernel.Link;
using JupyterKernel.Worker.Console;

namespace JupyterKernel.Worker.Cells;

/// <summary>
/// Code that cells submit while they run: the kernel compiles it behind the cell, which goes on meanwhile. Where a cell is executed again, what it
/// submitted is there already, in its order. Any thread submits; the channel thread answers.
/// </summary>
internal sealed class SubmittedCode(ConsoleCapture console)
{
    private readonly ConcurrentDictionary<long, Action<WorkerMessage>> questions = new();
    private long lastSubmission;

    /// <summary>Asks the kernel to compile code.</summary>
    /// <param name="cell">The cell that submits it.</param>
    /// <param name="answered">Told the answer, on the channel thread.</param>
    public void Ask(long cell, string code, Action<WorkerMessage> answered)
    {
        var submission = Interlocked.Increment(ref lastSubmission);
        questions[submission] = answered;
        console.PostInOrder(new CodeSubmitted(cell, submission, code));
    }

    /// <summary>Hands the kernel's answer to whoever asked.</summary>
    public void Answer(long submission, WorkerMessage answer)
    {
        if (questions.TryRemove(submission, out var answered)) answered(answer);
    }

    /// <summary>What one cell has submitted.</summary>
    /// <param name="request">The cell; in a replay it has what it submitted when it ran first. Null for what is handled like one.</param>
    internal sealed class OfCell(RunCell? request)
    {
        private readonly List<Task> ended = [];
        private readonly List<string> entryTypes = [];
        private readonly List<Task> code = [];
        private int taken;

        /// <summary>Completes when all of it has ended.</summary>
        public Task Ended
        {
            get
            {
                lock (ended) return Task.WhenAll(ended.ToArray());
            }
        }

        /// <summary>The submissions' classes.</summary>
        public IReadOnlyList<string> EntryTypes
        {
            get
            {
                lock (ended) return [.. entryTypes];
            }
        }

        /// <summary>What runs of it, or has run.</summary>
        public IReadOnlyList<Task> Code
        {
            get
            {
                lock (ended) return [.. code];
            }
        }

        /// <summary>Counts code in that runs.</summary>
        public void Add(Task running)
        {
            lock (ended) code.Add(running);
        }

        /// <summary>Counts code in that is about to be run.</summary>
        public TaskCompletionSource<SubmittedResult> Add()
        {
            var result = new TaskCompletionSource<SubmittedResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (ended) ended.Add(result.Task);
            return result;
        }

        /// <summary>Counts a submission in that is about to be made.</summary>
        public void Add(string entryType)
        {
            lock (ended) entryTypes.Add(entryType);
        }

        /// <summary>In a replay the next of what was submitted; null if there is no more.</summary>
        public (SubmittedCell Cell, IReadOnlyList<byte[]> Payload)? TakeRecorded()
        {
            lock (ended)
            {
                if (request is null || taken == request.Submitted.Count) return null;
                var before = OwnParts(request) + request.Submitted.Take(taken).Sum(cell => cell.Parts);
                var next = request.Submitted[taken++];
                return (next, [.. request.Payload.Skip(before).Take(next.Parts)]);
            }
        }

        /// <summary>How many parts of a request's payload are the cell's own.</summary>
        public static int OwnParts(RunCell request) => request.Payload.Count - request.Submitted.Sum(cell => cell.Parts);
    }
}
