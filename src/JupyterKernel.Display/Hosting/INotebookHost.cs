namespace JupyterKernel.Display.Hosting;

/// <summary>The services that the display API needs from the process that runs the cells. Any thread.</summary>
internal interface INotebookHost
{
    /// <summary>Cancelled when the running cell is interrupted.</summary>
    CancellationToken CancellationToken { get; }

    /// <summary>Returns a unique id, which is the same when the cell is replayed in another process.</summary>
    /// <param name="kind">The kind of object; each kind has its own numbering.</param>
    string NewId(string kind);

    /// <summary>Displays a bundle under a display id, or updates the display with that id.</summary>
    void Publish(MimeBundle bundle, string? displayId, bool update);

    /// <summary>Clears the running cell's output, immediately or when the next output arrives.</summary>
    void ClearOutput(bool wait);

    /// <summary>Asks the user for a line of input and blocks until it arrives.</summary>
    /// <exception cref="InvalidOperationException">The client does not support input requests.</exception>
    string ReadInput(string prompt, bool password);

    /// <summary>
    /// Returns the names of tuple items in the value that the calling code displays, in the format that <c>TupleNames</c>
    /// parses; null if there are none.
    /// </summary>
    string? TupleNamesOfDisplayed() => null;

    /// <summary>Compiles code and runs it after the running cell, as part of it; completes when the code has ended.</summary>
    Task<SubmittedResult> SubmitAsync(string code) =>
        Task.FromResult(new SubmittedResult(null, "Code can be submitted only in a notebook."));

    /// <summary>Runs an action after the running cell has ended and before its outcome is reported.</summary>
    void AtCellEnd(Action action)
    {
    }

    /// <summary>Registers a magic with the kernel.</summary>
    /// <returns>The number of the cell that registers the magic.</returns>
    long RegisterMagic(MagicDeclaration magic) => 0;

    /// <summary>Reads a variable of the session.</summary>
    bool TryGetVariable(string name, out object? value)
    {
        value = null;
        return false;
    }

    /// <summary>Sends a comm message to the front ends.</summary>
    /// <param name="type">The message type: comm_open, comm_msg or comm_close.</param>
    /// <param name="id">The id of the comm.</param>
    /// <param name="target">The name of the comm's target.</param>
    /// <param name="data">The data as UTF-8 JSON.</param>
    /// <param name="metadata">The metadata as UTF-8 JSON.</param>
    /// <param name="buffers">Binary buffers.</param>
    void PostComm(string type, string id, string target, byte[] data, byte[] metadata, IReadOnlyList<byte[]> buffers);

    /// <summary>Allows front ends to open comms to a target.</summary>
    void ListenForComms(string target);
}

/// <summary>The result of code that a cell submitted.</summary>
/// <param name="Value">The value of the last expression.</param>
/// <param name="Problem">The reason why the code did not run to its end; null if it did.</param>
internal sealed record SubmittedResult(object? Value, string? Problem);
