using JupyterKernel.NotebookFiles;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.JupyterClient;

/// <summary>How the run of a notebook ended.</summary>
internal enum RunOutcome
{
    Succeeded,
    Failed,
    Cancelled,
}

/// <summary>
/// Runs a notebook's cells one after the other and leaves their outputs in it. Tags mean what nbclient lets them mean.
/// Source: https://nbclient.readthedocs.io/en/latest/client.html
/// </summary>
/// <param name="allowErrors">Whether the cells behind a failed one are run.</param>
/// <param name="timeout">How long a cell may take; null for as long as it wants.</param>
internal sealed class NotebookRunner(NotebookFile notebook, OutputPrinter printer, bool allowErrors, TimeSpan? timeout)
{
    private readonly Dictionary<string, List<JObject>> displays = [];
    private readonly Dictionary<string, StoredOutputs> outputsByRequest = [];

    /// <summary>Runs the notebook. Errors of cells and of the kernel are outputs of the notebook, not exceptions.</summary>
    /// <param name="cancellation">Interrupts the running cell; what ran until then stays in the notebook.</param>
    public async Task<RunOutcome> RunAsync(KernelClient kernel, CancellationToken cancellation)
    {
        if (kernel.KernelInfo["language_info"] is JObject language) notebook.Metadata["language_info"] = language;

        // All are emptied before the first one runs: outputs of an earlier run must not pass for outputs of this one.
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
            Fail(outputs, "CellTimeout", $"cell {number} took longer than {timeout!.Value.TotalSeconds} s and was interrupted");
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

    // Threads and timers that outlive their cell go on publishing for it.
    private void TakeLateOutputs(KernelClient kernel)
    {
        while (kernel.Broadcasts.TryRead(out var message))
        {
            if (KernelClient.ParentId(message) is not { } request || !outputsByRequest.TryGetValue(request, out var outputs)) continue;
            outputs.Take(message);
            printer.Print(message);
        }
    }

    /// <summary>What JupyterLab sends along too: the kernel has to know the cell's language.</summary>
    private JObject? Metadata(Cell cell) =>
        notebook.LanguageOf(cell) is var language && CellLanguage.IsCSharp(language) ? null : new JObject { ["polyglot_notebook"] = new JObject { ["kernelName"] = language } };

    private static bool IsToRun(Cell cell) => cell.IsCode && !cell.HasTag("skip-execution");

    private enum CellEnd
    {
        Succeeded,

        /// <summary>It is in a language that the kernel does not run. The other cells are run all the same.</summary>
        LeftOut,
        Failed,
    }
}
