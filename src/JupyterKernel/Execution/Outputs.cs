using System.Text;
using JupyterKernel.Display;
using JupyterKernel.Protocol;
using JupyterKernel.Sockets;
using JupyterKernel.Link;
using Newtonsoft.Json;

namespace JupyterKernel.Execution;

/// <summary>
/// Publishes what code outputs, as outputs of the request that the code belongs to. Threads may outlive their cell and print: their output still belongs to
/// the request that ran the cell. Loop thread.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-iopub-pub-sub-channel
/// </summary>
internal sealed class Outputs(JupyterSockets sockets)
{
    private readonly Dictionary<long, (Request Request, bool Silent)> requestOfCode = [];
    private long latest;

    /// <summary>Code runs for a request.</summary>
    /// <param name="code">The number of the cell, of a block of it, or of other code.</param>
    /// <param name="silent">Whether its output is dropped.</param>
    public void Add(long code, Request request, bool silent) => requestOfCode[code] = (request, silent);

    /// <summary>The same for a cell, or for a block of it: output of unknown code is its output from now on.</summary>
    public void AddCell(long code, Request request, bool silent)
    {
        Add(code, request, silent);
        latest = code;
    }

    /// <summary>The output of this code belongs to the latest cell from now on.</summary>
    public void Remove(long code) => requestOfCode.Remove(code);

    /// <summary>The request that code belongs to; that of the latest cell if it is not known, null if there is none.</summary>
    public Request? RequestOf(long code) => Find(code).Request;

    /// <summary>Like <see cref="RequestOf"/>, but null for a silent request.</summary>
    public Request? ShownRequestOf(long code) => Find(code) is { Silent: false, Request: var request } ? request : null;

    /// <summary>Publishes text.</summary>
    /// <param name="code">The code that wrote it.</param>
    /// <param name="name">stdout or stderr.</param>
    public void Stream(long code, string name, string text) => Stream(code, name, Encoding.UTF8.GetBytes(JsonConvert.ToString(text)));

    /// <summary>Publishes text that is a JSON literal already.</summary>
    public void Stream(long code, string name, byte[] textLiteral)
    {
        if (ShownRequestOf(code) is { } parent)
            sockets.Publish("stream", parent, [.. "{\"name\":\""u8, .. Encoding.ASCII.GetBytes(name), .. "\",\"text\":"u8, .. textLiteral, .. "}"u8]);
    }

    /// <summary>Publishes what code displays.</summary>
    public void Display(DisplayOutput display)
    {
        if (ShownRequestOf(display.Cell) is { } parent) sockets.Publish(display.Update ? "update_display_data" : "display_data", parent, display.Payload[0]);
    }

    /// <summary>Publishes a display of the kernel's own among the outputs of code.</summary>
    public void Display(long code, MimeBundle bundle)
    {
        if (ShownRequestOf(code) is { } parent) sockets.Publish("display_data", parent, bundle.DisplayJson(null));
    }

    /// <summary>Publishes that code clears the outputs.</summary>
    public void Clear(Link.ClearOutput clear)
    {
        if (ShownRequestOf(clear.Cell) is { } parent) sockets.Publish("clear_output", parent, WireFormat.ToJson(new Protocol.ClearOutput(clear.Wait)));
    }

    private (Request? Request, bool Silent) Find(long code) =>
        requestOfCode.TryGetValue(code, out var known) ? known
        : requestOfCode.TryGetValue(latest, out known) ? known
        : (null, false);
}
