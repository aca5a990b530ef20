using JupyterKernel.Display;
using JupyterKernel.WorkerProtocol;

namespace JupyterKernel.Worker;

/// <summary>What the display API reaches the front end through. Any thread.</summary>
internal sealed class CellHost(ConsoleCapture console, CellThread cells) : INotebookHost
{
    public CancellationToken CancellationToken => cells.CancellationToken;

    public void Publish(MimeBundle bundle, string? displayId, bool update) =>
        console.PostInOrder(new DisplayOutput(console.CurrentCell, displayId, update)
        {
            Payload = [bundle.DisplayJson(displayId)],
        });

    public void ClearOutput(bool wait) => console.PostInOrder(new ClearOutput(console.CurrentCell, wait));

    public string ReadInput(string prompt, bool password) => console.Input.Ask(prompt, password);
}
