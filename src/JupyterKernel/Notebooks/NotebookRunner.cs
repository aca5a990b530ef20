using Newtonsoft.Json.Linq;

namespace JupyterKernel.Notebooks;

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
internal sealed class NotebookRunner(Notebook notebook, OutputPrinter printer, bool allowErrors, TimeSpan? timeout)
{
    private readonly Dictionary<string, List<JObject>> displays = [];
    private readonly Dictionary<string, CellOutputs> outputsByRequest = [];

    /// <summary>Whether a language's name means C#.</summary>
    public static bool IsCSharp(string language) => language.ToUpperInvariant() is "C#" or "CSHARP" or "POLYGLOT-NOTEBOOK";

    /// <summary>Runs the notebook. Errors of cells and of the kernel are outputs of the notebook, not exceptions.</summary>
    /// <param name="cancellation">Interrupts the running cell; what ran until then stays in the notebook.</param>
    public async Task<RunOutcome> RunAsync(KernelClient kernel, CancellationToken cancellation)
    {
        if (kernel.KernelInfo["language_info"] is JObject language) notebook.Metadata["language_info"] = language;

        // All are emptied before the first one runs: outputs of an earlier run must not pass for outputs of this one.
        List<(int Number, Cell Cell, CellOutputs Outputs)> steps =
        [
            .. notebook.Cells.Index().Where(cell => IsToRun(cell.Item, cell.Index + 1))
                .Select(cell => (cell.Index + 1, cell.Item, new CellOutputs(cell.Item, displays))),
        ];
        try
        {
            var outcome = RunOutcome.Succeeded;
            foreach (var (number, cell, outputs) in steps)
            {
                if (string.IsNullOrWhiteSpace(cell.Source)) continue;
                if (cancellation.IsCancellationRequested) return RunOutcome.Cancelled;
                try
                {
                    if (!await RunAsync(kernel, number, cell, outputs, cancellation)) outcome = RunOutcome.Failed;
                }
                catch (KernelLostException lost)
                {
                    Fail(outputs, "KernelLost", lost.Message);
                    return RunOutcome.Failed;
                }

                if (cancellation.IsCancellationRequested) return RunOutcome.Cancelled;
                if (outcome == RunOutcome.Failed && !allowErrors) return outcome;
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

    private async Task<bool> RunAsync(KernelClient kernel, int number, Cell cell, CellOutputs outputs, CancellationToken cancellation)
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
            cancellation: cancellation);
        TakeLateOutputs(kernel);
        printer.PrintUpdates();

        if (execution.TimedOut)
        {
            Fail(outputs, "CellTimeout", $"cell {number} took longer than {timeout!.Value.TotalSeconds} s and was interrupted");
            return false;
        }

        return execution.Status == "ok" || cell.HasTag("raises-exception");
    }

    private void Fail(CellOutputs outputs, string name, string message)
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

    private bool IsToRun(Cell cell, int number)
    {
        if (!cell.IsCode || cell.HasTag("skip-execution")) return false;
        if (cell.Language is not { } language || IsCSharp(language)) return true;
        printer.PrintNotice($"cell {number} is left alone: its language is {language}");
        return false;
    }
}
