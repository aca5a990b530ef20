using System.Diagnostics;
using System.Text;
using JupyterKernel.Link;

#pragma warning disable RS0030 // Owns the process.

namespace JupyterKernel.Compilation;

/// <summary>
/// The process that runs source generators, since they are code of others: it is started by the first cell that needs one, kept for the
/// next, and ended after a while without a request. One request at a time; any thread.
/// </summary>
internal sealed class GeneratorProcess
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan IdleTime = TimeSpan.FromMinutes(5);

    /// <summary>The time for a process that has stopped answering to exit, and for its last output to arrive.</summary>
    private static readonly TimeSpan ExitTimeout = TimeSpan.FromSeconds(2);

    private const int MaxStderrChars = 2000;

    private static readonly Lock Gate = new();
    private static readonly Timer IdleTimer = new(_ => EndIdle());
    private static GeneratorProcess? current;

    private readonly Process process;
    private readonly BinaryWriter requests;
    private readonly BinaryReader replies;
    private readonly StringBuilder stderr = new();
    private readonly ManualResetEventSlim stderrEnded = new();
    private volatile bool isLate;

    private GeneratorProcess()
    {
        var (executable, arguments) = WorkerPrograms.CommandOf(WorkerPrograms.Generators);
        process = Process.Start(new ProcessStartInfo(executable, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
        })!;
        requests = new(process.StandardInput.BaseStream, Encoding.UTF8);
        replies = new(process.StandardOutput.BaseStream, Encoding.UTF8);
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is not { } text)
            {
                stderrEnded.Set();
                return;
            }

            lock (stderr)
            {
                if (text.Length > 0 && stderr.Length < MaxStderrChars) stderr.AppendLine(text);
            }
        };
        process.BeginErrorReadLine();
    }

    /// <summary>Runs generators; starts the process if there is none.</summary>
    /// <exception cref="GeneratorFailedException">The process could not be started, has ended, or took too long.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the process has been terminated.</exception>
    public static GeneratorReply Run(GeneratorRequest request, CancellationToken cancellation)
    {
        lock (Gate)
        {
            IdleTimer.Change(System.Threading.Timeout.InfiniteTimeSpan, System.Threading.Timeout.InfiniteTimeSpan);
            try
            {
                // It may have ended since the last request.
                if (current is { process.HasExited: true }) End();
                current ??= new GeneratorProcess();
                return current.Answer(request, cancellation);
            }
            catch (Exception failure) when (failure is IOException or System.ComponentModel.Win32Exception or FormatException)
            {
                var reason = cancellation.IsCancellationRequested ? ""
                    : current?.FailureReason() ?? $"could not be started: {failure.Message}";
                End();
                cancellation.ThrowIfCancellationRequested();
                throw new GeneratorFailedException($"The process that runs the source generators {reason}");
            }
            finally
            {
                IdleTimer.Change(IdleTime, System.Threading.Timeout.InfiniteTimeSpan);
            }
        }
    }

    private GeneratorReply Answer(GeneratorRequest request, CancellationToken cancellation)
    {
        using var interrupted = cancellation.Register(Terminate);
        using var late = new Timer(_ =>
        {
            isLate = true;
            Terminate();
        }, null, Timeout, System.Threading.Timeout.InfiniteTimeSpan);
        request.Write(requests);
        return GeneratorReply.Read(replies);
    }

    private string FailureReason()
    {
        if (isLate) return $"did not answer within {Timeout.TotalSeconds:0} s and was terminated.";
        if (!process.WaitForExit(ExitTimeout)) return "sent an invalid reply.";

        // A child of the process may keep its stderr open.
        stderrEnded.Wait(ExitTimeout);
        string printed;
        lock (stderr) printed = stderr.ToString().Trim();
        return $"exited (code {process.ExitCode}).{(printed.Length == 0 ? "" : "\n" + printed)}";
    }

    private void Terminate()
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception gone) when (gone is InvalidOperationException or System.ComponentModel.Win32Exception or AggregateException)
        {
            // It has already exited.
        }
    }

    private static void End()
    {
        current?.Terminate();
        current?.process.Dispose();
        current = null;
    }

    private static void EndIdle()
    {
        // A request that is running is followed by another idle time.
        if (!Gate.TryEnter()) return;
        try
        {
            End();
        }
        finally
        {
            Gate.Exit();
        }
    }
}

/// <summary>Reports that the process that runs source generators has failed; the message is for the user.</summary>
internal sealed class GeneratorFailedException(string message) : Exception(message);
