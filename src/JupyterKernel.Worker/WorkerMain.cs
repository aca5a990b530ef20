using System.Diagnostics;
using System.Runtime.InteropServices;
using JupyterKernel.Display.Hosting;
using JupyterKernel.Display;
using JupyterKernel.Link.Processes;
using JupyterKernel.Link;
using JupyterKernel.Worker.Cells;
using JupyterKernel.Worker.Channel;
using JupyterKernel.Worker.Console;
using JupyterKernel.Worker.State;

namespace JupyterKernel.Worker;

/// <summary>
/// The worker process. The channel thread (this one) owns the pair socket, the cell thread runs user code, and a third thread reads the
/// kernel's commands from stdin. Stdin is a private pipe that carries the key and the endpoint; when it is closed, the kernel has ended.
/// </summary>
internal static class WorkerMain
{
    private static volatile bool leavesChildren;

    /// <summary>Runs until the kernel ends or user code ends this process.</summary>
    /// <returns>The exit code.</returns>
    public static int Main()
    {
        InheritedSignals.Reset();
        if (Environment.GetEnvironmentVariable(WorkerEnvironment.WaitForDebugger) is not null) WaitForDebugger();
        WorkerEnvironment.Forget();
        InheritedSignals.HandlePipe();
        ProcessTree.LeadGroup();

        // Ctrl+C in a terminal reaches the whole process group, but the kernel decides what to interrupt.
        using var sigint = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);

        using var orders = NativeStreams.TakeStdin();
        var key = new byte[PairFraming.KeyBytes];
        var marker = new byte[NativeMarker.TokenBytes];
        orders.ReadExactly(key);
        orders.ReadExactly(marker);
        var session = new byte[NativeMarker.TokenBytes];
        orders.ReadExactly(session);

        var channel = new KernelChannel(key);
        var console = new ConsoleCapture(channel);
        var uncaught = new UncaughtExceptions(console);
        var cells = new CellThread(console, new NativeStreams(marker), uncaught);
        var tables = new TableThread(channel);
        channel.Received = message =>
        {
            switch (message)
            {
                case RunCell run:
                    cells.Start(run);
                    break;
                case CommArrived comm:
                    cells.Start(comm);
                    break;
                case ReadTableInTurn query:
                    cells.Start(query);
                    break;
                case ReadTable query:
                    tables.Start(query);
                    break;
                case InterruptCell interrupt:
                    cells.Interrupt(interrupt.Cell);
                    break;
                case InputAnswer answer:
                    console.Input.Answer(answer);
                    break;
                case RunSubmitted run:
                    cells.Submitted.Answer(run.Submission, run);
                    break;
                case RefuseSubmitted refuse:
                    cells.Submitted.Answer(refuse.Submission, refuse);
                    break;
                case LeaveChildren leave:
                    leavesChildren = leave.Leave;
                    break;
                case ReportMemory report:
                    channel.PostEvery(report.Interval, () => MemoryReports.Now(request: 0));
                    break;
                default:
                    cells.Start(message);
                    break;
            }
        };

        console.Install();
        NotebookHost.Current = new CellHost(console, cells, Convert.ToHexString(session));
        uncaught.Watch(Farewell);

        var endpoints = new Thread(() => ReadEndpoints(orders, channel), 256 * 1024) { IsBackground = true, Name = "orders" };
        endpoints.Start();
        CellThread.Warm();
        PairFraming.Warm();
        UncaughtExceptions.Need();
        channel.Run();
        return 0;

        // Output printed just before the process ends usually contains the reason.
        void Farewell()
        {
            console.Flush();
            channel.Drain(TimeSpan.FromSeconds(1));
        }
    }

    private static void WaitForDebugger()
    {
        while (!Debugger.IsAttached) Thread.Sleep(50);
    }

    private static void ReadEndpoints(System.IO.Stream orders, KernelChannel channel)
    {
        var kernel = ProcessTree.Parent();
        using var lines = new StreamReader(orders);
        while (ReadLine() is { } endpoint) channel.Connect(endpoint);

        // The kernel has ended. Finalizers and exit handlers of cells must not keep this process alive.
        if (!leavesChildren) ProcessTree.EndAsync(Environment.ProcessId, ProcessTree.Of(Environment.ProcessId)).GetAwaiter().GetResult();
        RuntimeFiles.Delete(Environment.ProcessId, ProcessTree.StartTime(Environment.ProcessId));
        if (kernel is { } killed) RuntimeFiles.Delete(killed.Id, killed.StartTime);
        NativeStreams.ExitNow();

        string? ReadLine()
        {
            try
            {
                return lines.ReadLine();
            }
            catch (IOException)
            {
                return null;
            }
        }
    }
}
