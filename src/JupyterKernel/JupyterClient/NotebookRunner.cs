using JupyterKernel.NotebookFiles;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.JupyterClient;

/// <summary>The outcome of running a notebook.</summary>
internal enum RunOutcome
{
    Succeeded,
    Failed,
    Cancelled,
}

/// <summary>
/// Runs the cells of a notebook in order and stores their outputs in it. Tags have the same meaning as in nbclient.
/// Source: https://nbclient.readthedocs.io/en/latest/client.html
/// </summary>
/// <param name="allowErrors">Whether to run the cells after a failed one.</param>
/// <param name="timeout">The timeout of each cell; null for none.</param>
internal sealed class NotebookRunner(NotebookFile notebook, OutputPrinter printer, bool allowErrors, TimeSpan? timeout)
{
    private readonly Dictionary<string, List<JObject>> displays = [];
    private readonly Dictionary<string, StoredOutputs> outputsByRequest = [];

    /// <summary>Runs the notebook; errors of cells and of the kernel become outputs, not exceptions.</summary>
    /// <param name="cancellation">Interrupts the running cell; the outputs so far are kept.</param>
    public async Task<RunOutcome> RunAsync(KernelClient kernel, CancellationToken cancellation)
    {
        if (kernel.KernelInfo["language_info"] is JObject language) notebook.Metadata["language_info"] = language;

        // All outputs are cleared before the first cell runs, so that outputs of an earlier run cannot be mistaken for new ones.
        List<(int Number, Cell Cell, StoredOutputs Outputs)> steps =
        [
            .. notebook.Cells.Index().Where(cell => IsToRun(cell.Item))
                .Select(cell => (cell.Index + 1, cell.Item, new StoredOutputs(cell.Item, displays))),
        ];
        try
        {
            var outcome = RunOutcome.Succeeded;
            var mayGoOn = true;
            foreach (var (number, cell, outputs) in steps)
            {
                if (string.IsNullOrWhiteSpace(cell.Source)) continue;
                if (cancellation.IsCancellationRequested) return RunOutcome.Cancelled;
                try
                {
                    var end = await RunAsync(kernel, number, cell, outputs, cancellation);
                    if (end != CellEnd.Succeeded) outcome = RunOutcome.Failed;
                    mayGoOn = end != CellEnd.Failed || allowErrors;
                }
                catch (KernelLostException lost)
                {
                    Fail(outputs, "KernelLost", lost.Message);
                    return RunOutcome.Failed;
                }

                if (cancellation.IsCancellationRequested) return RunOutcome.Cancelled;
                if (!mayGoOn) return outcome;
            }

            return allowErrors ? RunOutcome.Succeeded : outcome;
        }
        finally
        {
            TakeLateOutputs(kernel);
            printer.PrintUpdates();
            foreach (var step in steps) step.Outputs.Flush();
        }
    }

    private async Task<CellEnd> RunAsync(KernelClient kernel, int number, Cell cell, StoredOutputs outputs, CancellationToken cancellation)
    {
        var execution = await kernel.ExecuteAsync(
            cell.Source,
            message =>
            {
                if (KernelClient.ParentId(message) is { } request) outputsByRequest[request] = outputs;
                outputs.Take(message);
                printer.Print(message);
            },
            timeout: timeout,
            metadata: Metadata(cell),
            cancellation: cancellation);
        TakeLateOutputs(kernel);
        printer.PrintUpdates();

        if (execution.TimedOut)
        {
            Fail(outputs, "CellTimeout",
                $"Cell {number} was interrupted: it took longer than {timeout!.Value.TotalSeconds} s (--timeout).");
            return CellEnd.Failed;
        }

        if (execution.Status == "ok" || cell.HasTag("raises-exception")) return CellEnd.Succeeded;
        return (string?)execution.Reply.Content["ename"] == CellLanguage.NotSupported ? CellEnd.LeftOut : CellEnd.Failed;
    }

    private void Fail(StoredOutputs outputs, string name, string message)
    {
        outputs.AddError(name, message, new JArray($"{name}: {message}"));
        printer.PrintNotice(message);
    }

    // Threads and timers that outlive their cell may still publish output for it.
    private void TakeLateOutputs(KernelClient kernel)
    {
        while (kernel.Broadcasts.TryRead(out var message))
        {
            if (KernelClient.ParentId(message) is not { } request || !outputsByRequest.TryGetValue(request, out var outputs)) continue;
            outputs.Take(message);
            printer.Print(message);
        }
    }

    /// <summary>Returns the metadata that JupyterLab also sends, because the kernel needs the cell's language.</summary>
    private JObject? Metadata(Cell cell) =>
        notebook.LanguageOf(cell) is var language && CellLanguage.IsCSharp(language) ? null
            : new JObject { ["polyglot_notebook"] = new JObject { ["kernelName"] = language } };

    private static bool IsToRun(Cell cell) => cell.IsCode && !cell.HasTag("skip-execution");

    private enum CellEnd
    {
        Succeeded,

        /// <summary>The cell is in a language that the kernel does not run; other cells still run.</summary>
        LeftOut,
        Failed,
    }
}
