using System.Runtime.InteropServices;
using System.Security.Cryptography;
using JupyterKernel.Compilation;
using JupyterKernel.Execution;
using JupyterKernel.Gateway;
using JupyterKernel.History;
using JupyterKernel.Hosting;
using JupyterKernel.Intelligence;
using JupyterKernel.Protocol;
using JupyterKernel.Session;
using JupyterKernel.Settings;
using JupyterKernel.Sockets;
using JupyterKernel.Supervision;
using NetMQ;

namespace JupyterKernel.Kernel;

/// <summary>The kernel's process: assembles its parts and runs the loop until a shutdown.</summary>
internal static class KernelProcess
{
    private static readonly TimeSpan CleanUpTimeout = TimeSpan.FromSeconds(1.5);

    /// <summary>The timeout for the workers, and the processes started by their cells, to end.</summary>
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(3);

    /// <summary>The duration after which a running cell is considered long and a processor is free for other work.</summary>
    private static readonly TimeSpan LongCell = TimeSpan.FromSeconds(2);

    /// <summary>The time without a cell after which the features for interactive use are loaded.</summary>
    private static readonly TimeSpan IdleBeforeEditor = TimeSpan.FromSeconds(0.1);

    /// <summary>The time for which a processor is left to the first cell, because the user waits for it.</summary>
    private static readonly TimeSpan UntilEditor = TimeSpan.FromSeconds(0.2);

    /// <summary>Runs a kernel on a connection file; if it cannot run, one line on stderr states the reason.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(string connectionFilePath) => Reporting(() => Serve(connectionFilePath, null));

    /// <summary>Runs a kernel that a Jupyter Enterprise Gateway starts, without a connection file.</summary>
    /// <param name="option">Returns the value of an option of <see cref="GatewayLaunch"/>; null if it was not given.</param>
    /// <returns>The exit code.</returns>
    public static int RunForGateway(Func<string, string?> option) => Reporting(() => Serve(null, GatewayLaunch.Of(option)
        ?? throw new InvalidDataException("--connection-file is missing. Jupyter passes it: put {connection_file} into argv.")));

    private static int Reporting(Action serve)
    {
        try
        {
            serve();
            return 0;
        }
        catch (Exception unusable) when (unusable is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            Log.Failure(unusable.Message);
        }
        catch (Exception refused) when (refused is NetMQException or System.Net.Sockets.SocketException)
        {
            Log.Failure($"Cannot listen on the address in the connection file: {refused.Message}");
        }
        catch (OutOfMemoryException)
        {
            Log.Failure(
                "The system allows too little memory or too few threads for a kernel. Raise the limits (ulimit -u, ulimit -v, control "
                + "group) of the process that starts the kernel.");
        }
        catch (CryptographicException refused)
        {
            Log.Failure(
                $"The system's cryptography failed: {refused.Message} Check that this user can read /dev/urandom, or use another "
                + $"signature_scheme in the connection file.");
        }
        catch (Exception bug)
        {
            Log.Bug(bug);
        }

        return 1;
    }

