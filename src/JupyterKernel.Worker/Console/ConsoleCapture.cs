using System.Diagnostics;
using System.Reflection;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using JupyterKernel.Display.Hosting;
using JupyterKernel.Link;
using JupyterKernel.Worker.Channel;
using JupyterKernel.Worker.Values;

namespace JupyterKernel.Worker.Console;

/// <summary>
/// Sends the text written to Console.Out and Console.Error as stream output of the cell that wrote it. Text is sent in batches: after 20
/// ms, after 32 K characters, and before any other message of the cell, so that all output keeps its order. Any thread.
/// </summary>
internal sealed class ConsoleCapture
{
    private const int BatchCharacters = 32 * 1024;
    private static readonly TimeSpan BatchTime = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan FirstBatchTime = TimeSpan.FromMilliseconds(3);

    private readonly KernelChannel channel;
    private readonly object gate = new();
    private readonly StringBuilder batch = new();
    private readonly SemaphoreSlim batchBegun = new(0);
    private readonly UnfinishedLine unfinishedLine = new();
    private readonly AsyncLocal<long> cellOfThread = new();
    private long batchCell;
    private string batchName = "";
    private long latestCell;
    private TextWriter? output;
    private TextWriter? error;

    public ConsoleCapture(KernelChannel channel)
    {
        this.channel = channel;
        Input = new StdinReader(this);
        new Thread(FlushInTime, 256 * 1024) { IsBackground = true, Name = "console" }.Start();
    }

    /// <summary>Console.In, which asks the user.</summary>
    public StdinReader Input { get; }

    /// <summary>
    /// The cell that the current thread works for: the cell that started its work, even if that has ended; otherwise the latest cell.
    /// </summary>
    public long CurrentCell => cellOfThread.Value is var cell and not 0 ? cell : Volatile.Read(ref latestCell);

    /// <summary>The cell that started the work of the current thread; 0 if there is none or it is unknown.</summary>
    public long CellOfThread => cellOfThread.Value;

    /// <summary>Replaces the console's streams.</summary>
    public void Install()
    {
        InstallOutput();
        System.Console.SetIn(Input);
    }

    /// <summary>
    /// Replaces the console's writers after a thread was aborted, probably while printing: the framework locks the writers without
    /// <see cref="AbortSafe"/>, so a lock may still be held. Writers set by the user are kept.
    /// </summary>
    public void Renew()
    {
        if (System.Console.Out == output && System.Console.Error == error) InstallOutput();
    }

    /// <summary>Returns the cell that an execution context belongs to; 0 if there is none.</summary>
    public long CellOf(ExecutionContext context)
    {
        long cell = 0;
        ExecutionContext.Run(context, _ => cell = cellOfThread.Value, null);
        return cell;
    }

    /// <summary>Assigns the output of this thread, and of everything that it starts from now on, to a cell.</summary>
    public void Enter(long cell)
    {
        cellOfThread.Value = cell;
        if (Volatile.Read(ref latestCell) != cell) TakeUnfinishedLine();
        Volatile.Write(ref latestCell, cell);
    }

    /// <summary>Sends the buffered output.</summary>
    public void Flush() => AbortSafe.Run(this, static console =>
    {
        lock (console.gate) console.FlushBatch();
    });

    /// <summary>Returns and removes the unfinished line that the latest cell printed; it becomes the prompt of an input request.</summary>
    public string TakeUnfinishedLine() => AbortSafe.Run(this, static console =>
    {
        lock (console.gate)
        {
            console.FlushBatch();
            var line = console.unfinishedLine.ToString();
            console.unfinishedLine.Clear();
            return line;
        }
    });

    /// <summary>Sends a message of the current cell after everything that was printed before.</summary>
    public void PostInOrder(WorkerMessage message) => AbortSafe.Run((this, message), static posted =>
    {
        var (console, message) = posted;
        lock (console.gate)
        {
            console.FlushBatch();
            if (message is DisplayOutput or ClearCellOutput) console.unfinishedLine.Clear();
            console.channel.Post(message);
        }
    });

