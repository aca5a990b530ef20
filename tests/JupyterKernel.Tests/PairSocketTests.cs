using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using JupyterKernel.Compilation;
using JupyterKernel.Hosting;
using JupyterKernel.Supervision;
using JupyterKernel.Link;
using Microsoft.CodeAnalysis.CSharp;
using NetMQ;
using NetMQ.Sockets;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests the real executable as a worker, with the kernel's own end of its socket, and with intruders on it.</summary>
public sealed class PairSocketTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_worker_runs_cells_and_answers()
    {
        await using var worker = await Worker.StartAsync();

        Assert.Equal(worker.ProcessId, (await worker.NextAsync<Ready>()).ProcessId);
        worker.Run("int x = 20; int Half(int i) => i / 2;");
        Assert.Empty((await worker.NextAsync<CellReturned>()).Payload);
        worker.Run("await Task.Yield(); x + Half(44)");
        var answer = await worker.NextAsync<CellReturned>();

        Assert.Equal(2, answer.Cell);
        Assert.Contains("\"42\"", Encoding.UTF8.GetString(answer.Payload[0]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_displays_and_exceptions_of_a_cell_arrive_in_order_with_its_number()
    {
        await using var worker = await Worker.StartAsync();

        await worker.NextAsync<Ready>();
        worker.Run("Console.Write(\"out\"); Console.Error.Write(\"error\"); display(7); throw new InvalidOperationException(\"told so\");");

        var output = await worker.NextAsync<StreamOutput>();
        Assert.Equal((1, "stdout", "\"out\""), (output.Cell, output.Name, Encoding.UTF8.GetString(output.Payload[0])));
        var error = await worker.NextAsync<StreamOutput>();
        Assert.Equal((1, "stderr", "\"error\""), (error.Cell, error.Name, Encoding.UTF8.GetString(error.Payload[0])));
        Assert.Equal(1, (await worker.NextAsync<DisplayOutput>()).Cell);
        var threw = await worker.NextAsync<CellThrew>();
        Assert.Equal(("InvalidOperationException", "told so"), (threw.Exception.TypeName, threw.Exception.Message));
        Assert.Equal(("Cell [1]", 1), (threw.Exception.Frames[0].Source, threw.Exception.Frames[0].Line));
    }

    [Fact]
    public async Task A_cell_is_interrupted_and_the_next_one_runs()
    {
        await using var worker = await Worker.StartAsync();

        await worker.NextAsync<Ready>();
        worker.Run("Console.Write(\"begun\"); while (true) ;");
        await worker.NextAsync<StreamOutput>();
        worker.Send(new InterruptCell(1));
        Assert.Equal(1, (await worker.NextAsync<CellInterrupted>()).Cell);
        worker.Run("1");

        Assert.Equal(2, (await worker.NextAsync<CellReturned>()).Cell);
    }

    public static TheoryData<string> Intruders { get; } = [.. Intrusions.Keys];

    private static byte[] Noise
    {
        get
        {
            var noise = new byte[100_000];
            new Random(1).NextBytes(noise);
            return noise;
        }
    }

    private static Dictionary<string, Func<string, IDisposable>> Intrusions => new()
    {
        ["is silent"] = endpoint => new Stranger(endpoint, []),
        ["speaks no ZeroMQ"] = endpoint => new Stranger(endpoint, "GET / HTTP/1.1\r\n\r\n"u8.ToArray()),
        ["announces a frame of 2^63 - 1 bytes"] = endpoint => new Stranger(
            endpoint,
            [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 1, 0, 0, 0, /* the frame: */ 2, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3]),
        ["sends noise"] = endpoint => new Stranger(endpoint, Noise),
        ["sends random bytes"] = endpoint => new Stranger(endpoint, RandomNumberGenerator.GetBytes(100_000)),
        ["is a silent peer"] = endpoint => new Peer(endpoint, 0, []),
        ["sends a message"] = endpoint => new Peer(endpoint, 1, [new byte[32], [], "{}"u8.ToArray()]),
        ["floods"] = endpoint => new Peer(endpoint, 500, [new byte[32], new byte[8], new byte[10_000]]),
        ["sends a frame over the limit"] = endpoint => new Peer(endpoint, 1, [new byte[PairFraming.MaxFrameBytes + 1]]),
        ["sends a ready of its own"] = endpoint =>
        {
            using var framing = new PairFraming(new byte[PairFraming.KeyBytes], isKernel: false);
            return new Peer(endpoint, 1, framing.Seal(new Ready(1, WorkerPrograms.Version)));
        },
    };

    [Theory]
    [MemberData(nameof(Intruders))]
    public async Task A_peer_that_connects_before_the_worker_does_not_take_its_place(string intruder)
    {
        // On the first two sockets the intruder is faster.
        var endpoints = 0;
        await using var worker = await Worker.StartAsync(endpoint => ++endpoints <= 2 ? Intrusions[intruder](endpoint) : null);

        Assert.Equal(worker.ProcessId, (await worker.NextAsync<Ready>()).ProcessId);
        worker.Run("1");

        Assert.Equal(1, (await worker.NextAsync<CellReturned>()).Cell);

        // If random bytes declare a frame that is too long, the socket itself disconnects the intruder; all others still occupy the
        // worker's place.
        if (!intruder.Contains("frame", StringComparison.Ordinal) && !intruder.Contains("random", StringComparison.Ordinal))
        {
            Assert.True(endpoints > 1, "the stranger was not in the worker's place at all");
        }
    }

    [Theory]
    [MemberData(nameof(Intruders))]
    public async Task A_peer_that_connects_after_the_worker_is_ignored(string intruder)
    {
        await using var worker = await Worker.StartAsync();
        await worker.NextAsync<Ready>();

        using var stranger = Intrusions[intruder](worker.Endpoint);
        worker.Run("Console.Write(\"heard\");");

        Assert.Equal("\"heard\"", Encoding.UTF8.GetString((await worker.NextAsync<StreamOutput>()).Payload[0]));
        Assert.Equal(1, (await worker.NextAsync<CellReturned>()).Cell);
    }

    [Fact]
    public void A_worker_ignores_what_its_kernel_did_not_sign()
    {
        using var socket = new PairSocket();
        using var worker = new WorkerExecutable();
        using var kernel = new PairFraming(worker.Key, isKernel: true);
        using var stranger = new PairFraming(new byte[PairFraming.KeyBytes], isKernel: true);
        worker.Tell($"tcp://127.0.0.1:{socket.BindRandomPort("tcp://127.0.0.1")}\n");
        Assert.IsType<Ready>(Receive());

        var compiler = new CellCompiler(Path.GetTempPath());
        socket.SendMultipartBytes(Array.Empty<byte>(), Array.Empty<byte>(), Array.Empty<byte>());
        socket.SendMultipartBytes("hello"u8.ToArray());
        socket.SendMultipartBytes(new byte[32], [], "{\"type\":\"run_cell\"}"u8.ToArray());
        socket.SendMultipartBytes([.. stranger.Seal(RunCell(compiler, "Environment.Exit(3);", 1))]);
        var genuine = kernel.Seal(RunCell(compiler, "1", 2));
        socket.SendMultipartBytes([.. genuine]);
        socket.SendMultipartBytes([.. genuine]);
        Assert.Equal(2, Assert.IsType<CellReturned>(Receive()).Cell);

        socket.SendMultipartBytes([.. kernel.Seal(RunCell(compiler, "2", 3))]);
        Assert.Equal(3, Assert.IsType<CellReturned>(Receive()).Cell);

        WorkerMessage? Receive()
        {
            List<byte[]> frames = [];
            Assert.True(socket.TryReceiveMultipartBytes(Worker.Deadline, ref frames!), "the worker sent nothing");
            return kernel.Open(frames);
        }
    }

    [Theory]
    [InlineData("1")]
    [InlineData("Console.Write(\"begun\"); while (true) ;")]
    [InlineData("Console.Write(\"begun\"); Thread.Sleep(-1);")]
    [InlineData("Console.Write(\"begun\"); while (true) try { Thread.Sleep(-1); } catch { }")]
    [InlineData(
        "AppDomain.CurrentDomain.ProcessExit += (_, _) => Thread.Sleep(-1); Console.Write(\"begun\"); "
            + "while (true) Console.WriteLine(new string('x', 10_000));")]
    public async Task A_worker_ends_with_its_kernel_whatever_its_cell_does(string code)
    {
        await using var worker = await Worker.StartAsync();
        await worker.NextAsync<Ready>();
        worker.Run(code);
        await worker.NextAsync<WorkerMessage>();

        worker.CloseStdin();

        Assert.Equal(0, await worker.Exited);
    }

    [Fact]
    public async Task A_worker_whose_kernel_ends_before_sending_anything_ends_too()
    {
        using var worker = new WorkerExecutable(tellKey: false);
        worker.CloseStdin();

        await worker.Exited.WaitAsync(Worker.Deadline, Cancellation);
    }

    [Fact]
    public async Task The_key_is_not_where_other_processes_can_see_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux shows them in files");
        await using var worker = await Worker.StartAsync();
        await worker.NextAsync<Ready>();

        foreach (var file in (string[])["cmdline", "environ"])
        {
            var bytes = await File.ReadAllBytesAsync($"/proc/{worker.ProcessId}/{file}", Cancellation);
            Assert.NotEmpty(bytes);
            Assert.True(bytes.AsSpan().IndexOf(worker.Key) < 0);
            var text = Encoding.UTF8.GetString(bytes);
            Assert.DoesNotContain(Convert.ToHexString(worker.Key), text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(Convert.ToBase64String(worker.Key), text, StringComparison.Ordinal);
        }
    }

    private static RunCell RunCell(CellCompiler compiler, string code, long number) =>
        RunCell(Compile(compiler, code, compiler.Root), number);

    private static RunCell RunCell(CompiledCell cell, long number) =>
        new(number, cell.EntryType, cell.EntryMethod, Files: null, AllowStdin: false, IsReplay: false, IsKept: true,
            []) { Payload = [cell.Emitted.Assembly, cell.Emitted.Symbols] };

    private static CompiledCell Compile(CellCompiler compiler, string code, CSharpCompilation previous)
    {
        var outcome = compiler.Compile(code, "Cell [1]", previous, Cancellation);
        Assert.True(outcome.Cell is not null, string.Join('\n', outcome.Errors));
        return outcome.Cell;
    }

    /// <summary>The worker's process with the test at its stdin.</summary>
    private sealed class WorkerExecutable : IDisposable
    {
        private readonly Process process;

        public WorkerExecutable(bool tellKey = true)
        {
            var (executable, arguments) = WorkerPrograms.CommandOf(WorkerPrograms.Worker);
            process = Process.Start(new ProcessStartInfo(executable, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            Exited = WaitForExitAsync();
            if (!tellKey) return;
            process.StandardInput.BaseStream.Write([.. Key, .. RandomNumberGenerator.GetBytes(2 * NativeMarker.TokenBytes)]);
            process.StandardInput.BaseStream.Flush();
        }

        public byte[] Key { get; } = RandomNumberGenerator.GetBytes(PairFraming.KeyBytes);

        public int Id => process.Id;

        public Task<int> Exited { get; }

        public void Tell(string orders)
        {
            process.StandardInput.Write(orders);
            process.StandardInput.Flush();
        }

        public void CloseStdin() => process.StandardInput.Close();

        public void Dispose()
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }

        private async Task<int> WaitForExitAsync()
        {
            await process.WaitForExitAsync(CancellationToken.None);
            return process.ExitCode;
        }
    }

    /// <summary>A worker with the kernel's own channel on a separate loop.</summary>
    private sealed class Worker : IAsyncDisposable
    {
        public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

        private readonly WorkerExecutable executable = new();
        private readonly Loop loop = new();
        private readonly Thread thread;
        private readonly Channel<WorkerMessage> received = Channel.CreateUnbounded<WorkerMessage>();
        private readonly TaskCompletionSource channelThere = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly List<IDisposable> strangers = [];
        private readonly CellCompiler compiler = new(Path.GetTempPath());
        private CSharpCompilation? last;
        private WorkerChannel? channel;
        private long cells;

        private Worker(Func<string, IDisposable?> intrude)
        {
            thread = new(() => loop.Run(() =>
            {
                try
                {
                    channel = new WorkerChannel(loop.Poller, Key, Tell, message => received.Writer.TryWrite(message));
                    channelThere.SetResult();
                }
                catch (Exception why)
                {
                    channelThere.SetException(why);
                }
            }));
            thread.Start();

            void Tell(string endpoint)
            {
                Endpoint = endpoint;
                if (intrude(endpoint) is { } stranger) strangers.Add(stranger);
                executable.Tell(endpoint + "\n");
            }
        }

        public byte[] Key => executable.Key;

        public int ProcessId => executable.Id;

        public string Endpoint { get; private set; } = "";

        public Task<int> Exited => executable.Exited.WaitAsync(Deadline, Cancellation);

        /// <param name="intrude">Called with each endpoint before the worker receives it.</param>
        public static async Task<Worker> StartAsync(Func<string, IDisposable?>? intrude = null)
        {
            var worker = new Worker(intrude ?? (_ => null));
            await worker.channelThere.Task.WaitAsync(Deadline, Cancellation);
            return worker;
        }

        public void Run(string code)
        {
            var cell = Compile(compiler, code, last ?? compiler.Root);
            last = cell.Link;
            Send(RunCell(cell, ++cells));
        }

        public void Send(WorkerMessage message) => loop.Post(() => channel!.Send(message));

        public async Task<T> NextAsync<T>()
            where T : WorkerMessage =>
            Assert.IsType<T>(await received.Reader.ReadAsync(Cancellation).AsTask().WaitAsync(Deadline, Cancellation), exactMatch: false);

        public void CloseStdin() => executable.CloseStdin();

        public async ValueTask DisposeAsync()
        {
            var disposed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            loop.Post(() =>
            {
                channel!.Dispose();
                disposed.SetResult();
            });
            await disposed.Task.WaitAsync(Deadline, CancellationToken.None);
            loop.Stop();
            thread.Join();
            loop.Dispose();
            executable.Dispose();
            foreach (var stranger in strangers) stranger.Dispose();
        }
    }

    /// <summary>Connects, waits for the socket's greeting, which shows that the connection was accepted, then sends bytes.</summary>
    private sealed class Stranger : IDisposable
    {
        private readonly TcpClient client = new();

        public Stranger(string endpoint, byte[] bytes)
        {
            var address = new Uri(endpoint);
            client.Connect(address.Host, address.Port);
            client.ReceiveTimeout = (int)Worker.Deadline.TotalMilliseconds;
            client.GetStream().ReadByte();
            try
            {
                client.GetStream().Write(bytes);
            }
            catch (IOException)
            {
                // Already disconnected.
            }
        }

        public void Dispose() => client.Dispose();
    }

    /// <summary>A ZeroMQ peer that is connected before this returns.</summary>
    private sealed class Peer : IDisposable
    {
        private readonly PairSocket socket = new();

        public Peer(string endpoint, int messages, IReadOnlyList<byte[]> frames)
        {
            socket.Options.Linger = TimeSpan.Zero;
            socket.Options.DelayAttachOnConnect = true;
            socket.Connect(endpoint);
            Assert.True(SpinWait.SpinUntil(() => socket.HasOut, Worker.Deadline), "no connection");
            for (var i = 0; i < messages; i++) socket.TrySendMultipartBytes(TimeSpan.FromSeconds(1), [.. frames]);
        }

        public void Dispose() => socket.Dispose();
    }
}
