using JupyterKernel.Display;
using JupyterKernel.Display.Hosting;
using JupyterKernel.Link;
using JupyterKernel.Worker.Console;

namespace JupyterKernel.Worker.Cells;

/// <summary>Connects the display API to the front end. Any thread.</summary>
/// <param name="session">A value that is the same in all workers of a session, and different in every other session.</param>
internal sealed class CellHost(ConsoleCapture console, CellThread cells, string session) : INotebookHost
{
    private readonly Dictionary<(long Cell, string Kind), int> numbers = [];

    public CancellationToken CancellationToken => cells.Queue.Running?.SeenToken() ?? CancellationToken.None;

    public string NewId(string kind) => AbortSafe.Run((console.CurrentCell, kind), key =>
    {
        lock (numbers)
        {
            var number = numbers[key] = numbers.GetValueOrDefault(key) + 1;
            return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{session}-{key.CurrentCell}-{key.kind}-{number}");
        }
    });

    public void Publish(MimeBundle bundle, string? displayId, bool update) =>
        console.PostInOrder(new DisplayOutput(console.CurrentCell, displayId, update)
        {
            Payload = [bundle.DisplayJson(displayId)],
        });

    public void ClearOutput(bool wait) => console.PostInOrder(new ClearCellOutput(console.CurrentCell, wait));

    public string ReadInput(string prompt, bool password) => console.Input.Ask(prompt, password);

    public string? TupleNamesOfDisplayed() => cells.DisplayCalls.NamesOfCurrent();

    public Task<SubmittedResult> SubmitAsync(string code) => cells.Submitted.SubmitAsync(code);

    public void AtCellEnd(Action action) => cells.Queue.AtCellEnd(action);

    public bool TryGetVariable(string name, out object? value) => cells.Submissions.TryGetVariable(name, out value);

    public long RegisterMagic(MagicDeclaration magic)
    {
        var cell = console.CurrentCell;
        console.PostInOrder(new MagicRegistered(
            cell, magic.Name, magic.Help, magic.TakesText,
            magic.Options is null
                ? null
                : [.. magic.Options.Select(option =>
                    new RegisteredOption(option.Name, option.Help, option.IsRequired, option.IsFlag, option.IsPositional,
                        option.Proposals))]));
        return cell;
    }

    public void PostComm(string type, string id, string target, byte[] data, byte[] metadata, IReadOnlyList<byte[]> buffers) =>
        console.PostInOrder(new CommOutput(console.CurrentCell, type, id, target) { Payload = [data, metadata, .. buffers] });

    public void ListenForComms(string target) => console.PostInOrder(new CommTarget(target));
}
