using System.Text;
using JupyterKernel.Display;
using JupyterKernel.Protocol;
using JupyterKernel.Sockets;
using JupyterKernel.Link;
using Newtonsoft.Json;

namespace JupyterKernel.Execution;

/// <summary>
/// Publishes output of user code as output of the request that the code belongs to. A thread that outlives its cell still belongs to the
/// request that ran the cell. Loop thread.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-iopub-pub-sub-channel
/// </summary>
internal sealed class Outputs(JupyterSockets sockets)
{
    private readonly Dictionary<long, (Request Request, bool Silent)> requestOfCode = [];
    private long latest;

    /// <summary>Assigns code to a request.</summary>
    /// <param name="code">The number of the cell, of one of its blocks, or of other code.</param>
    /// <param name="silent">Whether the output is dropped.</param>
    public void Add(long code, Request request, bool silent) => requestOfCode[code] = (request, silent);

    /// <summary>Assigns a cell or one of its blocks to a request, to which output of unknown code belongs from now on.</summary>
    public void AddCell(long code, Request request, bool silent)
    {
        Add(code, request, silent);
        latest = code;
    }

    /// <summary>Removes code; its output belongs to the request of the latest cell from now on.</summary>
    public void Remove(long code) => requestOfCode.Remove(code);

    /// <summary>Returns the request that code belongs to; that of the latest cell if the code is unknown; null if there is none.</summary>
    public Request? RequestOf(long code) => Find(code).Request;

    /// <summary>Returns the same request as <see cref="RequestOf"/>, but null if the request is silent.</summary>
    public Request? ShownRequestOf(long code) => Find(code) is { Silent: false, Request: var request } ? request : null;

    /// <summary>Publishes text.</summary>
    /// <param name="code">The code that wrote it.</param>
    /// <param name="name">stdout or stderr.</param>
    public void Stream(long code, string name, string text) => Stream(code, name, Encoding.UTF8.GetBytes(JsonConvert.ToString(text)));

    /// <summary>Publishes text that is already a JSON literal.</summary>
    public void Stream(long code, string name, byte[] textLiteral)
    {
        if (ShownRequestOf(code) is { } parent)
            sockets.Publish("stream", parent,
                [.. "{\"name\":\""u8, .. Encoding.ASCII.GetBytes(name), .. "\",\"text\":"u8, .. textLiteral, .. "}"u8]);
    }

    /// <summary>Publishes a display sent by user code.</summary>
    public void Display(DisplayOutput display)
    {
        if (ShownRequestOf(display.Cell) is { } parent)
        {
            sockets.Publish(display.Update ? "update_display_data" : "display_data", parent, display.Payload[0]);
        }
    }

    /// <summary>Publishes display data of the kernel itself, in order with the outputs of user code.</summary>
    public void Display(long code, MimeBundle bundle)
    {
        if (ShownRequestOf(code) is { } parent) sockets.Publish("display_data", parent, bundle.DisplayJson(null));
    }

    /// <summary>Publishes a clear_output sent by user code.</summary>
    public void Clear(ClearCellOutput clear)
    {
        if (ShownRequestOf(clear.Cell) is { } parent)
        {
            sockets.Publish("clear_output", parent, WireFormat.ToJson(new ClearOutput(clear.Wait)));
        }
    }

    private (Request? Request, bool Silent) Find(long code) =>
        requestOfCode.TryGetValue(code, out var known) ? known
        : requestOfCode.TryGetValue(latest, out known) ? known
        : (null, false);
}
