using System.Globalization;
using System.Net;
using System.Text;
using JupyterKernel.Display;
using JupyterKernel.Protocol;
using JupyterKernel.Settings;
using JupyterKernel.Link;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace JupyterKernel.Kernel;

/// <summary>
/// Which request each cell belongs to, and with it what cells and the kernel itself have to say, published as outputs of that request. Loop thread.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-iopub-pub-sub-channel
/// </summary>
internal sealed class CellOutputs(JupyterSockets sockets)
{
    // Threads may outlive their cell and print: their output belongs to the request that ran it.
    private readonly Dictionary<long, (Request Request, bool Silent)> requestOfCell = [];
    private readonly Queue<(string Text, bool IsLoss)> notices = new();
    private long latest;
    private bool isAnnounced;

    /// <summary>The request that is being executed; null between two.</summary>
    public Request? Running { get; private set; }

    /// <summary>Whether the running request's client can be asked.</summary>
    public bool AllowsQuestions { get; private set; }

    /// <summary>A request's turn begins.</summary>
    public void Begin(Request request) => (Running, AllowsQuestions) = (request, false);

    /// <summary>Its turn has ended.</summary>
    public void End() => Running = null;

    /// <summary>The running request's cell begins.</summary>
    /// <param name="allowsQuestions">Whether the client can be asked.</param>
    public void BeginCell(long cell, bool silent, bool allowsQuestions)
    {
        AllowsQuestions = allowsQuestions;
        isAnnounced = false;
        latest = cell;
        Add(cell, Running!, silent);
    }

    /// <summary>Code runs as a part of the running cell, whose output is from now on where the kernel's own goes.</summary>
    public void GoOn(long part)
    {
        requestOfCell[part] = requestOfCell[latest];
        latest = part;
    }

    /// <summary>Code runs for a request.</summary>
    public void Add(long number, Request request, bool silent) => requestOfCell[number] = (request, silent);

    /// <summary>Code runs for whom another does.</summary>
    public void AddFor(long number, long other) => requestOfCell[number] = requestOfCell[other];

    /// <summary>What comes of this code from now on goes where the latest cell's output goes.</summary>
    public void Remove(long number) => requestOfCell.Remove(number);

    /// <summary>The request that a cell belongs to; the latest cell's where that is not known.</summary>
    public Request? RequestOf(long cell) => Find(cell).Request;

    /// <summary>The same, but null if the request is a silent one.</summary>
    public Request? ShownRequestOf(long cell) => Find(cell) is { Silent: false, Request: var request } ? request : null;

    /// <summary>Publishes text.</summary>
    /// <param name="cell">The cell that it comes from.</param>
    /// <param name="name">stdout or stderr.</param>
    public void Stream(long cell, string name, string text) => Stream(cell, name, Encoding.UTF8.GetBytes(JsonConvert.ToString(text)));

    /// <summary>Publishes text.</summary>
    /// <param name="textLiteral">As JSON.</param>
    public void Stream(long cell, string name, byte[] textLiteral)
    {
        if (ShownRequestOf(cell) is { } parent)
            sockets.Publish("stream", parent, [.. "{\"name\":\""u8, .. Encoding.ASCII.GetBytes(name), .. "\",\"text\":"u8, .. textLiteral, .. "}"u8]);
    }

    /// <summary>Publishes what a cell displays.</summary>
    public void Display(DisplayOutput display)
    {
        if (ShownRequestOf(display.Cell) is { } parent) sockets.Publish(display.Update ? "update_display_data" : "display_data", parent, display.Payload[0]);
    }

    /// <summary>Publishes that a cell clears its outputs.</summary>
    public void Clear(Link.ClearOutput clear)
    {
        if (ShownRequestOf(clear.Cell) is { } parent) sockets.Publish("clear_output", parent, WireFormat.ToJson(new Protocol.ClearOutput(clear.Wait)));
    }

    /// <summary>Shows something among the running cell's outputs.</summary>
    public void Show(MimeBundle bundle)
    {
        if (ShownRequestOf(latest) is { } request) sockets.Publish("display_data", request, bundle.DisplayJson(null));
    }

    /// <summary>Shows a block's result that is not the cell's.</summary>
    public void Show(byte[] data, byte[] metadata)
    {
        if (ShownRequestOf(latest) is { } request)
            sockets.Publish("display_data", request, Join("{\"data\":"u8, data, ",\"metadata\":"u8, metadata, ",\"transient\":{}}"u8));
    }

    /// <summary>Publishes the running cell's result.</summary>
    public void Result(byte[] data, byte[] metadata, int executionCount) => sockets.Publish("execute_result", Running, Join(
        "{\"data\":"u8, data, ",\"metadata\":"u8, metadata, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $",\"execution_count\":{executionCount}}}"))));

    /// <summary>Writes a line to the running cell's stderr.</summary>
    public void Warn(string line) => Stream(latest, "stderr", line + "\n");

    /// <summary>Shows lines in small print, where notices are wanted.</summary>
    /// <param name="remarks">Not enumerated otherwise.</param>
    public void Remark(IEnumerable<string> remarks)
    {
        if (!ShowsNotices || ShownRequestOf(latest) is not { } request) return;
        var lines = remarks.ToList();
        if (lines.Count == 0) return;
        var html = $"<div style=\"font-size: smaller; opacity: 0.7\">{string.Join("<br>", lines.Select(WebUtility.HtmlEncode))}</div>";
        sockets.Publish("display_data", request, WireFormat.ToJson(new JObject
        {
            ["data"] = new JObject { ["text/plain"] = string.Join('\n', lines), ["text/html"] = html },
            ["metadata"] = new JObject(),
            ["transient"] = new JObject(),
        }));
    }

    /// <summary>Tells the user what became of the session's state.</summary>
    /// <param name="isLoss">Whether something may not be as it was, which is told in any case.</param>
    public void Notice(string text, bool isLoss)
    {
        notices.Enqueue((text, isLoss));
        ShowNotices();
    }

    /// <summary>Everybody was told that the running request's cell begins.</summary>
    public void Announced()
    {
        isAnnounced = true;
        ShowNotices();
    }

    private bool ShowsNotices => KernelSettings.Current.Notices switch { "on" => true, "off" => false, _ => AllowsQuestions };

    /// <summary>Shows what there was to say since the last cell: front ends drop what comes for a cell that has ended.</summary>
    private void ShowNotices()
    {
        if (Running is null || !isAnnounced || ShownRequestOf(latest) is not { } request || request != Running) return;
        while (notices.TryDequeue(out var notice))
        {
            if (notice.IsLoss || ShowsNotices) Warn(notice.Text);
        }
    }

    private (Request? Request, bool Silent) Find(long cell) =>
        requestOfCell.TryGetValue(cell, out var known) ? known
        : requestOfCell.TryGetValue(latest, out known) ? known
        : (null, false);

    /// <summary>One array of the parts: output may be large, so it is copied once and never parsed.</summary>
    private static byte[] Join(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, ReadOnlySpan<byte> c, ReadOnlySpan<byte> d, ReadOnlySpan<byte> e)
    {
        var joined = new byte[a.Length + b.Length + c.Length + d.Length + e.Length];
        var rest = joined.AsSpan();
        Append(a, ref rest);
        Append(b, ref rest);
        Append(c, ref rest);
        Append(d, ref rest);
        Append(e, ref rest);
        return joined;

        static void Append(ReadOnlySpan<byte> part, ref Span<byte> rest)
        {
            part.CopyTo(rest);
            rest = rest[part.Length..];
        }
    }
}
