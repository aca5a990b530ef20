using JupyterKernel.Display;
using JupyterKernel.WorkerProtocol;

namespace JupyterKernel.Worker;

/// <summary>What the display API reaches the front end through. Any thread.</summary>
/// <param name="session">What all workers of a session have in common, and no other session.</param>
internal sealed class CellHost(ConsoleCapture console, CellThread cells, string session) : INotebookHost
{
    private readonly Dictionary<long, int> displays = [];

    public CancellationToken CancellationToken => cells.CancellationToken;

    public string NewDisplayId() => Unaborted.Run(console.CurrentCell, cell =>
    {
        lock (displays)
        {
            var number = displays[cell] = displays.GetValueOrDefault(cell) + 1;
            return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{session}-{cell}-{number}");
        }
    });

    public void Publish(MimeBundle bundle, string? displayId, bool update) =>
        console.PostInOrder(new DisplayOutput(console.CurrentCell, displayId, update)
        {
            Payload = [bundle.DisplayJson(displayId)],
        });

    public void ClearOutput(bool wait) => console.PostInOrder(new ClearOutput(console.CurrentCell, wait));

    public string ReadInput(string prompt, bool password) => console.Input.Ask(prompt, password);

    public Task<SubmittedResult> SubmitAsync(string code) => cells.SubmitAsync(code);

    public void AtCellEnd(Action action) => cells.AtCellEnd(action);

    public bool TryGetVariable(string name, out object? value) => cells.TryGetVariable(name, out value);
}