    private static void Serve(string? connectionFilePath, GatewayLaunch? gateway)
    {
        // Idle pool threads would spin for work for a while, which is half of an idle kernel's processor time.
        AppContext.SetData("System.Threading.ThreadPool.UnfairSemaphoreSpinLimit", 0);

        // The slowest work begins first and continues while the sockets are bound and the client finds them: loading the signing library,
        // since every message requires it, then the compiler.
        var directory = WorkingDirectory();
        var compilationThread = new CompilationThread();
        var compilerMade = compilationThread.RunAsync(
            () =>
            {
                WireFormat.WarmSigning();
                return new CellCompiler(directory);
            },
            CancellationToken.None);

        var connection = connectionFilePath is null ? GatewayLaunch.NewConnection() : ConnectionFile.Load(connectionFilePath);
        if (connection.Transport == "ipc") IpcListener.Prepare();
        using var loop = new Loop();
        var history = new HistoryStore(Log.WarnOnce, HistoryStore.DefaultPath());
        var sockets = new JupyterSockets(connection, loop, gateway?.Ports);
        if (connectionFilePath is not null && sockets.Connection != connection) sockets.Connection.WritePorts(connectionFilePath);
#pragma warning disable RS0030 // The loop has not begun, and needs the compiler.
        var compiler = compilerMade.GetAwaiter().GetResult();
#pragma warning restore RS0030
        var compilerWarmed = compilationThread.RunAsync(compiler.Warm, CancellationToken.None);
        var session = new NotebookSession(compiler, compilationThread);
        var earlyWorker = new EarlyWorker();
        var events = new WorkerEvents(session, new Outputs(sockets), new Questions(sockets), new Notices());
        var supervisor = new Supervisor(loop, session, events, earlyWorker.Process);
        var queue = events.Queue =
            new ExecuteQueue(new SessionServices(sockets, session, history, supervisor, events.Outputs, events.Questions, events.Notices));
        var comms = events.Comms = new Comms(sockets, supervisor, queue.Add, session);
        var language = new LanguageRequests(session, supervisor, new LanguageService(compiler));
        var dispatcher = new Dispatcher(sockets.Connection, sockets, queue, comms, language, history, supervisor, Stop);
        using var collector = new IdleCollectionTimer();
        var isInUse = false;
        sockets.Requested = request =>
        {
            isInUse = true;
            collector.Active();
            dispatcher.Handle(request);
            earlyWorker.Start();
        };
        sockets.Subscribed = () => loop.Post(dispatcher.Inform);
        sockets.InputReplied = events.Questions.Answer;

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            loop.Post(queue.Interrupt);
        });
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            Log.WarnOnce("Received SIGTERM; the kernel is shutting down.");
            Stop();
        });
        using var listener = gateway is null ? null : new GatewayListener(gateway.Ports, () => loop.Post(queue.Interrupt), End);
#pragma warning disable RS0030 // The loop has not begun.
        if (gateway is not null) GatewayAnswer.SendAsync(gateway, sockets.Connection, listener!.Port).GetAwaiter().GetResult();
#pragma warning restore RS0030

        // The process that a gateway names is on another machine.
        using var parent = gateway is null ? ParentWatch.Start(() => Volatile.Read(ref isInUse), End, Log.WarnOnce) : null;

        loop.Run(() =>
        {
            sockets.Publish("status", null, WireFormat.ToJson(Status.Starting));
            supervisor.Start();
            _ = earlyWorker.StartSoonAsync();
            _ = WarmLanguageAsync();
        });

#pragma warning disable RS0030 // The loop has ended.
        Task.WhenAny(WorkerProcess.AllEnded, Task.Delay(EndTimeout)).GetAwaiter().GetResult();
#pragma warning restore RS0030
        history.Dispose();
        loop.Dispose();
        sockets.Dispose();
        CleanUp();

        // A batch run has no pause between its cells and does not load it.
        async Task WarmLanguageAsync()
        {
            await compilerWarmed;
            await Task.Delay(UntilEditor);
            while (queue.CalmFor < (queue.Running is null ? IdleBeforeEditor : LongCell)) await Task.Delay(IdleBeforeEditor / 2);
            if (KernelSettings.Current.WarmUp) await language.WarmUpAsync();
        }

        void End(string reason)
        {
            Log.WarnOnce(reason);
            Stop();
        }

        void Stop() => loop.Post(() =>
        {
            queue.Running?.Interrupt();
            supervisor.Stop();
            loop.Stop();
        });
    }

    private static string WorkingDirectory()
    {
        try
        {
            return Environment.CurrentDirectory;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            throw new IOException("The working folder does not exist or cannot be read. Start the kernel in another folder.", gone);
        }
    }

    /// <summary>
    /// Sends the last messages, and waits for a client that does not read them no longer than the client waits for the shutdown.
    /// </summary>
    private static void CleanUp()
    {
        var cleaner = new Thread(() => NetMQConfig.Cleanup()) { IsBackground = true, Name = "clean-up" };
        cleaner.Start();
        if (!cleaner.Join(CleanUpTimeout)) Log.WarnOnce("The sockets could not be closed in time.");
    }
}
