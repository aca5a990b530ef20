using System.Diagnostics;
using JupyterKernel.Link;
using JupyterKernel.Worker.Console;
using JupyterKernel.Worker.State;

namespace JupyterKernel.Worker.Cells;

/// <summary>
/// Disposes of the variables that cells declare with <c>using</c>, in reverse order of declaration. They are compiled as ordinary
/// variables, because a script cannot have using declarations and its variables outlive its code. Cell thread.
/// </summary>
internal sealed class Disposal(CellPump pump, UserCode userCode, ConsoleCapture console, Submissions submissions)
{
    /// <summary>
    /// The time to dispose of an interrupted cell's variables, after which the disposal is aborted for up to <see cref="AbortTimeout"/>.
    /// With the rest of an interrupt, this must be shorter than the kernel's timeout for the interrupted cell.
    /// </summary>
    private static readonly TimeSpan TotalTimeout = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan AbortTimeout = TimeSpan.FromMilliseconds(250);

    /// <summary>Disposes of the variables of a cell that has ended; stops if the cell is interrupted.</summary>
    /// <param name="variables">The remaining variables; each is removed when its disposal begins.</param>
    /// <param name="threw">Receives the exceptions that disposals throw.</param>
    /// <remarks>Call this after formatting the cell's result, because formatting may read from the variables.</remarks>
    public void Dispose(CellContext cell, string entryType, Stack<DisposedVariable> variables, Action<Exception> threw)
    {
        while (!cell.IsInterrupted && variables.TryPop(out var variable))
        {
            Task? disposal = null;
            userCode.Run(cell, () => disposal = Begin(entryType, variable), threw);
            if (disposal is not null && pump.PumpUntil(disposal, cell)) userCode.Run(cell, () => disposal.GetAwaiter().GetResult(), threw);
        }
    }

    /// <summary>
    /// Disposes of an interrupted cell's remaining variables on another thread, because the cell thread was aborted. A disposal that takes
    /// too long is aborted like a cell; if that fails, it is left running.
    /// </summary>
    public void DisposeApart(string entryType, Stack<DisposedVariable> variables)
    {
        if (variables.Count == 0) return;
        console.Renew();
        string? current = null;
        var limit = new CancellationTokenSource();
        var disposing = new Thread(DisposeAll) { IsBackground = true, Name = "disposal" };
        disposing.Start();
        if (disposing.Join(TotalTimeout)) return;
        new Thread(limit.Cancel, 256 * 1024) { IsBackground = true, Name = "abort" }.Start();
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < AbortTimeout && !disposing.Join(5);)
        {
            if (limit.IsCancellationRequested) disposing.Interrupt();
        }

        console.Renew();
        System.Console.Error.WriteLine($"{current} was not disposed of within {TotalTimeout.TotalMilliseconds} ms.");

        void DisposeAll()
        {
            try
            {
                while (!limit.IsCancellationRequested && variables.TryPop(out var variable))
                {
                    current = variable.Name;
                    try
                    {
                        UserCode.RunAbortable(() => Begin(entryType, variable)?.GetAwaiter().GetResult(), limit.Token);
                    }
                    catch (Exception problem) when (!limit.IsCancellationRequested)
                    {
                        System.Console.Error.WriteLine($"Disposing of {current} failed: {ExceptionReports.Of(problem).Message}");
                    }
                }
            }
            catch (Exception) when (limit.IsCancellationRequested)
            {
                // The disposal was aborted or woken from a wait.
            }
        }
    }

    /// <summary>Disposes of the variables of submitted code, as part of the cell that submitted it.</summary>
    public async Task DisposeAsync(SubmittedCell code)
    {
        foreach (var variable in code.Disposed.Reverse())
        {
            if (Begin(code.EntryType, variable) is { } disposal) await disposal;
        }
    }

    /// <summary>Begins the disposal of a variable, which runs user code.</summary>
    /// <returns>The asynchronous rest of the disposal; null if there is none.</returns>
    private Task? Begin(string entryType, DisposedVariable variable)
    {
        var value = submissions.ValueOf(entryType, variable.Name);
        if (value is IAsyncDisposable awaited && (variable.Awaits || value is not IDisposable)) return awaited.DisposeAsync().AsTask();
        (value as IDisposable)?.Dispose();
        return null;
    }
}
