using System.Collections.Concurrent;
using JupyterKernel.Display;
using JupyterKernel.Display.Bundles;
using JupyterKernel.Display.Hosting;
using JupyterKernel.Link;
using JupyterKernel.Worker.Console;
using JupyterKernel.Worker.State;

namespace JupyterKernel.Worker.Cells;

/// <summary>
/// Runs code that cells submit while they run: the kernel compiles it, and it runs on the cell thread as part of the cell. A replayed cell
/// comes with the code that it submitted, in order. Any thread submits; the channel thread answers.
/// </summary>
internal sealed class SubmittedCode(
    ConsoleCapture console, CellQueue queue, CellLoadContext assemblies, Submissions submissions, Disposal disposal)
{
    private readonly ConcurrentDictionary<long, Action<WorkerMessage>> questions = new();
    private long lastSubmission;

    /// <summary>
    /// Submits code for the running cell. It runs when the cell awaits or ends; the cell ends only after the code has ended.
    /// </summary>
    public Task<SubmittedResult> SubmitAsync(string code) =>
        AbortSafe.Run((this, code), static submission => submission.Item1.Submit(submission.code));

    /// <summary>Handles the kernel's answer to submitted code. Channel thread.</summary>
    public void Answer(long submission, WorkerMessage answer)
    {
        if (questions.TryRemove(submission, out var answered)) answered(answer);
    }

    private Task<SubmittedResult> Submit(string code)
    {
        if (queue.Running is not { } cell || cell.Number != console.CurrentCell)
        {
            return Task.FromResult(new SubmittedResult(null,
                "The cell that submitted this code has ended. Await the call of SubmitCodeAsync in the cell."));
        }
        var result = cell.Submitted.Add();
        var flow = ExecutionContext.Capture();
        if (cell.Request is RunCell { IsReplay: true })
        {
            if (cell.Submitted.TakeRecorded() is { } recorded && recorded.Cell.Code == code)
                Run(cell, flow, recorded.Cell, recorded.Payload, result);
            else
                result.SetResult(new(null,
                    "In the replay the cell submitted different code than in its first run, so the code was not run."));
            return result.Task;
        }

        Ask(cell.Number, code, answer =>
        {
            if (answer is RunSubmitted run) Run(cell, flow, run.Cell, run.Payload, result);
            else result.SetResult(new(null, ((RefuseSubmitted)answer).Problem));
        });
        return result.Task;
    }

    private void Ask(long cell, string code, Action<WorkerMessage> answered)
    {
        var submission = Interlocked.Increment(ref lastSubmission);
        questions[submission] = answered;
        console.PostInOrder(new CodeSubmitted(cell, submission, code));
    }

    /// <summary>
    /// Runs submitted code in the execution context of the submitting code. As with any async method, its changes to the
    /// context are undone at its end.
    /// </summary>
    private void Run(
        CellContext cell, ExecutionContext? flow, SubmittedCell code, IReadOnlyList<byte[]> payload,
        TaskCompletionSource<SubmittedResult> result) =>
        queue.Post(
            cell,
            _ =>
            {
                if (flow is null) _ = RunAsync(cell, code, payload, result);
                else ExecutionContext.Run(flow, _ => _ = RunAsync(cell, code, payload, result), null);
            },
            null);

    private async Task RunAsync(
        CellContext cell, SubmittedCell code, IReadOnlyList<byte[]> payload, TaskCompletionSource<SubmittedResult> result)
    {
        try
        {
            submissions.MakeRoom();
            cell.Submitted.Add(code.EntryType);
            var running = submissions.Begin(assemblies.LoadSubmission(code.EntryType, code.Files, payload), code.EntryMethod);
            cell.Submitted.Add(running);
            var value = await running;
            await disposal.DisposeAsync(code);
            result.SetResult(new(value, null));
        }
        catch (Exception exception) when (!cell.IsInterrupted)
        {
            result.SetResult(new(null, $"{TypeNames.Of(exception.GetType())}: {exception.Message}"));
        }
    }

    /// <summary>The code that one cell has submitted. Any thread.</summary>
    /// <param name="request">
    /// The cell; in a replay it carries the code submitted in the first run. Null for a request that is not a cell.
    /// </param>
    internal sealed class OfCell(RunCell? request)
    {
        private readonly List<Task> ended = [];
        private readonly List<string> entryTypes = [];
        private readonly List<Task> code = [];
        private int taken;

        /// <summary>Completes when all submitted code has ended.</summary>
        public Task Ended
        {
            get
            {
                lock (ended) return Task.WhenAll(ended.ToArray());
            }
        }

        /// <summary>The names of the submitted code's submission classes.</summary>
        public IReadOnlyList<string> EntryTypes
        {
            get
            {
                lock (ended) return [.. entryTypes];
            }
        }

        /// <summary>The tasks of submitted code that is running or has run.</summary>
        public IReadOnlyList<Task> Code
        {
            get
            {
                lock (ended) return [.. code];
            }
        }

        /// <summary>Adds the task of running code.</summary>
        public void Add(Task running)
        {
            lock (ended) code.Add(running);
        }

        /// <summary>Registers code that is about to run; the returned source is completed with its result.</summary>
        public TaskCompletionSource<SubmittedResult> Add()
        {
            var result = new TaskCompletionSource<SubmittedResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (ended) ended.Add(result.Task);
            return result;
        }

        /// <summary>Adds the class of a submission that is about to be created.</summary>
        public void Add(string entryType)
        {
            lock (ended) entryTypes.Add(entryType);
        }

        /// <summary>In a replay, takes the next recorded submission; null if none is left.</summary>
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

        /// <summary>Returns the number of payload parts that belong to the cell itself.</summary>
        public static int OwnParts(RunCell request) => request.Payload.Count - request.Submitted.Sum(cell => cell.Parts);
    }
}
