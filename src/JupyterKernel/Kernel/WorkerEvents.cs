using JupyterKernel.Execution;
using JupyterKernel.Magics;
using JupyterKernel.Protocol;
using JupyterKernel.Session;
using JupyterKernel.Supervision;
using JupyterKernel.Link;

namespace JupyterKernel.Kernel;

/// <summary>Routes the messages and state changes of workers to the part of the kernel that handles them. Loop thread.</summary>
internal sealed class WorkerEvents(NotebookSession session, Outputs outputs, Questions questions, Notices notices) : IWorkerEvents
{
    /// <summary>Publishes the output of code.</summary>
    public Outputs Outputs => outputs;

    /// <summary>The input requests of cells.</summary>
    public Questions Questions => questions;

    /// <summary>Reports changes to the session's state.</summary>
    public Notices Notices => notices;

    /// <summary>The queue whose running request receives the events of running code; set before a worker starts.</summary>
    public ExecuteQueue Queue { get; set; } = null!;

    /// <summary>The comms; set before a worker starts.</summary>
    public Comms Comms { get; set; } = null!;

    private RunningBlock? RunningBlock => (Queue.Running as RunningCell)?.Block;

    /// <inheritdoc/>
    public void Output(WorkerMessage message, SupervisedWorker from)
    {
        switch (message)
        {
            case StreamOutput stream:
                outputs.Stream(stream.Cell, stream.Name, stream.Payload[0]);
                break;
            case DisplayOutput display:
                outputs.Display(display);
                break;
            case ClearCellOutput clear:
                outputs.Clear(clear);
                break;
            case CommOutput comm:
                Comms.Output(comm, outputs.RequestOf(comm.Cell));
                break;
            case CodeSubmitted submitted when RunningBlock is { } block:
                block.Submit(submitted, from);
                break;
            case CodeSubmitted submitted:
                CodeSubmissions.Refuse(submitted, from);
                break;
            case MagicRegistered registered:
                Register(registered);
                break;
            case InputQuestion question:
                Ask(question, from);
                break;
        }
    }

    /// <inheritdoc/>
    public void NativeOutput(long cell, string name, string text) => outputs.Stream(cell, name, text);

    /// <inheritdoc/>
    public void CommTarget(string name) => Comms.Listen(name);

    /// <inheritdoc/>
    public void Serves(SupervisedWorker worker) => Comms.Serves(worker);

    /// <inheritdoc/>
    public void Ended(SupervisedWorker worker) => Comms.Ended(worker);

    /// <inheritdoc/>
    public void Notice(string text, bool isLoss) => notices.Add(text, isLoss);

    /// <inheritdoc/>
    public Task<bool> ConfirmAsync(string question) => questions.ConfirmAsync(question);

    private void Register(MagicRegistered magic)
    {
        if (MagicTable.Find(magic.Name) is not null)
        {
            outputs.Stream(magic.Cell, "stderr",
                $"'{magic.Name}' is a built-in magic and cannot be replaced. Register yours under another name.\n");
        }
        else if (session.Accepted.LastOrDefault(cell => cell.Number == magic.Cell) is { } earlier)
        {
            earlier.Magics = [.. earlier.Magics, magic];
        }
        else RunningBlock?.Register(magic);
    }

    private void Ask(InputQuestion question, SupervisedWorker worker)
    {
        if (outputs.RequestOf(question.Cell) is not { } request) return;
        var asked = questions.Ask(request, new InputRequest(question.Prompt, question.Password), text =>
        {
            Queue.Running?.Answers?.Add(text);
            worker.Answer(new InputAnswer(question.Question, text, null));
        });
        if (asked is null)
        {
            worker.Answer(new InputAnswer(question.Question, null,
                "The client that ran this cell has no stdin channel, so it cannot answer input requests."));
        }
    }
}
