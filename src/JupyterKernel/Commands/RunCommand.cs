using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using JupyterKernel.JupyterClient;
using JupyterKernel.NotebookFiles;

namespace JupyterKernel.Commands;

/// <summary>
/// <c>jupyter-csharp run</c>: executes notebooks, each in its own kernel, and writes executed copies. Exit codes: 0 success, 1 a cell or a
/// file failed, 128 plus the signal's number after an interrupt.
/// </summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var notebooks = new Argument<FileInfo[]>("notebook") { Description = "The notebooks to run.", Arity = ArgumentArity.OneOrMore }
            .AcceptExistingOnly();
        var output = new Option<string?>("--output", "-o")
        {
            Description =
                "The file or directory for the executed copies; must be a directory for several notebooks. Default: NAME.executed.ipynb "
                + "next to the notebook.",
        };
        var allowErrors = new Option<bool>("--allow-errors")
        {
            Description = "Continue after a cell that fails, and do not count it as a failure.",
        };
        var timeout = new Option<int?>("--timeout")
        {
            Description = "Interrupt a cell that takes longer than this many seconds.", HelpName = "seconds",
        };
        timeout.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is <= 0 or > 1_000_000) result.AddError("--timeout must be between 1 and 1000000 seconds");
        });
        var parameters = new Option<Parameter[]>("--parameter", "-p")
        {
            Description = "Declare a variable after the cell tagged \"parameters\", as papermill does; can be repeated.",
            HelpName = "name=value",
            AllowMultipleArgumentsPerToken = false,
            DefaultValueFactory = _ => [],
            CustomParser = result =>
            {
                try
                {
                    return [.. result.Tokens.Select(token => Parameter.Parse(token.Value))];
                }
                catch (FormatException malformed)
                {
                    result.AddError(malformed.Message);
                    return [];
                }
            },
        };

        var command = new Command("run", "Run notebooks and write executed copies. Requires neither Jupyter nor Python.")
        {
            notebooks, output, allowErrors, timeout, parameters,
        };

        // Not an asynchronous action: System.CommandLine would terminate one two seconds after Ctrl+C, before the copy is written.
        command.SetAction(result =>
        {
            var configuration = result.InvocationConfiguration;
            var run = new NotebookRun(
                result.GetValue(parameters)!,
                result.GetValue(allowErrors),
                result.GetValue(timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
                new OutputPrinter(configuration.Output, configuration.Error, colours: !Console.IsErrorRedirected));
#pragma warning disable RS0030 // The command line has no loop; its main thread has nothing else to do.
            return run.RunAllAsync(result.GetValue(notebooks)!, result.GetValue(output)).GetAwaiter().GetResult();
#pragma warning restore RS0030
        });
        return command;
    }

    private sealed class NotebookRun(Parameter[] parameters, bool allowErrors, TimeSpan? timeout, OutputPrinter printer)
    {
        private const int Failure = 1;

        public async Task<int> RunAllAsync(FileInfo[] notebooks, string? output)
        {
            using var signals = new TerminationSignals();
            try
            {
                // All are read before the first one runs, so that a wrong file name is reported immediately.
                var copies = CopyPaths([.. notebooks.Select(file => file.ToString())], output);
                var loaded = copies.Select(copy => (copy.Notebook, copy.Copy, Content: Load(copy.Notebook, copy.Copy))).ToList();
                var exitCode = 0;
                foreach (var (path, copy, content) in loaded)
                {
                    printer.PrintLine($"== {path}");
                    if (!await RunAsync(path, copy, content, signals.Token)) exitCode = Failure;
                    if (signals.Token.IsCancellationRequested) return signals.ExitCode;
                }

                return exitCode;
            }
            catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
            {
                return signals.ExitCode;
            }
            catch (Exception failure) when (failure is IOException or InvalidDataException or UnauthorizedAccessException
                or KernelLostException or Win32Exception)
            {
                printer.PrintNotice($"jupyter-csharp: {failure.Message}");
                return Failure;
            }
        }

        private static List<(string Notebook, string Copy)> CopyPaths(string[] notebooks, string? output)
        {
            if (output is not null && notebooks.Length == 1 && !Directory.Exists(output) && !Path.EndsInDirectorySeparator(output))
                return [(notebooks[0], output)];

            if (File.Exists(output))
                throw new InvalidDataException($"'{output}' is a file. Use a directory as --output for several notebooks.");
            if (output is not null) Directory.CreateDirectory(output);
            List<(string Notebook, string Copy)> copies =
            [
                .. notebooks.Select(path => (path, Path.Combine(
                    output ?? Path.GetDirectoryName(path) ?? "", $"{Path.GetFileNameWithoutExtension(path)}.executed.ipynb"))),
            ];
            if (copies.GroupBy(copy => Path.GetFullPath(copy.Copy)).FirstOrDefault(same => same.Count() > 1) is { } clash)
                throw new InvalidDataException(
                    $"The executed copies of {string.Join(" and ", clash.Select(copy => copy.Notebook))} would have the same path, "
                    + $"{clash.Key}. Run them separately, each with its own --output.");
            return copies;
        }

        private static string[] KernelCommand() =>
            [.. InstalledProgram.Running().Argv, "kernel", "--connection-file", ChildKernel.ConnectionFilePlaceholder];

        private static void CheckWritable(string copy)
        {
            try
            {
                using var probe = File.Create($"{copy}.{Guid.NewGuid():N}.tmp", 1, FileOptions.DeleteOnClose);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw new IOException($"'{copy}' cannot be written ({failure.Message}). Use --output to choose another path.");
            }
        }

        private NotebookFile Load(string path, string copy)
        {
            var notebook = NotebookFile.Load(path);
            if (notebook.Language is { } language && !CellLanguage.IsCSharp(language))
                throw new InvalidDataException($"'{path}' is written in {language}. This kernel runs only C#.");
            CheckWritable(copy);
            if (parameters.Length > 0) Parameter.Inject(parameters, notebook);
            return notebook;
        }

        private async Task<bool> RunAsync(string path, string copy, NotebookFile notebook, CancellationToken cancellation)
        {
            RunOutcome outcome;
            await using (var kernel =
                await KernelClient.StartAsync(KernelCommand(), Path.GetDirectoryName(Path.GetFullPath(path)), cancellation: cancellation))
            {
                try
                {
                    outcome = await new NotebookRunner(notebook, printer, allowErrors, timeout).RunAsync(kernel, cancellation);
                }
                finally
                {
                    notebook.Save(copy, path);
                }
            }

            printer.PrintLine($"Executed copy: {copy}");
            return outcome == RunOutcome.Succeeded;
        }
    }

    /// <summary>Turns the first termination request into a cancellation; a later one ends the process as usual.</summary>
    private sealed class TerminationSignals : IDisposable
    {
        // Some programs signal the process and then its whole group; both signals count as one request.
        private static readonly TimeSpan OneRequest = TimeSpan.FromSeconds(1);

        private readonly CancellationTokenSource source = new();
        private readonly PosixSignalRegistration[] registrations;
        private long requested;

        public TerminationSignals() => registrations = [On(PosixSignal.SIGINT, 130), On(PosixSignal.SIGTERM, 143)];

        public CancellationToken Token => source.Token;

        public int ExitCode { get; private set; }

        public void Dispose()
        {
            foreach (var registration in registrations) registration.Dispose();
            source.Dispose();
        }

        private PosixSignalRegistration On(PosixSignal signal, int exitCode) => PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = !source.IsCancellationRequested || Stopwatch.GetElapsedTime(requested) < OneRequest;
            if (source.IsCancellationRequested) return;
            requested = Stopwatch.GetTimestamp();
            ExitCode = exitCode;
            source.Cancel();
        });
    }
}
