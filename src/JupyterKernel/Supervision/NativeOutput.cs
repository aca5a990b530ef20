using System.Diagnostics;
using System.Globalization;
using System.Text;
using JupyterKernel.Link;

namespace JupyterKernel.Supervision;

/// <summary>
/// Reads one of a worker's native streams (stdout or stderr) on its own thread, and separates text from the markers that end a cell's
/// output. The runtime's crash report is held back and becomes the error of the cell that crashed.
/// </summary>
internal sealed class NativeOutput
{
    private static readonly string[] CrashHeaders =
        ["Unhandled exception.", "Unhandled Exception:", "Stack overflow.", "Process terminated.", "Fatal error.", "Out of memory."];

    /// <summary>
    /// The time within which a worker must end for published text to be recognized as the beginning of its crash report. A cell may end
    /// while the runtime prints the stack of another thread; the text is then published.
    /// </summary>
    private static readonly TimeSpan ReleasedTimeout = TimeSpan.FromSeconds(10);
    private const int MaxReleasedLength = 64 * 1024;

    private readonly System.IO.Stream stream;
    private readonly byte[] markerStart;
    private readonly Action<string> onText;
    private readonly Action<long> onMarker;
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();
    private readonly StringBuilder crash = new();
    private readonly StringBuilder released = new();
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long releasedAt;
    private byte[] buffer = new byte[16 * 1024];
    private int filled;

    /// <param name="stream">The pipe.</param>
    /// <param name="markerToken">The token that markers carry.</param>
    /// <param name="onText">Receives the text, on the reading thread.</param>
    /// <param name="onMarker">Receives the number of the cell whose output has ended, on the reading thread.</param>
    public NativeOutput(System.IO.Stream stream, byte[] markerToken, Action<string> onText, Action<long> onMarker)
    {
        this.stream = stream;
        this.onText = onText;
        this.onMarker = onMarker;
        markerStart = NativeMarker.Start(markerToken);
        new Thread(Read, 256 * 1024) { IsBackground = true, Name = "native output" }.Start();
    }

    /// <summary>Completes when the pipe has been closed; a child of the worker may keep it open after the worker has ended.</summary>
    public Task Ended => ended.Task;

    /// <summary>The runtime's crash report; complete when <see cref="Ended"/> is.</summary>
    public string CrashReport
    {
        get
        {
            lock (crash) return crash.ToString();
        }
    }

    /// <summary>The text that looked like a crash report but was published because a cell ended meanwhile; empty after 10 s.</summary>
    public string ReleasedReport
    {
        get
        {
            lock (crash) return Stopwatch.GetElapsedTime(releasedAt) < ReleasedTimeout ? released.ToString() : "";
        }
    }

    private void Read()
    {
        try
        {
            while (true)
            {
                if (filled == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
                var count = stream.Read(buffer, filled, buffer.Length - filled);
                if (count == 0) break;
                filled += count;
                Consume();
            }
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException)
        {
            // The worker has exited, which closed the pipe.
        }

        Emit(buffer.AsSpan(0, filled));
        ended.SetResult();
    }

    private void Consume()
    {
        var rest = buffer.AsSpan(0, filled);
        while (rest.IndexOf(markerStart) is var start and >= 0)
        {
            var number = rest[(start + markerStart.Length)..];
            var end = number.IndexOf(NativeMarker.Edge);
            if (end < 0) break;
            Emit(rest[..start]);
            ReleaseCrash();
            if (long.TryParse(number[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var cell)) onMarker(cell);
            rest = number[(end + 1)..];
        }

        // A marker may begin at the end of the buffer.
        var edge = rest.LastIndexOf(NativeMarker.Edge);
        var complete = edge >= 0 && rest.Length - edge < markerStart.Length + NativeMarker.MaxTailBytes ? edge : rest.Length;
        Emit(rest[..complete]);
        rest[complete..].CopyTo(buffer);
        filled = rest.Length - complete;
    }

    private void Emit(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return;
        var chars = new char[decoder.GetCharCount(bytes, flush: false)];
        decoder.GetChars(bytes, chars, flush: false);
        var text = new string(chars);
        lock (crash)
        {
            var header = crash.Length > 0 ? 0 : CrashHeaders.Min(header => LineStart(text, header));
            if (header < text.Length) crash.Append(text, header, text.Length - header);
            text = text[..Math.Min(header, text.Length)];
            if (released.Length is > 0 and < MaxReleasedLength) released.Append(text);
        }

        if (text.Length > 0) onText(text);
    }

    private static int LineStart(string text, string header)
    {
        var at = text.IndexOf(header, StringComparison.Ordinal);
        return at == 0 || (at > 0 && text[at - 1] == '\n') ? at : int.MaxValue;
    }

    private void ReleaseCrash()
    {
        string text;
        lock (crash)
        {
            text = crash.ToString();
            crash.Clear();
            if (text.Length > 0)
            {
                released.Clear().Append(text);
                releasedAt = Stopwatch.GetTimestamp();
            }
        }

        if (text.Length > 0) onText(text);
    }
}