    private void InstallOutput()
    {
        System.Console.SetOut(new OutputWriter(this, "stdout"));
        System.Console.SetError(new OutputWriter(this, "stderr"));
        (output, error) = (System.Console.Out, System.Console.Error);
    }

    private void Write(string name, ReadOnlySpan<char> text)
    {
        if (!text.IsEmpty) AbortSafe.Run(new Printed(this, name, text), static printed => printed.Console.Write(printed));
    }

    /// <summary>
    /// Returns the cell that printed text belongs to: usually the current thread's cell. Text that a library writes on a thread of its own,
    /// such as a logger's queue, belongs to the latest cell, not to the cell that first used the library.
    /// </summary>
    private long WritingCell()
    {
        var (cell, latest) = (CurrentCell, Volatile.Read(ref latestCell));
        return cell == latest || Thread.CurrentThread.IsThreadPoolThread || !IsOfLibrary(new StackTrace(skipFrames: 3)) ? cell : latest;
    }

    /// <summary>Whether the console was called by a library that was not called by a cell.</summary>
    private static bool IsOfLibrary(StackTrace calls)
    {
        var hasLibrary = false;
        foreach (var frame in calls.GetFrames())
        {
            if (frame.GetMethod() is not { Module.Assembly: var assembly } method || IsOwn(method)) continue;
            if (Shape.IsCell(assembly)) return false;
            hasLibrary |= assembly != typeof(object).Assembly && assembly != typeof(System.Console).Assembly;
        }

        return hasLibrary;
    }

    // When it prints, the display API counts as a library; AbortSafe only protects the write from an abort.
    private static bool IsOwn(MethodBase method) =>
        method.Module.Assembly == typeof(ConsoleCapture).Assembly || method.DeclaringType == typeof(AbortSafe);

    private void Write(Printed printed)
    {
        var cell = WritingCell();
        lock (gate)
        {
            if (cell != batchCell || printed.Name != batchName) FlushBatch();
            if (batch.Length == 0)
            {
                batchCell = cell;
                batchName = printed.Name;
                batchBegun.Release();
            }

            batch.Append(printed.Text);
            if (batch.Length >= BatchCharacters) FlushBatch();
        }
    }

    private void FlushBatch()
    {
        if (batch.Length == 0) return;

        // Converted to UTF-8, which replaces lone surrogates; the JSON writer would throw on them.
        var printed = batch.ToString();
        if (batchCell == Volatile.Read(ref latestCell)) unfinishedLine.Add(batchName, printed);
        var text = Encoding.UTF8.GetBytes(printed);
        var literal = JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes;
        var quoted = new byte[literal.Length + 2];
        quoted[0] = quoted[^1] = (byte)'"';
        literal.CopyTo(quoted.AsSpan(1));
        channel.Post(new StreamOutput(batchCell, batchName) { Payload = [quoted] });
        batch.Clear();
    }

    private void FlushInTime()
    {
        var lastFlush = DateTime.MinValue;
        while (true)
        {
            batchBegun.Wait();
            var quiet = DateTime.UtcNow - lastFlush > BatchTime;
            Thread.Sleep(quiet ? FirstBatchTime : BatchTime);
            Flush();
            lastFlush = DateTime.UtcNow;
        }
    }

    private readonly ref struct Printed(ConsoleCapture console, string name, ReadOnlySpan<char> text)
    {
        public readonly ConsoleCapture Console = console;
        public readonly string Name = name;
        public readonly ReadOnlySpan<char> Text = text;
    }

    private sealed class OutputWriter(ConsoleCapture console, string name) : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => console.Write(name, [value]);

        public override void Write(string? value) => console.Write(name, value);

        public override void Write(char[] buffer, int index, int count) => console.Write(name, buffer.AsSpan(index, count));

        public override void Write(ReadOnlySpan<char> buffer) => console.Write(name, buffer);

        public override void WriteLine(string? value) => console.Write(name, value + NewLine);

        public override void Flush() => console.Flush();
    }
}
